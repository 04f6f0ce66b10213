//! The states of an association (RFC 9260 §4), each with what exists only in it, and the one door between them.

use bytes::Bytes;

use super::{
    path::PathId,
    timer::{Backoff, Timer, earliest},
};
use crate::{AssociationConfig, AssociationState, CloseReason, Time};

/// A state with its data. CLOSED is [`Phase::Closed`] for the moment until the endpoint has taken the association away.
#[derive(Debug)]
pub(crate) enum Phase {
    CookieWait(Box<CookieWait>),
    CookieEchoed(Box<CookieEchoed>),
    Established,
    ShutdownPending(Guard),
    ShutdownSent(Box<Closing>),
    ShutdownReceived(Guard),
    ShutdownAckSent(Box<Closing>),
    Closed(CloseReason),
}

/// INIT sent (or about to be), no INIT ACK yet.
#[derive(Debug)]
pub(crate) struct CookieWait {
    pub(crate) t1: Backoff,
    /// An INIT is to be sent to this path.
    pub(crate) owed: Option<PathId>,
    /// Where the last one went.
    pub(crate) path: PathId,
    /// The program wants the end once what it has queued is delivered.
    pub(crate) shutdown_wanted: bool,
    /// Milliseconds of longer life to ask for, after a Stale Cookie (RFC 9260 §5.2.6).
    pub(crate) preservative: Option<u32>,
    /// Stale cookies so far.
    pub(crate) stale: u16,
}

/// COOKIE ECHO sent (or about to be), no COOKIE ACK yet.
#[derive(Debug)]
pub(crate) struct CookieEchoed {
    pub(crate) t1: Backoff,
    /// A COOKIE ECHO is to be sent to this path.
    pub(crate) owed: Option<PathId>,
    pub(crate) path: PathId,
    pub(crate) cookie: Bytes,
    /// Error causes to go with the COOKIE ECHO: parameters of the INIT ACK that were not recognized.
    pub(crate) causes: Vec<u8>,
    pub(crate) shutdown_wanted: bool,
    /// When the COOKIE ECHO left first, for the measure of a cookie-preservative and of the RTT.
    pub(crate) sent_at: Option<Time>,
    /// Stale cookies so far, of all attempts.
    pub(crate) stale: u16,
}

/// SHUTDOWN or SHUTDOWN ACK sent: T2 and the guard of the whole.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) t2: Backoff,
    pub(crate) path: PathId,
    pub(crate) guard: Guard,
}

/// T5-shutdown-guard (RFC 9260 §9.2): after 5 × RTO.Max without progress the association is aborted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) timer: Timer,
}

impl Guard {
    pub(crate) fn start(now: Time, config: &AssociationConfig) -> Self {
        let mut timer = Timer::default();
        timer.set(now + config.rto_max * 5);
        Self { timer }
    }
}

impl Phase {
    /// The state's name to the outside; `None` for CLOSED.
    pub(crate) const fn state(&self) -> Option<AssociationState> {
        Some(match self {
            Self::CookieWait(_) => AssociationState::CookieWait,
            Self::CookieEchoed(_) => AssociationState::CookieEchoed,
            Self::Established => AssociationState::Established,
            Self::ShutdownPending(_) => AssociationState::ShutdownPending,
            Self::ShutdownSent(_) => AssociationState::ShutdownSent,
            Self::ShutdownReceived(_) => AssociationState::ShutdownReceived,
            Self::ShutdownAckSent(_) => AssociationState::ShutdownAckSent,
            Self::Closed(_) => return None,
        })
    }

    /// The one door: enters `next`.
    pub(crate) fn enter(&mut self, next: Self) {
        debug_assert!(may_follow(self.state(), next.state()), "{:?} -> {:?}", self.state(), next.state());
        tracing::debug!(from = ?self.state(), to = ?next.state(), "state");
        *self = next;
    }

    /// COOKIE-WAIT or COOKIE-ECHOED.
    pub(crate) const fn is_opening(&self) -> bool {
        matches!(self, Self::CookieWait(_) | Self::CookieEchoed(_))
    }

    /// RFC 9260 §6: DATA is taken in ESTABLISHED, SHUTDOWN-PENDING and SHUTDOWN-SENT.
    pub(crate) const fn takes_data(&self) -> bool {
        matches!(self, Self::Established | Self::ShutdownPending(_) | Self::ShutdownSent(_))
    }

    /// RFC 9260 §6: a SACK counts in ESTABLISHED, SHUTDOWN-PENDING and SHUTDOWN-RECEIVED, and may in COOKIE-ECHOED.
    pub(crate) const fn takes_sack(&self) -> bool {
        matches!(self, Self::CookieEchoed(_) | Self::Established | Self::ShutdownPending(_) | Self::ShutdownReceived(_))
    }

    /// Whether DATA may leave freely (that with the COOKIE ECHO is a case of its own).
    pub(crate) const fn sends_data(&self) -> bool {
        matches!(self, Self::Established | Self::ShutdownPending(_) | Self::ShutdownReceived(_))
    }

    /// The earliest of the state's own timers.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        match self {
            Self::CookieWait(wait) => wait.t1.deadline(),
            Self::CookieEchoed(echoed) => echoed.t1.deadline(),
            Self::ShutdownPending(guard) | Self::ShutdownReceived(guard) => guard.timer.deadline(),
            Self::ShutdownSent(closing) | Self::ShutdownAckSent(closing) => {
                earliest([closing.t2.deadline(), closing.guard.timer.deadline()])
            }
            Self::Established | Self::Closed(_) => None,
        }
    }
}

/// The arrows of RFC 9260 §4, Figure 3, and those of collision and restart (§5.2). `None` is CLOSED.
const fn may_follow(from: Option<AssociationState>, to: Option<AssociationState>) -> bool {
    use AssociationState as S;
    match (from, to) {
        // From CLOSED nothing follows: a new association is made instead. To CLOSED: ABORT, or retransmissions used up.
        (None, _) => false,
        (Some(_), None) => true,
        (Some(from), Some(to)) => matches!(
            (from, to),
            // INIT ACK; or, in a collision, the peer's COOKIE ECHO first (§5.2.4 B).
            (S::CookieWait, S::CookieEchoed | S::Established)
            // COOKIE ACK; Stale Cookie begins anew (§5.2.6).
            | (S::CookieEchoed, S::Established | S::CookieWait)
            | (S::Established, S::ShutdownPending | S::ShutdownReceived)
            // A restart of the peer makes ESTABLISHED out of these (§5.2.4 A).
            | (S::ShutdownPending | S::ShutdownSent | S::ShutdownReceived | S::Established, S::Established)
            | (S::ShutdownPending, S::ShutdownSent | S::ShutdownReceived)
            | (S::ShutdownSent, S::ShutdownAckSent)
            | (S::ShutdownReceived, S::ShutdownAckSent)
        ),
    }
}

#[cfg(test)]
mod tests {
    use AssociationState as S;

    use super::*;

    #[test]
    fn the_table_of_transitions() {
        let states = [
            S::CookieWait,
            S::CookieEchoed,
            S::Established,
            S::ShutdownPending,
            S::ShutdownSent,
            S::ShutdownReceived,
            S::ShutdownAckSent,
        ];
        let mut table = String::new();
        for from in states {
            assert!(may_follow(Some(from), None), "every state can be aborted");
            assert!(!may_follow(None, Some(from)), "CLOSED is the end");
            let to: Vec<_> = states.iter().filter(|to| may_follow(Some(from), Some(**to))).collect();
            table += &format!("{from:?} -> {to:?}\n");
        }
        let expected = "\
CookieWait -> [CookieEchoed, Established]
CookieEchoed -> [CookieWait, Established]
Established -> [Established, ShutdownPending, ShutdownReceived]
ShutdownPending -> [Established, ShutdownSent, ShutdownReceived]
ShutdownSent -> [Established, ShutdownAckSent]
ShutdownReceived -> [Established, ShutdownAckSent]
ShutdownAckSent -> []
";
        assert_eq!(table, expected);
    }
}
