//! Transport addresses without ports, and how a path to them is carried.

use std::net::{IpAddr, Ipv6Addr};

/// An IP address, with the interface for IPv6 link-local ones.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Address {
    /// The address; never an IPv4-mapped IPv6 one.
    pub ip: IpAddr,
    /// Interface index for link-local IPv6 addresses, else 0.
    pub scope: u32,
}

impl Address {
    /// Normalises: IPv4-mapped becomes IPv4, the scope of anything but link-local IPv6 becomes 0.
    #[must_use]
    pub fn new(ip: IpAddr, scope: u32) -> Self {
        let ip = ip.to_canonical();
        let link_local = matches!(ip, IpAddr::V6(v6) if is_link_local(v6));
        Self { ip, scope: if link_local { scope } else { 0 } }
    }

    /// Whether a peer can have it: no wildcard, multicast or broadcast, and nothing of 0.0.0.0/8 or 240.0.0.0/4.
    pub(crate) fn is_unicast(&self) -> bool {
        match self.ip {
            IpAddr::V4(v4) => !v4.is_multicast() && v4.octets()[0] != 0 && v4.octets()[0] < 240,
            IpAddr::V6(v6) => !v6.is_multicast() && !v6.is_unspecified(),
        }
    }

    pub(crate) const fn is_loopback(&self) -> bool {
        self.ip.is_loopback()
    }

    /// Only usable on its own link: IPv6 fe80::/10, IPv4 169.254.0.0/16.
    pub(crate) const fn is_link_local(&self) -> bool {
        match self.ip {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => is_link_local(v6),
        }
    }

    /// Of the networks that anybody may use (RFC 1918).
    pub(crate) const fn is_private(&self) -> bool {
        matches!(self.ip, IpAddr::V4(v4) if v4.is_private())
    }

    /// Neither private nor of this host or link.
    pub(crate) const fn is_global(&self) -> bool {
        !self.is_loopback() && !self.is_link_local() && !self.is_private()
    }

    pub(crate) const fn is_ipv4(&self) -> bool {
        self.ip.is_ipv4()
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self::new(ip, 0)
    }
}

const fn is_link_local(v6: Ipv6Addr) -> bool {
    v6.segments()[0] & 0xffc0 == 0xfe80
}

/// An address of this host, as the layer below tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocalAddress {
    /// The address.
    pub address: Address,
    /// Index of its interface.
    pub interface: u32,
}

/// Which open link of the stack carries a packet (an index that the stack gives out; see the `link` crate).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LinkId(pub u16);

/// How packets to a peer address travel (RFC 6951 §5.4: a property of the path).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Carrier {
    /// The link.
    pub link: LinkId,
    /// The peer's UDP port when the link encapsulates; `None` on raw IP.
    pub udp_port: Option<u16>,
}

/// What the routing table says about a destination.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The source address that the host would choose.
    pub source: Address,
    /// MTU of the route or its interface, octets of an IP packet.
    pub mtu: u32,
    /// Index of the outgoing interface, 0 when unknown.
    pub interface: u32,
}

/// The routing table, asked when a path begins and when addresses change. Deterministic in tests; a system call of some
/// microseconds in the real stack.
pub trait Routing: Send {
    /// The route to `destination` for packets from any source, or `None` where there is none.
    fn route(&self, destination: Address) -> Option<Route>;

    /// The carrier for a new path to `destination` from an endpoint bound to `local_port`: which link a path starts on.
    /// `udp_port` is what the program asked for that path: `None` nothing asked (the stack's default decides), `Some(0)`
    /// no encapsulation, else the peer's UDP port. `None`: no link can carry it.
    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier>;
}
