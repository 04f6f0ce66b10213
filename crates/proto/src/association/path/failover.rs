//! Reachability of one path: its error counter and what follows from it (RFC 9260 §8.2, RFC 7829 §3).

use crate::{PathChange, PathConfig};

/// Whether a path is believed to work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reachability {
    /// It works.
    Active,
    /// It has failed lately (RFC 7829 §3); avoided while another works.
    PotentiallyFailed,
    /// It has failed more often than Path.Max.Retrans.
    Inactive,
}

/// The error counter of a path and the state that follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failover {
    state: Reachability,
    errors: u16,
}

impl Failover {
    /// Works until shown otherwise.
    pub(crate) const fn new() -> Self {
        Self { state: Reachability::Active, errors: 0 }
    }

    /// A timer ran out on this path, or a HEARTBEAT stayed unanswered for an RTO.
    pub(crate) fn on_error(&mut self, config: &PathConfig) -> Option<PathChange> {
        // RFC 9260 §8.3: an inactive path is still probed, but its counter does not grow.
        if self.state == Reachability::Inactive {
            return None;
        }
        self.errors = self.errors.saturating_add(1);
        self.judge(config)
    }

    /// Something sent on this path was acknowledged.
    pub(crate) fn on_success(&mut self) -> Option<PathChange> {
        self.errors = 0;
        let change = (self.state != Reachability::Active).then_some(PathChange::Available);
        self.state = Reachability::Active;
        change
    }

    /// The network says that the path does not work at all (or the program takes it down).
    #[cfg(test)]
    pub(crate) fn fail(&mut self) -> Option<PathChange> {
        let change = (self.state != Reachability::Inactive).then_some(PathChange::Unreachable);
        self.state = Reachability::Inactive;
        change
    }

    /// Looks at the counter again: thresholds may have changed.
    pub(crate) fn judge(&mut self, config: &PathConfig) -> Option<PathChange> {
        if self.state == Reachability::Inactive {
            return None;
        }
        // RFC 9260 §8.2: inactive when the counter *exceeds* Path.Max.Retrans.
        if self.errors > config.max_retransmissions {
            self.state = Reachability::Inactive;
            return Some(PathChange::Unreachable);
        }
        // RFC 7829 §5.1: potentially failed when it exceeds PotentiallyFailed.Max.Retrans.
        if self.errors > config.potentially_failed_threshold && self.state == Reachability::Active {
            self.state = Reachability::PotentiallyFailed;
            return Some(PathChange::PotentiallyFailed);
        }
        None
    }

    /// The present state.
    pub(crate) const fn state(&self) -> Reachability {
        self.state
    }

    /// Consecutive errors.
    pub(crate) const fn errors(&self) -> u16 {
        self.errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fails_when_its_errors_exceed_the_limit() {
        let config = PathConfig { max_retransmissions: 2, ..PathConfig::default() };
        let mut path = Failover::new();
        assert_eq!(path.on_error(&config), None);
        assert_eq!(path.on_error(&config), None);
        assert_eq!(path.on_error(&config), Some(PathChange::Unreachable));
        assert_eq!(path.on_error(&config), None);
        assert_eq!(path.errors(), 3, "an inactive path's counter stands still");
        assert_eq!(path.on_success(), Some(PathChange::Available));
        assert_eq!((path.state(), path.errors()), (Reachability::Active, 0));
    }

    #[test]
    fn a_path_fails_potentially_first_where_that_is_wished() {
        let config = PathConfig { potentially_failed_threshold: 0, max_retransmissions: 1, ..PathConfig::default() };
        let mut path = Failover::new();
        assert_eq!(path.on_error(&config), Some(PathChange::PotentiallyFailed));
        assert_eq!(path.on_error(&config), Some(PathChange::Unreachable));
    }

    #[test]
    fn a_lowered_limit_counts_at_once() {
        let mut path = Failover::new();
        path.on_error(&PathConfig::default());
        let strict = PathConfig { max_retransmissions: 0, ..PathConfig::default() };
        assert_eq!(path.judge(&strict), Some(PathChange::Unreachable));
        assert_eq!(path.judge(&strict), None);
    }
}
