//! Messages that wait to be sent, and what they hold of the send buffer.

use std::collections::{BTreeMap, BTreeSet};

use slab::Slab;
use usctp_wire::Data;

use super::{message::QueuedMessage, scheduler::Scheduler};
use crate::{MessageId, Reliability, StreamScheduler, Time};

/// The messages that have no TSN yet, whole or in part.
#[derive(Clone, Debug, Default)]
pub(super) struct SendQueue {
    messages: Slab<QueuedMessage>,
    scheduler: Scheduler,
    /// The message that is being sent, where its turn lasts to its end.
    current: Option<usize>,
    /// Messages of different streams may alternate (I-DATA).
    interleaves: bool,
    /// Priorities or weights of the streams that were given one.
    values: Option<Box<StreamValues>>,
    /// Messages not begun that have a lifetime.
    lifetimes: BTreeSet<(Time, usize)>,
    /// Octets that all would take in packets: payload and chunk headers of one chunk each.
    octets: usize,
}

impl SendQueue {
    /// A new message.
    pub(super) fn push(&mut self, message: QueuedMessage) {
        self.octets += message.rest.len() + Data::HEADER_LEN;
        let expires = message.expires;
        let slot = self.messages.insert(message);
        let message = &self.messages[slot];
        let value = value_of(self.values.as_deref(), message.stream.0);
        self.scheduler.on_queued(slot, message, value);
        if let Some(expires) = expires {
            self.lifetimes.insert((expires, slot));
        }
    }

    /// The message whose turn it is.
    pub(super) fn head(&self) -> Option<&QueuedMessage> {
        self.messages.get(self.current.or_else(|| self.scheduler.next())?)
    }

    /// The message whose turn it is, to cut a fragment off it: it counts as begun. [`Self::end_turn`] afterwards.
    pub(super) fn begin_turn(&mut self) -> Option<&mut QueuedMessage> {
        let slot = match self.current {
            Some(slot) => slot,
            None => {
                let slot = self.scheduler.next()?;
                self.current = Some(slot);
                slot
            }
        };
        let message = self.messages.get_mut(slot)?;
        if let (Some(expires), false) = (message.expires, message.begun) {
            self.lifetimes.remove(&(expires, slot));
        }
        Some(message)
    }

    /// `sent` octets were cut off the current message; if that was all of it, it goes.
    pub(super) fn end_turn(&mut self, sent: usize) {
        self.octets -= sent;
        let Some(slot) = self.current else { return };
        let Some(message) = self.messages.get(slot) else { return };
        let (stream, is_done) = (message.stream.0, message.rest.is_empty());
        if self.scheduler.can_interleave() {
            self.scheduler.on_sent(stream, sent, value_of(self.values.as_deref(), stream));
        }
        if is_done || self.interleaves && self.scheduler.can_interleave() {
            self.current = None;
        }
        if is_done {
            self.octets -= Data::HEADER_LEN;
            self.remove(slot);
        }
    }

    /// The packet is full.
    pub(super) fn end_packet(&mut self) {
        self.scheduler.end_packet();
    }

    /// Whether messages of different streams may alternate; before any is begun.
    pub(super) fn set_interleaves(&mut self, interleaves: bool) {
        self.interleaves = interleaves;
    }

    /// Changes the scheduler. What is begun is finished first, unless messages may alternate.
    pub(super) fn set_scheduler(&mut self, kind: StreamScheduler) {
        if self.scheduler.kind() == kind {
            return;
        }
        let mut waiting: Vec<_> = self.messages.iter().map(|(slot, message)| (message.id.0, slot)).collect();
        waiting.sort_unstable();
        self.scheduler = Scheduler::new(kind);
        for (_, slot) in waiting {
            let message = &self.messages[slot];
            let value = value_of(self.values.as_deref(), message.stream.0);
            self.scheduler.on_queued(slot, message, value);
        }
        if self.interleaves {
            self.current = None;
        }
    }

    /// Gives a stream a priority or a weight.
    pub(super) fn set_value(&mut self, stream: u16, value: u16) {
        self.values.get_or_insert_default().0.insert(stream, value);
        self.scheduler.on_value(stream, value);
    }

    /// The priority or weight that a stream was given.
    pub(super) fn value(&self, stream: u16) -> Option<u16> {
        value_of(self.values.as_deref(), stream)
    }

    /// Takes out the next message whose lifetime is over.
    pub(super) fn expired(&mut self, now: Time) -> Option<QueuedMessage> {
        let &(expires, slot) = self.lifetimes.first()?;
        if expires > now {
            return None;
        }
        self.lifetimes.pop_first();
        self.take(slot)
    }

    /// Takes out all messages that `unwanted` chooses, in the order of the calls.
    pub(super) fn take_all(&mut self, unwanted: impl Fn(&QueuedMessage) -> bool) -> Vec<QueuedMessage> {
        let chosen = self.messages.iter().filter(|(_, message)| unwanted(message));
        let mut slots: Vec<_> = chosen.map(|(slot, message)| (message.id.0, slot)).collect();
        slots.sort_unstable();
        let mut taken = Vec::with_capacity(slots.len());
        for (_, slot) in slots {
            if self.current == Some(slot) {
                self.current = None;
            }
            taken.extend(self.take(slot));
        }
        if self.messages.is_empty() {
            self.compact();
        }
        taken
    }

    /// Gives back the room of messages that are gone; for when there is none.
    pub(super) fn compact(&mut self) {
        debug_assert!(self.messages.is_empty(), "messages that wait");
        self.messages = Slab::new();
        self.scheduler = Scheduler::new(self.scheduler.kind());
        self.octets = 0;
    }

    /// The messages begun.
    pub(super) fn begun(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.messages.iter().map(|(_, message)| message).filter(|message| message.begun)
    }

    /// The messages not begun that have a priority, and its value.
    pub(super) fn priorities(&self) -> impl Iterator<Item = (u64, u32)> {
        self.messages.iter().filter(|(_, message)| !message.begun).filter_map(|(_, message)| {
            match message.reliability {
                Reliability::Priority(value) => Some((message.id.0, value)),
                _ => None,
            }
        })
    }

    /// What each message holds of the send buffer.
    pub(super) fn charges(&self) -> impl Iterator<Item = (u64, usize)> {
        self.messages.iter().map(|(_, message)| (message.id.0, message.charge()))
    }

    /// No message wants this path any more.
    pub(super) fn forget_wish(&mut self, path: super::PathId) {
        for (_, message) in &mut self.messages {
            if message.wish == Some(path) {
                message.wish = None;
            }
        }
    }

    /// All messages that wait.
    pub(super) fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.messages.iter().map(|(_, message)| message.id)
    }

    /// Octets that all would take in packets.
    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    /// Octets of send buffer that all hold, for tests of the sums.
    #[cfg(test)]
    pub(super) fn charge(&self) -> usize {
        self.messages.iter().map(|(_, message)| message.charge()).sum()
    }

    /// How many messages wait, one begun included.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// When the next lifetime is over.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.lifetimes.first().map(|&(expires, _)| expires)
    }

    fn take(&mut self, slot: usize) -> Option<QueuedMessage> {
        let message = self.remove(slot)?;
        self.octets -= message.rest.len() + Data::HEADER_LEN;
        if let (Some(expires), false) = (message.expires, message.begun) {
            self.lifetimes.remove(&(expires, slot));
        }
        Some(message)
    }

    fn remove(&mut self, slot: usize) -> Option<QueuedMessage> {
        let message = self.messages.try_remove(slot)?;
        let messages = &self.messages;
        self.scheduler
            .on_removed(message.stream.0, |slot, id| messages.get(slot).is_some_and(|message| message.id == id));
        Some(message)
    }
}

/// What the streams were given; most associations give nothing, and it stays a pointer.
#[derive(Clone, Debug, Default)]
struct StreamValues(BTreeMap<u16, u16>);

fn value_of(values: Option<&StreamValues>, stream: u16) -> Option<u16> {
    values?.0.get(&stream).copied()
}

#[cfg(test)]
mod scheduling;
#[cfg(test)]
mod tests;
