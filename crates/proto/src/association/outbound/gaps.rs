//! Gap ack blocks as ranges: brought into order however a peer sends them, and compared with those known before, so that a
//! SACK costs what it changes and not what it repeats.

use usctp_wire::GapBlocks;

/// A range of offsets from the cumulative TSN, both ends included, from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) last: u32,
}

/// Reads `blocks` into `ranges`: in order, apart from each other, none beyond `count`.
pub(super) fn read(blocks: GapBlocks<'_>, count: u32, ranges: &mut Vec<Range>) {
    ranges.clear();
    let mut ordered = true;
    for block in blocks.iter() {
        // RFC 9260 §3.3.4 wants them in order and apart; what cannot be meant is left out: it acknowledges nothing.
        let (first, last) = (u32::from(block.start).max(1), u32::from(block.end).min(count));
        if first > last {
            continue;
        }
        match ranges.last_mut() {
            Some(before) if ordered && first <= before.last.saturating_add(1) && first >= before.first => {
                before.last = before.last.max(last);
            }
            before => {
                ordered &= before.is_none_or(|before| first > before.last);
                ranges.push(Range { first, last });
            }
        }
    }
    if !ordered {
        merge(ranges);
    }
}

fn merge(ranges: &mut Vec<Range>) {
    ranges.sort_unstable_by_key(|range| range.first);
    ranges.dedup_by(|next, kept| {
        let touches = next.first <= kept.last.saturating_add(1);
        if touches {
            kept.last = kept.last.max(next.last);
        }
        touches
    });
}

/// The cumulative TSN went on by `by`: offsets count from there.
pub(super) fn advance(ranges: &mut Vec<Range>, by: u32) {
    if by == 0 || ranges.is_empty() {
        return;
    }
    ranges.retain_mut(|range| {
        if range.last <= by {
            return false;
        }
        range.first = range.first.saturating_sub(by).max(1);
        range.last -= by;
        true
    });
}

/// Calls `each` with the ranges that are in `of` and not in `without`, in order.
pub(super) fn difference(of: &[Range], without: &[Range], mut each: impl FnMut(Range)) {
    let mut without = without.iter().copied().peekable();
    for range in of {
        let mut first = range.first;
        while first <= range.last {
            while without.next_if(|other| other.last < first).is_some() {}
            match without.peek() {
                Some(other) if other.first <= first => first = other.last + 1,
                Some(other) if other.first <= range.last => {
                    each(Range { first, last: other.first - 1 });
                    first = other.last + 1;
                }
                _ => {
                    each(Range { first, last: range.last });
                    break;
                }
            }
        }
    }
}

/// Calls `each` with what lies between the ranges, from offset 1 up to `last` (included).
pub(super) fn missing(ranges: &[Range], last: u32, mut each: impl FnMut(Range)) {
    let mut first = 1;
    for range in ranges {
        if range.first > last {
            break;
        }
        if range.first > first {
            each(Range { first, last: range.first - 1 });
        }
        first = range.last + 1;
    }
    if first <= last {
        each(Range { first, last });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use usctp_wire::GapBlock;

    use super::*;

    fn set(ranges: &[Range]) -> BTreeSet<u32> {
        ranges.iter().flat_map(|range| range.first..=range.last).collect()
    }

    fn blocks() -> impl Strategy<Value = Vec<GapBlock>> {
        prop::collection::vec((0..60u16, 0..60u16).prop_map(|(start, end)| GapBlock { start, end }), 0..12)
    }

    fn ranges(blocks: &[GapBlock], count: u32) -> Vec<Range> {
        let mut ranges = Vec::new();
        read(GapBlocks::Values(blocks), count, &mut ranges);
        ranges
    }

    proptest! {
        #[test]
        fn blocks_in_any_disorder_become_ordered_ranges(blocks in blocks(), count in 0..60u32) {
            let ranges = ranges(&blocks, count);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
            let expected: BTreeSet<u32> = blocks
                .iter()
                .flat_map(|block| u32::from(block.start)..=u32::from(block.end))
                .filter(|&offset| offset >= 1 && offset <= count)
                .collect();
            prop_assert_eq!(set(&ranges), expected);
        }

        #[test]
        fn difference_and_complement_are_those_of_sets(a in blocks(), b in blocks(), last in 0..70u32, by in 0..70u32) {
            let (a, b) = (ranges(&a, 60), ranges(&b, 60));
            let mut found = Vec::new();
            difference(&a, &b, |range| found.push(range));
            prop_assert_eq!(set(&found), &set(&a) - &set(&b));
            let mut holes = Vec::new();
            missing(&a, last, |range| holes.push(range));
            prop_assert_eq!(set(&holes), &(1..=last).collect::<BTreeSet<_>>() - &set(&a));
            let mut moved = a.clone();
            advance(&mut moved, by);
            let expected: BTreeSet<u32> = set(&a).iter().filter(|&&offset| offset > by).map(|offset| offset - by).collect();
            prop_assert_eq!(set(&moved), expected);
        }
    }
}
