//! [`Sysctls`]: what a Linux host keeps in `net.sctp.*`, as settings of the stack under the same names and in the same
//! units. They decide what new sockets begin with.
//!
//! `docs/settings.md` is made from the table; a test here compares them. What a kernel offers and this stack cannot do, or
//! does only one way, is in the table too, so that it is refused with the reason and never taken without effect.

use std::{fmt::Write as _, time::Duration};

use crate::settings::Settings;

/// Settings that were given: later ones win.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sysctls(Vec<(usize, u32)>);

/// What was given cannot be used. Its text says what is allowed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSysctl {
    /// Not of the form NAME=VALUE.
    #[error("{0}: allowed is NAME=VALUE")]
    Form(String),
    /// No such name.
    #[error("{0}: no such setting; those that there are stand in docs/settings.md: {1}")]
    Name(String, String),
    /// Not a value of that setting.
    #[error("{name}={value}: allowed are {allowed}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What was given for it.
        value: String,
        /// What could be.
        allowed: String,
    },
    /// Two settings that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// A setting.
#[derive(Clone, Copy)]
pub struct Sysctl {
    /// The name behind `net.sctp.`.
    pub name: &'static str,
    /// Values.
    pub range: Range,
    /// The value where nothing is given.
    pub default: &'static str,
    /// What it does.
    pub effect: &'static str,
    set: fn(&mut Settings, u32),
}

/// Values of a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Range {
    /// From the first to the last.
    Numbers(u32, u32),
    /// Only what it is: the stack does it this way, or not at all, which the effect explains.
    Fixed,
}

/// All of them, by name.
pub const SYSCTLS: &[Sysctl] = &[
    of("addip_enable", Numbers(0, 1), "0", "dynamic addresses are offered: `SCTP_ASCONF_SUPPORTED`", |to, value| {
        to.association.asconf = value != 0;
    }),
    fixed("addip_noauth_enable", "0", "an ASCONF chunk without authentication is never taken (RFC 5061 §4.1)"),
    fixed(
        "addr_scope_policy",
        "1",
        "the addresses told to a peer are those that it can reach, by the scope of its own",
    ),
    of(
        "association_max_retrans",
        Numbers(1, 65_535),
        "10",
        "Association.Max.Retrans: `SCTP_ASSOCINFO`",
        |to, value| {
            to.association.max_retransmissions = value as u16;
        },
    ),
    of("auth_enable", Numbers(0, 1), "0", "authenticated chunks are offered: `SCTP_AUTH_SUPPORTED`", |to, value| {
        if value != 0 || to.association.auth.is_enabled() {
            to.association.auth.enable(value != 0);
        }
    }),
    fixed("cookie_hmac_alg", "sha256", "cookies are protected by HMAC-SHA-256"),
    fixed("cookie_preserve_enable", "1", "a peer that asks for a cookie of longer life gets it, within bounds"),
    of(
        "default_auto_asconf",
        Numbers(0, 1),
        "0",
        "sockets bound to all addresses follow those of the host: `SCTP_AUTO_ASCONF`",
        |to, value| to.association.auto_asconf = value != 0,
    ),
    of("ecn_enable", Numbers(0, 1), "1", "ECN is offered: `SCTP_ECN_SUPPORTED`", |to, value| {
        to.association.ecn = value != 0;
    }),
    of(
        "encap_port",
        Numbers(0, 65_535),
        "0",
        "UDP port of peers: `SCTP_REMOTE_UDP_ENCAPS_PORT`; 0: as `USCTP_UDP_PEER_PORT`",
        |to, value| to.association.path.udp_port = (value != 0).then_some(value as u16),
    ),
    of("hb_interval", Numbers(1, DAY), "30000", "ms between heartbeats: `SCTP_PEER_ADDR_PARAMS`", |to, value| {
        to.association.path.heartbeat_interval = ms(value);
    }),
    of("incoming_streams", Numbers(1, 65_535), "65535", "inbound streams: `SCTP_INITMSG` (FreeBSD)", |to, value| {
        to.association.inbound_streams = value as u16;
    }),
    fixed("intl_enable", "0", "no interleaving (RFC 8260) yet"),
    of(
        "max_autoclose",
        Numbers(0, MAX_AUTOCLOSE),
        "21474836",
        "s: the longest that `SCTP_AUTOCLOSE` takes",
        |to, value| {
            to.max_autoclose = value;
        },
    ),
    of(
        "max_burst",
        Numbers(0, i32::MAX as u32),
        "4",
        "packets of a burst, 0: no limit: `SCTP_MAX_BURST`",
        |to, value| to.association.max_burst = value,
    ),
    of("max_init_retransmits", Numbers(1, 65_535), "8", "Max.Init.Retransmits: `SCTP_INITMSG`", |to, value| {
        to.association.max_init_attempts = value as u16;
    }),
    of("outgoing_streams", Numbers(1, 65_535), "10", "outbound streams: `SCTP_INITMSG` (FreeBSD)", |to, value| {
        to.association.outbound_streams = value as u16;
    }),
    of("path_max_retrans", Numbers(1, 65_535), "5", "Path.Max.Retrans: `SCTP_PEER_ADDR_PARAMS`", |to, value| {
        to.association.path.max_retransmissions = value as u16;
    }),
    of(
        "pf_enable",
        Numbers(0, 1),
        "1",
        "0: no path is ever potentially failed; `pf_retrans` is taken for 65535",
        |to, value| {
            if value == 0 {
                to.association.path.potentially_failed_threshold = u16::MAX;
            }
        },
    ),
    of(
        "pf_expose",
        Numbers(0, 2),
        "0",
        "potentially failed paths: 0 shown, 1 hidden, 2 shown and notified: `SCTP_EXPOSE_POTENTIALLY_FAILED_STATE`",
        |to, value| to.inherited.exposes_failing = value,
    ),
    of(
        "pf_retrans",
        Numbers(0, 65_535),
        "0",
        "errors after which a path is potentially failed: `SCTP_PEER_ADDR_THLDS`",
        |to, value| to.association.path.potentially_failed_threshold = value as u16,
    ),
    fixed("plpmtud_probe_interval", "0", "path MTU discovery needs no interval: it probes when data is sent"),
    of("prsctp_enable", Numbers(0, 1), "1", "partial reliability is offered: `SCTP_PR_SUPPORTED`", |to, value| {
        to.association.partial_reliability = value != 0;
    }),
    of(
        "ps_retrans",
        Numbers(0, 65_535),
        "65535",
        "errors after which the primary path changes, not below `pf_retrans`: `SCTP_PEER_ADDR_THLDS_V2`",
        |to, value| to.inherited.primary_switchover = value as u16,
    ),
    fixed("rcvbuf_policy", "1", "each association has the whole of SO_RCVBUF as its window"),
    fixed("reconf_enable", "0", "no stream reconfiguration (RFC 6525) yet"),
    fixed("rto_alpha_exp_divisor", "3", "RTO.Alpha is 1/8"),
    fixed("rto_beta_exp_divisor", "2", "RTO.Beta is 1/4"),
    of("rto_initial", Numbers(1, DAY), "3000", "ms: RTO.Initial: `SCTP_RTOINFO`", |to, value| {
        to.association.rto_initial = ms(value);
    }),
    of("rto_max", Numbers(1, DAY), "60000", "ms: RTO.Max, not below `rto_min`: `SCTP_RTOINFO`", |to, value| {
        to.association.rto_max = ms(value);
    }),
    of("rto_min", Numbers(1, DAY), "1000", "ms: RTO.Min: `SCTP_RTOINFO`", |to, value| {
        to.association.rto_min = ms(value);
    }),
    fixed("rwnd_update_shift", "2", "a window is told anew once it has opened by a quarter of the buffer"),
    of("sack_freq", Numbers(1, 65_535), "2", "packets to a SACK: `SCTP_DELAYED_SACK` (FreeBSD)", |to, value| {
        if value > 1 {
            to.association.sack_every = value;
        } else {
            to.inherited.sack_delayed = false;
            to.association.sack_delay = Duration::ZERO;
        }
    }),
    of("sack_timeout", Numbers(1, 500), "200", "ms: delay of a SACK: `SCTP_DELAYED_SACK`", |to, value| {
        to.inherited.sack_delay = ms(value);
        to.association.sack_delay = to.inherited.effective_sack_delay();
    }),
    fixed("sctp_mem", "0 0 0", "buffers have the limits of each socket, and the host's of the process"),
    fixed("sctp_rmem", "0 0 0", "SO_RCVBUF begins with 212992 octets; `net.core.rmem_max` of the host limits it"),
    fixed("sctp_wmem", "0 0 0", "SO_SNDBUF begins with 212992 octets; `net.core.wmem_max` of the host limits it"),
    of(
        "sndbuf_policy",
        Numbers(0, 1),
        "0; 1 in the personality `rfc`",
        "one-to-many sockets: 1: each association has SO_SNDBUF for itself, 0: they share it",
        |to, value| to.own_buffers = Some(value != 0),
    ),
    of(
        UDP_PORT,
        Numbers(0, 65_535),
        "0",
        "local UDP port, as `USCTP_UDP_PORT`, which goes before it; only when the stack starts; 0: as without it",
        |_, _| {},
    ),
    of("valid_cookie_life", Numbers(1, DAY), "60000", "ms: life of a cookie: `SCTP_ASSOCINFO`", |to, value| {
        to.association.cookie_life = ms(value);
    }),
];

use Range::{Fixed, Numbers};

const fn of(
    name: &'static str,
    range: Range,
    default: &'static str,
    effect: &'static str,
    set: fn(&mut Settings, u32),
) -> Sysctl {
    Sysctl { name, range, default, effect, set }
}

const fn fixed(name: &'static str, value: &'static str, effect: &'static str) -> Sysctl {
    of(name, Fixed, value, effect, |_, _| {})
}

const fn ms(value: u32) -> Duration {
    Duration::from_millis(value as u64)
}

impl Sysctls {
    /// Takes one `NAME=VALUE`; `net.sctp.` before the name is optional.
    ///
    /// # Errors
    ///
    /// What is wrong, and what is allowed; nothing is taken then.
    pub fn take(&mut self, given: &str) -> Result<(), BadSysctl> {
        let (name, value) = given.split_once('=').ok_or_else(|| BadSysctl::Form(given.to_owned()))?;
        let name = name.trim();
        let bare = name.strip_prefix("net.sctp.").unwrap_or(name);
        let Some(index) = SYSCTLS.iter().position(|known| known.name == bare) else {
            let names: Vec<&str> = SYSCTLS.iter().map(|known| known.name).collect();
            return Err(BadSysctl::Name(name.to_owned(), names.join(", ")));
        };
        let value = SYSCTLS[index].parse(value.trim())?;
        self.0.push((index, value));
        match self.check() {
            Ok(()) => Ok(()),
            Err(error) => {
                self.0.pop();
                Err(error)
            }
        }
    }

    /// Takes the lines of a file, one `NAME=VALUE` each; `#` begins a comment. Lines that cannot be used are left out, and
    /// told with their numbers.
    pub fn take_lines(&mut self, text: &str) -> Vec<(usize, BadSysctl)> {
        let mut bad = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty()
                && let Err(error) = self.take(line)
            {
                bad.push((number + 1, error));
            }
        }
        bad
    }

    /// Takes what a variable says: settings with commas between them.
    ///
    /// # Errors
    ///
    /// The first that cannot be used.
    pub fn take_list(&mut self, text: &str) -> Result<(), BadSysctl> {
        text.split(',').map(str::trim).filter(|given| !given.is_empty()).try_for_each(|given| self.take(given))
    }

    /// The local UDP port, if one was given.
    #[must_use]
    pub fn udp_port(&self) -> Option<u16> {
        let given = self.0.iter().rev().find(|(index, _)| SYSCTLS[*index].name == UDP_PORT)?;
        u16::try_from(given.1).ok().filter(|port| *port != 0)
    }

    /// What a new socket begins with.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        // Off is off, in whatever order it was said.
        let (off, others): (Vec<_>, Vec<_>) =
            self.0.iter().copied().partition(|(index, _)| SYSCTLS[*index].name == "pf_enable");
        for (index, value) in others.into_iter().chain(off.into_iter().last()) {
            (SYSCTLS[index].set)(&mut settings, value);
        }
        settings
    }

    fn check(&self) -> Result<(), BadSysctl> {
        let settings = self.settings();
        if settings.association.rto_min > settings.association.rto_max {
            return Err(BadSysctl::Contradiction(
                "rto_min, rto_max: allowed is a minimum that is not above the maximum",
            ));
        }
        let failing = settings.association.path.potentially_failed_threshold;
        if failing > settings.inherited.primary_switchover {
            return Err(BadSysctl::Contradiction(
                "pf_retrans, ps_retrans: allowed is a ps_retrans not below pf_retrans",
            ));
        }
        Ok(())
    }
}

impl Sysctl {
    fn parse(&self, value: &str) -> Result<u32, BadSysctl> {
        let number = value.parse::<u32>().ok();
        let good = match self.range {
            Numbers(least, most) => number.filter(|number| (least..=most).contains(number)),
            Fixed => (value == self.default).then_some(0),
        };
        good.ok_or_else(|| BadSysctl::Value { name: self.name, value: value.to_owned(), allowed: self.allowed() })
    }

    fn allowed(&self) -> String {
        match self.range {
            Numbers(least, most) => format!("{least} to {most}"),
            Fixed => format!("only {} ({})", self.default, self.effect),
        }
    }
}

/// `docs/settings.md`.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for known in SYSCTLS.iter().filter(|known| known.range != Fixed) {
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", known.name, known.default, known.allowed(), known.effect);
    }
    text.push_str(FIXED);
    for known in SYSCTLS.iter().filter(|known| known.range == Fixed) {
        let _ = writeln!(text, "| `{}` | {} | {} |", known.name, known.default, known.effect);
    }
    text
}

const INTRODUCTION: &str = "\
# Settings

What Linux keeps in `net.sctp.*` are settings of the stack, with the same names and units; what only FreeBSD has a name for
has FreeBSD's. They decide what new sockets begin with; options change it further, and sockets that are there keep theirs.

* `usctp run --sysctl NAME=VALUE`, once for each; or `USCTP_SYSCTL`, with commas between them. A mistake ends `usctp`, or
  the first `socket()` of the program with EINVAL, and one line says what is allowed.
* `usctp run --sysctl-file FILE`, or `USCTP_SYSCTL_FILE`: one `NAME=VALUE` a line, `#` begins a comment, later lines win,
  and all of them win over `USCTP_SYSCTL`. The file is read again for each new socket, so it changes a program that runs.
  It may be missing, and may come later. A line that cannot be used is left out, and a warning says so each time that the
  file has changed.

`net.sctp.` before a name is optional.

This file is made from the table in `crates/socket/src/sysctl.rs`; a test compares them, and writes it anew where
`USCTP_WRITE_DOCUMENTS` is set.

| setting | default | range | effect, and the option for one socket |
|---|---|---|---|
";

const FIXED: &str = "
These are known and have one value; any other is refused with the reason:

| setting | value | why |
|---|---|---|
";

const UDP_PORT: &str = "udp_port";
/// A day in milliseconds, Linux's limit of all timers.
const DAY: u32 = 86_400_000;
const MAX_AUTOCLOSE: u32 = 21_474_836;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_lines(text: &str) -> Settings {
        let mut given = Sysctls::default();
        assert_eq!(given.take_lines(text), []);
        given.settings()
    }

    #[test]
    fn the_document_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        if std::env::var_os("USCTP_WRITE_DOCUMENTS").is_some() {
            std::fs::write(path, document()).expect("the tree can be written");
        }
        let there = std::fs::read_to_string(path).expect("the document is there");
        assert!(there == document(), "docs/settings.md is not what the table says: USCTP_WRITE_DOCUMENTS=1");
    }

    #[test]
    fn names_rise_and_every_default_changes_nothing() {
        assert!(SYSCTLS.is_sorted_by_key(|known| known.name));
        let fresh = format!("{:?}", Settings::default());
        for known in SYSCTLS.iter().filter(|known| !["sndbuf_policy"].contains(&known.name)) {
            let settings = of_lines(&format!("{}={}", known.name, known.default));
            assert_eq!(format!("{settings:?}"), fresh, "{}", known.name);
        }
    }

    #[test]
    fn every_setting_that_is_not_fixed_has_an_effect() {
        let fresh = format!("{:?}", Settings::default());
        for known in SYSCTLS.iter().filter(|known| known.range != Fixed && known.name != UDP_PORT) {
            let Numbers(least, most) = known.range else { continue };
            let changed = [least, most, least + 1].iter().any(|value| {
                let mut given = Sysctls::default();
                given.take(&format!("{}={value}", known.name)).is_ok() && format!("{:?}", given.settings()) != fresh
            });
            assert!(changed, "{}", known.name);
        }
    }

    #[test]
    fn lines_have_comments_and_prefixes_and_the_last_wins() {
        let settings = of_lines("# timers\n\nnet.sctp.rto_initial = 700 # ms\nrto_initial=800\nrto_min=1\n");
        assert_eq!(settings.association.rto_initial, ms(800));
        assert_eq!(settings.association.rto_min, ms(1));
        let settings = of_lines("pf_enable=0\npf_retrans=3\n");
        assert_eq!(settings.association.path.potentially_failed_threshold, u16::MAX);
        let mut given = Sysctls::default();
        given.take_list("udp_port=9000, rto_max=5000").expect("a good list");
        assert_eq!(given.udp_port(), Some(9000));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_allowed_and_changes_nothing() {
        for (given, text) in [
            ("rto_initial", "rto_initial: allowed is NAME=VALUE"),
            ("rto_initial=0", "rto_initial=0: allowed are 1 to 86400000"),
            ("rto_initial=fast", "rto_initial=fast: allowed are 1 to 86400000"),
            ("sack_timeout=501", "sack_timeout=501: allowed are 1 to 500"),
            ("rto_min=60001", "rto_min, rto_max: allowed is a minimum that is not above the maximum"),
            (
                "cookie_hmac_alg=md5",
                "cookie_hmac_alg=md5: allowed are only sha256 (cookies are protected by HMAC-SHA-256)",
            ),
        ] {
            let mut all = Sysctls::default();
            assert_eq!(all.take(given).expect_err("refused").to_string(), text);
            assert_eq!(all, Sysctls::default());
        }
        let unknown = Sysctls::default().take("net.sctp.speed=9").expect_err("refused").to_string();
        assert!(
            unknown.starts_with("net.sctp.speed: no such setting; ") && unknown.contains("rto_initial"),
            "{unknown}"
        );
        let mut given = Sysctls::default();
        let bad = given.take_lines("rto_initial=500\nspeed=9\nrto_max=0\nhb_interval=1000");
        assert_eq!(bad.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(given.settings().association.path.heartbeat_interval, ms(1000));
    }
}
