//! A packet and its addresses, outward and inward.

use std::fmt;

use bytes::Bytes;

use crate::{Address, LinkId};

/// ECN field of the IP header.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 3168")]
pub enum Ecn {
    #[default]
    NotEct,
    Ect0,
    Ect1,
    Ce,
}

impl Ecn {
    /// From the lower two bits of the traffic class.
    #[must_use]
    pub const fn from_bits(traffic_class: u8) -> Self {
        match traffic_class & 3 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }

    /// The lower two bits of the traffic class.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotEct => 0,
            Self::Ect1 => 1,
            Self::Ect0 => 2,
            Self::Ce => 3,
        }
    }
}

/// One SCTP packet to send, or several of one size to one destination.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The link that carries it.
    pub link: LinkId,
    /// The peer's UDP port; ignored on raw links.
    pub udp_port: Option<u16>,
    /// Source address; `None` lets the routing table choose.
    pub source: Option<Address>,
    /// Destination address.
    pub destination: Address,
    /// ECN field to send.
    pub ecn: Ecn,
    /// DSCP, the upper six bits of the traffic class (0–63).
    pub dscp: u8,
    /// IPv6 flow label (20 bits), 0 for none of ours.
    pub flow_label: u32,
    /// Priority in the host's own queues (SO_PRIORITY of socket(7)); 0 for none.
    pub priority: u32,
    /// Index of the interface to leave through; 0: as the routing table says.
    pub interface: u32,
    /// Whether nobody may fragment it on the way.
    pub dont_fragment: bool,
    /// The octets of SCTP, of all packets together, checksums filled in.
    pub packet: &'a [u8],
    /// `Some(n)`: several packets, each of `n` octets but the last, which may be shorter. `None`: one packet.
    pub segment_size: Option<usize>,
}

/// What became of an [`Outgoing`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SendOutcome {
    /// The host took it.
    Sent,
    /// Larger than the host can send there without fragmenting; nothing, or only the packets before the first too large
    /// one, left.
    TooBig {
        /// What fits: octets of an IP packet.
        mtu: u32,
    },
    /// Buffers are full (EAGAIN, ENOBUFS). The first `sent` octets (whole packets) left; try the rest after the next wait.
    Full {
        /// Octets that left.
        sent: usize,
    },
    /// The host refused it otherwise, as with no route (ENETUNREACH), a source address that is gone (EINVAL,
    /// EADDRNOTAVAIL), or a firewall (EPERM). The errno.
    Refused(i32),
}

/// What the link knows about a received packet's checksum.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChecksumState {
    /// Nothing, or nothing good: verify it.
    #[default]
    Unknown,
    /// Verified, or not yet filled in by a sender inside this host.
    Trusted,
}

/// One thing that came in.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A packet.
    Packet(Packet),
    /// An ICMP error about a packet of ours.
    Icmp(Icmp),
    /// This host's addresses or routes have changed: ask [`crate::Link::local_addresses`] again.
    AddressesChanged,
}

/// One received SCTP packet (without IP and UDP headers).
#[derive(Clone)]
pub struct Packet {
    /// IP source address.
    pub source: Address,
    /// IP destination address: the local address it came to.
    pub destination: Address,
    /// The link it came through.
    pub link: LinkId,
    /// UDP source port if it was encapsulated.
    pub udp_port: Option<u16>,
    /// ECN field.
    pub ecn: Ecn,
    /// About the checksum.
    pub checksum: ChecksumState,
    /// The packet from the common header on. It shares memory with at most 64 KiB of packets that came with it: a small
    /// part that is to be kept for long is better copied.
    pub packet: Bytes,
}

impl fmt::Debug for Packet {
    /// Without the octets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, link, udp_port, ecn, checksum, packet } = self;
        let (source, destination, len) = (source.ip, destination.ip, packet.len());
        write!(f, "Packet({source}:{udp_port:?} to {destination}, {link:?}, {ecn:?}, {checksum:?}, {len} octets)")
    }
}

/// An ICMP error about a packet that we sent. Not authenticated: anyone can send one.
#[derive(Clone, Debug)]
pub struct Icmp {
    /// Where the packet was going.
    pub destination: Address,
    /// The link it had left through.
    pub link: LinkId,
    /// UDP destination port if it was encapsulated.
    pub udp_port: Option<u16>,
    /// What the error says.
    pub kind: IcmpKind,
    /// As much of our SCTP packet as came back, from the common header on; at least 8 octets, else it is not reported.
    pub quoted: Bytes,
}

/// What an ICMP or ICMPv6 error says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IcmpKind {
    /// Packet too big; the next hop's MTU in octets of an IP packet.
    PacketTooBig(u32),
    /// Protocol unreachable, or port unreachable of an encapsulating UDP port.
    ProtocolUnreachable,
    /// Any other unreachable: network, host, administratively prohibited.
    Unreachable,
}
