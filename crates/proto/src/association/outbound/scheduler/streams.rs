//! Schedulers that choose among the streams that have something to send (RFC 8260 §3.2 to §3.6). Each such stream has a rank;
//! the lowest is next, and of equal ones the one that has waited longest. So a decision costs the logarithm of the number of
//! streams that wait, however many there are.

use std::collections::{BTreeMap, BTreeSet};

use usctp_wire::Data;

use super::{super::message::QueuedMessage, FirstCome};
use crate::{MessageId, StreamScheduler};

/// The streams that have something to send, and whose turn it is.
#[derive(Clone, Debug)]
pub(in super::super) struct StreamOrder {
    kind: StreamScheduler,
    waiting: BTreeMap<u16, StreamQueue>,
    /// Rank, turn and stream of each: the first is next.
    order: BTreeSet<(u64, u64, u16)>,
    /// How many turns there have been.
    turns: u64,
    /// Fair schedulers: the rank of the stream that was served last.
    served: u64,
    /// Fair schedulers: ranks above `served` of streams that have nothing to send. A stream that comes back goes on from
    /// there, so that it gains nothing by pauses.
    idle: BTreeMap<u16, u64>,
    /// With so many of them, those that mean nothing any more are looked for.
    look_at: usize,
    /// [`StreamScheduler::RoundRobinPacket`]: the stream of the packet that is being filled.
    packet: Option<u16>,
}

/// A stream that has something to send.
#[derive(Clone, Debug, Default)]
struct StreamQueue {
    messages: FirstCome,
    rank: u64,
    turn: u64,
}

impl StreamOrder {
    pub(super) fn new(kind: StreamScheduler) -> Self {
        Self {
            kind,
            waiting: BTreeMap::new(),
            order: BTreeSet::new(),
            turns: 0,
            served: 0,
            idle: BTreeMap::new(),
            look_at: MANY_IDLE,
            packet: None,
        }
    }

    pub(super) const fn kind(&self) -> StreamScheduler {
        self.kind
    }

    pub(super) fn on_queued(&mut self, slot: usize, message: &QueuedMessage, value: Option<u16>) {
        let stream = message.stream.0;
        if !self.waiting.contains_key(&stream) {
            self.turns += 1;
            let rank = match self.kind {
                StreamScheduler::Priority => u64::from(value.unwrap_or(HIGHEST)),
                kind if kind.is_fair() => self.idle.remove(&stream).unwrap_or(0).max(self.served),
                _ => 0,
            };
            self.order.insert((rank, self.turns, stream));
            let queue = StreamQueue { messages: FirstCome::default(), rank, turn: self.turns };
            self.waiting.insert(stream, queue);
        }
        if let Some(queue) = self.waiting.get_mut(&stream) {
            queue.messages.push(slot, message.id);
        }
    }

    pub(super) fn on_sent(&mut self, stream: u16, octets: usize, value: Option<u16>) {
        let Some(rank) = self.waiting.get(&stream).map(|queue| queue.rank) else { return };
        let cost = (octets + Data::HEADER_LEN) as u64 * ONE;
        match self.kind {
            StreamScheduler::RoundRobinPacket => self.packet = Some(stream),
            StreamScheduler::FairBandwidth => {
                self.served = rank;
                self.replace(stream, rank.saturating_add(cost));
            }
            StreamScheduler::WeightedFair => {
                self.served = rank;
                // RFC 8260 §3.6: n times the weight, n times the capacity.
                let weight = u64::from(value.unwrap_or(DEFAULT_WEIGHT).max(1));
                self.replace(stream, rank.saturating_add(cost / weight));
            }
            StreamScheduler::FirstCome | StreamScheduler::RoundRobin | StreamScheduler::Priority => {
                self.replace(stream, rank);
            }
        }
    }

    pub(super) fn end_packet(&mut self) {
        if let Some(stream) = self.packet.take() {
            let rank = self.waiting.get(&stream).map(|queue| queue.rank);
            self.replace(stream, rank.unwrap_or(0));
        }
    }

    pub(super) fn on_removed(&mut self, stream: u16, holds: impl Fn(usize, MessageId) -> bool) {
        let Some(queue) = self.waiting.get_mut(&stream) else { return };
        queue.messages.on_removed(holds);
        if queue.messages.front().is_some() {
            return;
        }
        let (rank, turn) = (queue.rank, queue.turn);
        self.order.remove(&(rank, turn, stream));
        self.waiting.remove(&stream);
        if self.waiting.is_empty() {
            // Nobody is owed anything.
            self.idle.clear();
            self.served = 0;
        } else if self.kind.is_fair() {
            self.idle.insert(stream, rank);
            if self.idle.len() >= self.look_at {
                let served = self.served;
                self.idle.retain(|_, rank| *rank > served);
                // Twice what is left, so that looking costs no more than what it finds.
                self.look_at = (2 * self.idle.len()).max(MANY_IDLE);
            }
        }
    }

    pub(super) fn on_value(&mut self, stream: u16, value: u16) {
        if self.kind == StreamScheduler::Priority {
            self.replace(stream, value.into());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.order.len(), self.waiting.len());
        self.waiting.values().map(|queue| queue.messages.order.len()).sum()
    }

    pub(super) fn next(&self) -> Option<usize> {
        let stream = match self.packet {
            Some(stream) => stream,
            None => self.order.first()?.2,
        };
        self.waiting.get(&stream)?.messages.front()
    }

    /// Puts the stream behind all others of its new rank.
    fn replace(&mut self, stream: u16, rank: u64) {
        let Some(queue) = self.waiting.get_mut(&stream) else { return };
        self.order.remove(&(queue.rank, queue.turn, stream));
        self.turns += 1;
        (queue.rank, queue.turn) = (rank, self.turns);
        self.order.insert((rank, self.turns, stream));
    }
}

/// The priority of streams that were given none (RFC 8260 §4.3.2).
const HIGHEST: u16 = 0;
/// The weight of streams that were given none, as Linux has it.
const DEFAULT_WEIGHT: u16 = 1;
/// What an octet costs at the weight 1: more than the largest weight, so that no octet is free.
const ONE: u64 = 1 << 16;
/// Ranks of idle streams that are kept at least.
const MANY_IDLE: usize = 64;
