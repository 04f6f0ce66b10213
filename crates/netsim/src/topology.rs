//! Hosts, their interfaces and addresses, the links between them, and what leads where.

use std::net::IpAddr;

use crate::{LinkConfig, link::Direction};

/// A host.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostId(usize);

/// An interface of a host.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InterfaceId(usize);

/// A link between two interfaces.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(usize);

/// An end of a link, in the order in which they were joined.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Everything that does not move. Ids are only made here, so they always lead to something.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    hosts: Vec<Host>,
    interfaces: Vec<Interface>,
    links: Vec<Link>,
}

impl Topology {
    pub(crate) fn add_host(&mut self) -> HostId {
        self.hosts.push(Host::default());
        HostId(self.hosts.len() - 1)
    }

    pub(crate) fn add_interface(&mut self, host: HostId, address: IpAddr, mtu: usize) -> InterfaceId {
        let interface = InterfaceId(self.interfaces.len());
        self.interfaces.push(Interface { host, addresses: vec![address], mtu, link: None });
        self.hosts[host.0].interfaces.push(interface);
        interface
    }

    pub(crate) fn add_address(&mut self, interface: InterfaceId, address: IpAddr) {
        self.interfaces[interface.0].addresses.push(address);
    }

    pub(crate) fn remove_address(&mut self, interface: InterfaceId, address: IpAddr) {
        self.interfaces[interface.0].addresses.retain(|&kept| kept != address);
    }

    pub(crate) fn add_route(&mut self, host: HostId, destination: IpAddr, interface: InterfaceId) {
        let routes = &mut self.hosts[host.0].routes;
        routes.retain(|&(known, _)| known != destination);
        routes.push((destination, interface));
    }

    pub(crate) fn connect(&mut self, a: InterfaceId, b: InterfaceId, config: LinkConfig) -> LinkId {
        let link = LinkId(self.links.len());
        self.links.push(Link { ends: [a, b], directions: [Direction::new(config), Direction::new(config)], up: true });
        self.interfaces[a.0].link = Some((link, Side::A));
        self.interfaces[b.0].link = Some((link, Side::B));
        link
    }

    pub(crate) fn link(&self, link: LinkId) -> &Link {
        &self.links[link.0]
    }

    pub(crate) fn link_mut(&mut self, link: LinkId) -> &mut Link {
        &mut self.links[link.0]
    }

    pub(crate) fn route(&self, host: HostId, destination: IpAddr) -> Option<(InterfaceId, IpAddr, usize)> {
        let host = &self.hosts[host.0];
        let told = host.routes.iter().find(|&&(known, _)| known == destination).map(|&(_, interface)| interface);
        let leads_there = |&&interface: &&InterfaceId| self.far_end(interface).is_some_and(|far| far.has(destination));
        let interface = told.or_else(|| host.interfaces.iter().find(leads_there).copied())?;
        let Interface { addresses, mtu, .. } = &self.interfaces[interface.0];
        Some((interface, *addresses.first()?, *mtu))
    }

    pub(crate) fn link_of(&self, interface: InterfaceId) -> Option<(LinkId, Side)> {
        self.interfaces[interface.0].link
    }

    /// Who receives what `side` sends.
    pub(crate) fn receiver(&self, link: LinkId, side: Side) -> HostId {
        self.interfaces[self.link(link).end(side.other()).0].host
    }

    /// Whether any interface of `host` has `address`: a host takes what is for it, wherever it comes in.
    pub(crate) fn has_address(&self, host: HostId, address: IpAddr) -> bool {
        self.hosts[host.0].interfaces.iter().any(|interface| self.interfaces[interface.0].has(address))
    }

    fn far_end(&self, interface: InterfaceId) -> Option<&Interface> {
        let (link, side) = self.link_of(interface)?;
        Some(&self.interfaces[self.link(link).end(side.other()).0])
    }
}

#[derive(Debug, Default)]
struct Host {
    interfaces: Vec<InterfaceId>,
    routes: Vec<(IpAddr, InterfaceId)>,
}

#[derive(Debug)]
struct Interface {
    host: HostId,
    addresses: Vec<IpAddr>,
    mtu: usize,
    link: Option<(LinkId, Side)>,
}

impl Interface {
    fn has(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
    }
}

/// Two interfaces, and what is between them.
#[derive(Debug)]
pub(crate) struct Link {
    ends: [InterfaceId; 2],
    directions: [Direction; 2],
    up: bool,
}

impl Link {
    pub(crate) fn set_up(&mut self, up: bool) {
        self.up = up;
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    /// The direction of what `side` sends.
    pub(crate) fn direction_mut(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::A => &mut self.directions[0],
            Side::B => &mut self.directions[1],
        }
    }

    fn end(&self, side: Side) -> InterfaceId {
        match side {
            Side::A => self.ends[0],
            Side::B => self.ends[1],
        }
    }
}
