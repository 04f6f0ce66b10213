//! Order within a stream (RFC 9260 §6.5, §6.6): which SSN is next, and messages that wait for the ones before them.

use std::collections::BTreeMap;

use usctp_wire::{Ssn, StreamId};

use super::reassembly::Message;
use crate::fault::PeerFault;

/// The streams that the peer may send on. What has never been used costs nothing.
#[derive(Debug)]
pub(super) struct Streams {
    count: u16,
    /// The next SSN of each stream, in pages that are made when a stream of theirs is first used.
    next: Vec<Option<Box<[Ssn; PAGE]>>>,
    /// Whole messages, by stream and SSN, that are not next.
    waiting: BTreeMap<(u16, u16), Message>,
}

impl Streams {
    pub(super) const fn new(count: u16) -> Self {
        Self { count, next: Vec::new(), waiting: BTreeMap::new() }
    }

    /// An ordered message is whole: gives it back if it is next, keeps it otherwise.
    pub(super) fn arrive(&mut self, message: Message) -> Result<Option<Message>, PeerFault> {
        let next = self.next(message.stream);
        if message.ssn == next {
            self.advance(message.stream);
            return Ok(Some(message));
        }
        // A new TSN with an SSN that has been used: it could never be delivered (RFC 9260 §6.5).
        let key = (message.stream.0, message.ssn.0);
        if message.ssn.is_before(next) || self.waiting.contains_key(&key) {
            return Err(PeerFault::Violation("a stream sequence number was used twice"));
        }
        self.waiting.insert(key, message);
        Ok(None)
    }

    /// The next message of `stream` if it has been waiting.
    pub(super) fn take_next(&mut self, stream: StreamId) -> Option<Message> {
        if self.waiting.is_empty() {
            return None;
        }
        let message = self.waiting.remove(&(stream.0, self.next(stream).0))?;
        self.advance(stream);
        Some(message)
    }

    /// The message that is next on `stream` has been dealt with.
    pub(super) fn advance(&mut self, stream: StreamId) {
        let next = self.next(stream).next();
        self.set_next(stream, next);
    }

    /// Skips everything up to `ssn` (RFC 3758 §3.6); gives the waiting messages up to there, in order.
    pub(super) fn skip(&mut self, stream: StreamId, ssn: Ssn) -> Vec<Message> {
        let next = self.next(stream);
        if ssn.is_before(next) {
            return Vec::new();
        }
        let skipped = |&(_, waiting): &(u16, u16)| ssn.is_at_or_after(Ssn(waiting));
        let range = (stream.0, 0)..=(stream.0, u16::MAX);
        let mut keys: Vec<_> = self.waiting.range(range).map(|(key, _)| *key).filter(skipped).collect();
        keys.sort_by_key(|&(_, waiting)| Ssn(waiting).distance_from(next));
        self.set_next(stream, ssn.next());
        keys.iter().filter_map(|key| self.waiting.remove(key)).collect()
    }

    /// Takes the waiting message with the highest TSN out.
    pub(super) fn give_up_highest(&mut self) -> Option<Message> {
        let key = self.highest().map(|message| (message.stream.0, message.ssn.0))?;
        self.waiting.remove(&key)
    }

    /// The waiting message with the highest TSN.
    pub(super) fn highest(&self) -> Option<&Message> {
        self.waiting.values().reduce(|a, b| if b.tsn.is_after(a.tsn) { b } else { a })
    }

    /// The SSN that is to be delivered next.
    pub(super) fn next(&self, stream: StreamId) -> Ssn {
        let (page, at) = place(stream);
        self.next.get(page).and_then(Option::as_ref).and_then(|page| page.get(at)).copied().unwrap_or(Ssn(0))
    }

    pub(super) const fn count(&self) -> u16 {
        self.count
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Message> {
        self.waiting.values()
    }

    /// Panics where a message waits that could have been delivered.
    pub(super) fn check_invariants(&self) {
        for message in self.waiting.values() {
            assert!(message.ssn.is_after(self.next(message.stream)), "a message waits for nothing");
        }
    }

    fn set_next(&mut self, stream: StreamId, ssn: Ssn) {
        let (page, at) = place(stream);
        if self.next.len() <= page {
            self.next.resize_with(page.saturating_add(1), || None);
        }
        let page = self.next.get_mut(page).map(|page| page.get_or_insert_with(|| Box::new([Ssn(0); PAGE])));
        if let Some(next) = page.and_then(|page| page.get_mut(at)) {
            *next = ssn;
        }
    }
}

/// Streams per page: 128 octets.
const PAGE: usize = 64;

fn place(stream: StreamId) -> (usize, usize) {
    let stream = usize::from(stream.0);
    (stream / PAGE, stream % PAGE)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use usctp_wire::{Ppid, Tsn};

    use super::*;

    fn message(stream: u16, ssn: u16) -> Message {
        Message {
            tsn: Tsn(u32::from(ssn)),
            stream: StreamId(stream),
            ssn: Ssn(ssn),
            ppid: Ppid::default(),
            unordered: false,
            parts: vec![Bytes::from_static(b"x")],
            octets: 1,
        }
    }

    #[test]
    fn streams_do_not_wait_for_each_other() {
        let mut streams = Streams::new(65_535);
        assert!(streams.arrive(message(0, 1)).unwrap().is_none());
        assert!(streams.arrive(message(65_534, 0)).unwrap().is_some());
        assert!(streams.arrive(message(0, 0)).unwrap().is_some());
        assert_eq!(streams.take_next(StreamId(0)).map(|message| message.ssn), Some(Ssn(1)));
        assert!(streams.take_next(StreamId(0)).is_none());
    }

    #[test]
    fn numbers_wrap() {
        let mut streams = Streams::new(1);
        for ssn in (0..=u16::MAX).chain(0..3) {
            assert!(streams.arrive(message(0, ssn)).unwrap().is_some());
        }
    }

    #[test]
    fn used_number_is_a_fault() {
        let mut streams = Streams::new(2);
        streams.arrive(message(0, 0)).unwrap();
        assert!(streams.arrive(message(0, 0)).is_err());
        streams.arrive(message(1, 4)).unwrap();
        assert!(streams.arrive(message(1, 4)).is_err());
    }

    #[test]
    fn skipping_gives_what_was_waiting_in_order() {
        let mut streams = Streams::new(1);
        streams.set_next(StreamId(0), Ssn(65_534));
        for ssn in [1, 65_535, 3] {
            streams.arrive(message(0, ssn)).unwrap();
        }
        let given: Vec<_> = streams.skip(StreamId(0), Ssn(2)).iter().map(|message| message.ssn.0).collect();
        assert_eq!(given, [65_535, 1]);
        assert_eq!(streams.take_next(StreamId(0)).map(|message| message.ssn), Some(Ssn(3)));
        assert!(streams.skip(StreamId(0), Ssn(2)).is_empty());
    }
}
