//! Path MTU: how large a packet may be on one path (RFC 9260 §7.3, RFC 1191, RFC 8201).
//!
//! It begins with what the route says and follows Packet Too Big. What it has lost it tries again after ten minutes. It
//! never goes below what the IP version promises to carry: a forged report of a tiny MTU must not make us send thousands
//! of tiny packets.

use std::time::Duration;

use super::super::timer::Timer;
use crate::{PathConfig, Time};

/// The MTU of one path, in octets of an IP packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathMtu {
    current: u16,
    /// What the route says: `current` never exceeds it.
    ceiling: u16,
    /// Least MTU of the IP version.
    floor: u16,
    /// Whether reports are followed; otherwise `current` stays.
    discovery: bool,
    /// A report named an MTU below `floor`: only routers' fragmentation can carry our packets.
    narrow: bool,
    raise: Timer,
}

impl PathMtu {
    /// As the route says, or as `config` fixes it.
    pub(crate) fn new(ipv6: bool, route_mtu: u32, config: &PathConfig) -> Self {
        let floor = if ipv6 { FLOOR_IPV6 } else { FLOOR_IPV4 };
        let ceiling = whole_words(route_mtu).max(floor);
        let mut mtu = Self { current: ceiling, ceiling, floor, discovery: true, narrow: false, raise: Timer::STOPPED };
        mtu.configure(config);
        mtu
    }

    /// Takes over changed settings.
    pub(crate) fn configure(&mut self, config: &PathConfig) {
        self.discovery = config.mtu_discovery;
        if self.discovery {
            if self.current > self.ceiling {
                self.current = self.ceiling;
            } else if self.current < self.ceiling && !self.raise.is_running() {
                // It was fixed below what the route takes, and is not any more.
                self.current = self.ceiling;
            }
        } else {
            self.raise.stop();
            self.narrow = false;
            if config.mtu != 0 {
                self.current = whole_words(config.mtu).max(LEAST_FIXED);
            }
        }
    }

    /// A router, or this host, says that packets above `mtu` do not pass. Whether the MTU is smaller now.
    pub(crate) fn too_big(&mut self, now: Time, mtu: u32) -> bool {
        if !self.discovery {
            return false;
        }
        let reported = whole_words(mtu);
        // RFC 1191 §3, RFC 8201 §4: below the least MTU the size stays and routers are let fragment; below what we use, or
        // the report is old or forged.
        self.narrow |= reported < self.floor;
        let reduced = reported.max(self.floor);
        if reduced >= self.current {
            return false;
        }
        self.current = reduced;
        self.raise.set(now + RAISE_AFTER);
        true
    }

    /// The route changed: begin again with what it says.
    pub(crate) fn reroute(&mut self, route_mtu: u32) {
        self.ceiling = whole_words(route_mtu).max(self.floor);
        if self.discovery {
            self.current = self.ceiling;
            self.narrow = false;
            self.raise.stop();
        }
    }

    /// Tries the route's MTU again once the time has come. Whether the MTU is larger now.
    pub(crate) fn handle_timeout(&mut self, now: Time) -> bool {
        if !self.raise.expired(now) {
            return false;
        }
        self.raise.stop();
        self.narrow = false;
        let raised = self.ceiling > self.current;
        self.current = self.ceiling;
        raised
    }

    /// Octets of an IP packet.
    pub(crate) const fn octets(&self) -> u32 {
        self.current as u32
    }

    /// Whether packets of this size are to forbid routers to fragment them.
    pub(crate) const fn forbids_fragmentation(&self) -> bool {
        self.discovery && !self.narrow
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) const fn next_timeout(&self) -> Option<Time> {
        self.raise.deadline()
    }
}

/// Rounded down to whole words, since chunks are padded to them; at most what an IP packet's length can say.
fn whole_words(mtu: u32) -> u16 {
    u16::try_from(mtu & !3).unwrap_or(LARGEST)
}

/// What the length field of an IPv4 packet can say, in whole words.
const LARGEST: u16 = 65_532;
/// RFC 1122 §3.3.3: what every IPv4 host reassembles.
const FLOOR_IPV4: u16 = 576;
/// RFC 8200 §5.
const FLOOR_IPV6: u16 = 1280;
/// The least that a program may fix.
const LEAST_FIXED: u16 = 512;
/// RFC 1191 §6.3, RFC 8899 §5.1.1 PMTU_RAISE_TIMER: 600 s.
const RAISE_AFTER: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn mtu(route: u32) -> PathMtu {
        PathMtu::new(false, route, &PathConfig::default())
    }

    #[test]
    fn the_loopback_s_mtu_is_cut_to_whole_words() {
        assert_eq!(mtu(65_536).octets(), 65_532);
        assert_eq!(mtu(1501).octets(), 1500);
    }

    #[test]
    fn a_report_lowers_it_and_ten_minutes_raise_it_again() {
        let mut mtu = mtu(1500);
        assert!(mtu.too_big(Time::ZERO, 1400));
        assert_eq!(mtu.octets(), 1400);
        let later = mtu.next_timeout().unwrap();
        assert!(!mtu.handle_timeout(Time::ZERO));
        assert!(mtu.handle_timeout(later));
        assert_eq!(mtu.octets(), 1500);
        assert_eq!(mtu.next_timeout(), None);
    }

    #[test]
    fn a_report_never_raises_it() {
        let mut mtu = mtu(1500);
        assert!(!mtu.too_big(Time::ZERO, 9000));
        assert_eq!(mtu.octets(), 1500);
    }

    #[test]
    fn a_tiny_report_stops_at_the_least_mtu_and_lets_routers_fragment() {
        let mut four = mtu(1500);
        assert!(four.too_big(Time::ZERO, 68));
        assert_eq!(four.octets(), 576);
        assert!(!four.forbids_fragmentation());
        let mut six = PathMtu::new(true, 1500, &PathConfig::default());
        six.too_big(Time::ZERO, 0);
        assert_eq!(six.octets(), 1280);
    }

    #[test]
    fn a_fixed_mtu_ignores_reports_and_lets_routers_fragment() {
        let config = PathConfig { mtu_discovery: false, mtu: 1000, ..PathConfig::default() };
        let mut mtu = PathMtu::new(false, 1500, &config);
        assert_eq!(mtu.octets(), 1000);
        assert!(!mtu.too_big(Time::ZERO, 600));
        assert_eq!(mtu.octets(), 1000);
        assert!(!mtu.forbids_fragmentation());
        mtu.configure(&PathConfig::default());
        assert_eq!(mtu.octets(), 1500);
    }
}
