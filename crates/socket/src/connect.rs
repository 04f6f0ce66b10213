//! Setting up: listen, accept, connect, and the implicit set-up of a send.

use std::net::{IpAddr, SocketAddr};

use usctp_proto::{Address, AssociationKey, ConnectError, Time};

use crate::{
    AssocId, InitParameters, Personality, Socket, SocketError, Style, privilege,
    table::{NewAssociation, Phase, SocketState, Stage, State},
    wait::Limit,
};

impl Socket {
    /// Listens; 0 stops it, a negative backlog is the largest there is.
    ///
    /// # Errors
    ///
    /// EINVAL on a connected or branched-off socket; EADDRINUSE for the SCTP port and, with encapsulation, the UDP port.
    pub fn listen(&self, backlog: i32) -> Result<(), SocketError> {
        let mut state = self.enter();
        let index = self.index();
        let personality = state.personality;
        let socket = state.socket(index)?;
        // As the system call does it: what is negative is very large, and nothing is larger than the system's limit.
        let backlog = usize::try_from(backlog).unwrap_or(LARGEST_BACKLOG).min(LARGEST_BACKLOG);
        if socket.style == Style::BranchedOff || !matches!(socket.phase, Phase::Closed | Phase::Listening) {
            return Err(SocketError::InvalidArgument);
        }
        if backlog == 0 {
            return stop_listening(&mut state, index, personality);
        }
        socket.backlog = backlog;
        socket.turns_away = false;
        if socket.phase == Phase::Closed {
            self.start_listening(&mut state)?;
        }
        state.update_room(index);
        state.touch(index);
        Ok(())
    }

    fn start_listening(&self, state: &mut State) -> Result<(), SocketError> {
        let index = self.index();
        let binding = state.autobind(self.link(), index)?;
        state.socket(index)?.phase = Phase::Listening;
        let checked = match state.bindings.get(&binding) {
            Some(bound) => {
                let (port, listened) = (bound.port, bound.listened());
                let (addresses, families) = (bound.addresses.clone(), (bound.ipv4, bound.ipv6));
                state.check_conflict(index, port, &addresses, families).and_then(|()| {
                    self.link().listen(port, &listened).map_err(|error| {
                        // One line that names the cure.
                        tracing::error!("{error}");
                        SocketError::System(error.errno())
                    })
                })
            }
            None => Err(SocketError::InvalidArgument),
        };
        let socket = state.socket(index)?;
        if let Err(error) = checked {
            socket.phase = Phase::Closed;
            return Err(error);
        }
        let config = socket.settings.association.clone();
        state.endpoint.configure_binding(binding, config);
        Ok(())
    }

    /// Takes the first association of the accept queue; its address is the peer's primary.
    ///
    /// # Errors
    ///
    /// EOPNOTSUPP on any but one-to-one sockets, EINVAL when not listening, EAGAIN, EINTR.
    pub fn accept(&self, nonblocking: bool) -> Result<(Self, SocketAddr), SocketError> {
        let mut limit = None;
        loop {
            let ticket = {
                let mut state = self.enter();
                let now = state.now;
                let index = self.index();
                let socket = state.socket(index)?;
                if socket.style != Style::OneToOne {
                    return Err(SocketError::NotSupported);
                }
                if socket.phase != Phase::Listening || socket.receive_closed {
                    return Err(SocketError::InvalidArgument);
                }
                // Of one that was connecting when it began to listen, the first is not for it.
                let queue = socket.associations.clone();
                let waiting =
                    queue.into_iter().find(|key| state.associations.get(key).is_some_and(|record| record.incoming));
                if let Some(key) = waiting {
                    let accepted = self.take_over(&mut state, key, Style::OneToOne);
                    state.update_room(index);
                    state.touch(index);
                    if let Some(accepted) = accepted {
                        return Ok(accepted);
                    }
                    continue;
                }
                let socket = state.socket(index)?;
                if socket.turns_away {
                    return Err(SocketError::InvalidArgument);
                }
                let timeout = socket.settings.receive_timeout;
                let limit = *limit.get_or_insert_with(|| Limit::of(nonblocking, timeout, now));
                if limit.is_over(now) {
                    return Err(SocketError::WouldBlock);
                }
                (socket.readers.ticket(), limit)
            };
            self.sleep(ticket.0, &ticket.1)?;
        }
    }

    /// Branches an association off to a socket of its own (sctp_peeloff).
    ///
    /// # Errors
    ///
    /// EINVAL for an unknown association and on any but one-to-many sockets.
    pub fn peel_off(&self, association: AssocId) -> Result<Self, SocketError> {
        let mut state = self.enter();
        let index = self.index();
        if state.socket(index)?.style != Style::OneToMany {
            return Err(SocketError::InvalidArgument);
        }
        let key = state.named(index, association).ok_or(SocketError::InvalidArgument)?;
        let (socket, _) = self.take_over(&mut state, key, Style::BranchedOff).ok_or(SocketError::InvalidArgument)?;
        // Senders who wait for this association here have to notice.
        state.wake_all(index);
        Ok(socket)
    }

    /// Moves an association with all that has been received from it, and what its unsent messages take of the send buffer,
    /// to a new socket (`sctp_sock_migrate`).
    fn take_over(&self, state: &mut State, key: AssociationKey, style: Style) -> Option<(Self, SocketAddr)> {
        let from = self.index();
        let (binding, stage, primary, charged) = {
            let record = state.associations.get(&key)?;
            (record.binding, record.stage, record.primary, record.charged)
        };
        let old = state.sockets.get_mut(from)?;
        let mut new = SocketState::new(old.domain, style, old.settings.clone());
        old.forget_association(key, charged);
        new.queue = old.queue.split_off(key);
        new.recharge(0, charged);
        new.peer = Some(primary);
        new.source = state.endpoint.path(key, primary.0).and_then(|path| path.source);
        new.phase = Phase::Established;
        match stage {
            // It ended before anybody took it: what it has sent can be read, then comes the end.
            Stage::Dead => {
                new.phase = Phase::Closed;
                new.receive_closed = true;
                new.accepted_dead = true;
            }
            Stage::Closing if style == Style::OneToOne => {
                new.phase = Phase::Closing;
                new.receive_closed = true;
            }
            _ => {}
        }
        if stage != Stage::Dead {
            new.associations.push(key);
        }
        let name = new.present(primary.0, primary.1);
        let to = state.sockets.insert(new);
        if let Some(like) = state.bind_like(to, binding) {
            state.move_association(key, like);
        }
        if stage == Stage::Dead {
            state.remove_association(key);
        } else if let Some(record) = state.associations.get_mut(&key) {
            record.socket = Some(to);
        }
        Some((self.sibling(to), name))
    }

    /// Begins an association with the peer that has these addresses (`connect` with one, connectx) and waits for it.
    /// [`SocketError::InProgress`] carries the id.
    ///
    /// # Errors
    ///
    /// EINVAL, EISCONN, EALREADY, EADDRNOTAVAIL, ENETUNREACH; ECONNREFUSED and ETIMEDOUT once it has failed; EINTR.
    pub fn connect(&self, addresses: &[SocketAddr], nonblocking: bool) -> Result<AssocId, SocketError> {
        let (key, id, limit) = {
            let mut state = self.enter();
            let now = state.now;
            let index = self.index();
            let socket = state.socket(index)?;
            let listening = socket.style == Style::OneToOne && socket.phase == Phase::Listening;
            if listening || matches!(socket.phase, Phase::Established | Phase::Closing) {
                return Err(SocketError::IsConnected);
            }
            let mut peers = addresses.iter().map(|address| socket.address(*address));
            let nobodys = peers.all(|peer| peer.is_ok_and(|(address, port)| port == 0 && is_unicast(address)));
            if nobodys && !addresses.is_empty() {
                // What a peer says of a port that nobody can have. An address that nobody can have comes first: EINVAL.
                socket.error = (socket.style == Style::OneToOne).then_some(SocketError::ConnectionRefused);
                state.touch(index);
                return Err(SocketError::ConnectionRefused);
            }
            let (peer, port) = peer_addresses(socket, addresses)?;
            let timeout = socket.settings.send_timeout;
            let key = self.begin(&mut state, now, &peer, port, None)?;
            let socket = state.socket(index)?;
            socket.peer = peer.first().map(|first| (*first, port));
            socket.error = None;
            state.touch(index);
            let limit = Limit::of(nonblocking, timeout, now);
            let Some(record) = state.associations.get_mut(&key) else { return Err(SocketError::ConnectionRefused) };
            if nonblocking {
                // Whatever the answer of a peer on this host may be by now (`sctp_wait_for_connect`).
                return Err(SocketError::InProgress { association: record.id });
            }
            record.watchers += 1;
            (key, record.id, limit)
        };
        self.wait_until_up(key, id, limit).map(|()| id)
    }

    /// Begins an association without waiting for it; there must be none yet.
    pub(crate) fn begin(
        &self,
        state: &mut State,
        now: Time,
        peer: &[Address],
        port: u16,
        init: Option<&InitParameters>,
    ) -> Result<AssociationKey, SocketError> {
        let index = self.index();
        if let Some(key) = state.socket(index)?.binding {
            if let Some(exists) = peer.iter().find_map(|address| state.endpoint.find(key, *address, port)) {
                return Err(state.exists(index, exists));
            }
            privilege::may_use_port(state.bindings.get(&key).map_or(0, |bound| bound.port))?;
        }
        let binding = state.autobind(self.link(), index)?;
        let config = state.socket(index)?.settings.association_with(init);
        let outbound_streams = config.outbound_streams;
        let key = state.endpoint.connect(now, binding, peer, port, config).map_err(|error| match error {
            ConnectError::Unreachable => SocketError::NetworkUnreachable,
            ConnectError::InvalidAddress => SocketError::InvalidArgument,
            ConnectError::Exists(key) => state.exists(index, key),
            ConnectError::Limit => SocketError::NoBuffers,
        })?;
        let primary =
            peer.first().copied().map_or_else(|| (Address::from(IpAddr::from([0; 4])), port), |first| (first, port));
        // The first address that a link can carry is the engine's choice.
        let primary = state.endpoint.status(key).map_or(primary, |status| (status.primary, port));
        state.add_association(key, index, NewAssociation { binding, incoming: false, primary, outbound_streams });
        Ok(key)
    }

    /// Waits until a set-up has ended (`sctp_wait_for_connect`). The caller has entered itself as a watcher.
    pub(crate) fn wait_until_up(&self, key: AssociationKey, id: AssocId, limit: Limit) -> Result<(), SocketError> {
        let result = loop {
            let ticket = {
                let mut state = self.enter();
                if let Some(error) = state.endings.get(&key) {
                    break Err(*error);
                }
                let Ok(socket) = state.socket(self.index()) else { break Err(SocketError::Closed) };
                let (receive_closed, pending_error) = (socket.receive_closed, socket.error);
                let writers = std::sync::Arc::clone(&socket.writers);
                let stage = state.associations.get(&key).map(|record| record.stage);
                let over = limit.is_over(state.now);
                match stage {
                    _ if over && stage == Some(Stage::SettingUp) => {
                        break Err(SocketError::InProgress { association: id });
                    }
                    Some(Stage::Up) => break Ok(()),
                    _ if receive_closed => break Ok(()),
                    None | Some(Stage::Closing | Stage::Dead) => break Err(SocketError::ConnectionRefused),
                    Some(Stage::SettingUp) if pending_error.is_some() => break Err(SocketError::ConnectionRefused),
                    Some(Stage::SettingUp) => writers.ticket(),
                }
            };
            if let Err(error) = ticket.sleep(&self.stack().clock, &limit)
                && error != SocketError::WouldBlock
            {
                break Err(error);
            }
        };
        // While a thread waited, the descriptor did not show what it waited for.
        let mut state = self.enter();
        state.unwatch(key);
        state.touch(self.index());
        result
    }
}

impl State {
    /// What connecting to a peer says with whom there is an association already (`__sctp_connect`).
    fn exists(&self, index: usize, key: AssociationKey) -> SocketError {
        match self.associations.get(&key) {
            Some(record) if record.socket == Some(index) => match record.stage {
                Stage::SettingUp => SocketError::Already,
                _ => SocketError::IsConnected,
            },
            // It belongs to a socket that was branched off, or to one that is closed and still shutting down.
            _ => SocketError::AddressNotAvailable,
        }
    }

    /// A thread does not wait for this set-up any more.
    fn unwatch(&mut self, key: AssociationKey) {
        if let Some(record) = self.associations.get_mut(&key) {
            record.watchers = record.watchers.saturating_sub(1);
        } else {
            self.endings.remove(&key);
        }
    }

    /// Gives an association to another binding of its port.
    fn move_association(&mut self, key: AssociationKey, to: usctp_proto::BindingKey) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        let from = std::mem::replace(&mut record.binding, to);
        if record.stage != Stage::Dead {
            self.endpoint.move_to(key, to);
        }
        if let Some(bound) = self.bindings.get_mut(&to) {
            bound.users += 1;
        }
        self.leave_binding(from);
    }
}

/// `listen` with a backlog of 0. On Linux it fails where nobody listens (D3.1.3-3), and what waits to be accepted goes on
/// waiting until the socket is closed; by the RFC it can still be accepted (D4.1.3-4).
fn stop_listening(state: &mut State, index: usize, personality: Personality) -> Result<(), SocketError> {
    let socket = state.socket(index)?;
    match (socket.phase, personality) {
        (Phase::Listening, Personality::Rfc) if socket.style == Style::OneToOne => socket.turns_away = true,
        (Phase::Listening, _) => socket.phase = Phase::Closed,
        (_, Personality::Linux) => return Err(SocketError::InvalidArgument),
        (_, Personality::Rfc) => {}
    }
    state.update_room(index);
    state.wake_all(index);
    Ok(())
}

/// `net.core.somaxconn`.
const LARGEST_BACKLOG: usize = 4096;

/// The peer's addresses, checked as `sctp_verify_addr` does; all have one port.
fn peer_addresses(socket: &SocketState, addresses: &[SocketAddr]) -> Result<(Vec<Address>, u16), SocketError> {
    let mut peer = Vec::with_capacity(addresses.len());
    let mut common = None;
    for address in addresses {
        let (address, port) = socket.address(*address)?;
        if port == 0 || *common.get_or_insert(port) != port || !is_unicast(address) {
            return Err(SocketError::InvalidArgument);
        }
        if !peer.contains(&address) {
            peer.push(address);
        }
    }
    common.map(|port| (peer, port)).ok_or(SocketError::InvalidArgument)
}

/// Whether an address can be a peer's.
pub(crate) fn is_unicast(address: Address) -> bool {
    match address.ip {
        IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast() && v4.octets()[0] != 0,
        IpAddr::V6(v6) => !v6.is_multicast() && !v6.is_unspecified(),
    }
}
