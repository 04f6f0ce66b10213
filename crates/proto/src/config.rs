//! What can be set, each with its default, unit and section. The defaults are those of RFC 9260 §16 where Linux's are the
//! same, else Linux's.

use std::time::Duration;

use crate::{Address, AuthConfig, StreamScheduler};

/// Settings of a whole stack.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// How often the secret of the state cookies changes; the one before stays valid for as long. A cookie cannot live
    /// longer than this, whatever [`AssociationConfig::cookie_life`] says. Default 10 min.
    pub cookie_secret_life: Duration,
    /// Answers per second to packets of no association (RFC 9260 §8.4), at most. Default 1000.
    pub out_of_the_blue_rate: u32,
    /// Associations at most. Default 1,000,000.
    pub max_associations: usize,
    /// Largest burst handed to the link as one [`crate::Transmit`] with `segment_size`, packets. Default 32; 1 where the
    /// link cannot split.
    pub max_segments: usize,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            cookie_secret_life: Duration::from_secs(600),
            out_of_the_blue_rate: 1000,
            max_associations: 1_000_000,
            max_segments: 32,
        }
    }
}

/// Settings of an association: copied from the socket when it begins (connect, or the INIT for a listener), most of them
/// changeable later through [`crate::Endpoint::configure`].
#[derive(Clone, Debug)]
pub struct AssociationConfig {
    /// RTO.Initial, 3 s (Linux; RFC 9260 says 1 s).
    pub rto_initial: Duration,
    /// RTO.Min, 1 s.
    pub rto_min: Duration,
    /// RTO.Max, 60 s.
    pub rto_max: Duration,
    /// Association.Max.Retrans, 10.
    pub max_retransmissions: u16,
    /// Max.Init.Retransmits, 8.
    pub max_init_attempts: u16,
    /// Upper bound of the INIT's retransmission timer, 60 s.
    pub max_init_timeout: Duration,
    /// Life of the cookies that we give (Valid.Cookie.Life, 60 s).
    pub cookie_life: Duration,
    /// Outbound streams wished for, 10.
    pub outbound_streams: u16,
    /// Inbound streams accepted, 65535.
    pub inbound_streams: u16,
    /// Receive buffer in octets: the window announced at the beginning. 106,496 (half of Linux's SO_RCVBUF).
    pub receive_buffer: u32,
    /// Octets charged to the receive buffer for each chunk held beside its payload, 0 by default: honest accounting of
    /// overhead is added by the holder.
    pub receive_overhead: u32,
    /// Octets charged to the send buffer for each chunk beside its payload. 0.
    pub send_overhead: u32,
    /// Delay of a SACK, 200 ms; zero: at once.
    pub sack_delay: Duration,
    /// A SACK at the latest for every n-th packet with data, 2; 1: no delay.
    pub sack_every: u32,
    /// Send small chunks at once (Nagle off), false.
    pub no_delay: bool,
    /// Max.Burst, 4 packets; 0: no limit.
    pub max_burst: u32,
    /// Largest DATA payload per chunk, octets; 0: what the path takes.
    pub max_segment: u32,
    /// Refuse messages that would have to be fragmented, false.
    pub disable_fragments: bool,
    /// Offer and use ECN, true.
    pub ecn: bool,
    /// Offer and use partial reliability (FORWARD TSN, RFC 3758), true. Agreed on at the beginning; a later change does not
    /// touch an association that is up.
    pub partial_reliability: bool,
    /// Close after this long without user data in either direction; zero: never.
    pub autoclose: Duration,
    /// Adaptation layer indication to send in INIT and INIT ACK.
    pub adaptation: Option<u32>,
    /// A partially received message is handed up from this many octets on; 0: only under window pressure.
    pub partial_delivery_point: u32,
    /// Defaults of each path.
    pub path: PathConfig,
    /// Offer and use I-DATA, so that messages of different streams may alternate (RFC 8260 §2), false. The program gets parts
    /// of them in turn then. Agreed on at the beginning; a later change does not touch an association that is up.
    pub interleaving: bool,
    /// Whose message is sent next (RFC 8260 §3), in the order of the calls.
    pub scheduler: StreamScheduler,
    /// HB.Max.Burst: heartbeats per RTO, 1.
    pub heartbeat_max_burst: u32,
    /// Offer and use dynamic address reconfiguration (RFC 5061), which brings authenticated chunks with it; false.
    pub asconf: bool,
    /// Tell peers by ASCONF of addresses that the host gets or loses, where all of them are bound; false.
    pub auto_asconf: bool,
    /// Authenticated chunks (RFC 4895), off.
    pub auth: AuthConfig,
}

impl Default for AssociationConfig {
    fn default() -> Self {
        Self {
            rto_initial: Duration::from_secs(3),
            rto_min: Duration::from_secs(1),
            rto_max: Duration::from_secs(60),
            max_retransmissions: 10,
            max_init_attempts: 8,
            max_init_timeout: Duration::from_secs(60),
            cookie_life: Duration::from_secs(60),
            outbound_streams: 10,
            inbound_streams: 65535,
            receive_buffer: 106_496,
            receive_overhead: 0,
            send_overhead: 0,
            sack_delay: Duration::from_millis(200),
            sack_every: 2,
            no_delay: false,
            max_burst: 4,
            max_segment: 0,
            disable_fragments: false,
            ecn: true,
            partial_reliability: true,
            autoclose: Duration::ZERO,
            adaptation: None,
            partial_delivery_point: 0,
            path: PathConfig::default(),
            interleaving: false,
            scheduler: StreamScheduler::FirstCome,
            heartbeat_max_burst: 1,
            asconf: false,
            auto_asconf: false,
            auth: AuthConfig::default(),
        }
    }
}

/// Settings of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PathConfig {
    /// Heartbeats on, true.
    pub heartbeat: bool,
    /// HB.interval, 30 s, added to the RTO with ±50 % of jitter on the RTO.
    pub heartbeat_interval: Duration,
    /// Path.Max.Retrans, 5.
    pub max_retransmissions: u16,
    /// Errors after which the path is potentially failed (RFC 7829 §3); a value above `max_retransmissions`: never. 65535.
    pub potentially_failed_threshold: u16,
    /// Follow Packet Too Big and probe; otherwise `mtu` is fixed. True.
    pub mtu_discovery: bool,
    /// Fixed path MTU in octets of an IP packet when discovery is off; 0: keep what it is.
    pub mtu: u32,
    /// DSCP (0–63).
    pub dscp: u8,
    /// IPv6 flow label.
    pub flow_label: u32,
    /// What the host's own queues are told of each packet (SO_PRIORITY of socket(7)); 0: nothing.
    pub priority: u32,
    /// Index of the interface that packets must leave through (SO_BINDTODEVICE); 0: the routing table decides.
    pub interface: u32,
    /// What was asked for encapsulation: see [`crate::Routing::carrier`].
    pub udp_port: Option<u16>,
}

impl Default for PathConfig {
    fn default() -> Self {
        Self {
            heartbeat: true,
            heartbeat_interval: Duration::from_secs(30),
            max_retransmissions: 5,
            potentially_failed_threshold: 65535,
            mtu_discovery: true,
            mtu: 0,
            dscp: 0,
            flow_label: 0,
            priority: 0,
            interface: 0,
            udp_port: None,
        }
    }
}

/// What a socket is bound to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    /// Local port; 0 asks for an ephemeral one.
    pub port: u16,
    /// Local addresses; empty means all of the host's, of the families below.
    pub addresses: Vec<Address>,
    /// IPv4 addresses may be used.
    pub ipv4: bool,
    /// IPv6 addresses may be used.
    pub ipv6: bool,
    /// May share port and addresses with other bindings that say so too (SO_REUSEADDR while none listens; SO_REUSEPORT).
    pub share: bool,
}
