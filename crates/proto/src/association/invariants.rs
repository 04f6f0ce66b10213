//! What must hold between commands, checked by tests after every step.

use super::Association;
use crate::Time;

impl Association {
    /// Panics where the parts contradict each other.
    pub(crate) fn check_invariants(&self) {
        if let Some(peer) = &self.peer {
            peer.inbound.check_invariants();
        }
        if self.closed().is_none() {
            self.outbound.check_invariants(&self.paths);
        }
    }

    /// Whether everything out or owed has a timer, or waits for its turn, that will go on with it.
    pub(crate) fn is_attended(&self, deadline: Option<Time>) -> bool {
        self.closed().is_some() || self.outbound.is_empty() || deadline.is_some()
    }
}
