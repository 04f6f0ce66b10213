//! [`Personality`]: whose choice counts where Linux and RFC 6458 differ, and the table of all such points.
//!
//! `docs/linux-differences.md` is made from the table; a test here compares them. The code asks for the personality where
//! the choice is made and names the row there.

use std::fmt::Write as _;

/// Whose choice counts where the two differ.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Personality {
    /// What programs written on Linux expect.
    Linux,
    /// What RFC 6458 and the draft before it say.
    #[default]
    Rfc,
}

impl Personality {
    /// Whether Linux's choice counts.
    #[must_use]
    pub const fn is_linux(self) -> bool {
        matches!(self, Self::Linux)
    }
}

/// A point where the personalities differ.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// Row of `docs/conformance/draft-10` or `docs/conformance/beyond-draft`.
    pub row: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What a kernel does, and so the personality `linux`.
    pub linux: &'static str,
    /// What the personality `rfc` does.
    pub rfc: &'static str,
}

/// All points where the personalities differ, in the order of the rows.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        row: "D3.1.3-3",
        about: "`listen` with a backlog of 0 where nobody listens",
        linux: "EINVAL",
        rfc: "0",
    },
    Difference { row: "D3.1.4-3", about: "MSG_OOB in the `flags` of a send", linux: "ignored", rfc: "EOPNOTSUPP" },
    Difference {
        row: "D3.1.4-8",
        about: "a send that waits for room while a shutdown begins",
        linux: "EPIPE",
        rfc: "ESHUTDOWN",
    },
    Difference {
        row: "D3.1.4-16",
        about: "an address in a send on a branched-off socket",
        linux: "ignored",
        rfc: "if it is one of the peer's, the message goes there",
    },
    Difference {
        row: "D3.1.4-18",
        about: "a send without data to an address without association",
        linux: "EINVAL",
        rfc: "the association is set up",
    },
    Difference {
        row: "D3.1.4-22",
        about: "a send with the id of one association and the address of none",
        linux: "begins an association with the address",
        rfc: "EINVAL",
    },
    Difference {
        row: "D3.1.5-7",
        about: "`close` of a one-to-many socket with unread data of one association",
        linux: "aborts all associations",
        rfc: "aborts that one",
    },
    Difference {
        row: "D3.3-10",
        about: "room to send on a one-to-many socket",
        linux: "one buffer for all associations",
        rfc: "a buffer for each; writable while one has room",
    },
    Difference {
        row: "D3.4-3",
        about: "a send that waits for room when its association ends",
        linux: "ESRCH",
        rfc: "ECONNRESET after an ABORT, else EPIPE",
    },
    Difference {
        row: "D3.4-5",
        about: "one association stalls",
        linux: "no other can send on the socket",
        rfc: "the others go on",
    },
    Difference {
        row: "D4.1.3-4",
        about: "after `listen` with a backlog of 0",
        linux: "what waits to be accepted is aborted by `close`",
        rfc: "what waits can be accepted",
    },
    Difference { row: "D4.1.5-9", about: "MSG_EOF in the `flags` of a send", linux: "ignored", rfc: "EINVAL" },
    Difference {
        row: "D4.1.7-9",
        about: "`shutdown` of a one-to-many socket",
        linux: "ENOTCONN, but what is received is closed off",
        rfc: "EOPNOTSUPP",
    },
    Difference {
        row: "D4.1.8-3",
        about: "a message to an address outside the association, with failures subscribed to",
        linux: "EADDRNOTAVAIL",
        rfc: "the message comes back as SEND_FAILED",
    },
    Difference {
        row: "D4.1.9-1",
        about: "`getpeername` after the primary address has changed",
        linux: "the address of `connect` or `accept`",
        rfc: "the primary address",
    },
    Difference {
        row: "D5.2.2-33",
        about: "`sinfo_cumtsn` of an ordered message",
        linux: "0",
        rfc: "the cumulative TSN",
    },
    Difference {
        row: "D5.3.1.1-12",
        about: "`sac_info` with SCTP_COMM_LOST by an ABORT",
        linux: "its causes",
        rfc: "the whole chunk",
    },
    Difference {
        row: "D5.3.1.3-4",
        about: "`sre_data` with SCTP_REMOTE_ERROR",
        linux: "the information of one cause; one notification for each",
        rfc: "the whole chunk; one notification for each, with the code of its first cause",
    },
    Difference {
        row: "D5.3.1.4-8",
        about: "a message that could not be sent comes back",
        linux: "as one notification for each fragment",
        rfc: "as one for the message, or what is left of it",
    },
    Difference { row: "D5.3.1.6-1", about: "an adaptation indication of 0", linux: "is not told", rfc: "is told" },
    Difference {
        row: "D6.2-4",
        about: "an option that can only be read is set, or the reverse",
        linux: "ENOPROTOOPT",
        rfc: "EOPNOTSUPP",
    },
    Difference {
        row: "D7-11",
        about: "SCTP_PEER_ADDR_THLDS, SCTP_REMOTE_UDP_ENCAPS_PORT: a peer's address with an id that is nobody's",
        linux: "the address decides",
        rfc: "EINVAL",
    },
    Difference {
        row: "D7-15",
        about: "an option that takes the ids 1 and 2 is set with a negative one",
        linux: "reaches nobody, 0",
        rfc: "EINVAL",
    },
    Difference { row: "D7.1.4-3", about: "SO_LINGER with a negative time", linux: "taken", rfc: "EINVAL" },
    Difference {
        row: "D7.1.11-2",
        about: "the adaptation layer indication is set to 0",
        linux: "not sent, and not notified",
        rfc: "sent, and notified",
    },
    Difference { row: "D7.1.14-2", about: "SCTP_SENDALL among the defaults of a send", linux: "EINVAL", rfc: "taken" },
    Difference {
        row: "D7.1.16-4",
        about: "SCTP_I_WANT_MAPPED_V4_ADDR is set on a PF_INET socket",
        linux: "taken",
        rfc: "EINVAL",
    },
    Difference { row: "D8.1-9", about: "`sctp_bindx` removes the last address", linux: "EBUSY", rfc: "EINVAL" },
    Difference {
        row: "D8.1-13",
        about: "`sctp_bindx` fails on a socket that was not bound",
        linux: "the first address stays bound",
        rfc: "nothing is bound",
    },
    Difference { row: "D8.3-6", about: "`sctp_getpaddrs` without an association", linux: "EINVAL", rfc: "0" },
    Difference {
        row: "D10-3",
        about: "SCTP_RTOINFO lowers the timers below the protocol's without privilege",
        linux: "0",
        rfc: "EPERM",
    },
    Difference {
        row: "B2-6",
        about: "SCTP_COMPLETE in `nxt_flags`",
        linux: "never set",
        rfc: "set when the whole message is there",
    },
    Difference {
        row: "B3-7",
        about: "SCTP_FRAGMENT_INTERLEAVE",
        linux: "0, and 1 for everything else",
        rfc: "0, 1, and 2 if received messages come with their stream; else EINVAL",
    },
    Difference {
        row: "B5-3",
        about: "`sctp_sendv` with SNDINFO begins an association",
        linux: "`snd_assoc_id` is left alone",
        rfc: "it gets the new id",
    },
];

/// The table as the document has it.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for difference in DIFFERENCES {
        let Difference { row, about, linux, rfc } = difference;
        let _ = writeln!(text, "| {row} | {about} | {linux} | {rfc} |");
    }
    text
}

const INTRODUCTION: &str = "\
# Where Linux and RFC 6458 differ

A stack has a personality, which decides the points below. `linux` is the default of programs under `usctp run` and of
`libsctp.so.1`; `rfc` is that of the Rust API and of the functions with the prefix `usctp_`. `usctp run --personality`
and `USCTP_PERSONALITY` choose. Everything else is the same in both. The rows are those of
[conformance](conformance/README.md).

This file is made from the table in `crates/socket/src/personality.rs`; a test compares them, and writes it anew where
`USCTP_WRITE_DOCUMENTS` is set.

| row | about | `linux` | `rfc` |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/linux-differences.md");
        if std::env::var_os("USCTP_WRITE_DOCUMENTS").is_some() {
            std::fs::write(path, document()).expect("the tree can be written");
        }
        let there = std::fs::read_to_string(path).expect("the document is there");
        assert!(there == document(), "docs/linux-differences.md is not what the table says: USCTP_WRITE_DOCUMENTS=1");
    }
}
