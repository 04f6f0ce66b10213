//! The table of the options of level IPPROTO_SCTP: number, name, what may be done, lengths, whom it is about, unit.
//!
//! The dispatcher asks it before a value is looked at; `docs/options.md` is made from it, and the test of bad input
//! (`tests/bad_options.rs`) goes through it. An option that is not here does not exist (ENOPROTOOPT).

use std::fmt::Write as _;

use rustix::io::Errno;
use usctp_socket::{Personality, Style};

use super::*;

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// `SCTP_…`.
    pub name: &'static str,
    /// Linux's number.
    pub number: i32,
    /// The C type of the value.
    pub value: &'static str,
    /// Lengths of the buffer to read into; `No`: it cannot be read.
    pub get: Length,
    /// Lengths to set; `No`: it cannot be set.
    pub set: Length,
    /// Association ids that the value takes.
    pub ids: Ids,
    /// Whether the value names a peer address.
    pub has_address: bool,
    /// Whether one-to-one sockets do not have it.
    pub is_one_to_many: bool,
    /// Whether functions of `libsctp` are made of it.
    pub is_function: bool,
    /// Unit and default.
    pub unit: &'static str,
    /// Where it is described.
    pub reference: &'static str,
}

/// Lengths that are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Length {
    /// None: ENOPROTOOPT, or EOPNOTSUPP in the RFC's personality.
    No,
    /// This one.
    Exactly(usize),
    /// This one and every longer one.
    From(usize),
    /// One of these; or a longer one than the last: set, if there are only zeros behind, as from a newer header; read,
    /// whatever is behind.
    Forms(&'static [usize]),
    /// Nothing to this one, as much as there is; longer ones if there are only zeros behind.
    UpTo(usize),
}

/// Association ids that a value takes on a one-to-many socket; others are EINVAL, all are ignored on the other styles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ids {
    /// It has none: the socket, and what its new associations begin with.
    None,
    /// An association's; 0 is EINVAL.
    Association,
    /// An association's; set: 1 for the present ones. 0 and 2 are EINVAL.
    Present,
    /// An association's, or 0 for future ones.
    Future,
    /// An association's, 0 for future ones; set: 1 for the present ones, 2 for both.
    All,
}

/// All options, by number.
pub const OPTIONS: &[OptionRow] = &[
    row("SCTP_RTOINFO", SCTP_RTOINFO, "struct sctp_rtoinfo")
        .both(Forms(&[16]))
        .of(Ids::Future)
        .told("initial, max, min in ms: 3000, 60000, 1000", "§8.1.1"),
    row("SCTP_ASSOCINFO", SCTP_ASSOCINFO, "struct sctp_assocparams")
        .both(Forms(&[20]))
        .of(Ids::Future)
        .told("retransmissions 10, cookie life 60000 ms", "§8.1.2"),
    row("SCTP_INITMSG", SCTP_INITMSG, "struct sctp_initmsg")
        .both(Forms(&[8]))
        .told("streams 10, 65535; attempts 8; 60000 ms", "§8.1.3"),
    row("SCTP_NODELAY", SCTP_NODELAY, "int").both(From(4)).told("0", "§8.1.5"),
    row("SCTP_AUTOCLOSE", SCTP_AUTOCLOSE, "int")
        .get(From(4))
        .set(Exactly(4))
        .one_to_many()
        .told("s: 0, never", "§8.1.8"),
    row("SCTP_SET_PEER_PRIMARY_ADDR", SCTP_SET_PEER_PRIMARY_ADDR, "struct sctp_setpeerprim")
        .set(From(1))
        .of(Ids::Association)
        .told("one of our addresses", "§8.3.1"),
    row("SCTP_PRIMARY_ADDR", SCTP_PRIMARY_ADDR, "struct sctp_prim")
        .both(Forms(&[132]))
        .of(Ids::Association)
        .path()
        .told("–", "§8.1.10"),
    row("SCTP_ADAPTATION_LAYER", SCTP_ADAPTATION_LAYER, "struct sctp_setadaptation")
        .get(From(4))
        .set(Exactly(4))
        .told("0", "§8.1.11"),
    row("SCTP_DISABLE_FRAGMENTS", SCTP_DISABLE_FRAGMENTS, "int").both(From(4)).told("0", "§8.1.12"),
    row("SCTP_PEER_ADDR_PARAMS", SCTP_PEER_ADDR_PARAMS, "struct sctp_paddrparams")
        .get(From(152))
        .set(Forms(&[152, 156]))
        .of(Ids::Future)
        .path()
        .told("heartbeat 30000 ms; retransmissions 5; SACK delay 200 ms", "§8.1.13"),
    row("SCTP_DEFAULT_SEND_PARAM", SCTP_DEFAULT_SEND_PARAM, "struct sctp_sndrcvinfo")
        .both(Forms(&[32]))
        .of(Ids::All)
        .told("zero", "§8.1.14"),
    row("SCTP_EVENTS", SCTP_EVENTS, "struct sctp_event_subscribe").get(From(1)).set(UpTo(14)).told("all off", "§6.2.1"),
    row("SCTP_I_WANT_MAPPED_V4_ADDR", SCTP_I_WANT_MAPPED_V4_ADDR, "int").both(From(4)).told("1", "§8.1.15"),
    row("SCTP_MAXSEG", SCTP_MAXSEG, "struct sctp_assoc_value or int")
        .both(Forms(&[4, 8]))
        .of(Ids::Future)
        .told("octets: 0, what the path takes; else 464 to 65516", "§8.1.16"),
    row("SCTP_STATUS", SCTP_STATUS, "struct sctp_status").get(From(176)).of(Ids::Association).told("", "§8.2.1"),
    row("SCTP_GET_PEER_ADDR_INFO", SCTP_GET_PEER_ADDR_INFO, "struct sctp_paddrinfo")
        .get(From(152))
        .of(Ids::Association)
        .path()
        .told("", "§8.2.2"),
    row("SCTP_DELAYED_SACK", SCTP_DELAYED_ACK_TIME, "struct sctp_sack_info or sctp_assoc_value")
        .both(Forms(&[8, 12]))
        .of(Ids::All)
        .told("200 ms, 2 packets; at most 500 ms", "§8.1.19"),
    row("SCTP_CONTEXT", SCTP_CONTEXT, "struct sctp_assoc_value").both(Forms(&[8])).of(Ids::All).told("0", "§8.1.25"),
    row("SCTP_FRAGMENT_INTERLEAVE", SCTP_FRAGMENT_INTERLEAVE, "int").get(From(4)).set(Exactly(4)).told("0", "§8.1.20"),
    row("SCTP_PARTIAL_DELIVERY_POINT", SCTP_PARTIAL_DELIVERY_POINT, "uint32_t")
        .get(From(4))
        .set(Exactly(4))
        .told("octets: 0", "§8.1.21"),
    row("SCTP_MAX_BURST", SCTP_MAX_BURST, "struct sctp_assoc_value or int")
        .both(Forms(&[4, 8]))
        .of(Ids::All)
        .told("packets: 4; 0: no limit", "§8.1.24"),
    row("SCTP_AUTH_CHUNK", SCTP_AUTH_CHUNK, "struct sctp_authchunk").set(Forms(&[1])).told("a chunk type", "§8.3.2"),
    row("SCTP_HMAC_IDENT", SCTP_HMAC_IDENT, "struct sctp_hmacalgo")
        .get(From(4))
        .set(From(6))
        .told("SHA-1 (1); also SHA-256 (3)", "§8.1.17"),
    row("SCTP_AUTH_KEY", SCTP_AUTH_KEY, "struct sctp_authkey").set(From(9)).of(Ids::All).told("key 0, empty", "§8.3.3"),
    row("SCTP_AUTH_ACTIVE_KEY", SCTP_AUTH_ACTIVE_KEY, "struct sctp_authkeyid")
        .both(Forms(&[8]))
        .of(Ids::All)
        .told("0", "§8.1.18"),
    row("SCTP_AUTH_DELETE_KEY", SCTP_AUTH_DELETE_KEY, "struct sctp_authkeyid")
        .set(Forms(&[8]))
        .of(Ids::All)
        .told("", "§8.3.5"),
    row("SCTP_PEER_AUTH_CHUNKS", SCTP_PEER_AUTH_CHUNKS, "struct sctp_authchunks")
        .get(From(8))
        .of(Ids::Association)
        .told("", "§8.2.3"),
    row("SCTP_LOCAL_AUTH_CHUNKS", SCTP_LOCAL_AUTH_CHUNKS, "struct sctp_authchunks")
        .get(From(8))
        .of(Ids::Future)
        .told("empty", "§8.2.4"),
    row("SCTP_GET_ASSOC_NUMBER", SCTP_GET_ASSOC_NUMBER, "uint32_t").get(From(4)).one_to_many().told("", "§8.2.5"),
    row("SCTP_GET_ASSOC_ID_LIST", SCTP_GET_ASSOC_ID_LIST, "struct sctp_assoc_ids")
        .get(From(4))
        .one_to_many()
        .told("", "§8.2.6"),
    row("SCTP_AUTO_ASCONF", SCTP_AUTO_ASCONF, "int").both(From(4)).told("0; where all addresses are bound", "§8.1.23"),
    row("SCTP_PEER_ADDR_THLDS", SCTP_PEER_ADDR_THLDS, "struct sctp_paddrthlds")
        .both(From(144))
        .of(Ids::Future)
        .path()
        .told("retransmissions 5, potentially failed after 0", "RFC 7829 §7.2"),
    row("SCTP_RECVRCVINFO", SCTP_RECVRCVINFO, "int").both(From(4)).told("0", "§8.1.29"),
    row("SCTP_RECVNXTINFO", SCTP_RECVNXTINFO, "int").both(From(4)).told("0", "§8.1.30"),
    row("SCTP_DEFAULT_SNDINFO", SCTP_DEFAULT_SNDINFO, "struct sctp_sndinfo")
        .both(Forms(&[16]))
        .of(Ids::All)
        .told("zero", "§8.1.31"),
    row("SCTP_AUTH_DEACTIVATE_KEY", SCTP_AUTH_DEACTIVATE_KEY, "struct sctp_authkeyid")
        .set(Forms(&[8]))
        .of(Ids::All)
        .told("", "§8.3.4"),
    row("SCTP_REUSE_PORT", SCTP_REUSE_PORT, "int")
        .both(From(4))
        .told("0; set before `bind`, on one-to-one sockets only", "§8.1.27"),
    row("SCTP_PEER_ADDR_THLDS_V2", SCTP_PEER_ADDR_THLDS_V2, "struct sctp_paddrthlds_v2")
        .both(From(144))
        .of(Ids::Future)
        .path()
        .told("5, 0; primary changes after 65535, never", "RFC 7829 §7.2"),
    function("SCTP_SOCKOPT_BINDX_ADD", SCTP_SOCKOPT_BINDX_ADD, "packed addresses").set(From(1)),
    function("SCTP_SOCKOPT_BINDX_REM", SCTP_SOCKOPT_BINDX_REM, "packed addresses").set(From(1)),
    function("SCTP_SOCKOPT_PEELOFF", SCTP_SOCKOPT_PEELOFF, "sctp_peeloff_arg_t").get(From(8)).of(Ids::Association),
    function("SCTP_SOCKOPT_CONNECTX_OLD", SCTP_SOCKOPT_CONNECTX_OLD, "packed addresses").set(From(1)),
    function("SCTP_GET_PEER_ADDRS", SCTP_GET_PEER_ADDRS, "struct sctp_getaddrs").get(From(8)).of(Ids::Association),
    function("SCTP_GET_LOCAL_ADDRS", SCTP_GET_LOCAL_ADDRS, "struct sctp_getaddrs").get(From(8)).of(Ids::Future),
    function("SCTP_SOCKOPT_CONNECTX", SCTP_SOCKOPT_CONNECTX, "packed addresses").set(From(1)),
    function("SCTP_SOCKOPT_CONNECTX3", SCTP_SOCKOPT_CONNECTX3, "struct sctp_getaddrs_old").get(From(16)),
    row("SCTP_GET_ASSOC_STATS", SCTP_GET_ASSOC_STATS, "struct sctp_assoc_stats")
        .get(From(4))
        .of(Ids::Association)
        .told("", "Linux"),
    row("SCTP_PR_SUPPORTED", SCTP_PR_SUPPORTED, "struct sctp_assoc_value")
        .both(Forms(&[8]))
        .of(Ids::Future)
        .told("1; of an association what was agreed", "RFC 7496 §4.5"),
    row("SCTP_DEFAULT_PRINFO", SCTP_DEFAULT_PRINFO, "struct sctp_default_prinfo")
        .both(Forms(&[12]))
        .of(Ids::All)
        .told("none", "§8.1.32"),
    row("SCTP_PR_ASSOC_STATUS", SCTP_PR_ASSOC_STATUS, "struct sctp_prstatus")
        .get(From(24))
        .of(Ids::Association)
        .told("messages", "RFC 7496 §4.4"),
    row("SCTP_PR_STREAM_STATUS", SCTP_PR_STREAM_STATUS, "struct sctp_prstatus")
        .get(From(24))
        .of(Ids::Association)
        .told("messages", "RFC 7496 §4.3"),
    function("SCTP_SOCKOPT_PEELOFF_FLAGS", SCTP_SOCKOPT_PEELOFF_FLAGS, "sctp_peeloff_flags_arg_t")
        .get(From(12))
        .of(Ids::Association),
    row("SCTP_STREAM_SCHEDULER", SCTP_STREAM_SCHEDULER, "struct sctp_assoc_value")
        .both(From(8))
        .of(Ids::All)
        .told("SCTP_SS_FCFS", "RFC 8260 §4.3.2"),
    row("SCTP_STREAM_SCHEDULER_VALUE", SCTP_STREAM_SCHEDULER_VALUE, "struct sctp_stream_value")
        .both(From(8))
        .of(Ids::Present)
        .told("priority 0, weight 1", "RFC 8260 §4.3.3"),
    row("SCTP_INTERLEAVING_SUPPORTED", SCTP_INTERLEAVING_SUPPORTED, "struct sctp_assoc_value")
        .both(From(8))
        .of(Ids::Future)
        .told("0; EPERM while SCTP_FRAGMENT_INTERLEAVE is 0", "RFC 8260 §4.3.1"),
    row("SCTP_EVENT", SCTP_EVENT, "struct sctp_event").both(From(8)).of(Ids::All).told("off", "§6.2.2"),
    row("SCTP_ASCONF_SUPPORTED", SCTP_ASCONF_SUPPORTED, "struct sctp_assoc_value")
        .both(Forms(&[8]))
        .of(Ids::Future)
        .told("0; with it come authenticated chunks", "Linux"),
    row("SCTP_AUTH_SUPPORTED", SCTP_AUTH_SUPPORTED, "struct sctp_assoc_value")
        .both(Forms(&[8]))
        .of(Ids::Future)
        .told("0; turned on by setting any option about authentication", "Linux"),
    row("SCTP_ECN_SUPPORTED", SCTP_ECN_SUPPORTED, "struct sctp_assoc_value")
        .both(Forms(&[8]))
        .of(Ids::Future)
        .told("1", "Linux"),
    row("SCTP_EXPOSE_POTENTIALLY_FAILED_STATE", SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, "struct sctp_assoc_value")
        .both(Forms(&[8]))
        .of(Ids::Future)
        .told("0: shown, not notified; 1: neither; 2: both", "RFC 7829 §7.3"),
    row("SCTP_REMOTE_UDP_ENCAPS_PORT", SCTP_REMOTE_UDP_ENCAPS_PORT, "struct sctp_udpencaps")
        .both(Forms(&[144]))
        .of(Ids::Future)
        .path()
        .told("port, network order: as `--udp-peer-port`", "RFC 6951 §6.1"),
    row("SCTP_AUTH_CHUNKS", SCTP_AUTH_CHUNKS, "uint8_t[]")
        .get(From(1))
        .set(UpTo(256))
        .told("chunk types, the whole list; empty", "draft §7.1.18"),
    row("SCTP_AUTH_SECRET", SCTP_AUTH_SECRET, "struct sctp_authsecrets")
        .get(From(4))
        .set(From(4))
        .of(Ids::All)
        .told("key 0, made active", "draft §7.1.19"),
];

use Length::{Exactly, Forms, From, UpTo};

const fn row(name: &'static str, number: i32, value: &'static str) -> OptionRow {
    OptionRow {
        name,
        number,
        value,
        get: Length::No,
        set: Length::No,
        ids: Ids::None,
        has_address: false,
        is_one_to_many: false,
        is_function: false,
        unit: "",
        reference: "",
    }
}

const fn function(name: &'static str, number: i32, value: &'static str) -> OptionRow {
    OptionRow { is_function: true, ..row(name, number, value) }
}

impl OptionRow {
    const fn get(self, get: Length) -> Self {
        Self { get, ..self }
    }

    const fn set(self, set: Length) -> Self {
        Self { set, ..self }
    }

    const fn both(self, length: Length) -> Self {
        self.get(length).set(length)
    }

    const fn of(self, ids: Ids) -> Self {
        Self { ids, ..self }
    }

    const fn path(self) -> Self {
        Self { has_address: true, ..self }
    }

    const fn one_to_many(self) -> Self {
        Self { is_one_to_many: true, ..self }
    }

    const fn told(self, unit: &'static str, reference: &'static str) -> Self {
        Self { unit, reference, ..self }
    }
}

/// The row of a number.
#[must_use]
pub fn find(number: i32) -> Option<&'static OptionRow> {
    OPTIONS.iter().find(|row| row.number == number)
}

/// Whether an option may be set, as far as can be said before its value is looked at.
///
/// # Errors
///
/// ENOPROTOOPT for an option that is unknown or can only be read (EOPNOTSUPP in the RFC's personality), EOPNOTSUPP on a
/// socket whose style has none.
pub fn may_set(number: i32, style: Style, personality: Personality) -> Result<&'static OptionRow, Errno> {
    let row = find(number).ok_or(Errno::NOPROTOOPT)?;
    match row.set {
        Length::No => Err(misused(personality)),
        _ if number == SCTP_REUSE_PORT && style != Style::OneToOne => Err(Errno::OPNOTSUPP),
        _ => has_style(row, style),
    }
}

/// The same for reading.
///
/// # Errors
///
/// As [`may_set`], for an option that can only be set.
pub fn may_get(number: i32, style: Style, personality: Personality) -> Result<&'static OptionRow, Errno> {
    let row = find(number).ok_or(Errno::NOPROTOOPT)?;
    if row.get == Length::No { Err(misused(personality)) } else { has_style(row, style) }
}

/// D6.2-4: what can only be read is set, or the reverse (RFC 6458 §8: EOPNOTSUPP).
const fn misused(personality: Personality) -> Errno {
    if personality.is_linux() { Errno::NOPROTOOPT } else { Errno::OPNOTSUPP }
}

fn has_style(row: &'static OptionRow, style: Style) -> Result<&'static OptionRow, Errno> {
    // Branched-off sockets still have what one-to-many sockets have.
    if row.is_one_to_many && style == Style::OneToOne { Err(Errno::OPNOTSUPP) } else { Ok(row) }
}

impl OptionRow {
    /// Whether octets of this length may be set.
    ///
    /// # Errors
    ///
    /// EINVAL.
    pub fn accepts(&self, octets: &[u8]) -> Result<(), Errno> {
        let is_zero_behind = |len: usize| octets.get(len..).is_some_and(|rest| rest.iter().all(|octet| *octet == 0));
        let len = octets.len();
        let accepted = match self.set {
            Length::No => false,
            Exactly(size) => len == size,
            From(size) => len >= size,
            Forms(sizes) => {
                sizes.contains(&len) || sizes.last().is_some_and(|last| len > *last && is_zero_behind(*last))
            }
            UpTo(size) => len <= size || is_zero_behind(size),
        };
        if accepted { Ok(()) } else { Err(Errno::INVAL) }
    }

    /// Whether there is room for the value in a buffer of this length.
    ///
    /// # Errors
    ///
    /// EINVAL.
    pub fn fits(&self, room: usize) -> Result<(), Errno> {
        let fits = match self.get {
            Length::No => false,
            Exactly(size) | From(size) => room >= size,
            Forms(sizes) => sizes.contains(&room) || sizes.last().is_some_and(|last| room >= *last),
            UpTo(_) => room > 0,
        };
        if fits { Ok(()) } else { Err(Errno::INVAL) }
    }

    /// Letters of the document.
    fn scope(&self) -> &'static str {
        match (self.ids, self.has_address) {
            (Ids::None, _) if self.is_one_to_many => "S (one-to-many)",
            (Ids::None, _) => "S",
            (Ids::Association, false) => "A",
            (Ids::Association, true) => "P",
            (Ids::Present, _) => "A C",
            (Ids::Future, false) => "S A",
            (Ids::Future, true) => "S A P",
            (Ids::All, _) => "S A C",
        }
    }

    fn rights(&self) -> &'static str {
        match (self.get, self.set) {
            (Length::No, _) => "set",
            (_, Length::No) => "get",
            _ => "get, set",
        }
    }
}

impl Length {
    fn text(self) -> String {
        match self {
            Self::No => "–".to_owned(),
            Self::Exactly(size) => size.to_string(),
            Self::From(size) => format!("≥ {size}"),
            Self::Forms(sizes) => sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
            Self::UpTo(size) => format!("≤ {size}"),
        }
    }
}

/// The first part of `docs/options.md`.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for row in OPTIONS.iter().filter(|row| !row.is_function) {
        let OptionRow { name, number, value, unit, reference, .. } = row;
        let (rights, scope, lengths) = (row.rights(), row.scope(), row.set.text());
        let lengths = if row.set == Length::No { row.get.text() } else { lengths };
        let _ = writeln!(
            text,
            "| `{name}` | {number} | {rights} | `{value}` | {lengths} | {scope} | {unit} | {reference} |"
        );
    }
    text.push_str(FUNCTIONS);
    for row in OPTIONS.iter().filter(|row| row.is_function) {
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", row.name, row.number, row.rights(), row.value);
    }
    text
}

const INTRODUCTION: &str = "\
# Socket options

Numbers and structures are Linux's (`linux/sctp.h`). Scope: **S** the socket and its future associations, **A** an
association, by its id, **C** the present associations (id 1) or all of them (id 2), **P** one address of the peer.
Octets: lengths that `setsockopt` takes, or `getsockopt` where it can only be read. A structure of a newer header, longer
than ours, is taken if it has only zeros where ours ends. Reading takes every longer buffer. An option that is not in
these tables is answered with ENOPROTOOPT.

The tables of this level are made from the one in `crates/capi/src/abi/options.rs`; a test compares them, and writes them
anew where `USCTP_WRITE_DOCUMENTS` is set.

## IPPROTO_SCTP

| option | number | | type | octets | scope | unit, default | RFC 6458 |
|---|---|---|---|---|---|---|---|
";

const FUNCTIONS: &str = "
Behind the functions of `libsctp`:

| option | number | | value |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::option;

    #[test]
    fn the_document_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/options.md");
        let there = std::fs::read_to_string(path).expect("the document is there");
        let rest = there.find("\n## SOL_SOCKET").expect("the other levels follow");
        if std::env::var_os("USCTP_WRITE_DOCUMENTS").is_some() {
            std::fs::write(path, document() + &there[rest..]).expect("the tree can be written");
            return;
        }
        assert!(there[..rest] == document(), "docs/options.md is not what the table says: USCTP_WRITE_DOCUMENTS=1");
    }

    #[test]
    fn numbers_rise_and_names_have_them() {
        assert!(OPTIONS.is_sorted_by_key(|row| row.number));
        for row in OPTIONS {
            let name = if row.name == "SCTP_DELAYED_SACK" { "SCTP_DELAYED_ACK_TIME" } else { row.name };
            assert!(CONSTANTS.contains(&(name, row.number)), "{name}");
        }
    }

    /// The smallest length that is taken, and one that is not.
    fn sizes(length: Length) -> (usize, usize) {
        match length {
            Length::No => panic!("nothing is taken"),
            Exactly(size) | From(size) => (size, size - 1),
            Forms(sizes) => (sizes[0], sizes[0] - 1),
            UpTo(size) => (size, size + 1),
        }
    }

    #[test]
    fn what_the_table_offers_is_there() {
        for row in OPTIONS.iter().filter(|row| !row.is_function) {
            if row.get != Length::No {
                let answer = option::request(row.number, &[0; 1024]);
                assert_ne!(answer, Err(Errno::NOPROTOOPT), "{}", row.name);
                assert_eq!(row.fits(sizes(row.get).1), Err(Errno::INVAL), "{}", row.name);
                assert_eq!(row.fits(4096), Ok(()), "{}", row.name);
            } else {
                assert_eq!(option::request(row.number, &[0; 1024]), Err(Errno::NOPROTOOPT), "{}", row.name);
            }
            let style = if row.is_one_to_many { Style::OneToMany } else { Style::OneToOne };
            if row.set != Length::No {
                let (good, bad) = sizes(row.set);
                let answer = option::decode(row.number, &vec![0; good], style);
                assert_ne!(answer, Err(Errno::NOPROTOOPT), "{}", row.name);
                assert_eq!(row.accepts(&vec![0; good]), Ok(()), "{}", row.name);
                assert_eq!(row.accepts(&vec![1; bad]), Err(Errno::INVAL), "{}", row.name);
            } else {
                assert_eq!(option::decode(row.number, &[0; 1024], style), Err(Errno::NOPROTOOPT), "{}", row.name);
            }
        }
    }

    /// B1-4.
    #[test]
    fn misuse_is_linuxs_or_the_rfcs_errno() {
        for (personality, errno) in [(Personality::Linux, Errno::NOPROTOOPT), (Personality::Rfc, Errno::OPNOTSUPP)] {
            for number in [SCTP_STATUS, SCTP_GET_PEER_ADDR_INFO, SCTP_GET_ASSOC_STATS, SCTP_SOCKOPT_PEELOFF] {
                assert_eq!(may_set(number, Style::OneToMany, personality).err(), Some(errno));
            }
            for number in [SCTP_SOCKOPT_BINDX_ADD, SCTP_SOCKOPT_CONNECTX] {
                assert_eq!(may_get(number, Style::OneToMany, personality).err(), Some(errno));
            }
            assert_eq!(may_set(999, Style::OneToMany, personality).err(), Some(Errno::NOPROTOOPT));
            assert_eq!(may_get(SCTP_SENDMSG_CONNECT, Style::OneToMany, personality).err(), Some(Errno::NOPROTOOPT));
        }
    }
}
