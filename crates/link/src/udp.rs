//! UDP encapsulation (RFC 6951): which UDP sockets a stack has, and on which addresses.
//!
//! A link is one local UDP port, with a socket for each address that it is bound to. A stack that only connects has one on
//! an ephemeral port. Once a socket listens there is one on a fixed port, bound on exactly the addresses that the
//! listening sockets are bound to, so that servers on 127.0.0.2 and 127.0.0.5 can each have port 9899.

use std::{
    collections::HashMap,
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rustix::io::Errno;

use crate::{
    Address, LinkError, LinkId, LinkSettings, StackFd,
    settings::ENCAPSULATION_PORT,
    sockets::{self, PacketSocket},
    sys::{option::set_int, sockaddr::SockAddr},
};

/// All UDP links of a stack.
///
/// Lock order: `opening`, then `links`, then `spare`.
pub(crate) struct UdpLinks {
    /// What the user has said.
    port: Option<u16>,
    /// Held by who opens a link, so that there is one opener at a time while others send.
    opening: Mutex<()>,
    links: RwLock<State>,
    spare: Mutex<Vec<(bool, StackFd)>>,
}

#[derive(Default)]
struct State {
    links: Vec<UdpLink>,
    /// For paths that begin here: bound on all addresses.
    outward: Option<usize>,
    /// On the fixed port.
    fixed: Option<usize>,
    /// SCTP ports that listen, and through which link.
    listening: HashMap<u16, usize>,
}

struct UdpLink {
    port: u16,
    sockets: Vec<Arc<PacketSocket>>,
}

/// Shown every socket that is opened, to receive from it.
pub(crate) type Adopt<'a> = &'a dyn Fn(&Arc<PacketSocket>) -> Result<(), Errno>;

impl UdpLinks {
    /// Opens sockets, to be bound when they are needed: later the process might not be allowed to.
    pub(crate) fn open(settings: &LinkSettings) -> Result<Self, LinkError> {
        let mut spare = Vec::new();
        let mut refusal = Errno::AFNOSUPPORT;
        for ipv4 in [true, false, true, false] {
            match sockets::open_udp(ipv4) {
                Ok(fd) => spare.push((ipv4, fd)),
                Err(errno) => refusal = errno,
            }
        }
        if spare.is_empty() {
            return Err(LinkError::Open { what: "a UDP socket", errno: refusal });
        }
        Ok(Self {
            port: settings.udp_port,
            opening: Mutex::default(),
            links: RwLock::default(),
            spare: Mutex::new(spare),
        })
    }

    /// The link for a new path to `destination` from an endpoint at `local_port`.
    pub(crate) fn link_for(
        &self,
        destination: Address,
        local_port: u16,
        adopt: Adopt<'_>,
    ) -> Result<LinkId, LinkError> {
        if let Some(index) = self.existing(destination, local_port) {
            return Ok(id(index));
        }
        let _opener = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = self.existing(destination, local_port) {
            return Ok(id(index));
        }
        self.open_outward(adopt)
    }

    /// See [`crate::Link::listen`].
    pub(crate) fn listen(&self, local_port: u16, addresses: &[Address], adopt: Adopt<'_>) -> Result<(), LinkError> {
        let _opener = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, port, have) = {
            let state = self.links.read().unwrap_or_else(PoisonError::into_inner);
            match state.fixed {
                Some(index) => (index, state.links[index].port, state.links[index].sockets.clone()),
                None => (state.links.len(), self.port.unwrap_or(ENCAPSULATION_PORT), Vec::new()),
            }
        };
        let any_of = |ipv4: bool| if ipv4 { Address::ANY_V4 } else { Address::ANY_V6 };
        let covered = |address: Address, sockets: &[Arc<PacketSocket>]| {
            sockets.iter().any(|socket| socket.bound == address || socket.bound == any_of(address.ip.is_ipv4()))
        };
        let mut fresh: Vec<Arc<PacketSocket>> = Vec::new();
        let mut wanted = addresses.to_vec();
        if wanted.is_empty() {
            wanted.extend([Address::ANY_V4, Address::ANY_V6]);
        }
        // All addresses before single ones, which they cover.
        wanted.sort_by_key(|address| !address.ip.is_unspecified());
        for address in wanted.iter().copied() {
            if covered(address, &have) || covered(address, &fresh) {
                continue;
            }
            let bound = self.bind_beside(address, port, &have, index);
            match bound {
                Ok(socket) => fresh.push(socket),
                // A host without IPv6 has no such addresses either.
                Err(Bind { errno: Errno::AFNOSUPPORT, .. }) if address.ip.is_unspecified() && wanted.len() > 1 => {}
                Err(error) => return Err(error.into()),
            }
        }
        for socket in &fresh {
            adopt(socket).map_err(|errno| LinkError::Udp { address: socket.bound, port, errno })?;
        }
        let mut state = self.links.write().unwrap_or_else(PoisonError::into_inner);
        if state.fixed.is_none() {
            state.links.push(UdpLink { port, sockets: Vec::new() });
            state.fixed = Some(index);
        }
        state.links[index].sockets.extend(fresh);
        state.listening.insert(local_port, index);
        Ok(())
    }

    /// The socket of a link for packets from `source` to `destination`.
    pub(crate) fn socket_for(
        &self,
        link: LinkId,
        source: Option<Address>,
        destination: Address,
    ) -> Option<Arc<PacketSocket>> {
        let state = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let sockets = &state.links.get(usize::from(link.0).checked_sub(1)?)?.sockets;
        let ipv4 = destination.ip.is_ipv4();
        let of_family = || sockets.iter().filter(|socket| socket.is_ipv4() == ipv4);
        let found = match source {
            Some(source) => of_family()
                .find(|socket| socket.bound == source)
                .or_else(|| of_family().find(|socket| socket.is_wildcard())),
            None => of_family().find(|socket| socket.is_wildcard()).or_else(|| of_family().next()),
        };
        found.cloned()
    }

    /// The local port of a link.
    pub(crate) fn port(&self, link: LinkId) -> Option<u16> {
        let state = self.links.read().unwrap_or_else(PoisonError::into_inner);
        state.links.get(usize::from(link.0).checked_sub(1)?).map(|link| link.port)
    }

    /// RFC 6951 §5.1: a host has one port for all it does where it can, so the fixed one once there is one.
    fn existing(&self, destination: Address, local_port: u16) -> Option<usize> {
        let state = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let ipv4 = destination.ip.is_ipv4();
        let reaches = |index: &usize| state.links[*index].sockets.iter().any(|socket| socket.is_ipv4() == ipv4);
        let from_everywhere = |index: &usize| {
            state.links[*index].sockets.iter().any(|socket| socket.is_ipv4() == ipv4 && socket.is_wildcard())
        };
        let listening = state.listening.get(&local_port).copied().filter(reaches);
        listening.or_else(|| state.fixed.filter(from_everywhere)).or_else(|| state.outward.filter(from_everywhere))
    }

    fn open_outward(&self, adopt: Adopt<'_>) -> Result<LinkId, LinkError> {
        let index = self.links.read().unwrap_or_else(PoisonError::into_inner).links.len();
        let mut sockets = Err(Bind { address: Address::ANY_V4, port: 0, errno: Errno::ADDRINUSE });
        // A port that was asked for is taken if it can be had. A client does not need it, so it does not fail for it.
        for attempt in 0..ATTEMPTS {
            let port = if attempt == 0 { self.port.unwrap_or(0) } else { 0 };
            sockets = self.bind_everywhere(port, index);
            match &sockets {
                Ok(_) => break,
                Err(error) if error.port != 0 => {
                    tracing::warn!("UDP port {} is in use; going on with another one", error.port);
                }
                Err(_) => {}
            }
        }
        let sockets = sockets?;
        let port = sockets.iter().find_map(|socket| socket.udp_port).unwrap_or(0);
        for socket in &sockets {
            adopt(socket).map_err(|errno| LinkError::Udp { address: socket.bound, port, errno })?;
        }
        let mut state = self.links.write().unwrap_or_else(PoisonError::into_inner);
        state.links.push(UdpLink { port, sockets });
        state.outward = Some(index);
        if self.port == Some(port) && state.fixed.is_none() {
            state.fixed = Some(index);
        }
        Ok(id(index))
    }

    /// One port on all addresses of all families that the host has.
    fn bind_everywhere(&self, port: u16, index: usize) -> Result<Vec<Arc<PacketSocket>>, Bind> {
        let mut port = port;
        let mut sockets = Vec::new();
        let mut refusal = None;
        for any in [Address::ANY_V4, Address::ANY_V6] {
            match self.bind(any, port, index) {
                Ok(socket) => {
                    port = socket.udp_port.unwrap_or(0);
                    sockets.push(Arc::new(socket));
                }
                Err(error) if error.errno == Errno::ADDRINUSE => return Err(error),
                Err(error) => refusal = Some(error),
            }
        }
        match refusal {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(sockets),
        }
    }

    /// Binds an address beside the sockets of the same port that this stack has. If those are on single addresses, all
    /// addresses can be bound as well (the kernel prefers the single ones), but only with SO_REUSEADDR on each for the
    /// moment: left on, it would let any other process take the port.
    fn bind_beside(
        &self,
        address: Address,
        port: u16,
        have: &[Arc<PacketSocket>],
        index: usize,
    ) -> Result<Arc<PacketSocket>, Bind> {
        let relatives: Vec<_> = have.iter().filter(|socket| socket.is_ipv4() == address.ip.is_ipv4()).collect();
        if !address.ip.is_unspecified() || relatives.is_empty() {
            return self.bind(address, port, index).map(Arc::new);
        }
        let share = |share: bool| {
            for socket in &relatives {
                let _ = set_int(socket.fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, share.into());
            }
        };
        share(true);
        let bound = self.take(address.ip.is_ipv4()).map_err(|errno| Bind { address, port, errno }).and_then(|fd| {
            let _ = set_int(fd.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
            let bound = bind(fd, address, port, index);
            if let Ok(socket) = &bound {
                let _ = set_int(socket.fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 0);
            }
            bound
        });
        share(false);
        bound.map(Arc::new)
    }

    fn bind(&self, address: Address, port: u16, index: usize) -> Result<PacketSocket, Bind> {
        let fd = self.take(address.ip.is_ipv4()).map_err(|errno| Bind { address, port, errno })?;
        bind(fd, address, port, index)
    }

    fn take(&self, ipv4: bool) -> Result<StackFd, Errno> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        match spare.iter().position(|(family, _)| *family == ipv4) {
            Some(index) => Ok(spare.swap_remove(index).1),
            None => sockets::open_udp(ipv4),
        }
    }
}

/// A refused bind.
#[derive(Clone, Copy)]
struct Bind {
    address: Address,
    port: u16,
    errno: Errno,
}

impl From<Bind> for LinkError {
    fn from(Bind { address, port, errno }: Bind) -> Self {
        if errno == Errno::ADDRINUSE {
            Self::UdpPortTaken { address, port }
        } else {
            Self::Udp { address, port, errno }
        }
    }
}

fn bind(fd: StackFd, address: Address, port: u16, index: usize) -> Result<PacketSocket, Bind> {
    let refused = |errno| Bind { address, port, errno };
    rustix::net::bind(fd.as_fd(), &SockAddr::internet(address, port, 0)).map_err(refused)?;
    let name = rustix::net::getsockname(fd.as_fd()).map_err(refused)?;
    let port = std::net::SocketAddr::try_from(name).map_or(port, |name| name.port());
    Ok(PacketSocket::new(fd, id(index), address, Some(port)))
}

/// [`LinkId`] 0 is the raw link.
fn id(index: usize) -> LinkId {
    LinkId(u16::try_from(index + 1).unwrap_or(u16::MAX))
}

/// An ephemeral port that is free for IPv4 may be taken for IPv6.
const ATTEMPTS: u32 = 8;
