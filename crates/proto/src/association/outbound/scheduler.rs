//! Which waiting message is begun next (RFC 8260 §3). A scheduler is told of messages that come and go and is asked for the
//! next one; a message once begun is finished first, for DATA chunks cannot interleave.

use std::collections::VecDeque;

use super::message::QueuedMessage;
use crate::MessageId;

/// A scheduler and what it remembers.
#[derive(Clone, Debug)]
pub(super) enum Scheduler {
    /// SCTP_SS_FCFS (RFC 8260 §3.1): in the order of the calls.
    FirstCome(FirstCome),
}

impl Scheduler {
    /// A message waits in `slot`.
    pub(super) fn on_queued(&mut self, slot: usize, message: &QueuedMessage) {
        match self {
            Self::FirstCome(order) => order.order.push_back((slot, message.id)),
        }
    }

    /// A message waits no more. `holds` tells whether a message still waits in a slot.
    pub(super) fn on_removed(&mut self, holds: impl Fn(usize, MessageId) -> bool) {
        match self {
            Self::FirstCome(order) => order.on_removed(holds),
        }
    }

    /// Entries held, for tests of what stays behind.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::FirstCome(order) => order.order.len(),
        }
    }

    /// The slot of the message to begin next.
    pub(super) fn next(&self) -> Option<usize> {
        match self {
            Self::FirstCome(order) => order.order.front().map(|&(slot, _)| slot),
        }
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::FirstCome(FirstCome::default())
    }
}

/// Slots in the order of the calls; the front always holds a waiting message, others may have gone (expired).
#[derive(Clone, Debug, Default)]
pub(super) struct FirstCome {
    order: VecDeque<(usize, MessageId)>,
    /// Entries whose message has gone, at most; cleared away when they are many.
    gone: usize,
}

impl FirstCome {
    fn on_removed(&mut self, holds: impl Fn(usize, MessageId) -> bool) {
        self.gone += 1;
        while self.order.front().is_some_and(|&(slot, id)| !holds(slot, id)) {
            self.order.pop_front();
            self.gone = self.gone.saturating_sub(1);
        }
        // A message that never gets its turn must not keep the remains of thousands that expired behind it.
        if self.gone > 32 && self.gone > self.order.len() / 2 {
            self.order.retain(|&(slot, id)| holds(slot, id));
            self.gone = 0;
        }
    }
}
