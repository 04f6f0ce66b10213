//! Which association is due next: one queue for all timers of all associations.
//!
//! Each association has one entry, its earliest deadline. An entry is not moved when the deadline moves away (as T3 does
//! with every SACK): it runs out at the old time, the association has nothing to do and enters the new one. So a busy
//! association touches the queue once per timer interval, not once per packet, and an idle one costs nothing.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{AssociationKey, Time};

/// A queue of deadlines with lazy deletion. What is registered for an association is kept by its owner (in the slot of the
/// association), so that stale entries are recognised.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<Entry>>,
}

impl Deadlines {
    /// Notes that `key` is to be called at `deadline`; `registered` is where its owner remembers what stands in the queue.
    pub(crate) fn set(&mut self, key: AssociationKey, registered: &mut Option<Time>, deadline: Option<Time>) {
        let Some(deadline) = deadline else { return };
        if registered.is_none_or(|at| deadline < at) {
            *registered = Some(deadline);
            self.heap.push(Reverse(Entry { at: deadline, slot: key.slot, generation: key.generation }));
        }
    }

    /// The earliest entry, stale or not.
    pub(crate) fn peek(&self) -> Option<(Time, AssociationKey)> {
        self.heap.peek().map(|Reverse(entry)| (entry.at, entry.key()))
    }

    /// Takes the earliest entry out.
    pub(crate) fn pop(&mut self) {
        self.heap.pop();
    }
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Entry {
    at: Time,
    slot: u32,
    generation: u32,
}

impl Entry {
    const fn key(self) -> AssociationKey {
        AssociationKey { slot: self.slot, generation: self.generation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: AssociationKey = AssociationKey { slot: 3, generation: 1 };
    const OTHER: AssociationKey = AssociationKey { slot: 4, generation: 1 };

    #[test]
    fn a_deadline_that_moves_away_adds_no_entry() {
        let (mut deadlines, mut registered) = (Deadlines::default(), None);
        for at in 10..100 {
            deadlines.set(KEY, &mut registered, Some(Time::from_nanos(at)));
        }
        assert_eq!(deadlines.heap.len(), 1);
        assert_eq!(deadlines.peek(), Some((Time::from_nanos(10), KEY)));
    }

    #[test]
    fn the_earliest_of_all_comes_first() {
        let (mut deadlines, mut registered, mut other) = (Deadlines::default(), None, None);
        deadlines.set(KEY, &mut registered, Some(Time::from_nanos(10)));
        deadlines.set(OTHER, &mut other, Some(Time::from_nanos(20)));
        deadlines.set(OTHER, &mut other, Some(Time::from_nanos(5)));
        assert_eq!(deadlines.peek(), Some((Time::from_nanos(5), OTHER)));
        assert_eq!(other, Some(Time::from_nanos(5)));
        deadlines.pop();
        assert_eq!(deadlines.peek(), Some((Time::from_nanos(10), KEY)));
    }
}
