//! What an association says of itself: [`Status`], [`PathStatus`].

use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::PathInfo;

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
