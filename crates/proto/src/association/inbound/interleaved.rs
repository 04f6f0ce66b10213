//! I-DATA fragments to messages (RFC 8260 §2.2.3). Fragments are found by stream, order, message and place in it, never by
//! TSN, so that messages of different streams can be put together at once. One stream's messages are handed up one after
//! the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use usctp_wire::{Mid, Ppid, Ssn, StreamId, Tsn};

use super::{
    DataChunk,
    reassembly::{Message, Part, Thrown},
};
use crate::fault::PeerFault;

/// The messages of all streams that are not handed up wholly.
#[derive(Debug, Default)]
pub(super) struct Interleaved {
    messages: BTreeMap<Key, Assembly>,
    streams: BTreeMap<u16, Progress>,
    /// Messages of which something can be handed up, the first to become so first.
    ready: VecDeque<Key>,
    /// What was only waiting for messages that were skipped.
    released: VecDeque<(Part, Mid)>,
}

/// Stream, whether unordered, MID.
type Key = (u16, bool, u32);

/// How far a stream is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// MID of the ordered message that is next.
    next: Mid,
    /// The highest MID of unordered messages that the peer has given up.
    skipped: Option<Mid>,
    /// A message of this stream is being handed up in parts: all others wait.
    partial: Option<Key>,
}

/// A message on its way.
#[derive(Debug, Default)]
struct Assembly {
    ppid: Ppid,
    /// By FSN, counted on where that wraps.
    fragments: BTreeMap<u64, (Tsn, Bytes)>,
    /// The first fragment that was not handed up.
    first: u64,
    /// The first one missing, and the octets in front of it that were not handed up.
    frontier: u64,
    in_order: u32,
    last: Option<u64>,
    octets: u32,
    is_ready: bool,
}

impl Assembly {
    fn is_complete(&self) -> bool {
        self.last.is_some_and(|last| self.frontier > last)
    }

    fn is_begun(&self) -> bool {
        self.first > 0
    }

    fn advance(&mut self) {
        while let Some((_, payload)) = self.fragments.get(&self.frontier) {
            self.in_order = self.in_order.saturating_add(octets_of(payload));
            self.frontier += 1;
        }
    }

    /// Takes out what is in order.
    fn take(&mut self, key: Key) -> Part {
        let rest = self.fragments.split_off(&self.frontier);
        let parts = std::mem::replace(&mut self.fragments, rest);
        let tsn = parts.values().next().map_or(Tsn(0), |(tsn, _)| *tsn);
        let beginning = self.first == 0;
        let octets = std::mem::take(&mut self.in_order);
        self.octets = self.octets.saturating_sub(octets);
        self.first = self.frontier;
        let message = Message {
            tsn,
            stream: StreamId(key.0),
            ssn: Ssn(low(key.2)),
            ppid: self.ppid,
            unordered: key.1,
            parts: parts.into_values().map(|(_, payload)| payload).collect(),
            octets,
        };
        Part { message, beginning, ending: self.is_complete() }
    }

    fn load(&self) -> (u32, u32) {
        (self.octets, u32::try_from(self.fragments.len()).unwrap_or(u32::MAX))
    }
}

impl Interleaved {
    /// Takes a chunk in that had not been received before. False: it belongs to a message that was skipped, and is thrown
    /// away. `point`: from so many octets on a message is handed up in parts; 0: never.
    pub(super) fn insert(&mut self, chunk: DataChunk, point: u32) -> Result<bool, PeerFault> {
        let key = (chunk.stream.0, chunk.unordered, chunk.mid.0);
        let progress = self.streams.entry(key.0).or_default();
        if chunk.unordered {
            if progress.skipped.is_some_and(|skipped| chunk.mid.distance_from(skipped).cast_signed() > FAR) {
                progress.skipped = None;
            }
            if progress.skipped.is_some_and(|skipped| !chunk.mid.is_after(skipped)) {
                return Ok(false);
            }
        } else if chunk.mid.is_before(progress.next) {
            return Ok(false);
        }
        let fault = Err(PeerFault::BadFragment(chunk.tsn));
        let assembly = self.messages.entry(key).or_default();
        let distance = chunk.fsn.0.wrapping_sub(assembly.first as u32);
        let place = assembly.first.saturating_add(distance.into());
        // RFC 8260 §2.1: only the first fragment has the FSN 0, and only the last one the E bit.
        let beyond = assembly.last.is_some_and(|last| place > last || chunk.ending && place != last);
        let before_others =
            chunk.ending && assembly.fragments.last_key_value().is_some_and(|(highest, _)| *highest > place);
        let misplaced = chunk.beginning != (place == 0) || distance > i32::MAX.cast_unsigned();
        if misplaced || beyond || before_others || assembly.fragments.contains_key(&place) {
            return fault;
        }
        if chunk.beginning {
            assembly.ppid = chunk.ppid;
        }
        if chunk.ending {
            assembly.last = Some(place);
        }
        assembly.octets = assembly.octets.saturating_add(octets_of(&chunk.payload));
        assembly.fragments.insert(place, (chunk.tsn, chunk.payload));
        assembly.advance();
        let wished = point > 0 && assembly.in_order >= point;
        self.wake(key, wished);
        Ok(true)
    }

    /// Notes that something of a message can be handed up, if so; `in_parts`: also if the rest is still missing.
    fn wake(&mut self, key: Key, in_parts: bool) {
        let Some(progress) = self.streams.get_mut(&key.0) else { return };
        let Some(assembly) = self.messages.get_mut(&key).filter(|assembly| !assembly.is_ready) else { return };
        let has_turn = (key.1 || progress.next.0 == key.2) && progress.partial.is_none_or(|partial| partial == key);
        let something = assembly.in_order > 0 && (assembly.is_complete() || assembly.is_begun() || in_parts);
        if has_turn && something {
            if !assembly.is_complete() {
                progress.partial = Some(key);
            }
            assembly.is_ready = true;
            self.ready.push_back(key);
        }
    }

    /// All messages of a stream look whether it is their turn.
    fn wake_stream(&mut self, stream: u16) {
        let next = self.streams.get(&stream).map_or(0, |progress| progress.next.0);
        self.wake((stream, false, next), false);
        let complete = |(_, assembly): &(&Key, &Assembly)| assembly.is_complete() && !assembly.is_ready;
        let unordered = self.messages.range((stream, true, 0)..=(stream, true, u32::MAX));
        let unordered: Vec<Key> = unordered.filter(complete).map(|(key, _)| *key).collect();
        for key in unordered {
            self.wake(key, false);
        }
    }

    /// The next part that can be handed up, and the MID of its message.
    pub(super) fn take_part(&mut self) -> Option<(Part, Mid)> {
        // Not into the middle of another message of the same stream.
        let may = |(part, _): &(Part, Mid)| {
            self.streams.get(&part.message.stream.0).is_none_or(|progress| progress.partial.is_none())
        };
        if let Some(at) = self.released.iter().position(may) {
            return self.released.remove(at);
        }
        loop {
            let key = self.ready.pop_front()?;
            let Some(assembly) = self.messages.get_mut(&key) else { continue };
            assembly.is_ready = false;
            if assembly.in_order == 0 {
                // Given up for want of room since.
                continue;
            }
            let part = assembly.take(key);
            let Some(progress) = self.streams.get_mut(&key.0) else { continue };
            if !part.ending {
                progress.partial = Some(key);
                return Some((part, Mid(key.2)));
            }
            self.messages.remove(&key);
            let was_partial = progress.partial.take_if(|partial| *partial == key).is_some();
            if !key.1 {
                progress.next = progress.next.next();
            }
            if was_partial {
                self.wake_stream(key.0);
            } else if !key.1 {
                let next = progress.next.0;
                self.wake((key.0, false, next), false);
            }
            return Some((part, Mid(key.2)));
        }
    }

    /// The buffer runs out: a message that has its turn is handed up as far as it has come. False: there is none.
    pub(super) fn begin_partial(&mut self) -> bool {
        let may = |(key, assembly): &(&Key, &Assembly)| {
            let progress = self.streams.get(&key.0).copied().unwrap_or_default();
            assembly.in_order > 0 && progress.partial.is_none() && (key.1 || progress.next.0 == key.2)
        };
        let chosen = self.messages.iter().filter(|(_, assembly)| !assembly.is_ready).find(may).map(|(key, _)| *key);
        if let Some(key) = chosen {
            self.wake(key, true);
        }
        chosen.is_some()
    }

    /// The peer has given messages up: for each stream and order the highest MID (RFC 8260 §2.3.1). `thrown` is told of
    /// what is thrown away.
    pub(super) fn skip(
        &mut self,
        skipped: impl Iterator<Item = (StreamId, bool, Mid)>,
        mut thrown: impl FnMut(Thrown),
    ) {
        // A peer may name a stream as often as fits the chunk.
        let mut highest: BTreeMap<(u16, bool), Mid> = BTreeMap::new();
        for (stream, unordered, mid) in skipped {
            let known = highest.entry((stream.0, unordered)).or_insert(mid);
            if mid.is_after(*known) {
                *known = mid;
            }
        }
        let mut touched = BTreeSet::new();
        for ((stream, unordered), mid) in highest {
            let progress = self.streams.entry(stream).or_default();
            let next = progress.next;
            if unordered {
                let known = progress.skipped.filter(|known| !mid.is_after(*known));
                progress.skipped = known.or(Some(mid));
            } else if mid.is_before(next) {
                continue;
            } else {
                progress.next = mid.next();
            }
            let all = self.messages.range((stream, unordered, 0)..=(stream, unordered, u32::MAX));
            let mut keys: Vec<Key> = all.map(|(key, _)| *key).filter(|key| mid.is_at_or_after(Mid(key.2))).collect();
            keys.sort_by_key(|key| Mid(key.2).distance_from(next));
            for key in keys {
                self.skip_message(key, &mut thrown);
            }
            touched.insert(stream);
        }
        for stream in touched {
            self.wake_stream(stream);
        }
    }

    fn skip_message(&mut self, key: Key, thrown: &mut impl FnMut(Thrown)) {
        let is_complete = self.messages.get(&key).is_some_and(Assembly::is_complete);
        if key.1 && is_complete {
            return;
        }
        let Some(mut assembly) = self.messages.remove(&key) else { return };
        if let Some(progress) = self.streams.get_mut(&key.0) {
            progress.partial.take_if(|partial| *partial == key);
        }
        if is_complete {
            self.released.push_back((assembly.take(key), Mid(key.2)));
            return;
        }
        thrown(Thrown {
            stream: StreamId(key.0),
            ssn: Ssn(low(key.2)),
            unordered: key.1,
            partial: assembly.is_begun(),
            load: assembly.load(),
        });
    }

    /// Throws everything away; answers the messages that were being delivered in parts.
    pub(super) fn clear(&mut self) -> Vec<(StreamId, Ssn, bool)> {
        let begun = self.messages.iter().filter(|(_, assembly)| assembly.is_begun());
        let begun = begun.map(|(key, _)| (StreamId(key.0), Ssn(low(key.2)), key.1)).collect();
        *self = Self::default();
        begun
    }

    /// The highest TSN held.
    pub(super) fn highest(&self) -> Option<Tsn> {
        self.fragments().map(|(_, _, tsn)| tsn).reduce(|a, b| if b.is_after(a) { b } else { a })
    }

    /// Throws the fragment with this TSN away; answers its octets.
    pub(super) fn give_up(&mut self, tsn: Tsn) -> Option<u32> {
        let (key, place) = self.fragments().find(|(.., held)| *held == tsn).map(|(key, place, _)| (key, place))?;
        let assembly = self.messages.get_mut(&key)?;
        let (_, payload) = assembly.fragments.remove(&place)?;
        let octets = octets_of(&payload);
        assembly.octets = assembly.octets.saturating_sub(octets);
        assembly.last.take_if(|last| *last == place);
        if place < assembly.frontier {
            assembly.frontier = place;
            assembly.in_order = assembly.fragments.range(..place).map(|(_, (_, payload))| octets_of(payload)).sum();
        }
        if assembly.fragments.is_empty() && !assembly.is_begun() {
            self.messages.remove(&key);
            if let Some(progress) = self.streams.get_mut(&key.0) {
                progress.partial.take_if(|partial| *partial == key);
            }
            self.wake_stream(key.0);
        }
        Some(octets)
    }

    /// Octets and chunks held.
    pub(super) fn load(&self) -> (u32, u32) {
        let released = self.released.iter().map(|(part, _)| (part.message.octets, part.message.chunks()));
        self.messages
            .values()
            .map(Assembly::load)
            .chain(released)
            .fold((0, 0), |sum, load| (sum.0.saturating_add(load.0), sum.1.saturating_add(load.1)))
    }

    /// Panics where messages contradict their streams.
    pub(super) fn check_invariants(&self) {
        for (key, assembly) in &self.messages {
            let octets: u32 = assembly.fragments.values().map(|(_, payload)| octets_of(payload)).sum();
            assert_eq!(assembly.octets, octets, "octets of {key:?}");
            let in_order: u32 =
                assembly.fragments.range(..assembly.frontier).map(|(_, (_, part))| octets_of(part)).sum();
            assert_eq!(assembly.in_order, in_order, "octets in order of {key:?}");
            let progress = self.streams.get(&key.0).copied().unwrap_or_default();
            assert!(key.1 || !Mid(key.2).is_before(progress.next), "{key:?} has been skipped");
            let waits = assembly.is_complete() && (key.1 || progress.next.0 == key.2) && progress.partial.is_none();
            assert!(!waits || assembly.is_ready, "{key:?} waits for nothing");
        }
        for (stream, progress) in &self.streams {
            let begun = self.messages.range((*stream, false, 0)..=(*stream, true, u32::MAX));
            let begun: Vec<_> = begun.filter(|(_, assembly)| assembly.is_begun()).map(|(key, _)| *key).collect();
            assert!(begun.len() <= 1, "messages of stream {stream} are handed up at once: {begun:?}");
            assert!(begun.iter().all(|key| progress.partial == Some(*key)), "{begun:?} but {:?}", progress.partial);
            assert!(progress.partial.is_none_or(|key| self.messages.contains_key(&key)), "{:?}", progress.partial);
        }
    }

    fn fragments(&self) -> impl Iterator<Item = (Key, u64, Tsn)> {
        self.messages
            .iter()
            .flat_map(|(key, assembly)| assembly.fragments.iter().map(|(place, (tsn, _))| (*key, *place, *tsn)))
    }
}

fn octets_of(part: &Bytes) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

/// RFC 8260 §4.1: what stands where programs expect an SSN.
fn low(mid: u32) -> u16 {
    (mid & 0xffff) as u16
}

/// So far behind a skipped message no fragment of it can be on its way.
const FAR: i32 = 1 << 30;
