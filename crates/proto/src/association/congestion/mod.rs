//! Congestion control of one path (RFC 9260 §7): what an algorithm is told and what it is asked.
//!
//! All quantities are octets of DATA chunks with their headers and padding. `pmdcs` is the path's PMDCS: the largest sum of
//! DATA chunks in one of its packets (RFC 9260 §1.6).

pub(crate) mod burst;
mod rfc9260;

use std::time::Duration;

use rfc9260::Rfc9260;

/// The algorithm of one path and its state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CongestionControl {
    /// The standard's own.
    Rfc9260(Rfc9260),
}

impl CongestionControl {
    /// The standard algorithm in its initial state.
    pub(crate) fn new(pmdcs: u32, ipv6: bool) -> Self {
        Self::Rfc9260(Rfc9260::new(pmdcs, ipv6))
    }

    /// Chunks sent on this path were acknowledged for the first time.
    pub(crate) fn on_acknowledged(&mut self, acknowledged: &Acknowledged) {
        match self {
            Self::Rfc9260(algorithm) => algorithm.on_acknowledged(acknowledged),
        }
    }

    /// A window with lost chunks, found by SACKs or told by ECN; once per window.
    pub(crate) fn on_loss(&mut self, pmdcs: u32) {
        match self {
            Self::Rfc9260(algorithm) => algorithm.on_loss(pmdcs),
        }
    }

    /// T3-rtx ran out.
    pub(crate) fn on_timeout(&mut self, pmdcs: u32) {
        match self {
            Self::Rfc9260(algorithm) => algorithm.on_timeout(pmdcs),
        }
    }

    /// Data is to be sent on a path on which none was sent for `idle`.
    pub(crate) fn on_idle(&mut self, idle: Duration, rto: Duration, pmdcs: u32) {
        match self {
            Self::Rfc9260(algorithm) => algorithm.on_idle(idle, rto, pmdcs),
        }
    }

    /// Begins anew: the way to the peer is another one (RFC 9260 §7.2.5).
    pub(crate) fn reset(&mut self, pmdcs: u32, ipv6: bool) {
        match self {
            Self::Rfc9260(algorithm) => *algorithm = Rfc9260::new(pmdcs, ipv6),
        }
    }

    /// Whether a packet may begin while `flight` octets are outstanding (RFC 9260 §6.1 B).
    pub(crate) const fn permits(&self, flight: u32) -> bool {
        match self {
            Self::Rfc9260(algorithm) => algorithm.permits(flight),
        }
    }

    /// The congestion window.
    pub(crate) const fn cwnd(&self) -> u32 {
        match self {
            Self::Rfc9260(algorithm) => algorithm.cwnd(),
        }
    }

    /// The slow-start threshold.
    pub(crate) const fn ssthresh(&self) -> u32 {
        match self {
            Self::Rfc9260(algorithm) => algorithm.ssthresh(),
        }
    }
}

/// What one SACK acknowledged on one path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged {
    /// Octets acknowledged for the first time.
    pub(crate) octets: u32,
    /// Whether the window was in full use before.
    pub(crate) window_was_full: bool,
    /// Whether nothing is outstanding on this path any more.
    pub(crate) nothing_left: bool,
    /// Whether the association recovers from a loss: no growth.
    pub(crate) recovering: bool,
    /// See the module.
    pub(crate) pmdcs: u32,
}
