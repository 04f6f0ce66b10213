//! What is kept per outgoing stream: the next sequence number. Pages come into being when a stream of theirs is used, so
//! that 65,535 streams cost nothing.

use std::collections::BTreeMap;

use usctp_wire::{Mid, Ssn, StreamId};

/// Next sequence number of every outgoing stream.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamTable {
    pages: Vec<Option<Box<[Ssn; PAGE]>>>,
    mids: Option<Box<Mids>>,
}

/// Next message identifiers, ordered and unordered.
#[derive(Clone, Debug, Default)]
struct Mids(BTreeMap<u16, [Mid; 2]>);

impl StreamTable {
    /// Takes the stream's next sequence number (RFC 9260 §6.5: from 0, one up with each ordered message).
    pub(super) fn take_ssn(&mut self, stream: StreamId) -> Ssn {
        let (page, slot) = (usize::from(stream.0) / PAGE, usize::from(stream.0) % PAGE);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([Ssn(0); PAGE]));
        let ssn = page[slot];
        page[slot] = ssn.next();
        ssn
    }

    /// Takes the stream's next message identifier (RFC 8260 §2.1: two counters for each stream).
    pub(super) fn take_mid(&mut self, stream: StreamId, unordered: bool) -> Mid {
        let mids = self.mids.get_or_insert_default().0.entry(stream.0).or_default();
        let next = &mut mids[usize::from(unordered)];
        let mid = *next;
        *next = mid.next();
        mid
    }

    /// All streams begin at 0 again.
    pub(super) fn reset(&mut self) {
        self.pages = Vec::new();
        self.mids = None;
    }
}

/// Streams of a page.
const PAGE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_counts_for_itself_and_wraps() {
        let mut streams = StreamTable::default();
        assert_eq!(streams.take_ssn(StreamId(65_535)), Ssn(0));
        for expected in 0..=u16::MAX {
            assert_eq!(streams.take_ssn(StreamId(3)), Ssn(expected));
        }
        assert_eq!(streams.take_ssn(StreamId(3)), Ssn(0));
        assert_eq!(streams.take_ssn(StreamId(65_535)), Ssn(1));
        streams.reset();
        assert_eq!(streams.take_ssn(StreamId(65_535)), Ssn(0));
    }
}
