//! The standard algorithm: slow start, congestion avoidance, reaction to loss (RFC 9260 §7.2.1 to §7.2.3).

use std::time::Duration;

use super::Acknowledged;

/// Congestion window, slow-start threshold, octets acknowledged towards the next step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rfc9260 {
    cwnd: u32,
    ssthresh: u32,
    partial_bytes_acked: u32,
    /// T3-rtx has run out and nothing was acknowledged since: one packet at a time.
    collapsed: bool,
}

impl Rfc9260 {
    pub(super) fn new(pmdcs: u32, ipv6: bool) -> Self {
        // RFC 9260 §7.2.1 gives 4404 and 4344; for IPv4 we keep to Linux's 4380, which is no more aggressive.
        let base = if ipv6 { 4344 } else { 4380 };
        let cwnd = pmdcs.saturating_mul(4).min(pmdcs.saturating_mul(2).max(base));
        Self { cwnd, ssthresh: u32::MAX, partial_bytes_acked: 0, collapsed: false }
    }

    pub(super) fn on_acknowledged(&mut self, acknowledged: &Acknowledged) {
        if acknowledged.octets > 0 {
            self.collapsed = false;
        }
        let slow_start = self.cwnd <= self.ssthresh;
        // RFC 9260 §7.2.1, §7.2.4: no growth in fast recovery.
        if !acknowledged.recovering {
            if slow_start {
                // RFC 9260 §7.2.1: only while the window is used up, and by the lesser of the octets acknowledged and one
                // PMDCS (L = 1), so that splitting acknowledgements gains nothing.
                if acknowledged.window_was_full {
                    self.grow(acknowledged.octets.min(acknowledged.pmdcs));
                }
            } else {
                self.avoid_congestion(acknowledged);
            }
        }
        // RFC 9260 §7.2.2, last rule.
        if acknowledged.nothing_left {
            self.partial_bytes_acked = 0;
        }
    }

    pub(super) fn on_loss(&mut self, pmdcs: u32) {
        self.ssthresh = self.halved(pmdcs);
        // RFC 9260 §7.2.3 says cwnd = ssthresh, which would *raise* a window of less than four packets: a loss never does.
        self.cwnd = self.cwnd.min(self.ssthresh);
        self.partial_bytes_acked = 0;
    }

    pub(super) fn on_timeout(&mut self, pmdcs: u32) {
        // RFC 9260 §7.2.3: slow start from one packet, and one packet at a time until something is acknowledged.
        self.ssthresh = self.halved(pmdcs);
        self.cwnd = pmdcs;
        self.partial_bytes_acked = 0;
        self.collapsed = true;
    }

    pub(super) fn on_idle(&mut self, idle: Duration, rto: Duration, pmdcs: u32) {
        let rto = rto.as_nanos().max(1);
        let mut periods = idle.as_nanos() / rto;
        let floor = pmdcs.saturating_mul(4);
        if periods == 0 || self.cwnd <= floor {
            return;
        }
        // RFC 9260 §7.2.1: halved once per RTO without data, not below four packets, the threshold keeping the old size.
        self.ssthresh = self.cwnd;
        while periods > 0 && self.cwnd > floor {
            self.cwnd = (self.cwnd / 2).max(floor);
            periods -= 1;
        }
        self.partial_bytes_acked = 0;
    }

    pub(super) const fn permits(&self, flight: u32) -> bool {
        // RFC 9260 §6.1 B: while the flight is below the window one packet may go beyond it, whatever its size.
        if self.collapsed { flight == 0 } else { flight < self.cwnd }
    }

    pub(super) const fn cwnd(&self) -> u32 {
        self.cwnd
    }

    pub(super) const fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    fn avoid_congestion(&mut self, acknowledged: &Acknowledged) {
        // RFC 9260 §7.2.2. Octets of duplicates that the peer reports are left out: their sizes are the peer's word, and
        // fewer octets only mean slower growth.
        self.partial_bytes_acked = self.partial_bytes_acked.saturating_add(acknowledged.octets);
        if self.partial_bytes_acked < self.cwnd {
            return;
        }
        if acknowledged.window_was_full {
            self.partial_bytes_acked -= self.cwnd;
            self.grow(acknowledged.pmdcs);
        } else {
            self.partial_bytes_acked = self.cwnd;
        }
    }

    fn grow(&mut self, octets: u32) {
        self.cwnd = self.cwnd.saturating_add(octets).min(LARGEST_WINDOW);
    }

    fn halved(&self, pmdcs: u32) -> u32 {
        (self.cwnd / 2).max(pmdcs.saturating_mul(4))
    }
}

/// More than any peer's window and TSN space can use; keeps the sums of this file far from overflow.
const LARGEST_WINDOW: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    const PMDCS: u32 = 1468;

    fn acknowledged(octets: u32) -> Acknowledged {
        Acknowledged { octets, window_was_full: true, nothing_left: false, recovering: false, pmdcs: PMDCS }
    }

    fn avoiding() -> Rfc9260 {
        Rfc9260 { cwnd: 20_000, ssthresh: 10_000, partial_bytes_acked: 0, collapsed: false }
    }

    #[test]
    fn the_initial_window_follows_the_packet_size() {
        assert_eq!(Rfc9260::new(PMDCS, false).cwnd(), 4380);
        assert_eq!(Rfc9260::new(1448, true).cwnd(), 4344);
        assert_eq!(Rfc9260::new(544, false).cwnd(), 4 * 544);
        assert_eq!(Rfc9260::new(65_500, false).cwnd(), 131_000);
    }

    #[test]
    fn slow_start_grows_by_what_was_acknowledged_and_at_most_one_packet() {
        let mut control = Rfc9260::new(PMDCS, false);
        control.on_acknowledged(&acknowledged(100));
        assert_eq!(control.cwnd(), 4480);
        control.on_acknowledged(&acknowledged(60_000));
        assert_eq!(control.cwnd(), 4480 + PMDCS);
    }

    #[test]
    fn a_window_that_was_not_full_does_not_grow() {
        let mut control = Rfc9260::new(PMDCS, false);
        control.on_acknowledged(&Acknowledged { window_was_full: false, ..acknowledged(1000) });
        assert_eq!(control.cwnd(), 4380);
    }

    #[test]
    fn nothing_grows_while_recovering() {
        for mut control in [Rfc9260::new(PMDCS, false), avoiding()] {
            let before = control.cwnd();
            for _ in 0..50 {
                control.on_acknowledged(&Acknowledged { recovering: true, ..acknowledged(PMDCS) });
            }
            assert_eq!(control.cwnd(), before);
        }
    }

    #[test]
    fn congestion_avoidance_adds_one_packet_per_window() {
        let mut control = avoiding();
        for _ in 0..19 {
            control.on_acknowledged(&acknowledged(1000));
        }
        assert_eq!(control.cwnd(), 20_000);
        control.on_acknowledged(&acknowledged(1000));
        assert_eq!(control.cwnd(), 20_000 + PMDCS);
    }

    #[test]
    fn an_unused_window_saves_up_no_more_than_one_step() {
        let mut control = avoiding();
        for _ in 0..100 {
            control.on_acknowledged(&Acknowledged { window_was_full: false, ..acknowledged(5000) });
        }
        assert_eq!((control.cwnd(), control.partial_bytes_acked), (20_000, 20_000));
        control.on_acknowledged(&Acknowledged { nothing_left: true, window_was_full: false, ..acknowledged(5000) });
        assert_eq!(control.partial_bytes_acked, 0);
    }

    #[test]
    fn a_loss_halves_and_a_timeout_collapses() {
        let mut control = avoiding();
        control.on_loss(PMDCS);
        assert_eq!((control.cwnd(), control.ssthresh()), (10_000, 10_000));
        control.on_timeout(PMDCS);
        assert_eq!((control.cwnd(), control.ssthresh()), (PMDCS, 4 * PMDCS));
        assert!(control.permits(0) && !control.permits(16), "one packet at a time");
        control.on_acknowledged(&Acknowledged { window_was_full: false, ..acknowledged(16) });
        assert!(control.permits(16));
    }

    #[test]
    fn a_loss_never_raises_the_window() {
        let mut control = Rfc9260::new(PMDCS, false);
        control.on_timeout(PMDCS);
        control.on_loss(PMDCS);
        assert_eq!(control.cwnd(), PMDCS);
    }

    #[test]
    fn an_idle_window_shrinks_once_per_rto_down_to_four_packets() {
        let rto = Duration::from_secs(1);
        let mut control = Rfc9260 { cwnd: 100_000, ..avoiding() };
        control.on_idle(Duration::from_millis(999), rto, PMDCS);
        assert_eq!(control.cwnd(), 100_000);
        control.on_idle(Duration::from_millis(2100), rto, PMDCS);
        assert_eq!((control.cwnd(), control.ssthresh()), (25_000, 100_000));
        control.on_idle(Duration::MAX, Duration::ZERO, PMDCS);
        assert_eq!((control.cwnd(), control.ssthresh()), (4 * PMDCS, 25_000));
        control.on_timeout(PMDCS);
        control.on_idle(Duration::MAX, rto, PMDCS);
        assert_eq!(control.cwnd(), PMDCS, "idleness never raises the window");
    }
}
