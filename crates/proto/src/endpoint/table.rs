//! The associations by key, each with what the endpoint remembers beside it.

use usctp_wire::VerificationTag;

use crate::{Address, AssociationKey, Time, association::Association};

/// Slots; a key is never used twice, for the generation of a slot counts up.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    held: Option<Box<Held>>,
}

#[derive(Debug)]
struct Held {
    association: Association,
    /// What stands in the queue of deadlines.
    deadline: Option<Time>,
    /// Waits for its turn to transmit.
    in_turn: bool,
    /// The peer addresses by which it is found.
    registered: Vec<Address>,
    /// The tag by which its INIT ACK is found.
    opening: Option<VerificationTag>,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The key that the next [`Self::insert`] must be given.
    pub(crate) fn next_key(&self) -> AssociationKey {
        match self.free.last() {
            Some(slot) => AssociationKey { slot: *slot, generation: self.slots[*slot as usize].generation },
            None => AssociationKey { slot: u32::try_from(self.slots.len()).unwrap_or(u32::MAX), generation: 0 },
        }
    }

    pub(crate) fn insert(&mut self, key: AssociationKey, association: Association) {
        debug_assert_eq!(key, self.next_key());
        if self.free.pop().is_none() {
            self.slots.push(Slot { generation: key.generation, held: None });
        }
        let held = Held { association, deadline: None, in_turn: false, registered: Vec::new(), opening: None };
        self.slots[key.slot as usize].held = Some(Box::new(held));
    }

    pub(crate) fn remove(&mut self, key: AssociationKey) {
        if self.held(key).is_some() {
            let slot = &mut self.slots[key.slot as usize];
            slot.held = None;
            slot.generation = slot.generation.wrapping_add(1);
            self.free.push(key.slot);
        }
    }

    pub(crate) fn get(&self, key: AssociationKey) -> Option<&Association> {
        self.held(key).map(|held| &held.association)
    }

    pub(crate) fn get_mut(&mut self, key: AssociationKey) -> Option<&mut Association> {
        self.held_mut(key).map(|held| &mut held.association)
    }

    /// All keys, in the order of the slots.
    pub(crate) fn keys(&self) -> Vec<AssociationKey> {
        let numbered = self.slots.iter().zip(0..);
        numbered
            .filter(|(slot, _)| slot.held.is_some())
            .map(|(slot, index)| AssociationKey { slot: index, generation: slot.generation })
            .collect()
    }

    pub(crate) fn deadline(&self, key: AssociationKey) -> Option<Time> {
        self.held(key)?.deadline
    }

    /// Whether the entry of the queue at `at` is the association's own and no stale one; it is out of the queue now.
    pub(crate) fn take_deadline(&mut self, key: AssociationKey, at: Time) -> bool {
        self.held_mut(key).is_some_and(|held| held.deadline.take_if(|deadline| *deadline == at).is_some())
    }

    pub(crate) fn with_deadline(&mut self, key: AssociationKey) -> Option<(&Association, &mut Option<Time>)> {
        self.held_mut(key).map(|held| (&held.association, &mut held.deadline))
    }

    /// Whether the association must be put into the queue of turns: it is not in it yet.
    pub(crate) fn join_turn(&mut self, key: AssociationKey) -> bool {
        self.held_mut(key).is_some_and(|held| !std::mem::replace(&mut held.in_turn, true))
    }

    pub(crate) fn leave_turn(&mut self, key: AssociationKey) {
        if let Some(held) = self.held_mut(key) {
            held.in_turn = false;
        }
    }

    /// Remembers by what the association is found; gives what it was before.
    pub(crate) fn set_registered(
        &mut self,
        key: AssociationKey,
        addresses: Vec<Address>,
        opening: Option<VerificationTag>,
    ) -> (Vec<Address>, Option<VerificationTag>) {
        match self.held_mut(key) {
            Some(held) => {
                (std::mem::replace(&mut held.registered, addresses), std::mem::replace(&mut held.opening, opening))
            }
            None => (Vec::new(), None),
        }
    }

    fn held(&self, key: AssociationKey) -> Option<&Held> {
        self.slots.get(key.slot as usize).filter(|slot| slot.generation == key.generation)?.held.as_deref()
    }

    fn held_mut(&mut self, key: AssociationKey) -> Option<&mut Held> {
        let slot = self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation)?;
        slot.held.as_deref_mut()
    }
}
