//! When a SACK is owed (RFC 9260 §6.2, §6.7; the I bit: RFC 7053 §4.2).

use std::time::Duration;

use usctp_wire::Tsn;

use crate::{AssociationConfig, Time};

/// What the DATA chunks of the packet being handled have shown.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent findings, gone at the end of the packet")]
struct Findings {
    new: bool,
    /// A duplicate, a chunk that was dropped, the I bit, or a FORWARD TSN: something that makes the SACK urgent.
    urgent: bool,
}

/// When the next SACK goes out, and which duplicates it reports.
#[derive(Debug, Default)]
pub(super) struct AckPolicy {
    /// Packets with new DATA since the last SACK.
    packets: u32,
    packet: Findings,
    /// Something has been acknowledged before.
    begun: bool,
    /// A SACK is owed now.
    due: bool,
    /// A SACK is owed then.
    delayed_until: Option<Time>,
    /// Received again since the last SACK.
    duplicates: Vec<Tsn>,
}

impl AckPolicy {
    pub(super) fn on_new(&mut self, immediate: bool) {
        self.packet.new = true;
        // RFC 7053 §4.2: the sender asks for a SACK without delay.
        self.packet.urgent |= immediate;
    }

    pub(super) fn on_duplicate(&mut self, tsn: Tsn) {
        // RFC 9260 §6.2: at once when there is nothing new beside it, and it may be at once in any case.
        self.packet.urgent = true;
        if self.duplicates.len() < MAX_DUPLICATES {
            self.duplicates.push(tsn);
        }
    }

    /// A chunk was dropped for want of room, or a FORWARD TSN came.
    pub(super) fn on_urgent(&mut self) {
        self.packet.urgent = true;
    }

    /// A packet is at its end. `gaps`: TSNs are missing, or were until this packet.
    pub(super) fn on_packet_end(&mut self, now: Time, gaps: bool, config: &AssociationConfig) {
        let packet = std::mem::take(&mut self.packet);
        if !packet.new && !packet.urgent {
            return;
        }
        self.packets = self.packets.saturating_add(u32::from(packet.new));
        let delay = config.sack_delay.min(MAX_DELAY);
        // RFC 9260 §6.7: every packet is answered while there are gaps. RFC 5681 §4.2: and when one closes.
        // The first of an association is not delayed, as in Linux (`sctp_gen_sack`): the sender's window is at its smallest,
        // and it measures its first round trip.
        let first = !std::mem::replace(&mut self.begun, true);
        if packet.urgent || gaps || first || self.packets >= config.sack_every || delay.is_zero() {
            self.due = true;
        } else if self.delayed_until.is_none() {
            self.delayed_until = Some(now + delay);
        }
    }

    pub(super) fn owe(&mut self) {
        self.due = true;
    }

    /// Everything owed has been said.
    pub(super) fn settle(&mut self) {
        self.packets = 0;
        self.due = false;
        self.delayed_until = None;
        self.duplicates = Vec::new();
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        if self.delayed_until.is_some_and(|at| at <= now) {
            self.delayed_until = None;
            self.due = true;
        }
    }

    pub(super) fn is_due(&self, now: Time) -> bool {
        self.due || self.delayed_until.is_some_and(|at| at <= now)
    }

    pub(super) const fn is_owed(&self) -> bool {
        self.due || self.delayed_until.is_some()
    }

    /// Nothing when the SACK is due already: there is nothing to wait for.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.delayed_until.filter(|_| !self.due)
    }

    pub(super) fn duplicates(&self) -> &[Tsn] {
        &self.duplicates
    }
}

/// RFC 9260 §6.2: SACK.Delay "MUST NOT" be above 500 ms.
const MAX_DELAY: Duration = Duration::from_millis(500);
/// Duplicates reported by one SACK at most: they are a hint, and their number is the peer's choice.
const MAX_DUPLICATES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_nanos(1_000_000_000);

    fn packet(policy: &mut AckPolicy, gaps: bool) {
        policy.on_new(false);
        policy.on_packet_end(NOW, gaps, &AssociationConfig::default());
    }

    /// A policy that has acknowledged the association's first packet.
    fn begun() -> AckPolicy {
        let mut policy = AckPolicy::default();
        packet(&mut policy, false);
        policy.settle();
        policy
    }

    #[test]
    fn the_first_packet_of_an_association_is_answered_at_once() {
        let mut policy = AckPolicy::default();
        packet(&mut policy, false);
        assert!(policy.is_due(NOW));
    }

    #[test]
    fn a_lone_packet_waits_200_ms_and_the_second_does_not() {
        let mut policy = begun();
        packet(&mut policy, false);
        assert!(!policy.is_due(NOW) && policy.is_owed());
        assert_eq!(policy.next_timeout(), Some(NOW + Duration::from_millis(200)));
        packet(&mut policy, false);
        assert!(policy.is_due(NOW));
        policy.settle();
        assert!(!policy.is_owed());
        assert_eq!(policy.next_timeout(), None);
    }

    #[test]
    fn delay_runs_out() {
        let mut policy = begun();
        packet(&mut policy, false);
        let later = NOW + Duration::from_millis(200);
        assert!(policy.is_due(later));
        policy.handle_timeout(later);
        assert!(policy.is_due(later));
        assert_eq!(policy.next_timeout(), None);
    }

    #[test]
    fn gap_duplicate_and_i_bit_are_answered_at_once() {
        let mut policy = AckPolicy::default();
        packet(&mut policy, true);
        assert!(policy.is_due(NOW));
        policy.settle();
        policy.on_duplicate(Tsn(7));
        policy.on_packet_end(NOW, false, &AssociationConfig::default());
        assert!(policy.is_due(NOW));
        assert_eq!(policy.duplicates(), [Tsn(7)]);
        policy.settle();
        policy.on_new(true);
        policy.on_packet_end(NOW, false, &AssociationConfig::default());
        assert!(policy.is_due(NOW));
    }

    #[test]
    fn packet_without_data_changes_nothing() {
        let mut policy = AckPolicy::default();
        policy.on_packet_end(NOW, true, &AssociationConfig::default());
        assert!(!policy.is_owed());
    }

    #[test]
    fn duplicates_are_bounded() {
        let mut policy = AckPolicy::default();
        for tsn in 0..1000 {
            policy.on_duplicate(Tsn(tsn));
        }
        assert_eq!(policy.duplicates().len(), MAX_DUPLICATES);
    }
}
