//! How much is done for messages that have been begun and need not be delivered at any price (RFC 3758 §4.1, RFC 7496 §3).

use std::collections::{BTreeMap, BTreeSet};

use crate::{MessageId, Reliability, Time};

/// The messages begun with a limit, and not wholly acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    messages: BTreeMap<u64, Limit>,
    /// Those whose life may still end.
    lifetimes: BTreeSet<(Time, u64)>,
}

/// What is known of a limited message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) reliability: Reliability,
    expires: Option<Time>,
    /// Its life is over.
    over: bool,
}

impl Limits {
    /// A message is begun.
    pub(super) fn begin(&mut self, message: MessageId, reliability: Reliability, expires: Option<Time>) {
        self.messages.insert(message.0, Limit { reliability, expires, over: false });
        if let Some(expires) = expires {
            self.lifetimes.insert((expires, message.0));
        }
    }

    /// A message is acknowledged, or given up.
    pub(super) fn end(&mut self, message: MessageId) -> Option<Limit> {
        let limit = self.messages.remove(&message.0)?;
        if let Some(expires) = limit.expires {
            self.lifetimes.remove(&(expires, message.0));
        }
        Some(limit)
    }

    /// Notes whose life is over. Whether there is one.
    pub(super) fn expire(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(&(expires, message)) = self.lifetimes.first()
            && expires <= now
        {
            self.lifetimes.pop_first();
            if let Some(limit) = self.messages.get_mut(&message) {
                limit.over = true;
            }
            any = true;
        }
        any
    }

    /// Whether nothing more of the message may be sent.
    pub(super) fn is_over(&self, message: MessageId) -> bool {
        self.messages.get(&message.0).is_some_and(|limit| limit.over)
    }

    /// Whether a chunk of the message that was sent again `repetitions` times may not be sent once more.
    pub(super) fn forbids(&self, message: MessageId, repetitions: u16) -> bool {
        self.messages.get(&message.0).is_some_and(|limit| {
            let spent = match limit.reliability {
                // RFC 7496 §3.1: as soon as one of the chunks would exceed the number.
                Reliability::Retransmissions(most) => u32::from(repetitions) >= most,
                _ => false,
            };
            limit.over || spent
        })
    }

    /// The messages with a priority, and it.
    pub(super) fn priorities(&self) -> impl Iterator<Item = (u64, u32)> {
        self.messages.iter().filter_map(|(message, limit)| match limit.reliability {
            Reliability::Priority(value) => Some((*message, value)),
            _ => None,
        })
    }

    pub(super) fn contains(&self, message: MessageId) -> bool {
        self.messages.contains_key(&message.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// When the next life ends.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.lifetimes.first().map(|&(expires, _)| expires)
    }
}
