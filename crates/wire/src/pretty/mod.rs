//! Packets as text, for logs and captures.
//!
//! `{}` is one line: `5000 > 38412 tag 01020304: DATA[tsn 7 stream 0 ssn 0 ppid 0 BE 5 octets], SACK[…]`. `{:#}` gives
//! each chunk a line of its own, with its parameters or causes indented under it. What does not decode is shown as its
//! error. Lists are cut after [`MAX_LISTED`] elements, so that a line stays readable whatever a peer sends.

mod chunk;
mod name;
mod param;

use core::fmt;

use crate::{Ppid, VerificationTag, packet::Packet};

/// Elements of a list (gap blocks, streams, octets) that are shown.
const MAX_LISTED: usize = 16;

impl fmt::Display for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        write!(f, "{} > {} tag {}", header.source_port, header.destination_port, header.tag)?;
        let mut separator = ": ";
        for raw in self.chunks() {
            f.write_str(if f.alternate() { "\n  " } else { separator })?;
            separator = ", ";
            match raw.and_then(|raw| raw.decode()) {
                Ok(chunk) => chunk.fmt(f)?,
                Err(error) => write!(f, "({error})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for VerificationTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// As the number that most users make of it.
impl fmt::Display for Ppid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u32::from_be_bytes(self.0).fmt(f)
    }
}

/// Writes at most [`MAX_LISTED`] of `items`, separated by commas, and how many there are beyond them; "none" for none.
fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    let mut items = items.enumerate().peekable();
    if items.peek().is_none() {
        return f.write_str("none");
    }
    for (place, item) in items.by_ref().take(MAX_LISTED) {
        write!(f, "{}{item}", if place == 0 { "" } else { "," })?;
    }
    match items.count() {
        0 => Ok(()),
        more => write!(f, ",… {more} more"),
    }
}

/// Octets as text where they are text, otherwise as hexadecimal; cut like any list.
struct Octets<'a>(&'a [u8]);

impl fmt::Display for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.get(..MAX_LISTED * 4).unwrap_or(self.0);
        let readable = !text.is_empty() && text.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ');
        let shown = if readable { text } else { self.0.get(..MAX_LISTED).unwrap_or(self.0) };
        if readable {
            write!(f, "\"{}\"", shown.escape_ascii())?;
        } else {
            shown.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        if shown.len() < self.0.len() { write!(f, "… ({} octets)", self.0.len()) } else { Ok(()) }
    }
}
