//! Round-trip time and retransmission timeout of one path (RFC 9260 §6.3.1).

use std::time::Duration;

use crate::AssociationConfig;

/// SRTT, RTTVAR and RTO.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RttEstimator {
    srtt: u64,
    rttvar: u64,
    rto: u64,
    largest_rto: u64,
    measured: bool,
}

impl RttEstimator {
    /// Nothing measured.
    pub(crate) fn new(config: &AssociationConfig) -> Self {
        // RFC 9260 §6.3.1 C1: RTO.Initial until a measurement. The bounds of C6 and C7 hold for it as well.
        let rto = bounded(nanos(config.rto_initial), config);
        Self { srtt: 0, rttvar: 0, rto, largest_rto: rto, measured: false }
    }

    /// A measurement, of a chunk that was sent once only (Karn's rule is the caller's).
    pub(crate) fn sample(&mut self, rtt: Duration, config: &AssociationConfig) {
        let rtt = nanos(rtt);
        if self.measured {
            // RFC 9260 §6.3.1 C3 with RTO.Alpha 1/8 and RTO.Beta 1/4; RTTVAR first, for it wants the old SRTT.
            let deviation = self.srtt.abs_diff(rtt);
            self.rttvar = self.rttvar - self.rttvar / 4 + deviation / 4;
            self.srtt = self.srtt - self.srtt / 8 + rtt / 8;
        } else {
            // RFC 9260 §6.3.1 C2.
            self.srtt = rtt;
            self.rttvar = rtt / 2;
            self.measured = true;
        }
        // RFC 9260 §6.3.1 G1: no RTTVAR of zero.
        self.rttvar = self.rttvar.max(CLOCK_GRANULARITY);
        self.set(self.srtt.saturating_add(self.rttvar.saturating_mul(4)), config);
    }

    /// The timer ran out (RFC 9260 §6.3.3 E2): doubled, up to RTO.Max.
    pub(crate) fn back_off(&mut self, config: &AssociationConfig) {
        self.set(self.rto.saturating_mul(2), config);
    }

    /// Forgets what was measured: the way to the peer is another one now.
    pub(crate) fn reset(&mut self, config: &AssociationConfig) {
        let largest_rto = self.largest_rto;
        *self = Self { largest_rto, ..Self::new(config) };
    }

    /// The retransmission timeout.
    pub(crate) const fn rto(&self) -> Duration {
        Duration::from_nanos(self.rto)
    }

    /// Smoothed round-trip time, zero before the first measurement.
    pub(crate) const fn srtt(&self) -> Duration {
        Duration::from_nanos(self.srtt)
    }

    /// Its variation.
    pub(crate) const fn rttvar(&self) -> Duration {
        Duration::from_nanos(self.rttvar)
    }

    /// The largest RTO there was.
    pub(crate) const fn largest_rto(&self) -> Duration {
        Duration::from_nanos(self.largest_rto)
    }

    fn set(&mut self, rto: u64, config: &AssociationConfig) {
        self.rto = bounded(rto, config);
        self.largest_rto = self.largest_rto.max(self.rto);
    }
}

fn bounded(rto: u64, config: &AssociationConfig) -> u64 {
    // RFC 9260 §6.3.1 C6 and C7. Not `clamp`: it panics where a program has set the minimum above the maximum. An RTO of
    // zero would make every timer spin.
    rto.max(nanos(config.rto_min)).min(nanos(config.rto_max)).max(CLOCK_GRANULARITY)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// G of RFC 9260 §6.3.1: 1 ms, coarser than any wake-up is late.
const CLOCK_GRANULARITY: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AssociationConfig {
        AssociationConfig { rto_min: Duration::from_millis(100), ..AssociationConfig::default() }
    }

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_measurement_sets_everything() {
        let mut rtt = RttEstimator::new(&config());
        assert_eq!(rtt.rto(), ms(3000));
        rtt.sample(ms(80), &config());
        assert_eq!((rtt.srtt(), rtt.rttvar(), rtt.rto()), (ms(80), ms(40), ms(240)));
    }

    #[test]
    fn later_measurements_are_smoothed() {
        let mut rtt = RttEstimator::new(&config());
        rtt.sample(ms(80), &config());
        rtt.sample(ms(160), &config());
        // RTTVAR = 3/4 * 40 + 1/4 * 80 = 50, SRTT = 7/8 * 80 + 1/8 * 160 = 90.
        assert_eq!((rtt.srtt(), rtt.rttvar(), rtt.rto()), (ms(90), ms(50), ms(290)));
    }

    #[test]
    fn the_rto_is_bounded_on_both_sides() {
        let mut rtt = RttEstimator::new(&AssociationConfig::default());
        rtt.sample(ms(1), &AssociationConfig::default());
        assert_eq!(rtt.rto(), ms(1000));
        for _ in 0..100 {
            rtt.back_off(&AssociationConfig::default());
        }
        assert_eq!(rtt.rto(), ms(60_000));
        rtt.sample(ms(1), &AssociationConfig::default());
        assert_eq!(rtt.rto(), ms(1000), "a new measurement takes the doubling back");
        assert_eq!(rtt.largest_rto(), ms(60_000));
    }

    #[test]
    fn senseless_bounds_do_not_panic() {
        let config = AssociationConfig { rto_min: ms(50), rto_max: Duration::ZERO, ..AssociationConfig::default() };
        let mut rtt = RttEstimator::new(&config);
        rtt.sample(Duration::MAX, &config);
        rtt.sample(Duration::ZERO, &config);
        assert_eq!(rtt.rto(), ms(1));
    }
}
