//! Structures of option values, without C layout.

use std::{net::SocketAddr, time::Duration};

use crate::AssocId;

/// SCTP_RTOINFO. Set: zero keeps what is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 6458 §8.1.1")]
pub struct RtoParameters {
    pub initial: Duration,
    pub max: Duration,
    pub min: Duration,
}

/// SCTP_ASSOCINFO. Set: zero keeps what is; the middle three are read only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 6458 §8.1.2")]
pub struct AssociationParameters {
    pub max_retransmissions: u16,
    pub peer_destinations: u16,
    pub peer_rwnd: u32,
    pub local_rwnd: u32,
    pub cookie_life: Duration,
}

/// SCTP_PEER_ADDR_PARAMS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PathParameters {
    /// Milliseconds between heartbeats. Set: 0 keeps what is, unless [`Self::HEARTBEAT_TIME_IS_ZERO`] is set.
    pub heartbeat_interval: Duration,
    /// Path.Max.Retrans. Set: 0 keeps.
    pub max_retransmissions: u16,
    /// Path MTU, octets. Set: taken with PMTUD disabled only.
    pub mtu: u32,
    /// SACK delay. Set: 0 keeps.
    pub sack_delay: Duration,
    /// `spp_flags`: the constants below.
    pub flags: u32,
    /// IPv6 flow label; set with [`Self::FLOW_LABEL`].
    pub flow_label: u32,
    /// DSCP in the upper six bits of the octet, as in the traffic class; set with [`Self::DSCP`].
    pub dscp: u8,
}

#[allow(missing_docs, reason = "the names of RFC 6458 §8.1.12, Linux's numbers")]
impl PathParameters {
    pub const HEARTBEAT_ENABLE: u32 = 1;
    pub const HEARTBEAT_DISABLE: u32 = 2;
    pub const HEARTBEAT_DEMAND: u32 = 4;
    pub const MTU_DISCOVERY_ENABLE: u32 = 8;
    pub const MTU_DISCOVERY_DISABLE: u32 = 16;
    pub const SACK_DELAY_ENABLE: u32 = 32;
    pub const SACK_DELAY_DISABLE: u32 = 64;
    pub const HEARTBEAT_TIME_IS_ZERO: u32 = 128;
    pub const FLOW_LABEL: u32 = 0x100;
    pub const DSCP: u32 = 0x200;
}

/// SCTP_DELAYED_SACK.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DelayedSack {
    /// Delay. Set: zero keeps what is.
    pub delay: Duration,
    /// Packets. Set: 0 keeps what is, 1 switches the delay off.
    pub frequency: u32,
}

/// SCTP_PEER_ADDR_THLDS and its second form.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PathThresholds {
    /// Path.Max.Retrans.
    pub max_retransmissions: u16,
    /// Errors after which the path counts as potentially failed.
    pub potentially_failed: u16,
    /// Errors after which the primary moves; 65535: never. `None` in the first form.
    pub primary_switchover: Option<u16>,
}

/// `spinfo_state`.
pub(crate) const PATH_INACTIVE: i32 = 0;
pub(crate) const PATH_POTENTIALLY_FAILED: i32 = 1;
pub(crate) const PATH_ACTIVE: i32 = 2;
pub(crate) const PATH_UNCONFIRMED: i32 = 3;

/// SCTP_GET_PEER_ADDR_INFO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 6458 §8.2.2")]
pub struct PathInfo {
    pub association: AssocId,
    pub address: SocketAddr,
    /// 0 inactive, 1 potentially failed, 2 active, 3 unconfirmed.
    pub state: i32,
    pub cwnd: u32,
    pub srtt: Duration,
    pub rto: Duration,
    pub mtu: u32,
}

/// SCTP_STATUS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 6458 §8.2.1")]
pub struct Status {
    pub association: AssocId,
    /// `enum sctp_sstat_state`: 2 cookie wait … 8 shutdown ack sent.
    pub state: i32,
    pub peer_rwnd: u32,
    pub unacknowledged: u16,
    pub pending: u16,
    pub inbound_streams: u16,
    pub outbound_streams: u16,
    pub fragmentation_point: u32,
    pub primary: PathInfo,
}

/// SCTP_PR_ASSOC_STATUS and SCTP_PR_STREAM_STATUS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AbandonedMessages {
    /// The stream; `None`: all.
    pub stream: Option<u16>,
    /// 1 TTL, 2 RTX, 3 PRIO; `None`: all.
    pub policy: Option<u8>,
    /// Messages given up before any part of them was sent.
    pub unsent: u64,
    /// Messages given up after a part of them was sent.
    pub sent: u64,
}

/// SCTP_GET_ASSOC_STATS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssociationStatistics {
    /// The association.
    pub association: AssocId,
    /// The path of the largest RTO seen.
    pub max_rto_address: Option<SocketAddr>,
    /// Counters.
    pub counters: usctp_proto::AssociationCounters,
}
