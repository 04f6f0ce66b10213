//! Counters and states to look at.

use std::time::Duration;

use usctp_wire::Tsn;

use crate::{Address, Carrier, PathConfig};

/// State of an association (RFC 9260 §4); `Closed` is not shown: such an association is gone.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 9260")]
pub enum AssociationState {
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
}

/// State of an association and its counters.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named after RFC 6458 §8.2.1 and RFC 9260")]
pub struct AssociationStatus {
    pub state: AssociationState,
    /// The peer's window, octets, less what is in flight.
    pub peer_rwnd: u32,
    /// The window we announce now, octets.
    pub local_rwnd: u32,
    /// Chunks sent and not acknowledged.
    pub unacknowledged_chunks: usize,
    /// Chunks received but not yet delivered in order or consumed by the program: out of order, or being reassembled.
    pub pending_chunks: usize,
    /// Messages not yet begun to be sent.
    pub queued_messages: usize,
    pub inbound_streams: u16,
    pub outbound_streams: u16,
    /// Largest payload of one DATA chunk on the present path, octets.
    pub fragmentation_point: u32,
    pub primary: Address,
    /// Both sides have agreed on I-DATA (RFC 8260).
    pub interleaving: bool,
    /// Both sides have agreed on partial reliability (RFC 3758).
    pub partial_reliability: bool,
    /// Octets of send buffer in use, as charged.
    pub send_buffered: usize,
    pub counters: AssociationCounters,
}

/// Counters since the association began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "named after SCTP_GET_ASSOC_STATS")]
pub struct AssociationCounters {
    pub sacks_in: u64,
    pub sacks_out: u64,
    pub packets_in: u64,
    pub packets_out: u64,
    pub control_chunks_in: u64,
    pub control_chunks_out: u64,
    pub data_chunks_in_ordered: u64,
    pub data_chunks_in_unordered: u64,
    pub data_chunks_out_ordered: u64,
    pub data_chunks_out_unordered: u64,
    pub retransmitted_chunks: u64,
    pub fast_retransmitted_chunks: u64,
    pub timeouts: u64,
    pub duplicates_in: u64,
    pub gaps_in: u64,
    pub out_of_sequence_tsns: u64,
    pub octets_in: u64,
    pub octets_out: u64,
    pub max_rto_seen: Duration,
}

/// State of one path.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named after RFC 6458 §8.2.2")]
pub struct PathStatus {
    pub address: Address,
    pub source: Option<Address>,
    pub carrier: Carrier,
    pub state: PathState,
    pub confirmed: bool,
    pub cwnd: u32,
    pub ssthresh: u32,
    pub flight: u32,
    pub srtt: Duration,
    pub rttvar: Duration,
    pub rto: Duration,
    /// Octets of an IP packet.
    pub mtu: u32,
    pub error_count: u32,
    pub config: PathConfig,
}

/// Reachability of a path (RFC 9260 §8.2, RFC 7829 §3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 7829")]
pub enum PathState {
    Unconfirmed,
    Active,
    PotentiallyFailed,
    Inactive,
}

/// Counters of the whole endpoint; every packet that is dropped is counted under one reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct EndpointCounters {
    pub packets_in: u64,
    pub packets_out: u64,
    pub dropped_too_short: u64,
    pub dropped_checksum: u64,
    pub dropped_malformed: u64,
    pub dropped_wrong_tag: u64,
    pub dropped_out_of_the_blue: u64,
    pub dropped_rate_limited: u64,
    pub dropped_backlog: u64,
    pub dropped_bad_cookie: u64,
    pub dropped_bundling: u64,
    pub dropped_bad_address: u64,
    pub dropped_icmp: u64,
    /// Chunks that had to be authenticated and were not, and AUTH chunks that were wrong.
    pub dropped_unauthenticated: u64,
    pub associations_begun: u64,
    pub associations_accepted: u64,
    pub associations_aborted: u64,
    pub associations_shut_down: u64,
    pub stale_cookies: u64,
    pub restarts: u64,
}

/// A TSN pair for inspection: next to send, cumulative acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SendSequence {
    pub next: Tsn,
    pub acknowledged: Tsn,
}
