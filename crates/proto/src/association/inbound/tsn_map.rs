//! Which TSNs have been received (RFC 9260 §6.2, §6.7): everything up to the cumulative TSN, and blocks beyond it.

use std::collections::VecDeque;

use usctp_wire::{GapBlock, Tsn};

/// What the map says about a TSN that has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seen {
    /// Not received before.
    New,
    /// Received before.
    Duplicate,
    /// So far ahead, or so scattered, that it cannot be tracked.
    OutOfReach,
}

/// The TSNs received. Eight octets when there is no gap.
#[derive(Debug)]
pub(super) struct TsnMap {
    cumulative: Tsn,
    /// Beyond `cumulative`: ascending, at least one missing TSN in front of each.
    blocks: VecDeque<Block>,
}

impl TsnMap {
    pub(super) const fn new(initial: Tsn) -> Self {
        Self { cumulative: initial.previous(), blocks: VecDeque::new() }
    }

    /// Notes `tsn`, which [`Self::look`] has called new.
    pub(super) fn insert(&mut self, tsn: Tsn) {
        if tsn == self.cumulative.next() {
            self.cumulative = tsn;
            self.absorb();
            return;
        }
        let at = self.blocks.partition_point(|block| block.last.next().is_before(tsn));
        let Some(block) = self.blocks.get_mut(at).filter(|block| !block.first.is_after(tsn.next())) else {
            self.blocks.insert(at, Block { first: tsn, last: tsn });
            return;
        };
        if block.last.next() == tsn {
            block.last = tsn;
            self.join(at);
        } else if block.first == tsn.next() {
            block.first = tsn;
        }
    }

    /// Forgets `first..=last`, all beyond the cumulative TSN (what was dropped for want of buffer, RFC 9260 §6.2).
    pub(super) fn remove(&mut self, first: Tsn, last: Tsn) {
        let at = self.blocks.partition_point(|block| block.last.is_before(first));
        let Some(&Block { first: front, last: back }) = self.blocks.get(at) else { return };
        if front.is_after(first) || back.is_before(last) {
            return;
        }
        self.blocks.remove(at);
        if back != last {
            self.blocks.insert(at, Block { first: last.next(), last: back });
        }
        if front != first {
            self.blocks.insert(at, Block { first: front, last: first.previous() });
        }
    }

    /// Everything up to `cumulative` counts as received (RFC 3758 §3.6).
    pub(super) fn advance_to(&mut self, cumulative: Tsn) {
        if !cumulative.is_after(self.cumulative) {
            return;
        }
        self.cumulative = cumulative;
        while let Some(front) = self.blocks.front_mut() {
            if front.last.is_after(cumulative) {
                if !front.first.is_after(cumulative) {
                    front.first = cumulative.next();
                }
                break;
            }
            self.blocks.pop_front();
        }
        self.absorb();
    }

    pub(super) fn look(&self, tsn: Tsn) -> Seen {
        if tsn == self.cumulative.next() {
            return Seen::New;
        }
        if !tsn.is_after(self.cumulative) {
            return Seen::Duplicate;
        }
        // RFC 9260 §3.3.4: gap blocks count from the cumulative TSN with 16 bits. What cannot be reported is not taken.
        // Half of that keeps the SSNs of all messages that can be waiting within half of their number space too.
        if tsn.distance_from(self.cumulative) > REACH {
            return Seen::OutOfReach;
        }
        let at = self.blocks.partition_point(|block| block.last.next().is_before(tsn));
        match self.blocks.get(at) {
            Some(block) if block.contains(tsn) => Seen::Duplicate,
            Some(block) if !block.first.is_after(tsn.next()) => Seen::New,
            _ if self.blocks.len() < MAX_BLOCKS => Seen::New,
            _ => Seen::OutOfReach,
        }
    }

    pub(super) fn is_received(&self, tsn: Tsn) -> bool {
        self.look(tsn) == Seen::Duplicate
    }

    pub(super) const fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    /// The last TSN received, or skipped, of all.
    pub(super) fn highest(&self) -> Tsn {
        self.blocks.back().map_or(self.cumulative, |block| block.last)
    }

    pub(super) fn has_gaps(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The blocks as a SACK reports them, the lowest first.
    pub(super) fn gap_blocks(&self) -> impl Iterator<Item = GapBlock> {
        let offset = |tsn: Tsn| u16::try_from(tsn.distance_from(self.cumulative)).unwrap_or(u16::MAX);
        self.blocks.iter().map(move |block| GapBlock { start: offset(block.first), end: offset(block.last) })
    }

    /// Takes the first block in if nothing is missing in front of it.
    fn absorb(&mut self) {
        if let Some(front) = self.blocks.front()
            && front.first == self.cumulative.next()
        {
            self.cumulative = front.last;
            self.blocks.pop_front();
        }
        // A burst of losses must not leave its memory behind.
        if self.blocks.is_empty() && self.blocks.capacity() > KEPT_BLOCKS {
            self.blocks = VecDeque::new();
        }
    }

    /// Joins the block at `at` with the one behind it if they touch.
    fn join(&mut self, at: usize) {
        let behind = at.saturating_add(1);
        let Some(last) = self.blocks.get(at).map(|block| block.last) else { return };
        let Some(next) = self.blocks.get(behind).filter(|next| next.first == last.next()).copied() else { return };
        if let Some(block) = self.blocks.get_mut(at) {
            block.last = next.last;
        }
        self.blocks.remove(behind);
    }
}

/// TSNs in one piece, both ends included.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: Tsn,
    last: Tsn,
}

impl Block {
    fn contains(&self, tsn: Tsn) -> bool {
        tsn.is_at_or_after(self.first) && self.last.is_at_or_after(tsn)
    }
}

/// TSNs beyond the cumulative one, at most.
const REACH: u32 = 0x7fff;
/// More blocks than any SACK holds on common paths; a peer that scatters its TSNs costs us 16 KiB.
const MAX_BLOCKS: usize = 2048;
/// Room for blocks that is kept once there is none.
const KEPT_BLOCKS: usize = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn blocks(map: &TsnMap) -> Vec<(u16, u16)> {
        map.gap_blocks().map(|block| (block.start, block.end)).collect()
    }

    #[test]
    fn gaps_are_reported_from_the_cumulative_tsn_across_the_wrap() {
        let mut map = TsnMap::new(Tsn(u32::MAX - 1));
        for tsn in [u32::MAX - 1, 0, 1, 4, 6] {
            assert_eq!(map.look(Tsn(tsn)), Seen::New);
            map.insert(Tsn(tsn));
        }
        assert_eq!(map.cumulative(), Tsn(u32::MAX - 1));
        assert_eq!(blocks(&map), [(2, 3), (6, 6), (8, 8)]);
        map.insert(Tsn(5));
        assert_eq!(blocks(&map), [(2, 3), (6, 8)]);
        map.insert(Tsn(u32::MAX));
        assert_eq!((map.cumulative(), blocks(&map)), (Tsn(1), vec![(3, 5)]));
        assert_eq!(map.highest(), Tsn(6));
    }

    #[test]
    fn what_is_too_far_ahead_is_out_of_reach() {
        let map = TsnMap::new(Tsn(1));
        assert_eq!(map.look(Tsn(32_767)), Seen::New);
        assert_eq!(map.look(Tsn(32_768)), Seen::OutOfReach);
        assert_eq!(map.look(Tsn(0)), Seen::Duplicate);
        assert_eq!(map.look(Tsn(0x8000_0000)), Seen::Duplicate);
    }

    #[test]
    fn scattered_tsns_are_bounded_but_gaps_can_still_be_filled() {
        let mut map = TsnMap::new(Tsn(0));
        for tsn in (1..20_000).step_by(2) {
            if map.look(Tsn(tsn)) == Seen::New {
                map.insert(Tsn(tsn));
            }
        }
        assert_eq!(map.blocks.len(), MAX_BLOCKS);
        assert_eq!(map.look(Tsn(19_999)), Seen::OutOfReach);
        for tsn in (0..20_000).step_by(2) {
            if map.look(Tsn(tsn)) == Seen::New {
                map.insert(Tsn(tsn));
            }
        }
        assert!(map.cumulative().0 >= 4_000);
    }

    proptest! {
        #[test]
        fn the_map_agrees_with_a_set(start: u32, steps in prop::collection::vec((0u32..60, 0u8..10), 1..200)) {
            let mut map = TsnMap::new(Tsn(start));
            let mut set = BTreeSet::new();
            let mut floor = 0; // offsets below are received
            for (offset, action) in steps {
                let tsn = Tsn(start).plus(offset);
                match action {
                    0 => {
                        map.advance_to(tsn);
                        floor = floor.max(offset + 1);
                    }
                    1 => if offset > floor && set.contains(&offset) {
                        set.remove(&offset);
                        map.remove(tsn, tsn);
                    },
                    _ => {
                        let seen = if offset < floor || set.contains(&offset) { Seen::Duplicate } else { Seen::New };
                        prop_assert_eq!(map.look(tsn), seen);
                        if seen == Seen::New {
                            map.insert(tsn);
                            set.insert(offset);
                        }
                    }
                }
                while set.contains(&floor) {
                    floor += 1;
                }
                set.retain(|&offset| offset > floor);
                prop_assert_eq!(map.cumulative(), Tsn(start).plus(floor).previous());
                let reported: Vec<u32> =
                    map.gap_blocks().flat_map(|block| block.start..=block.end).map(|o| floor + u32::from(o) - 1).collect();
                prop_assert_eq!(reported, set.iter().copied().collect::<Vec<_>>());
                prop_assert!(map.gap_blocks().collect::<Vec<_>>().windows(2).all(|w| w[0].end + 1 < w[1].start));
            }
        }
    }
}
