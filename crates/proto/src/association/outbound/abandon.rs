//! Messages given up before they are delivered (RFC 3758 §3.4, §3.5 A2 and A3, RFC 7496 §3): when, and what becomes of their
//! chunks.
//!
//! A chunk on its way is left alone until it turns out to be lost: it may well have arrived.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Outbound,
    failure::Remains,
    forward::Forward,
    in_flight::{SentChunk, State},
    limits::Limits,
    message::QueuedMessage,
};
use crate::{
    Abandoned, Reliability, Time,
    association::path::{PathId, PathSet},
};

/// What only messages with a limit need; most associations have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) limits: Limits,
    pub(super) forward: Forward,
    abandonments: Abandonments,
    /// A message with a priority was sent since nothing was queued or in flight.
    pub(super) has_priorities: bool,
}

impl Partial {
    /// Nothing is queued or in flight any more; what was counted stays.
    pub(super) fn forget(&mut self) {
        *self = Self { abandonments: std::mem::take(&mut self.abandonments), ..Self::default() };
    }
}

/// How many messages were given up, by policy.
#[derive(Clone, Debug, Default)]
struct Abandonments {
    total: [Abandoned; 3],
    streams: BTreeMap<u16, [Abandoned; 3]>,
}

impl Abandonments {
    /// Of the association, or of one stream, of all policies in the order of [`Reliability`].
    fn of(&self, stream: Option<u16>) -> [Abandoned; 3] {
        match stream {
            None => self.total,
            Some(stream) => self.streams.get(&stream).copied().unwrap_or_default(),
        }
    }

    fn count(&mut self, stream: u16, reliability: Reliability, sent: bool) {
        let Some(index) = reliability.index() else { return };
        for counts in [&mut self.total, self.streams.entry(stream).or_default()] {
            let Some(abandoned) = counts.get_mut(index) else { continue };
            if sent {
                abandoned.sent += 1;
            } else {
                abandoned.unsent += 1;
            }
        }
    }
}

impl Outbound {
    /// Gives up the messages of which something would have to be sent that may not be sent any more.
    pub(super) fn give_up_lost(&mut self, now: Time, paths: &mut PathSet) {
        let Some(Partial { limits, .. }) = self.partial.as_deref_mut().filter(|partial| !partial.limits.is_empty())
        else {
            return;
        };
        let expired = limits.expire(now);
        if !self.in_flight.take_losses() && !expired {
            return;
        }
        let lost = self.in_flight.marked_chunks().filter(|chunk| chunk.limited);
        let mut doomed: BTreeSet<u64> = lost
            .filter(|chunk| limits.forbids(chunk.message, chunk.repetitions))
            .map(|chunk| chunk.message.0)
            .collect();
        // RFC 3758 §4.1 TR4: nor is the rest of a message begun.
        doomed.extend(self.queue.begun().filter(|message| limits.is_over(message.id)).map(|message| message.id.0));
        if !doomed.is_empty() {
            self.abandon(&doomed, paths);
        }
    }

    /// RFC 7496 §3.2: the send buffer is full. Gives up messages with a priority value above `value`, the largest first,
    /// until `octets` of the buffer are free. How many became free.
    pub(crate) fn make_room(&mut self, octets: usize, value: u32, paths: &mut PathSet) -> usize {
        let Some(Partial { limits, .. }) = self.partial.as_deref().filter(|partial| partial.has_priorities) else {
            return 0;
        };
        if !self.agreed_forward {
            return 0;
        }
        let before = self.buffered;
        // What was never sent goes first: it costs the peer nothing.
        let unsent = self.queue.priorities().map(|(message, value)| (Reverse(value), false, message));
        let begun = limits.priorities().map(|(message, value)| (Reverse(value), true, message));
        let lower = |&(Reverse(own), ..): &(Reverse<u32>, bool, u64)| own > value;
        let mut candidates: Vec<_> = unsent.chain(begun).filter(lower).collect();
        candidates.sort_unstable();
        let mut charges: BTreeMap<u64, usize> = BTreeMap::new();
        if candidates.iter().any(|(_, begun, _)| *begun) {
            for chunk in self.in_flight.chunks().filter(|chunk| chunk.limited) {
                *charges.entry(chunk.message.0).or_default() += chunk.charge();
            }
        }
        for (message, charge) in self.queue.charges() {
            *charges.entry(message).or_default() += charge;
        }
        let (mut freed, mut doomed, mut unsent) = (0, BTreeSet::new(), BTreeSet::new());
        for (_, begun, message) in candidates {
            if freed >= octets {
                break;
            }
            freed += charges.get(&message).copied().unwrap_or(0);
            if begun { &mut doomed } else { &mut unsent }.insert(message);
        }
        for message in self.queue.take_all(|message| unsent.contains(&message.id.0)) {
            self.count_unsent(&message);
            self.fail(message, 0);
        }
        if !doomed.is_empty() {
            self.abandon(&doomed, paths);
        }
        self.note_dry();
        before - self.buffered
    }

    /// How many messages were given up, on one stream or on all, of all policies in the order of [`Reliability`].
    pub(crate) fn abandoned(&self, stream: Option<u16>) -> [Abandoned; 3] {
        self.partial.as_ref().map_or_else(Default::default, |partial| partial.abandonments.of(stream))
    }

    /// A message was given up before any of it was sent.
    pub(super) fn count_unsent(&mut self, message: &QueuedMessage) {
        if message.reliability != Reliability::Full {
            let partial = self.partial.get_or_insert_default();
            partial.abandonments.count(message.stream.0, message.reliability, false);
        }
    }

    /// Gives up messages that have been begun: all of their chunks at once (RFC 3758 §3.5 A3).
    fn abandon(&mut self, doomed: &BTreeSet<u64>, paths: &mut PathSet) {
        for message in self.queue.take_all(|message| message.begun && doomed.contains(&message.id.0)) {
            // The peer may have acknowledged all that was sent: only a TSN of its own, never sent, tells it by a FORWARD TSN
            // that the rest will not come.
            self.in_flight.push_unsent(SentChunk::rest_of(message));
        }
        let mut remains: BTreeMap<u64, Remains> = BTreeMap::new();
        for index in 0..self.in_flight.len() {
            let doomed = |chunk: &&SentChunk| chunk.limited && doomed.contains(&chunk.message.0);
            if self.in_flight.chunk(index).filter(doomed).is_none_or(|chunk| chunk.state() == State::Abandoned) {
                continue;
            }
            let chunk = self.in_flight.abandon(index, paths);
            self.release(chunk.charge());
            remains.entry(chunk.message.0).or_default().add(chunk);
        }
        for failure in remains.into_values().filter_map(|remains| remains.into_failure(0)) {
            if let Some(partial) = &mut self.partial
                && let Some(limit) = partial.limits.end(failure.message)
            {
                partial.abandonments.count(failure.stream.0, limit.reliability, true);
            }
            self.outcomes.failures.push_back(failure);
        }
        self.advance_lead();
        if let Some(Partial { forward, .. }) = self.partial.as_deref_mut() {
            forward.owed |= forward.lead > 0;
        }
        for index in 0..paths.slots() {
            let id = PathId(index as u8);
            self.in_flight.settle_if_gone(id, paths);
            let waits = self.forward_waits_on(id);
            // RFC 9260 §6.3.2 R2: they count as acknowledged.
            if let Some(path) = paths.get_mut(id).filter(|path| path.flight == 0 && !waits) {
                path.t3.stop();
            }
        }
    }
}
