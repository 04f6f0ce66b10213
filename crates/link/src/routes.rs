//! Local addresses and routes, as the kernel tells them.

use std::{
    collections::HashMap,
    net::IpAddr,
    os::fd::AsFd,
    sync::{Mutex, PoisonError},
};

use rustix::{io::Errno, net::SocketAddrAny};

use crate::{
    Address, LocalAddress, Route, StackFd,
    netlink::{Changes, Netlink, attributes, ip, number, push_attribute},
    sockets,
    sys::{option::int, sockaddr::SockAddr},
};

/// Questions to the routing table. Where netlink is forbidden (some containers) a connected UDP socket knows as much of a
/// route as matters, and loopback and default source addresses are the local ones.
pub(crate) struct Routes {
    netlink: Mutex<Option<Netlink>>,
    pub(crate) changes: Option<Changes>,
    /// MTU by interface; emptied when something changes.
    mtus: Mutex<HashMap<u32, u32>>,
    /// Sockets to connect, without netlink: of IPv4, of IPv6.
    connected: [Mutex<Option<StackFd>>; 2],
}

impl Routes {
    pub(crate) fn open() -> Self {
        let netlink = Netlink::open().inspect_err(|errno| tracing::warn!(%errno, "no netlink socket")).ok();
        let connected = [true, false].map(|ipv4| {
            let fd = if netlink.is_none() { sockets::open_udp(ipv4).ok() } else { None };
            Mutex::new(fd)
        });
        Self { netlink: Mutex::new(netlink), changes: Changes::open().ok(), mtus: Mutex::default(), connected }
    }

    /// What was remembered may be wrong now.
    pub(crate) fn forget(&self) {
        lock(&self.mtus).clear();
    }

    /// See [`crate::Link::route`].
    pub(crate) fn route(&self, destination: Address) -> Option<Route> {
        let mut guard = lock(&self.netlink);
        let Some(netlink) = guard.as_mut() else {
            drop(guard);
            return self.connect(destination);
        };
        let mut found = Found::default();
        let mut body = vec![0; ROUTE_BODY];
        let octets = match destination.ip {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        body[0] = if destination.ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 } as u8;
        body[1] = (8 * octets.len()) as u8;
        push_attribute(&mut body, libc::RTA_DST, &octets);
        if destination.scope != 0 {
            push_attribute(&mut body, libc::RTA_OIF, &destination.scope.to_ne_bytes());
        }
        let asked = netlink.ask(libc::RTM_GETROUTE, false, &body, |answer| found.read(answer.body));
        if let Err(errno) = asked {
            tracing::trace!(%errno, destination = %destination.ip, "no route");
            return None;
        }
        let source = found.source.map(|source| Address::new(source, found.interface))?;
        let mtu = match found.mtu {
            Some(mtu) => mtu,
            None => self.interface_mtu(netlink, found.interface).ok()?,
        };
        Some(Route { source, mtu, interface: found.interface })
    }

    /// See [`crate::Link::local_addresses`].
    pub(crate) fn local_addresses(&self) -> Vec<LocalAddress> {
        let mut found = Vec::new();
        let mut guard = lock(&self.netlink);
        if let Some(netlink) = guard.as_mut() {
            let body = [0; ADDRESS_BODY];
            let asked = netlink.ask(libc::RTM_GETADDR, true, &body, |answer| {
                if answer.kind == libc::RTM_NEWADDR {
                    found.extend(local_address(answer.body));
                }
            });
            if asked.is_ok() {
                return found;
            }
        }
        drop(guard);
        // Addresses of documentation (RFC 5737, RFC 3849) stand for "anywhere".
        let anywhere: [IpAddr; 2] = [[192, 0, 2, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()];
        let loopback: [IpAddr; 2] = [[127, 0, 0, 1].into(), [0, 0, 0, 0, 0, 0, 0, 1].into()];
        found.clear();
        for destination in loopback.into_iter().chain(anywhere) {
            if let Some(route) = self.connect(destination.into())
                && !found.iter().any(|other: &LocalAddress| other.address == route.source)
            {
                found.push(LocalAddress { address: route.source, interface: 0 });
            }
        }
        found
    }

    fn interface_mtu(&self, netlink: &mut Netlink, interface: u32) -> Result<u32, Errno> {
        if let Some(mtu) = lock(&self.mtus).get(&interface) {
            return Ok(*mtu);
        }
        let mut mtu = None;
        let mut body = vec![0; LINK_BODY];
        body[4..8].copy_from_slice(&interface.to_ne_bytes());
        netlink.ask(libc::RTM_GETLINK, false, &body, |answer| {
            mtu = attributes(answer.body, LINK_BODY)
                .find(|(kind, _)| *kind == libc::IFLA_MTU)
                .and_then(|(_, data)| number(data));
        })?;
        // Loopback says 65536, one more than an IP packet can have.
        let mtu = mtu.ok_or(Errno::NODEV)?.min(65_535);
        lock(&self.mtus).insert(interface, mtu);
        Ok(mtu)
    }

    fn connect(&self, destination: Address) -> Option<Route> {
        let ipv4 = destination.ip.is_ipv4();
        let mut guard = lock(&self.connected[usize::from(!ipv4)]);
        if guard.is_none() {
            *guard = sockets::open_udp(ipv4).ok();
        }
        let fd = guard.as_ref()?.as_fd();
        // The port does not matter: nothing is sent.
        rustix::net::connect(fd, &SockAddr::internet(destination, 9, 0)).ok()?;
        let name = rustix::net::getsockname(fd);
        let mtu =
            if ipv4 { int(fd, libc::IPPROTO_IP, libc::IP_MTU) } else { int(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU) };
        let _ = rustix::net::connect(fd, &SockAddr::unspecified());
        let source = address(&name.ok()?)?;
        let mtu = u32::try_from(mtu.ok()?).ok()?.min(65_535);
        Some(Route { source, mtu, interface: source.scope })
    }
}

/// What an answer to RTM_GETROUTE says.
#[derive(Default)]
struct Found {
    source: Option<IpAddr>,
    interface: u32,
    mtu: Option<u32>,
}

impl Found {
    fn read(&mut self, body: &[u8]) {
        // struct rtmsg: the eighth octet is the type of route.
        if !matches!(body.get(7).copied(), Some(libc::RTN_UNICAST | libc::RTN_LOCAL | libc::RTN_ANYCAST)) {
            return;
        }
        let mut passing = false;
        for (kind, data) in attributes(body, ROUTE_BODY) {
            match kind {
                libc::RTA_OIF => self.interface = number(data).unwrap_or(0),
                libc::RTA_PREFSRC => self.source = ip(data),
                libc::RTA_METRICS => {
                    self.mtu = attributes(data, 0)
                        .find(|(kind, _)| *kind == RTAX_MTU)
                        .and_then(|(_, data)| number(data))
                        .filter(|mtu| *mtu > 0);
                }
                // struct rta_cacheinfo: the third number says when it expires.
                libc::RTA_CACHEINFO => passing = data.get(8..).and_then(number).is_some_and(|expires| expires != 0),
                _ => {}
            }
        }
        if passing {
            // An MTU that expires was learned from an ICMP error that nobody has compared with a tag (RFC 9260 §10).
            self.mtu = None;
        }
    }
}

/// The address in an RTM_NEWADDR message, if it can be used.
fn local_address(body: &[u8]) -> Option<LocalAddress> {
    // struct ifaddrmsg: family, prefix, flags, scope, interface.
    let interface = body.get(4..8).and_then(number)?;
    let mut flags = u32::from(*body.get(2)?);
    let mut found = None;
    for (kind, data) in attributes(body, ADDRESS_BODY) {
        match kind {
            libc::IFA_LOCAL => found = ip(data),
            // Of a point-to-point IPv4 link this is the other end, so IFA_LOCAL goes before.
            libc::IFA_ADDRESS if found.is_none() => found = ip(data),
            libc::IFA_FLAGS => flags = number(data).unwrap_or(flags),
            _ => {}
        }
    }
    // Not usable before duplicate address detection has found it unique.
    if flags & (libc::IFA_F_TENTATIVE | libc::IFA_F_DADFAILED) != 0 && flags & libc::IFA_F_OPTIMISTIC == 0 {
        return None;
    }
    Some(LocalAddress { address: Address::new(found?, interface), interface })
}

/// A kernel's answer as an address of ours.
pub(crate) fn address(name: &SocketAddrAny) -> Option<Address> {
    match std::net::SocketAddr::try_from(name.clone()).ok()? {
        std::net::SocketAddr::V4(v4) => Some(Address::new((*v4.ip()).into(), 0)),
        std::net::SocketAddr::V6(v6) => Some(Address::new((*v6.ip()).into(), v6.scope_id())),
    }
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `struct rtmsg`.
const ROUTE_BODY: usize = 12;
/// `struct ifaddrmsg`.
const ADDRESS_BODY: usize = 8;
/// `struct ifinfomsg`.
const LINK_BODY: usize = 16;
/// `linux/rtnetlink.h`; libc lacks it.
const RTAX_MTU: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_to_this_host_is_loopback() {
        let routes = Routes::open();
        let here = Address::new([127, 0, 0, 1].into(), 0);
        let route = routes.route(here).expect("a route");
        assert_eq!(route.source, here);
        assert_eq!(route.mtu, 65_535);
        assert_ne!(route.interface, 0);
        let connected = routes.connect(here).expect("a route");
        assert_eq!((connected.source, connected.mtu), (here, 65_535));
    }

    #[test]
    fn local_addresses_have_loopback_among_them() {
        let routes = Routes::open();
        let here = Address::new([127, 0, 0, 1].into(), 0);
        assert!(routes.local_addresses().iter().any(|local| local.address == here));
    }

    #[test]
    fn an_address_under_detection_is_not_usable_yet() {
        let mut body = vec![libc::AF_INET6 as u8, 64, libc::IFA_F_TENTATIVE as u8, 0, 3, 0, 0, 0];
        push_attribute(&mut body, libc::IFA_ADDRESS, &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(local_address(&body), None);
        body[2] = 0;
        let local = local_address(&body).expect("usable");
        assert_eq!((local.address.scope, local.interface), (3, 3));
    }
}
