//! Which waiting message has its turn (RFC 8260 §3). A scheduler is told of messages that come and go and of what is sent,
//! and is asked for the next one.

mod streams;

use std::collections::VecDeque;

use self::streams::StreamOrder;
use super::message::QueuedMessage;
use crate::{MessageId, StreamScheduler};

/// A scheduler and what it remembers.
#[derive(Clone, Debug)]
pub(super) enum Scheduler {
    /// SCTP_SS_FCFS (RFC 8260 §3.1): in the order of the calls.
    FirstCome(FirstCome),
    /// All others choose among streams.
    Streams(Box<StreamOrder>),
}

impl Scheduler {
    pub(super) fn new(kind: StreamScheduler) -> Self {
        match kind {
            StreamScheduler::FirstCome => Self::FirstCome(FirstCome::default()),
            _ => Self::Streams(Box::new(StreamOrder::new(kind))),
        }
    }

    pub(super) fn kind(&self) -> StreamScheduler {
        match self {
            Self::FirstCome(_) => StreamScheduler::FirstCome,
            Self::Streams(order) => order.kind(),
        }
    }

    /// Whether a stream's turn can be over before its message is.
    pub(super) const fn can_interleave(&self) -> bool {
        matches!(self, Self::Streams(_))
    }

    /// A message waits in `slot`; `value`: its stream's priority or weight.
    pub(super) fn on_queued(&mut self, slot: usize, message: &QueuedMessage, value: Option<u16>) {
        match self {
            Self::FirstCome(order) => order.push(slot, message.id),
            Self::Streams(order) => order.on_queued(slot, message, value),
        }
    }

    /// `octets` of a message of `stream` are sent.
    pub(super) fn on_sent(&mut self, stream: u16, octets: usize, value: Option<u16>) {
        if let Self::Streams(order) = self {
            order.on_sent(stream, octets, value);
        }
    }

    /// The packet is full.
    pub(super) fn end_packet(&mut self) {
        if let Self::Streams(order) = self {
            order.end_packet();
        }
    }

    /// A message of `stream` waits no more. `holds` tells whether a message still waits in a slot.
    pub(super) fn on_removed(&mut self, stream: u16, holds: impl Fn(usize, MessageId) -> bool) {
        match self {
            Self::FirstCome(order) => order.on_removed(holds),
            Self::Streams(order) => order.on_removed(stream, holds),
        }
    }

    /// The value of a stream has changed.
    pub(super) fn on_value(&mut self, stream: u16, value: u16) {
        if let Self::Streams(order) = self {
            order.on_value(stream, value);
        }
    }

    /// Entries held, for tests of what stays behind.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::FirstCome(order) => order.order.len(),
            Self::Streams(order) => order.len(),
        }
    }

    /// The slot of the message that has its turn.
    pub(super) fn next(&self) -> Option<usize> {
        match self {
            Self::FirstCome(order) => order.front(),
            Self::Streams(order) => order.next(),
        }
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new(StreamScheduler::FirstCome)
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
    fn push(&mut self, slot: usize, message: MessageId) {
        self.order.push_back((slot, message));
    }

    fn front(&self) -> Option<usize> {
        self.order.front().map(|&(slot, _)| slot)
    }

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
