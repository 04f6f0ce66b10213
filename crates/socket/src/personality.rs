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
    Difference { row: "D8.1-9", about: "`sctp_bindx` removes the last address", linux: "EBUSY", rfc: "EINVAL" },
    Difference {
        row: "D8.1-13",
        about: "`sctp_bindx` fails on a socket that was not bound",
        linux: "the first address stays bound",
        rfc: "nothing is bound",
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
