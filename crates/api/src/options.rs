//! What an association says of itself: [`Status`], [`PathStatus`], [`Statistics`].

use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::{AssociationStatistics, PathInfo};

/// State of an association (RFC 6458 §8.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// The window that the peer has announced, in octets.
    pub peer_window: u32,
    /// Chunks sent and not yet acknowledged.
    pub unacknowledged: u16,
    /// Chunks received and not yet read.
    pub pending: u16,
    /// Streams from the peer.
    pub inbound_streams: u16,
    /// Streams to the peer.
    pub outbound_streams: u16,
    /// The largest part of a message that one packet carries, in octets.
    pub fragmentation_point: u32,
    /// The path that data takes now.
    pub primary: PathStatus,
}

/// State of one path, that is of one address of the peer (RFC 6458 §8.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PathStatus {
    /// The peer's address.
    pub address: SocketAddr,
    /// Whether it answers.
    pub active: bool,
    /// Congestion window, in octets.
    pub congestion_window: u32,
    /// Smoothed round trip time.
    pub round_trip: Duration,
    /// Retransmission time-out.
    pub retransmission_timeout: Duration,
    /// Path MTU, in octets of an IP packet.
    pub mtu: u32,
}

impl From<PathInfo> for PathStatus {
    fn from(info: PathInfo) -> Self {
        /// SCTP_ACTIVE of `spinfo_state`.
        const ACTIVE: i32 = 2;
        Self {
            address: info.address,
            active: info.state == ACTIVE,
            congestion_window: info.cwnd,
            round_trip: info.srtt,
            retransmission_timeout: info.rto,
            mtu: info.mtu,
        }
    }
}

impl From<usctp_socket::Status> for Status {
    fn from(status: usctp_socket::Status) -> Self {
        Self {
            peer_window: status.peer_rwnd,
            unacknowledged: status.unacknowledged,
            pending: status.pending,
            inbound_streams: status.inbound_streams,
            outbound_streams: status.outbound_streams,
            fragmentation_point: status.fragmentation_point,
            primary: status.primary.into(),
        }
    }
}

/// Counters of an association since it began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Packets received.
    pub packets_in: u64,
    /// Packets sent.
    pub packets_out: u64,
    /// DATA chunks received, duplicates not counted.
    pub data_chunks_in: u64,
    /// DATA chunks sent, retransmissions not counted.
    pub data_chunks_out: u64,
    /// DATA chunks sent again, for whatever reason.
    pub retransmitted_chunks: u64,
    /// Times that the retransmission timer ran out.
    pub timeouts: u64,
    /// DATA chunks that came twice.
    pub duplicates_in: u64,
    /// The largest retransmission time-out there was.
    pub largest_timeout: Duration,
}

impl From<AssociationStatistics> for Statistics {
    fn from(statistics: AssociationStatistics) -> Self {
        let counters = statistics.counters;
        Self {
            packets_in: counters.packets_in,
            packets_out: counters.packets_out,
            data_chunks_in: counters.data_chunks_in_ordered + counters.data_chunks_in_unordered,
            data_chunks_out: counters.data_chunks_out_ordered + counters.data_chunks_out_unordered,
            retransmitted_chunks: counters.retransmitted_chunks,
            timeouts: counters.timeouts,
            duplicates_in: counters.duplicates_in,
            largest_timeout: counters.max_rto_seen,
        }
    }
}
