//! Counters of a link.

/// Counts since the link was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LinkCounters {
    /// SCTP packets given to the host.
    pub packets_sent: u64,
    /// Octets of SCTP in them.
    pub octets_sent: u64,
    /// System calls that sent something.
    pub send_calls: u64,
    /// SCTP packets received and handed up.
    pub packets_received: u64,
    /// Octets of SCTP in them.
    pub octets_received: u64,
    /// System calls that received something.
    pub receive_calls: u64,
    /// Packets that the host dropped because a receive buffer was full (SO_RXQ_OVFL).
    pub overflowed: u64,
    /// Packets dropped here because they were cut off, or too short for an IP header.
    pub malformed: u64,
    /// Packets left to another stack of this host.
    pub left_to_others: u64,
    /// Packets dropped because their checksum was not filled in and the host would not say so.
    pub checksum_unfilled: u64,
    /// Packets whose unfilled checksum the host vouched for.
    pub checksum_vouched: u64,
    /// ICMP errors handed up.
    pub icmp: u64,
    /// Sends refused because buffers were full.
    pub full: u64,
}
