//! Names and addresses: getsockname, getpeername, sctp_getpaddrs, sctp_getladdrs.

use std::net::{IpAddr, SocketAddr};

use usctp_proto::Address;

use crate::{AssocId, Domain, Socket, SocketError, Style, host, table::Phase};

impl Socket {
    /// getsockname(2).
    ///
    /// # Errors
    ///
    /// EBADF.
    pub fn local_name(&self) -> Result<SocketAddr, SocketError> {
        let mut state = self.stack().look();
        let index = self.index();
        state.socket(index)?;
        let socket = &state.sockets[index];
        let any = match socket.domain {
            Domain::Inet => SocketAddr::from(([0; 4], 0)),
            Domain::Inet6 => SocketAddr::from(([0; 16], 0)),
        };
        let Some(bound) = socket.binding.and_then(|key| state.bindings.get(&key)) else { return Ok(any) };
        // Of several addresses the last one bound; with an association, the source of its path.
        let source = socket.associations.first().filter(|_| socket.phase != Phase::Listening).and_then(|key| {
            let primary = state.associations.get(key)?.primary.0;
            state.endpoint.path(*key, primary)?.source
        });
        let address = source.or(socket.source).or_else(|| bound.addresses.last().copied());
        Ok(match address {
            Some(address) => socket.present(address, bound.port),
            None => SocketAddr::new(any.ip(), bound.port),
        })
    }

    /// getpeername(2): the peer's primary address, by Linux that of the time when it was connected (D4.1.9-1).
    ///
    /// # Errors
    ///
    /// ENOTCONN.
    pub fn peer_name(&self) -> Result<SocketAddr, SocketError> {
        let mut state = self.stack().look();
        let follows_primary = !state.personality.is_linux();
        let socket = state.socket(self.index())?;
        let first = socket.associations.first().copied();
        let primary = first.filter(|_| follows_primary).and_then(|key| Some(state.associations.get(&key)?.primary));
        let socket = state.socket(self.index())?;
        match primary.filter(|_| socket.peer.is_some()).or(socket.peer) {
            Some((address, port)) if socket.phase != Phase::Closed => Ok(socket.present(address, port)),
            _ => Err(SocketError::NotConnected),
        }
    }

    /// The peer's addresses, the primary first (SCTP_GET_PEER_ADDRS).
    ///
    /// # Errors
    ///
    /// EINVAL without such an association.
    pub fn peer_addresses(&self, association: AssocId) -> Result<Vec<SocketAddr>, SocketError> {
        let mut state = self.stack().look();
        let index = self.index();
        state.socket(index)?;
        let Some(key) = state.named(index, association) else {
            // RFC 6458 §9.3: no association, no addresses. Linux says EINVAL (D8.3-6).
            let socket = &state.sockets[index];
            let has_none = socket.style != Style::OneToMany || socket.associations.is_empty();
            return if has_none && !state.personality.is_linux() {
                Ok(Vec::new())
            } else {
                Err(SocketError::InvalidArgument)
            };
        };
        let (port, addresses) = state.endpoint.peer(key).ok_or(SocketError::InvalidArgument)?;
        let socket = &state.sockets[index];
        Ok(addresses.into_iter().map(|address| socket.present(address, port)).collect())
    }

    /// Local addresses of an association, or of the socket (`AssocId::NONE`) (SCTP_GET_LOCAL_ADDRS). None on a socket that
    /// is not bound; all of the host's on one bound to the wildcard.
    ///
    /// # Errors
    ///
    /// EINVAL for an unknown association.
    pub fn local_addresses(&self, association: AssocId) -> Result<Vec<SocketAddr>, SocketError> {
        let mut state = self.stack().look();
        let index = self.index();
        state.socket(index)?;
        let present = |addresses: Vec<Address>, port, state: &crate::table::State| {
            addresses.into_iter().map(|address| state.sockets[index].present(address, port)).collect()
        };
        if association != AssocId::NONE {
            let key = state.named(index, association).ok_or(SocketError::InvalidArgument)?;
            let (port, addresses) = state.endpoint.local(key).ok_or(SocketError::InvalidArgument)?;
            return Ok(present(addresses, port, &state));
        }
        let Some(bound) = state.sockets[index].binding.and_then(|key| state.bindings.get(&key)) else {
            return Ok(Vec::new());
        };
        let port = bound.port;
        if !bound.addresses.is_empty() {
            return Ok(present(bound.addresses.clone(), port, &state));
        }
        let all = host::local_addresses(self.link())
            .into_iter()
            .map(|local| local.address)
            .filter(|address| match address.ip {
                IpAddr::V4(_) => bound.ipv4,
                IpAddr::V6(_) => bound.ipv6,
            })
            .collect();
        Ok(present(all, port, &state))
    }
}
