//! What a SACK says about the chunks in flight, and what follows for windows, timers and paths (RFC 9260 §6.2.1, §6.3.2,
//! §7.2).
//!
//! The gap blocks are compared with those of the SACK before, so that a SACK costs what it changes. What it means for each
//! path is collected in the path's tally and applied at the end, in the order that §7.2.4 asks for: first the window grows,
//! then it is cut.

use usctp_wire::{Sack, Tsn};

use super::{
    Outbound,
    gaps::{self, Range},
    in_flight::State,
};
use crate::{
    AssociationConfig, PathChange, Time,
    association::path::{PathId, PathSet, Tally},
    fault::PeerFault,
};

/// What a SACK meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct SackOutcome {
    /// It was older than one processed before, and changed nothing.
    pub(crate) stale: bool,
    /// The cumulative TSN went on.
    pub(crate) cumulative_advanced: bool,
    /// A chunk was acknowledged for the first time: the association's error counter begins anew (RFC 9260 §8.1).
    pub(crate) newly_acknowledged: bool,
    /// Chunks marked for fast retransmission.
    pub(crate) fast_retransmit: u32,
    /// A chunk was found missing for the third time.
    lost: bool,
    /// Paths that turned out to work.
    pub(crate) path_changes: Vec<(PathId, PathChange)>,
}

/// What is learnt while a SACK is walked.
#[derive(Debug, Default)]
struct Walk {
    outcome: SackOutcome,
    /// Offset of the highest TSN newly acknowledged by a gap block, 0 for none (HTNA, RFC 9260 §7.2.4).
    highest_new: u32,
}

impl Outbound {
    /// A SACK came.
    pub(crate) fn handle_sack(
        &mut self,
        now: Time,
        sack: &Sack<'_>,
        paths: &mut PathSet,
        config: &AssociationConfig,
    ) -> Result<SackOutcome, PeerFault> {
        let Some(advance) = self.steps_to(sack.cumulative)? else {
            return Ok(SackOutcome { stale: true, ..SackOutcome::default() });
        };
        self.counters.duplicates_reported += sack.duplicates.len() as u64;
        self.counters.gaps_reported += sack.gaps.len() as u64;
        begin_tallies(now, paths);
        let mut walk = Walk::default();
        self.advance(now, advance, paths, config, &mut walk);
        let had_gaps = !self.in_flight.gaps.is_empty();
        if had_gaps || !sack.gaps.is_empty() {
            self.compare_gaps(now, sack, paths, config, &mut walk);
        }
        // RFC 9260 §6.2.1 D ii.
        self.window.on_advertised(sack.a_rwnd);
        self.forward_on_sack(now, advance, paths);
        self.conclude(now, paths, &mut walk);
        Ok(walk.outcome)
    }

    /// A SHUTDOWN came: its cumulative TSN acknowledges as that of a SACK does, but it says nothing about gaps or the window
    /// (RFC 9260 §9.2).
    pub(crate) fn handle_shutdown(
        &mut self,
        now: Time,
        cumulative: Tsn,
        paths: &mut PathSet,
        config: &AssociationConfig,
    ) -> Result<SackOutcome, PeerFault> {
        let Some(advance) = self.steps_to(cumulative)? else {
            return Ok(SackOutcome { stale: true, ..SackOutcome::default() });
        };
        begin_tallies(now, paths);
        let mut walk = Walk::default();
        self.advance(now, advance, paths, config, &mut walk);
        self.forward_on_sack(now, advance, paths);
        self.conclude(now, paths, &mut walk);
        Ok(walk.outcome)
    }

    /// How far `cumulative` goes beyond what is acknowledged; `None`: it is older.
    fn steps_to(&self, cumulative: Tsn) -> Result<Option<u32>, PeerFault> {
        let known = self.in_flight.cumulative();
        let steps = cumulative.distance_from(known);
        if steps as usize <= self.in_flight.len() {
            return Ok(Some(steps));
        }
        // RFC 9260 §6.2.1 D i: out of order, dropped.
        if !cumulative.is_after(known) {
            return Ok(None);
        }
        // Acknowledging what was never sent is how a receiver makes a sender blast (RFC 5062 §5.2).
        Err(PeerFault::AcknowledgedUnsent(cumulative))
    }

    fn advance(&mut self, now: Time, steps: u32, paths: &mut PathSet, config: &AssociationConfig, walk: &mut Walk) {
        walk.outcome.cumulative_advanced = steps > 0;
        for _ in 0..steps {
            self.credit(now, 0, paths, config, walk);
            if let Some(chunk) = self.in_flight.pop(paths) {
                self.release(chunk.charge());
                if chunk.limited
                    && chunk.flags & ENDING != 0
                    && let Some(partial) = &mut self.partial
                {
                    partial.limits.end(chunk.message);
                }
            }
        }
        gaps::advance(&mut self.in_flight.gaps, steps);
    }

    fn compare_gaps(
        &mut self,
        now: Time,
        sack: &Sack<'_>,
        paths: &mut PathSet,
        config: &AssociationConfig,
        walk: &mut Walk,
    ) {
        let count = self.in_flight.len() as u32;
        let before = std::mem::take(&mut self.in_flight.gaps);
        let mut after = std::mem::take(&mut self.spare_gaps);
        gaps::read(sack.gaps, count, &mut after);
        gaps::difference(&after, &before, |range| {
            for index in indices(range) {
                if self.credit(now, index, paths, config, walk) {
                    walk.highest_new = index as u32 + 1;
                }
                self.in_flight.acknowledge(index, paths);
            }
        });
        gaps::difference(&before, &after, |range| {
            for index in indices(range) {
                self.in_flight.renege(index, paths);
            }
        });
        let limit = self.missing_below(&after, walk);
        gaps::missing(&after, limit, |range| {
            for index in indices(range) {
                self.count_miss(index, walk.highest_new, paths, &mut walk.outcome);
            }
        });
        // RFC 9260 §6.2.1 D iii: what was reneged on counts as missing once, wherever it stands.
        gaps::difference(&before, &after, |range| {
            for index in indices(range).filter(|&index| index as u32 >= limit) {
                self.count_miss(index, u32::MAX, paths, &mut walk.outcome);
            }
        });
        self.in_flight.gaps = after;
        self.spare_gaps = before;
    }

    /// Up to which offset missing chunks count as missing.
    fn missing_below(&self, gaps: &[Range], walk: &Walk) -> u32 {
        // RFC 9260 §7.2.4: all that are reported missing if the SACK advances in fast recovery, else those before the HTNA.
        let all = self.recovery.is_some() && walk.outcome.cumulative_advanced;
        let limit = if all { gaps.last().map_or(0, |range| range.last) } else { walk.highest_new };
        limit.saturating_sub(1)
    }

    /// A SACK acknowledges the chunk at `index`. Whether for the first time.
    fn credit(
        &mut self,
        now: Time,
        index: usize,
        paths: &mut PathSet,
        config: &AssociationConfig,
        walk: &mut Walk,
    ) -> bool {
        let tsn = self.in_flight.tsn(index);
        let Some(chunk) = self.in_flight.chunk(index) else { return false };
        match chunk.state() {
            State::Acknowledged => return false,
            // RFC 3758 §3.5 A2: no credit; but a FORWARD TSN has arrived, or something sent before.
            State::Abandoned => {
                for (_, path) in paths.iter_mut().filter(|(id, _)| self.forward_waits_on(*id)) {
                    path.ledger.tally.works = true;
                }
                return false;
            }
            State::Outstanding | State::Marked => {}
        }
        walk.outcome.newly_acknowledged |= !chunk.was_acknowledged;
        let Some(path) = paths.get_mut(chunk.path) else { return !chunk.was_acknowledged };
        let tally = &mut path.ledger.tally;
        tally.earliest_acknowledged |= path.ledger.earliest == Some(tsn);
        if chunk.was_acknowledged {
            return false;
        }
        tally.acknowledged = tally.acknowledged.saturating_add(chunk.wire_octets());
        // RFC 9260 §8.2: credited to where it was sent last; not if it waits to be sent elsewhere, since this path failed.
        tally.works |= chunk.state() == State::Outstanding || chunk.target() == chunk.path;
        if let Some((sampled, sent)) = path.ledger.sample
            && sampled == tsn
        {
            path.ledger.sample = None;
            // RFC 9260 §6.3.1 C4, C5: a retransmission would have taken the sample away.
            path.rtt.sample(now.saturating_since(sent), config);
        }
        true
    }

    /// A SACK reports the chunk at `index` missing; `highest_new`: the HTNA's offset.
    fn count_miss(&mut self, index: usize, highest_new: u32, paths: &mut PathSet, outcome: &mut SackOutcome) {
        let newest = self.in_flight.tsn((highest_new as usize).min(self.in_flight.len()).saturating_sub(1));
        let Some(chunk) = self.in_flight.chunk_mut(index) else { return };
        let abandoned = chunk.state() == State::Abandoned;
        if !(abandoned || chunk.state() == State::Outstanding) || chunk.fast_retransmitted {
            return;
        }
        // What was sent before a retransmission says nothing about it.
        if chunk.retransmitted && newest.is_before(chunk.resent_before) {
            return;
        }
        chunk.misses += 1;
        if chunk.misses < MISSES_OF_A_LOSS {
            return;
        }
        // RFC 9260 §7.2.4, 1) and 5).
        chunk.fast_retransmitted = true;
        let last = chunk.path;
        // RFC 9260 §6.4: to where it was sent, if that works.
        let works = paths.get(last).is_some_and(|path| path.is_usable());
        let target = if works { last } else { paths.select_for_retransmission(last) };
        if let Some(path) = paths.get_mut(last) {
            path.ledger.tally.lost = true;
        }
        outcome.lost = true;
        if abandoned {
            // RFC 3758 §3.5 F5: the windows are cut as if it were sent again.
            return;
        }
        self.in_flight.mark(index, target, paths);
        self.counters.fast_retransmitted += 1;
        outcome.fast_retransmit += 1;
    }

    /// Applies the tallies.
    fn conclude(&mut self, now: Time, paths: &mut PathSet, walk: &mut Walk) {
        // RFC 9260 §7.2.4: a SACK that ends fast recovery does not grow the window yet, and its losses begin another one.
        let grows = self.recovery.is_none();
        if self.recovery.is_some_and(|exit| self.in_flight.cumulative().is_at_or_after(exit)) {
            self.recovery = None;
        }
        let recovering = self.recovery.is_some();
        let mut packets = 0;
        for index in 0..paths.slots() {
            let id = PathId(index as u8);
            let Some(path) = paths.get_mut(id) else { continue };
            let tally = path.ledger.tally;
            packets += path.on_tally(grows);
            if tally.works
                && let Some(change) = path.on_success()
            {
                walk.outcome.path_changes.push((id, change));
            }
            if tally.lost && !recovering {
                // RFC 9260 §7.2.4, 2): after the growth.
                path.congestion.on_loss(path.pmdcs());
            }
            if tally.earliest_gone {
                self.in_flight.settle(id, paths);
            }
            let Some(path) = paths.get_mut(id) else { continue };
            // RFC 9260 §6.3.2 R2, R3, R4.
            if path.flight == 0 {
                // RFC 3758 §3.5 C5.
                if !self.forward_waits_on(id) {
                    path.t3.stop();
                }
            } else if tally.earliest_acknowledged || !path.t3.is_running() {
                path.t3.set(now + path.rtt.rto());
            }
        }
        if walk.outcome.lost && !recovering {
            // RFC 9260 §7.2.4, 3) and 6): cwnd is cut once per window; remember where this window ends.
            self.recovery = Some(self.in_flight.next_tsn().previous());
            self.fast_packet = walk.outcome.fast_retransmit > 0;
        }
        self.burst.on_sack(now, packets);
        if walk.outcome.cumulative_advanced && self.is_empty() {
            self.note_dry();
        }
    }
}

fn begin_tallies(now: Time, paths: &mut PathSet) {
    for (_, path) in paths.iter_mut() {
        // The window counts as full for all SACKs of the moment at which one found it so: those that come in one batch are
        // processed before anything can be sent in between.
        if path.flight >= path.congestion.cwnd() {
            path.ledger.window_full_at = Some(now);
        }
        let window_was_full = path.ledger.window_full_at == Some(now);
        path.ledger.tally = Tally { window_was_full, ..Tally::default() };
    }
}

fn indices(range: Range) -> std::ops::Range<usize> {
    range.first as usize - 1..range.last as usize
}

/// The E bit of a DATA chunk.
const ENDING: u8 = 1;
/// RFC 9260 §7.2.4: the third miss indication.
const MISSES_OF_A_LOSS: u8 = 3;
