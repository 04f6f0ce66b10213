//! A packet and its addresses, outward and inward.

use bytes::Bytes;

use crate::{Address, Carrier, LinkId};

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

/// One packet to send, or several of one size to one destination; the octets stand in the caller's buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Transmit {
    /// Source address; `None` lets the routing table choose.
    pub source: Option<Address>,
    /// Destination address.
    pub destination: Address,
    /// How it travels.
    pub carrier: Carrier,
    /// ECN field to send.
    pub ecn: Ecn,
    /// DSCP, the upper six bits of the traffic class (0–63).
    pub dscp: u8,
    /// IPv6 flow label (20 bits), 0 for none.
    pub flow_label: u32,
    /// Priority in the host's own queues (SO_PRIORITY); 0 for none.
    pub priority: u32,
    /// Index of the interface to leave through; 0: as the routing table says.
    pub interface: u32,
    /// Whether routers may not fragment.
    pub dont_fragment: bool,
    /// Octets of SCTP written to the buffer, of all packets together.
    pub len: usize,
    /// `Some(n)`: several packets, each of `n` octets but the last, which may be shorter. `None`: one packet.
    pub segment_size: Option<usize>,
}

/// What the layer below knows about a received packet's checksum.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChecksumState {
    /// Nothing: verify it.
    #[default]
    Unknown,
    /// Known to be right or, on a path inside this host, not yet filled in by its sender.
    Trusted,
}

/// One received SCTP packet (without IP and UDP headers).
#[derive(Clone, Debug)]
pub struct Received {
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
    /// The packet from the common header on.
    pub packet: Bytes,
}

/// An ICMP error about a packet that we sent.
#[derive(Clone, Debug)]
pub struct IcmpError {
    /// Where the packet was going.
    pub destination: Address,
    /// The link it had left through.
    pub link: LinkId,
    /// UDP destination port if it was encapsulated.
    pub udp_port: Option<u16>,
    /// What the error says.
    pub kind: IcmpKind,
    /// As much of our SCTP packet as came back, from the common header on; at least 8 octets or the error is dropped.
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
