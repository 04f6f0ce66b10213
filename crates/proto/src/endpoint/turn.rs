//! Which association may transmit next: one after another, so that none starves.

use std::collections::VecDeque;

use crate::AssociationKey;

/// Associations that may have something to send, in the order in which they get their turn.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    waiting: VecDeque<AssociationKey>,
}

impl Turn {
    /// Puts an association at the end. The caller knows whether it waits already (a flag in its slot).
    pub(crate) fn push(&mut self, key: AssociationKey) {
        self.waiting.push_back(key);
    }

    /// The one whose turn it is; it stays until [`Self::pop`] or [`Self::pass`].
    pub(crate) fn front(&self) -> Option<AssociationKey> {
        self.waiting.front().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<AssociationKey> {
        self.waiting.get(index).copied()
    }

    /// Takes the first out: it has nothing to send, or is gone.
    pub(crate) fn pop(&mut self) {
        self.waiting.pop_front();
    }

    /// The first has sent and goes to the end.
    pub(crate) fn pass(&mut self) {
        if self.waiting.len() > 1 {
            self.waiting.rotate_left(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(slot: u32) -> AssociationKey {
        AssociationKey { slot, generation: 0 }
    }

    #[test]
    fn each_gets_its_turn_before_any_gets_a_second() {
        let mut turn = Turn::default();
        turn.push(key(1));
        turn.push(key(2));
        assert_eq!(turn.front(), Some(key(1)));
        turn.pass();
        assert_eq!(turn.front(), Some(key(2)));
        turn.pass();
        assert_eq!(turn.front(), Some(key(1)));
        turn.pop();
        turn.pop();
        assert_eq!(turn.front(), None);
    }
}
