//! What must hold between calls, checked by tests after every step.

use super::Endpoint;

impl Endpoint {
    /// Panics where parts contradict each other. Call it once everything has been drained.
    #[doc(hidden)]
    pub fn check_invariants(&self) {
        for key in self.associations.keys() {
            let Some(association) = self.associations.get(key) else { continue };
            association.check_invariants();
            assert!(association.is_attended(self.associations.deadline(key)), "data waits and nothing will send it");
        }
    }
}
