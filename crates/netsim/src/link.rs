//! One direction of a link: delay, rate, queue, MTU.

use std::time::Duration;

use crate::{Impairment, LossReason, Payload, Rng, impair::LossState};

/// Properties of one direction of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkConfig {
    /// Time from one end to the other.
    pub delay: Duration,
    /// Up to so much more, by chance; packets stay in order.
    pub jitter: Duration,
    /// Octets per second; 0: as fast as they come.
    pub rate: u64,
    /// Octets that wait at most, beside the packet being sent; what comes more is lost. Without a rate nothing waits.
    pub queue: u64,
    /// Packets are marked while more octets than these wait (ECN).
    pub mark_above: Option<u64>,
    /// Octets of the largest IP packet that gets through.
    pub mtu: usize,
    /// Whether the sender is told of packets that are too big; a black hole otherwise.
    pub tells_too_big: bool,
    /// What goes wrong by chance.
    pub impairment: Impairment,
}

impl Default for LinkConfig {
    /// 10 ms, no limit of rate, 1,500 octets, nothing goes wrong.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            rate: 0,
            queue: 100_000,
            mark_above: None,
            mtu: 1500,
            tells_too_big: true,
            impairment: Impairment::default(),
        }
    }
}

/// One direction of a link and what is on it.
#[derive(Clone, Debug)]
pub(crate) struct Direction {
    config: LinkConfig,
    loss: LossState,
    /// When the last packet accepted has left.
    busy_until: Duration,
    /// When the last packet in order arrives.
    last_arrival: Duration,
}

/// What becomes of a packet.
#[derive(Debug)]
pub(crate) enum Passage {
    Lost(LossReason),
    TooBig { mtu: usize, answer_at: Option<Duration> },
    Through(Vec<Duration>),
}

impl Direction {
    pub(crate) const fn new(config: LinkConfig) -> Self {
        Self { config, loss: LossState::GOOD, busy_until: Duration::ZERO, last_arrival: Duration::ZERO }
    }

    pub(crate) const fn config_mut(&mut self) -> &mut LinkConfig {
        &mut self.config
    }

    /// Takes a packet in; marks and damages it on the way.
    pub(crate) fn pass<P: Payload>(&mut self, now: Duration, packet: &mut P, rng: &mut Rng) -> Passage {
        let config = self.config;
        if packet.octets() > config.mtu && !packet.may_be_fragmented() {
            // The router stands in the middle.
            let answer_at = config.tells_too_big.then(|| now + config.delay);
            return Passage::TooBig { mtu: config.mtu, answer_at };
        }
        if self.loss.is_lost(config.impairment.loss, rng) {
            return Passage::Lost(LossReason::Impairment);
        }
        let Some(left) = self.leave(now, packet) else { return Passage::Lost(LossReason::QueueFull) };
        if rng.chance(config.impairment.corruption) {
            packet.corrupt(rng.number());
        }
        let mut times = vec![self.arrive(left, rng)];
        if rng.chance(config.impairment.duplication) {
            times.push(self.arrive(left, rng));
        }
        Passage::Through(times)
    }

    /// When the packet has left the queue; `None` when it does not fit in.
    fn leave<P: Payload>(&mut self, now: Duration, packet: &mut P) -> Option<Duration> {
        if self.config.rate == 0 {
            return Some(now);
        }
        let wait = self.busy_until.saturating_sub(now);
        let waiting = octets_in(wait, self.config.rate);
        if waiting > self.config.queue {
            return None;
        }
        if self.config.mark_above.is_some_and(|limit| waiting > limit) {
            packet.mark();
        }
        self.busy_until = now.max(self.busy_until) + time_of(packet.octets() as u64, self.config.rate);
        Some(self.busy_until)
    }

    fn arrive(&mut self, left: Duration, rng: &mut Rng) -> Duration {
        let Impairment { reordering, held_back, .. } = self.config.impairment;
        let arrival = left + self.config.delay + rng.time_below(self.config.jitter);
        if rng.chance(reordering) {
            return arrival + rng.time_below(held_back);
        }
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }
}

fn octets_in(time: Duration, rate: u64) -> u64 {
    u64::try_from(time.as_nanos() * u128::from(rate) / 1_000_000_000).unwrap_or(u64::MAX)
}

fn time_of(octets: u64, rate: u64) -> Duration {
    Duration::from_nanos(u64::try_from(u128::from(octets) * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX))
}
