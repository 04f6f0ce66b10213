//! The peer's receive window, and the probing of a closed one (RFC 9260 §6.1 A, §6.2.1).

use std::time::Duration;

use super::super::timer::Timer;
use crate::Time;

/// What the peer says it can take.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerWindow {
    advertised: u32,
    largest: u32,
    /// Runs while the window is closed and nothing is outstanding that would bring a SACK.
    probe: Timer,
    /// The probe's time has come: one chunk may go whatever the window.
    may_probe: bool,
    /// Whether a SACK came since data was last sent because a timer ran out.
    answered: bool,
}

impl PeerWindow {
    pub(super) const fn new(advertised: u32) -> Self {
        Self { advertised, largest: advertised, probe: Timer::STOPPED, may_probe: false, answered: false }
    }

    /// A SACK (or INIT, or INIT ACK) announces `advertised` octets.
    pub(super) fn on_advertised(&mut self, advertised: u32) {
        self.advertised = advertised;
        self.largest = self.largest.max(advertised);
        self.answered = true;
        if advertised > 0 {
            self.probe.stop();
            self.may_probe = false;
        }
    }

    /// Octets that may still be sent when `outstanding` octets of payload are on their way (RFC 9260 §6.2.1 B to D: the
    /// advertised window, less what was sent since, plus what is given up as lost, comes to just this).
    pub(super) const fn room(&self, outstanding: usize) -> usize {
        (self.advertised as usize).saturating_sub(outstanding)
    }

    /// Whether a new chunk of `payload` octets may go.
    pub(super) const fn permits(&self, payload: usize, outstanding: usize) -> bool {
        if payload <= self.room(outstanding) {
            return true;
        }
        // RFC 9260 §6.1 A. With nothing on its way, a window that is open at all gets one chunk: its owner takes what goes
        // beyond it or drops it, and says which; waiting could last for ever if the window never becomes larger.
        outstanding == 0 && (self.advertised > 0 || self.may_probe)
    }

    /// New data waits for a closed window and nothing is outstanding: the first probe goes after an RTO.
    pub(super) fn await_probe(&mut self, now: Time, rto: Duration) {
        if !self.probe.is_running() && !self.may_probe {
            self.probe.set(now + rto);
        }
    }

    /// The time of a probe may have come.
    pub(super) fn handle_timeout(&mut self, now: Time) -> bool {
        if !self.probe.expired(now) {
            return false;
        }
        self.probe.stop();
        self.may_probe = true;
        true
    }

    /// New data was sent: a probe's permission is used up.
    pub(super) fn on_sent(&mut self) {
        self.may_probe = false;
        self.probe.stop();
    }

    /// A retransmission timer ran out. Whether that is only the peer's window being closed: it goes on answering, so its
    /// silence about the probe is no error (RFC 9260 §6.1 A).
    pub(super) fn explains_timeout(&mut self) -> bool {
        let explained = self.advertised == 0 && self.answered;
        self.answered = false;
        explained
    }

    /// Whether the peer takes nothing.
    pub(super) const fn is_closed(&self) -> bool {
        self.advertised == 0
    }

    /// The largest chunk payload that suits this peer: half of its whole window, so that small windows are not filled by
    /// single chunks (RFC 1122 §4.2.3.4: at least half of the window at a time), but not silly.
    pub(super) fn largest_chunk(&self) -> u32 {
        (self.largest / 2).max(LEAST_CHUNK)
    }

    pub(super) const fn next_timeout(&self) -> Option<Time> {
        self.probe.deadline()
    }
}

/// Payload octets below which chunks are not made smaller for a small window's sake.
const LEAST_CHUNK: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_counts_against_the_window() {
        let mut window = PeerWindow::new(1000);
        assert!(window.permits(1000, 0) && !window.permits(400, 601));
        window.on_advertised(0);
        assert_eq!(window.room(500), 0);
    }

    #[test]
    fn a_window_that_is_open_gets_one_chunk_however_small_it_is() {
        let window = PeerWindow::new(10);
        assert!(window.permits(1452, 0));
        assert!(!window.permits(1452, 1));
    }

    #[test]
    fn a_closed_window_is_probed_once_after_an_rto() {
        let mut window = PeerWindow::new(0);
        let rto = Duration::from_secs(1);
        assert!(!window.permits(1, 0));
        window.await_probe(Time::ZERO, rto);
        window.await_probe(Time::ZERO + rto / 2, rto);
        assert_eq!(window.next_timeout(), Some(Time::ZERO + rto));
        assert!(window.handle_timeout(Time::ZERO + rto));
        assert!(window.permits(1, 0));
        window.on_sent();
        assert!(!window.permits(1, 0));
    }

    #[test]
    fn silence_is_an_error_even_at_a_closed_window() {
        let mut window = PeerWindow::new(0);
        window.on_advertised(0);
        assert!(window.explains_timeout());
        assert!(!window.explains_timeout(), "no SACK since");
        window.on_advertised(1);
        assert!(!window.explains_timeout());
    }
}
