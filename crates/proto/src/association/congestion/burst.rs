//! Max.Burst: how many packets of new data may follow one another at once (RFC 9260 §6.1 D).
//!
//! Counted strictly, by packets, since the last occasion to send: a SACK, a message of the program, a timer.

use crate::Time;

/// Packets with new data since the last occasion.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burst {
    sent: u16,
    /// Occasions since the last of a different moment, less one.
    further: u16,
    at: Time,
}

impl Burst {
    /// A SACK came that acknowledged `packets` packets' worth of data.
    pub(crate) fn on_sack(&mut self, now: Time, packets: u32) {
        // RFC 9260 §6.2 has a SACK for every second packet. A peer that takes packets from its network in batches sends one
        // for many; it stands for those that it replaces, and sending is clocked by packets that have arrived either way.
        let stands_for = packets.div_ceil(2).clamp(1, 8) as u16;
        if now == self.at && self.sent == 0 {
            // Several at one moment, before we could send: each counts.
            self.further = self.further.saturating_add(stands_for).min(LARGEST);
        } else {
            *self = Self { sent: 0, further: stands_for - 1, at: now };
        }
    }

    /// Another occasion: a message, a timer.
    pub(crate) fn on_occasion(&mut self, now: Time) {
        if self.at != now || self.sent > 0 {
            *self = Self { sent: 0, further: 0, at: now };
        }
    }

    /// A packet with new data goes out.
    pub(crate) fn on_packet(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// Whether another packet may follow. `max_burst` 0: any number.
    pub(crate) fn permits(&self, max_burst: u32) -> bool {
        max_burst == 0 || u32::from(self.sent) < max_burst.saturating_mul(u32::from(self.further) + 1)
    }
}

/// Occasions that add up, at most.
const LARGEST: u16 = 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_ends_and_a_sack_begins_the_next() {
        let mut burst = Burst::default();
        for _ in 0..4 {
            assert!(burst.permits(4));
            burst.on_packet();
        }
        assert!(!burst.permits(4));
        assert!(burst.permits(0));
        burst.on_sack(Time::from_nanos(1), 2);
        assert!(burst.permits(4));
        burst.on_packet();
        assert!(!burst.permits(1), "one packet per SACK");
    }

    #[test]
    fn a_sack_for_many_packets_stands_for_several() {
        let mut burst = Burst::default();
        burst.on_sack(Time::from_nanos(1), 8);
        for _ in 0..16 {
            assert!(burst.permits(4));
            burst.on_packet();
        }
        assert!(!burst.permits(4));
    }

    #[test]
    fn sacks_of_one_moment_add_up_within_a_limit() {
        let mut burst = Burst::default();
        for _ in 0..100_000 {
            burst.on_sack(Time::from_nanos(1), 1_000_000);
        }
        for _ in 0..4 * 32 {
            assert!(burst.permits(4));
            burst.on_packet();
        }
        assert!(!burst.permits(4));
    }
}
