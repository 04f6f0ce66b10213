//! Addresses without ports, and how packets to them travel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IP address, with the interface for IPv6 link-local ones.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// The address; never an IPv4-mapped IPv6 one.
    pub ip: IpAddr,
    /// Interface index for link-local IPv6 addresses, else 0.
    pub scope: u32,
}

impl Address {
    /// All of this host's IPv4 addresses.
    pub const ANY_V4: Self = Self { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), scope: 0 };
    /// All of this host's IPv6 addresses.
    pub const ANY_V6: Self = Self { ip: IpAddr::V6(Ipv6Addr::UNSPECIFIED), scope: 0 };

    /// Normalises: IPv4-mapped becomes IPv4, the scope of anything but link-local IPv6 becomes 0.
    #[must_use]
    pub fn new(ip: IpAddr, scope: u32) -> Self {
        let ip = ip.to_canonical();
        let link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
        Self { ip, scope: if link_local { scope } else { 0 } }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self::new(ip, 0)
    }
}

/// An address of this host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocalAddress {
    /// The address.
    pub address: Address,
    /// Index of its interface.
    pub interface: u32,
}

/// Which open link of the stack carries a packet. Given out by the stack's [`crate::Link`] and valid as long as it lives.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LinkId(pub u16);

/// How packets to a peer address travel.
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
