//! Ports and addresses of a socket: bind, bindx, and the port that is chosen when none was asked for.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use usctp_link::{ClaimError, Link, PortClaim};
use usctp_proto::{Address, BindError, Binding, BindingKey, Time};

use crate::{
    Domain, Socket, SocketError,
    connect::is_unicast,
    host::{self, to_link},
    privilege,
    settings::Device,
    table::{Bound, Phase, SocketState, State},
};

impl Socket {
    /// Binds to one address (the wildcard: all). Once only.
    ///
    /// # Errors
    ///
    /// EINVAL, EACCES, EADDRINUSE, EADDRNOTAVAIL as bind(2).
    pub fn bind(&self, address: SocketAddr) -> Result<(), SocketError> {
        let mut state = self.enter();
        if state.socket(self.index())?.binding.is_some() {
            return Err(SocketError::InvalidArgument);
        }
        let now = state.now;
        state.bind_one(now, self.link(), self.index(), address)
    }

    /// Adds addresses (SCTP_SOCKOPT_BINDX_ADD); all or none.
    ///
    /// # Errors
    ///
    /// As [`Self::bind`]; EINVAL also for a port that is not the one bound, and for an address that is bound already.
    pub fn bind_add(&self, addresses: &[SocketAddr]) -> Result<(), SocketError> {
        let mut state = self.enter();
        let now = state.now;
        let index = self.index();
        state.socket(index)?;
        if addresses.is_empty() {
            return Err(SocketError::InvalidArgument);
        }
        let was_bound = state.socket(index)?.binding.is_some();
        for (done, address) in addresses.iter().enumerate() {
            let result = state.bind_one(now, self.link(), index, *address);
            if let Err(error) = result {
                // What was added before goes again. Linux leaves the first address of a socket that was not bound; the
                // RFC does not (D8.1-13).
                for added in &addresses[..done] {
                    let _ = state.unbind_one(now, index, *added);
                }
                if !was_bound && !state.personality.is_linux() {
                    state.unbind_all(index);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Removes addresses (SCTP_SOCKOPT_BINDX_REM).
    ///
    /// # Errors
    ///
    /// EBUSY for the last one (EINVAL in the RFC's personality), EINVAL for one that is not bound or has another port.
    /// Nothing is removed then.
    pub fn bind_remove(&self, addresses: &[SocketAddr]) -> Result<(), SocketError> {
        let mut state = self.enter();
        let now = state.now;
        let index = self.index();
        state.socket(index)?;
        if addresses.is_empty() {
            return Err(SocketError::InvalidArgument);
        }
        for (done, address) in addresses.iter().enumerate() {
            if let Err(error) = state.unbind_one(now, index, *address) {
                for removed in &addresses[..done] {
                    let _ = state.bind_one(now, self.link(), index, *removed);
                }
                // RFC 6458 §9.1 has EINVAL for the last address (D8.1-9).
                let is_last = error == SocketError::Busy && !state.personality.is_linux();
                return Err(if is_last { SocketError::InvalidArgument } else { error });
            }
        }
        Ok(())
    }
}

/// What a bind asks for.
struct Wanted {
    port: u16,
    addresses: Vec<Address>,
    ipv4: bool,
    ipv6: bool,
}

impl State {
    /// One address more for a socket (`sctp_do_bind`).
    fn bind_one(&mut self, now: Time, link: &dyn Link, index: usize, address: SocketAddr) -> Result<(), SocketError> {
        let socket = self.socket(index)?;
        let (address, mut port) = socket.address(address)?;
        let bound = socket.binding;
        let held = bound.and_then(|key| self.bindings.get(&key));
        // Port 0 is the port already bound; another one is not.
        if let Some(held) = held {
            if port != 0 && port != held.port {
                return Err(SocketError::InvalidArgument);
            }
            port = held.port;
        }
        privilege::may_use_port(port)?;
        if let (Some(key), Some(held)) = (bound, held) {
            if held.addresses.is_empty() || held.addresses.contains(&address) {
                return Err(SocketError::InvalidArgument);
            }
            if address.ip.is_unspecified() {
                // The wildcard takes in those that were named before.
                return Err(SocketError::InvalidArgument);
            }
            self.check_local(link, address)?;
            let families = families(self.socket(index)?, address);
            self.check_conflict(index, port, &[address], families)?;
            return self.extend(now, key, address);
        }
        let wanted = self.wanted(link, index, address, port)?;
        self.make_binding(link, index, wanted)
    }

    /// Binds a socket that is not bound to a port of our choice on all addresses (`sctp_autobind`).
    pub(crate) fn autobind(&mut self, link: &dyn Link, index: usize) -> Result<BindingKey, SocketError> {
        if let Some(key) = self.socket(index)?.binding {
            return Ok(key);
        }
        let any = match self.socket(index)?.domain {
            Domain::Inet => Address::from(IpAddr::from([0; 4])),
            Domain::Inet6 => Address::from(IpAddr::from([0; 16])),
        };
        let wanted = self.wanted(link, index, any, 0)?;
        self.make_binding(link, index, wanted)?;
        self.socket(index)?.binding.ok_or(SocketError::WouldBlock)
    }

    fn wanted(&mut self, link: &dyn Link, index: usize, address: Address, port: u16) -> Result<Wanted, SocketError> {
        let socket = self.socket(index)?;
        let (ipv4, ipv6) = families(socket, address);
        let device = socket.settings.device.clone();
        if !address.ip.is_unspecified() {
            self.check_local(link, address)?;
            return Ok(Wanted { port, addresses: vec![address], ipv4, ipv6 });
        }
        let addresses = device.map_or_else(Vec::new, |device| addresses_of(link, &device, ipv4, ipv6));
        Ok(Wanted { port, addresses, ipv4, ipv6 })
    }

    fn check_local(&self, link: &dyn Link, address: Address) -> Result<(), SocketError> {
        // The whole of 127/8 is this host.
        let loopback = matches!(address.ip, IpAddr::V4(v4) if v4.is_loopback());
        if loopback || host::local_addresses(link).iter().any(|local| local.address == address) {
            Ok(())
        } else {
            Err(SocketError::AddressNotAvailable)
        }
    }

    /// Whether another socket's binding stands in the way (`sctp_get_port_local`). Port 0 never conflicts.
    pub(crate) fn check_conflict(
        &self,
        index: usize,
        port: u16,
        addresses: &[Address],
        (ipv4, ipv6): (bool, bool),
    ) -> Result<(), SocketError> {
        let Some(socket) = self.sockets.get(index) else { return Err(SocketError::Closed) };
        for key in self.ports.get(&port).into_iter().flatten() {
            if socket.binding == Some(*key) {
                continue;
            }
            let Some(other) = self.bindings.get(key) else { continue };
            let other_listens = other
                .socket
                .and_then(|index| self.sockets.get(index))
                .is_some_and(|other| other.phase == Phase::Listening);
            let shared_address = socket.settings.reuses_address() && other.reuse_address && !other_listens;
            let shared_port = socket.settings.reuse_port && other.reuse_port;
            if !shared_address && !shared_port && other.overlaps(addresses, ipv4, ipv6) {
                return Err(SocketError::AddressInUse);
            }
        }
        Ok(())
    }

    fn make_binding(&mut self, link: &dyn Link, index: usize, wanted: Wanted) -> Result<(), SocketError> {
        if wanted.port != 0 {
            let any;
            let addresses = if wanted.addresses.is_empty() {
                any = wildcards(wanted.ipv4, wanted.ipv6);
                &any
            } else {
                &wanted.addresses
            };
            self.check_conflict(index, wanted.port, addresses, (wanted.ipv4, wanted.ipv6))?;
        }
        let claimed = wanted.claimed();
        for _ in 0..EPHEMERAL_ATTEMPTS {
            let binding = Binding {
                port: wanted.port,
                addresses: wanted.addresses.clone(),
                ipv4: wanted.ipv4,
                ipv6: wanted.ipv6,
                // Who may share was decided above, by Linux's rules.
                share: true,
            };
            let ports = &self.ports;
            let mut is_free =
                |port: u16| link.is_free(port, &claimed) && (wanted.port != 0 || !ports.contains_key(&port));
            let key = self.endpoint.bind(binding, &mut is_free).map_err(bind_error)?;
            let port = self.endpoint.binding(key).map_or(wanted.port, |binding| binding.port);
            match link.claim(port, &claimed) {
                Ok(claim) => {
                    self.hold(index, key, wanted, port, claim);
                    return Ok(());
                }
                Err(error) => {
                    self.endpoint.unbind(key);
                    match error {
                        // Another process was faster; there are more where this one came from.
                        ClaimError::InUse if wanted.port == 0 => {}
                        ClaimError::InUse => return Err(SocketError::AddressInUse),
                        ClaimError::Descriptor(errno) => return Err(SocketError::System(errno)),
                    }
                }
            }
        }
        Err(SocketError::WouldBlock)
    }

    fn hold(&mut self, index: usize, key: BindingKey, wanted: Wanted, port: u16, claim: PortClaim) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        socket.binding = Some(key);
        let bound = Bound {
            port,
            addresses: wanted.addresses,
            ipv4: wanted.ipv4,
            ipv6: wanted.ipv6,
            socket: Some(index),
            reuse_address: socket.settings.reuses_address(),
            reuse_port: socket.settings.reuse_port,
            users: 1,
            claim: Arc::new(claim),
        };
        self.endpoint.configure_binding(key, socket.settings.association.clone());
        self.add_binding(key, bound);
    }

    /// A second binding like that of `key`, for a socket that was accepted or branched off.
    pub(crate) fn bind_like(&mut self, index: usize, key: BindingKey) -> Option<BindingKey> {
        let like = self.endpoint.bind_like(key)?;
        let bound = self.bindings.get(&key)?;
        let copy = Bound {
            port: bound.port,
            addresses: bound.addresses.clone(),
            ipv4: bound.ipv4,
            ipv6: bound.ipv6,
            socket: Some(index),
            reuse_address: bound.reuse_address,
            reuse_port: bound.reuse_port,
            users: 1,
            claim: Arc::clone(&bound.claim),
        };
        self.add_binding(like, copy);
        if let Some(socket) = self.sockets.get_mut(index) {
            socket.binding = Some(like);
        }
        Some(like)
    }

    /// Takes back the binding of a socket that has no association.
    fn unbind_all(&mut self, index: usize) {
        if let Some(key) = self.sockets.get_mut(index).and_then(|socket| socket.binding.take()) {
            self.leave_binding(key);
        }
    }

    fn extend(&mut self, now: Time, key: BindingKey, address: Address) -> Result<(), SocketError> {
        self.endpoint.add_addresses(now, key, &[address]).map_err(bind_error)?;
        if let Some(bound) = self.bindings.get_mut(&key) {
            bound.addresses.push(address);
        }
        Ok(())
    }

    /// One address less (`sctp_bindx_rem`).
    fn unbind_one(&mut self, now: Time, index: usize, address: SocketAddr) -> Result<(), SocketError> {
        let socket = self.socket(index)?;
        let checked = socket.address(address);
        let Some((key, bound)) = socket.binding.and_then(|key| Some((key, self.bindings.get(&key)?))) else {
            return Err(SocketError::Busy);
        };
        if bound.addresses.len() <= 1 {
            return Err(SocketError::Busy);
        }
        let (address, port) = checked?;
        if !is_unicast(address) {
            return Err(SocketError::AddressNotAvailable);
        }
        if port != 0 && port != bound.port || !bound.addresses.contains(&address) {
            return Err(SocketError::InvalidArgument);
        }
        self.endpoint.remove_addresses(now, key, &[address]).map_err(bind_error)?;
        if let Some(bound) = self.bindings.get_mut(&key) {
            bound.addresses.retain(|other| *other != address);
        }
        Ok(())
    }
}

impl Wanted {
    /// As the registry of ports wants it: unspecified addresses for all.
    fn claimed(&self) -> Vec<usctp_link::Address> {
        if self.addresses.is_empty() {
            wildcards(self.ipv4, self.ipv6).into_iter().map(to_link).collect()
        } else {
            self.addresses.iter().copied().map(to_link).collect()
        }
    }
}

impl Bound {
    /// Whether it has one of `addresses`, of which an unspecified one stands for all of the families given.
    fn overlaps(&self, addresses: &[Address], ipv4: bool, ipv6: bool) -> bool {
        let all = addresses.is_empty() || addresses.iter().any(|address| address.ip.is_unspecified());
        if all || self.addresses.is_empty() {
            let theirs = |v4: bool| if all { if v4 { ipv4 } else { ipv6 } } else { has_family(addresses, v4) };
            let ours = |v4: bool| {
                if self.addresses.is_empty() {
                    if v4 { self.ipv4 } else { self.ipv6 }
                } else {
                    has_family(&self.addresses, v4)
                }
            };
            return [true, false].into_iter().any(|v4| theirs(v4) && ours(v4));
        }
        addresses.iter().any(|address| self.addresses.contains(address))
    }

    /// As the link wants it when a socket listens.
    pub(crate) fn listened(&self) -> Vec<usctp_link::Address> {
        if self.addresses.is_empty() {
            wildcards(self.ipv4, self.ipv6).into_iter().map(to_link).collect()
        } else {
            self.addresses.iter().copied().map(to_link).collect()
        }
    }
}

fn has_family(addresses: &[Address], v4: bool) -> bool {
    addresses.iter().any(|address| address.ip.is_ipv4() == v4)
}

/// Families that a socket can use when bound to `address`.
fn families(socket: &SocketState, address: Address) -> (bool, bool) {
    match (socket.domain, address.ip) {
        (Domain::Inet, _) => (true, false),
        // Bound to one IPv4 address (mapped or not), an AF_INET6 socket speaks IPv4 until IPv6 addresses are added.
        (Domain::Inet6, IpAddr::V4(v4)) if v4.is_unspecified() => (true, false),
        (Domain::Inet6, _) => (!socket.settings.v6_only, true),
    }
}

fn wildcards(ipv4: bool, ipv6: bool) -> Vec<Address> {
    let mut any = Vec::with_capacity(2);
    if ipv4 {
        any.push(Address::from(IpAddr::from([0; 4])));
    }
    if ipv6 {
        any.push(Address::from(IpAddr::from([0; 16])));
    }
    any
}

/// Addresses of an interface: what SO_BINDTODEVICE leaves of all.
fn addresses_of(link: &dyn Link, device: &Device, ipv4: bool, ipv6: bool) -> Vec<Address> {
    host::local_addresses(link)
        .into_iter()
        .filter(|local| local.interface == device.index)
        .map(|local| local.address)
        .filter(|address| if address.ip.is_ipv4() { ipv4 } else { ipv6 })
        .collect()
}

fn bind_error(error: BindError) -> SocketError {
    match error {
        BindError::InUse => SocketError::AddressInUse,
        BindError::NotLocal => SocketError::AddressNotAvailable,
        BindError::NoPort => SocketError::WouldBlock,
    }
}

const EPHEMERAL_ATTEMPTS: usize = 64;
