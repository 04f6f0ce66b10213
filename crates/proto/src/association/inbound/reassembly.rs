//! DATA fragments to messages (RFC 9260 §6.9). The fragments of a message have consecutive TSNs, so what is held are
//! runs of consecutive fragments, in the order of their TSNs, whatever their streams.

use bytes::Bytes;
use usctp_wire::{Ppid, Ssn, StreamId, Tsn};

use super::DataChunk;
use crate::fault::PeerFault;

/// A whole message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) tsn: Tsn,
    pub(super) stream: StreamId,
    pub(super) ssn: Ssn,
    pub(super) ppid: Ppid,
    pub(super) unordered: bool,
    pub(super) parts: Vec<Bytes>,
    /// Of all parts.
    pub(super) octets: u32,
}

/// A part of a message that is delivered before the rest has come.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) message: Message,
    pub(super) beginning: bool,
    pub(super) ending: bool,
}

/// What the TSN map says about the neighbours of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbours {
    pub(super) before_received: bool,
    pub(super) behind_received: bool,
}

/// The fragments held.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// Ascending by TSN. Never whole, but for one that is being delivered in parts.
    runs: Vec<Run>,
    /// One of `runs` is being delivered in parts.
    partial: bool,
    /// The peer may abandon messages (RFC 3758): fragments may then end without the last one.
    abandoning: bool,
}

impl Reassembly {
    /// Takes a chunk in that had not been received before; answers the message that it completes.
    pub(super) fn insert(&mut self, chunk: DataChunk, near: Neighbours) -> Result<Option<Message>, PeerFault> {
        let behind = self.runs.partition_point(|run| !run.first.is_after(chunk.tsn));
        let before =
            behind.checked_sub(1).filter(|&at| self.runs.get(at).is_some_and(|run| run.is_followed_by(&chunk)));
        let follows = self.runs.get(behind).is_some_and(|run| run.is_preceded_by(&chunk));
        self.check(&chunk, before, follows.then_some(behind), near)?;
        let before = before.filter(|_| !chunk.beginning);
        let follows = follows && !chunk.ending;
        let at = match before {
            None if chunk.beginning && chunk.ending => return Ok(Some(Message::whole(chunk))),
            None if follows => {
                if let Some(run) = self.runs.get_mut(behind) {
                    run.prepend(chunk);
                }
                behind
            }
            None => {
                self.runs.insert(behind, Run::new(chunk));
                behind
            }
            Some(at) => {
                let next = follows.then(|| self.runs.remove(behind));
                if let Some(run) = self.runs.get_mut(at) {
                    run.append(chunk);
                    if let Some(next) = next {
                        run.join(next);
                    }
                }
                at
            }
        };
        let is_whole = |run: &Run| run.beginning && run.ending && run.handing == Handing::Not;
        Ok(if self.runs.get(at).is_some_and(is_whole) { Some(self.runs.remove(at).into_message()) } else { None })
    }

    /// Chooses a message for partial delivery: the one that goes on behind `cumulative`, if it has begun, has `octets` at
    /// least, and is `next` to be delivered. False when there is none, or one has been chosen already.
    ///
    /// Nothing in front of it can still come then. Messages that complete while it is being delivered have higher TSNs:
    /// however full they make the buffer, its missing fragments fill gaps, which are never refused.
    pub(super) fn begin_partial(&mut self, octets: u32, cumulative: Tsn, next: impl Fn(StreamId, Ssn) -> bool) -> bool {
        if self.partial {
            return false;
        }
        let may = |run: &&mut Run| {
            run.end() == cumulative.next()
                && run.beginning
                && run.octets >= octets
                && (run.unordered || next(run.stream, run.ssn))
        };
        if let Some(run) = self.runs.iter_mut().find(may) {
            run.handing = Handing::Chosen;
            self.partial = true;
        }
        self.partial
    }

    /// What has come of the message chosen for partial delivery since the last time.
    pub(super) fn take_part(&mut self) -> Option<Part> {
        let at = self.runs.iter().position(|run| run.handing != Handing::Not)?;
        let run = self.runs.get_mut(at).filter(|run| !run.parts.is_empty())?;
        let beginning = run.handing == Handing::Chosen;
        let ending = run.ending;
        run.handing = Handing::Begun;
        let message = run.take();
        if ending {
            self.runs.remove(at);
            self.partial = false;
        }
        Some(Part { message, beginning, ending })
    }

    /// Throws away what can never become whole since `cumulative` has been skipped to, and ordered messages that
    /// `is_skipped` (RFC 3758 §3.6). `thrown` is told of each.
    pub(super) fn skip(
        &mut self,
        cumulative: Tsn,
        is_skipped: impl Fn(StreamId, Ssn) -> bool,
        mut thrown: impl FnMut(Thrown),
    ) {
        self.runs.retain(|run| {
            // The fragment that it waits for, behind it or in front of it, will not come.
            let lost = !run.ending && !run.end().is_after(cumulative)
                || !run.beginning && !run.first.previous().is_after(cumulative);
            if !lost && (run.unordered || !is_skipped(run.stream, run.ssn)) {
                return true;
            }
            let partial = run.handing == Handing::Begun;
            thrown(Thrown { stream: run.stream, ssn: run.ssn, unordered: run.unordered, partial, load: run.load() });
            false
        });
        self.partial = self.runs.iter().any(|run| run.handing != Handing::Not);
    }

    /// Throws everything away; answers the message that was being delivered in parts.
    pub(super) fn clear(&mut self) -> Option<(StreamId, Ssn, bool)> {
        self.partial = false;
        let runs = std::mem::take(&mut self.runs);
        runs.iter().find(|run| run.handing == Handing::Begun).map(|run| (run.stream, run.ssn, run.unordered))
    }

    /// Throws the fragment with the highest TSN away; answers its octets.
    pub(super) fn give_up_highest(&mut self) -> Option<u32> {
        let at = self.runs.iter().rposition(|run| !run.parts.is_empty())?;
        let run = self.runs.get_mut(at)?;
        let part = run.parts.pop()?;
        let octets = octets_of(&part);
        run.octets = run.octets.saturating_sub(octets);
        run.ending = false;
        if run.parts.is_empty() && run.handing != Handing::Begun {
            self.partial &= run.handing == Handing::Not;
            self.runs.remove(at);
        }
        Some(octets)
    }

    pub(super) fn set_abandoning(&mut self) {
        self.abandoning = true;
    }

    /// The highest TSN held.
    pub(super) fn highest(&self) -> Option<Tsn> {
        self.runs.iter().rfind(|run| !run.parts.is_empty()).map(|run| run.end().previous())
    }

    /// Whether a message is being delivered in parts.
    pub(super) const fn is_partial(&self) -> bool {
        self.partial
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Octets and chunks held.
    pub(super) fn load(&self) -> (u32, u32) {
        self.runs
            .iter()
            .map(Run::load)
            .fold((0, 0), |sum, load| (sum.0.saturating_add(load.0), sum.1.saturating_add(load.1)))
    }

    /// Panics where runs contradict each other.
    pub(super) fn check_invariants(&self) {
        for run in &self.runs {
            assert_eq!(run.octets, run.parts.iter().map(octets_of).sum::<u32>(), "octets of a run");
            assert!(!run.parts.is_empty() || run.handing == Handing::Begun, "an empty run");
            assert!(!(run.beginning && run.ending) || run.handing != Handing::Not, "a whole message was left lying");
        }
        assert!(self.runs.windows(2).all(|pair| !pair[0].end().is_after(pair[1].first)), "runs overlap");
        let partial = self.runs.iter().filter(|run| run.handing != Handing::Not).count();
        assert_eq!(partial, usize::from(self.partial), "messages being delivered in parts");
    }

    /// RFC 9260 §6.9: what stands between a B and an E fragment is one message. Neighbours that contradict this can
    /// never be delivered, and the peer will not send them again: it is better to say so than to wait for ever.
    fn check(
        &self,
        chunk: &DataChunk,
        before: Option<usize>,
        behind: Option<usize>,
        near: Neighbours,
    ) -> Result<(), PeerFault> {
        let fault = Err(PeerFault::BadFragment(chunk.tsn));
        let joined = [before.filter(|_| !chunk.beginning), behind.filter(|_| !chunk.ending)];
        let mismatch = |at: usize| self.runs.get(at).is_some_and(|run| !run.is_of(chunk));
        if joined.into_iter().flatten().any(mismatch) {
            return fault;
        }
        // A peer that abandons messages may leave one without its end (RFC 3758 §3.5).
        if self.abandoning {
            return Ok(());
        }
        let front_fits = if chunk.beginning { before.is_none() } else { before.is_some() || !near.before_received };
        let back_fits = if chunk.ending { behind.is_none() } else { behind.is_some() || !near.behind_received };
        if front_fits && back_fits { Ok(()) } else { fault }
    }
}

/// Fragments thrown away by [`Reassembly::skip`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Thrown {
    pub(super) stream: StreamId,
    pub(super) ssn: Ssn,
    pub(super) unordered: bool,
    /// Parts of the message had been delivered.
    pub(super) partial: bool,
    /// Octets and chunks.
    pub(super) load: (u32, u32),
}

impl Message {
    /// A message of a single chunk.
    fn whole(chunk: DataChunk) -> Self {
        let octets = octets_of(&chunk.payload);
        let DataChunk { tsn, stream, ssn, ppid, unordered, payload, .. } = chunk;
        Self { tsn, stream, ssn, ppid, unordered, parts: vec![payload], octets }
    }

    pub(super) fn chunks(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }

    /// The last of its TSNs.
    pub(super) fn last_tsn(&self) -> Tsn {
        self.tsn.plus(self.chunks()).previous()
    }
}

/// Consecutive fragments of one message.
#[derive(Debug)]
struct Run {
    /// TSN of the first of `parts`; of the next one to come when all have been handed up.
    first: Tsn,
    stream: StreamId,
    ssn: Ssn,
    ppid: Ppid,
    unordered: bool,
    /// Begins with the first fragment of the message (which may have been handed up).
    beginning: bool,
    /// Ends with the last fragment of the message.
    ending: bool,
    handing: Handing,
    octets: u32,
    parts: Vec<Bytes>,
}

/// Whether a run is being delivered in parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Handing {
    Not,
    Chosen,
    Begun,
}

impl Run {
    fn new(chunk: DataChunk) -> Self {
        let (beginning, ending) = (chunk.beginning, chunk.ending);
        let Message { tsn, stream, ssn, ppid, unordered, parts, octets } = Message::whole(chunk);
        Self { first: tsn, stream, ssn, ppid, unordered, beginning, ending, handing: Handing::Not, octets, parts }
    }

    fn append(&mut self, chunk: DataChunk) {
        self.octets = self.octets.saturating_add(octets_of(&chunk.payload));
        self.ending = chunk.ending;
        self.parts.push(chunk.payload);
    }

    fn prepend(&mut self, chunk: DataChunk) {
        let behind = std::mem::replace(self, Self::new(chunk));
        self.join(behind);
    }

    fn join(&mut self, behind: Self) {
        self.octets = self.octets.saturating_add(behind.octets);
        self.ending = behind.ending;
        self.parts.extend(behind.parts);
    }

    /// All parts, as a message of their own; the run goes on behind them.
    fn take(&mut self) -> Message {
        let Self { first: tsn, stream, ssn, ppid, unordered, octets, .. } = *self;
        self.first = self.end();
        self.octets = 0;
        Message { tsn, stream, ssn, ppid, unordered, parts: std::mem::take(&mut self.parts), octets }
    }

    fn into_message(mut self) -> Message {
        self.take()
    }

    /// The TSN behind the last fragment.
    fn end(&self) -> Tsn {
        self.first.plus(self.load().1)
    }

    fn load(&self) -> (u32, u32) {
        (self.octets, u32::try_from(self.parts.len()).unwrap_or(u32::MAX))
    }

    fn is_followed_by(&self, chunk: &DataChunk) -> bool {
        self.end() == chunk.tsn && !self.ending
    }

    fn is_preceded_by(&self, chunk: &DataChunk) -> bool {
        self.first == chunk.tsn.next() && !self.beginning
    }

    fn is_of(&self, chunk: &DataChunk) -> bool {
        // RFC 9260 §6.6: the SSN of an unordered message means nothing.
        self.stream == chunk.stream && self.unordered == chunk.unordered && (self.unordered || self.ssn == chunk.ssn)
    }
}

fn octets_of(part: &Bytes) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use usctp_wire::{Fsn, Mid};

    use super::*;

    fn chunk(tsn: u32, flags: &str) -> DataChunk {
        DataChunk {
            tsn: Tsn(tsn),
            stream: StreamId(1),
            ssn: Ssn(0),
            mid: Mid(0),
            fsn: Fsn(0),
            ppid: Ppid::default(),
            unordered: flags.contains('U'),
            beginning: flags.contains('B'),
            ending: flags.contains('E'),
            immediate: false,
            payload: Bytes::from(tsn.to_string()),
        }
    }

    const ALONE: Neighbours = Neighbours { before_received: false, behind_received: false };

    fn insert(reassembly: &mut Reassembly, tsn: u32, flags: &str) -> Option<Vec<Bytes>> {
        let message = reassembly.insert(chunk(tsn, flags), ALONE).unwrap();
        reassembly.check_invariants();
        message.map(|message| message.parts)
    }

    #[test]
    fn fragments_in_any_order_become_the_message() {
        for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3], [1, 4, 2, 3], [3, 2, 4, 1]] {
            let mut reassembly = Reassembly::default();
            let mut got = None;
            for tsn in order {
                assert_eq!(got, None);
                got = insert(&mut reassembly, tsn, ["", "B", "", "", "E"][tsn as usize]);
            }
            assert_eq!(got, Some(["1", "2", "3", "4"].map(Bytes::from).to_vec()));
            assert!(reassembly.is_empty());
        }
    }

    #[test]
    fn neighbouring_messages_are_not_mixed() {
        let mut reassembly = Reassembly::default();
        assert_eq!(insert(&mut reassembly, 3, "B"), None);
        assert_eq!(insert(&mut reassembly, 2, "E"), None);
        assert_eq!(insert(&mut reassembly, 1, "B").map(|parts| parts.len()), Some(2));
        assert_eq!(insert(&mut reassembly, 4, "E").map(|parts| parts.len()), Some(2));
    }

    #[test]
    fn contradictions_are_faults() {
        let mut reassembly = Reassembly::default();
        insert(&mut reassembly, 1, "B");
        let fault = |reassembly: &mut Reassembly, chunk, near| reassembly.insert(chunk, near).unwrap_err();
        assert_eq!(fault(&mut reassembly, chunk(2, "BE"), ALONE), PeerFault::BadFragment(Tsn(2)));
        assert_eq!(fault(&mut reassembly, chunk(2, "UE"), ALONE), PeerFault::BadFragment(Tsn(2)));
        let after_whole = Neighbours { before_received: true, behind_received: false };
        assert_eq!(fault(&mut reassembly, chunk(9, "E"), after_whole), PeerFault::BadFragment(Tsn(9)));
        let before_whole = Neighbours { before_received: false, behind_received: true };
        assert_eq!(fault(&mut reassembly, chunk(9, "B"), before_whole), PeerFault::BadFragment(Tsn(9)));
        reassembly.check_invariants();
    }

    #[test]
    fn message_is_delivered_in_parts_with_one_beginning_and_one_end() {
        let mut reassembly = Reassembly::default();
        insert(&mut reassembly, 1, "B");
        insert(&mut reassembly, 2, "");
        assert!(!reassembly.begin_partial(0, Tsn(2), |_, _| false));
        assert!(!reassembly.begin_partial(1000, Tsn(2), |_, _| true));
        assert!(reassembly.begin_partial(0, Tsn(2), |_, _| true));
        let part = reassembly.take_part().unwrap();
        assert_eq!((part.beginning, part.ending, part.message.parts.len()), (true, false, 2));
        assert!(reassembly.take_part().is_none());
        insert(&mut reassembly, 4, "E");
        assert!(reassembly.take_part().is_none());
        insert(&mut reassembly, 3, "");
        let part = reassembly.take_part().unwrap();
        assert_eq!((part.beginning, part.ending, part.message.tsn), (false, true, Tsn(3)));
        assert!(reassembly.is_empty() && !reassembly.is_partial());
    }

    #[test]
    fn highest_fragment_is_given_up_first() {
        let mut reassembly = Reassembly::default();
        insert(&mut reassembly, 1, "B");
        insert(&mut reassembly, 5, "");
        insert(&mut reassembly, 6, "E");
        assert_eq!(reassembly.highest(), Some(Tsn(6)));
        assert_eq!(reassembly.give_up_highest(), Some(1));
        reassembly.check_invariants();
        assert_eq!(reassembly.highest(), Some(Tsn(5)));
        insert(&mut reassembly, 6, "E");
        assert_eq!(reassembly.load(), (3, 3));
    }
}
