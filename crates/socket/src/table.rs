//! [`State`]: all that the stack's lock guards, and the records of sockets, associations and bindings in it.

use std::{
    collections::VecDeque,
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use slab::Slab;
use usctp_link::PortClaim;
use usctp_proto::{Address, AssociationKey, BindingKey, Endpoint, Time};

use crate::{
    AssocId, Domain, Personality, SocketError, Style,
    key_hash::KeyMap,
    queue::ReceiveQueue,
    readiness_fd::ReadinessFd,
    settings::{Inherited, Settings},
    wait::{WaitCell, Wake, WakeCount},
};

/// Everything behind the lock.
pub(crate) struct State {
    pub(crate) endpoint: Endpoint,
    /// Whose choice counts where Linux and RFC 6458 differ.
    pub(crate) personality: Personality,
    pub(crate) sockets: Slab<SocketState>,
    pub(crate) associations: KeyMap<AssociationKey, Association>,
    pub(crate) ids: KeyMap<AssocId, AssociationKey>,
    pub(crate) bindings: KeyMap<BindingKey, Bound>,
    /// Bindings by port.
    pub(crate) ports: KeyMap<u16, Vec<BindingKey>>,
    /// How set-ups ended that somebody waits for.
    pub(crate) endings: KeyMap<AssociationKey, SocketError>,
    /// Sleeps until all associations are gone.
    pub(crate) idle: Arc<WaitCell>,
    /// Wake-ups to be made when the lock is left.
    pub(crate) wakes: Vec<Wake>,
    /// Sockets whose readiness may have changed.
    pub(crate) touched: Vec<usize>,
    /// Sockets whose readiness is to be looked at again, and when.
    pub(crate) later: VecDeque<(Time, usize)>,
    /// Octets that were given to the engine and held back from sending, and until when at the latest.
    pub(crate) held: usize,
    pub(crate) held_until: Option<Time>,
    /// Until then more is likely to be held back.
    pub(crate) bulk_until: Time,
    /// What the driver is doing.
    pub(crate) driver: DriverSleep,
}

/// What the driver is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DriverSleep {
    /// It looks at the deadlines before it sleeps.
    Awake,
    /// Asleep until this moment.
    Until(Time),
    /// Asleep until something comes.
    Unlimited,
}

/// State of a socket as the kernel has it: these, and not what the association is doing, decide what calls answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// Fresh, bound, connecting; one-to-many sockets that do not listen.
    Closed,
    /// Listening.
    Listening,
    /// One-to-one: the association is, or has been, up. Branched off: always.
    Established,
    /// One-to-one: shutting down, from either side, or shut down.
    Closing,
}

/// A socket.
pub(crate) struct SocketState {
    pub(crate) domain: Domain,
    pub(crate) style: Style,
    pub(crate) phase: Phase,
    /// RCV_SHUTDOWN.
    pub(crate) receive_closed: bool,
    /// SEND_SHUTDOWN.
    pub(crate) send_closed: bool,
    /// What SO_ERROR would say.
    pub(crate) error: Option<SocketError>,
    pub(crate) binding: Option<BindingKey>,
    /// In the order in which they came; of a listening one-to-one socket these are the accept queue.
    pub(crate) associations: Vec<AssociationKey>,
    pub(crate) backlog: usize,
    /// Listening, but turning new associations away: those that came before can still be accepted.
    pub(crate) turns_away: bool,
    /// How associations ended that senders waited on.
    pub(crate) ended: Vec<(AssociationKey, SocketError)>,
    /// For getpeername.
    pub(crate) peer: Option<(Address, u16)>,
    /// For getsockname, when bound to no one address: the source of the association's path.
    pub(crate) source: Option<Address>,
    pub(crate) queue: ReceiveQueue,
    /// Octets of SO_SNDBUF in use.
    pub(crate) send_used: usize,
    /// Each association has the whole of SO_SNDBUF for itself (D3.4-5); Linux has one buffer for the socket.
    pub(crate) own_buffers: bool,
    /// With buffers of their own: associations without room.
    pub(crate) full: usize,
    pub(crate) settings: Settings,
    /// Receivers and acceptors sleep here.
    pub(crate) readers: Arc<WaitCell>,
    /// Senders, connectors and those who linger sleep here.
    pub(crate) writers: Arc<WaitCell>,
    pub(crate) closed: bool,
    /// Accepted after its association had ended; `peer` is who that was with.
    pub(crate) accepted_dead: bool,
    pub(crate) descriptor: Option<ReadinessFd>,
    /// It stands in `touched`.
    pub(crate) is_touched: bool,
    /// Something has arrived since the descriptor last gave an edge.
    pub(crate) arrived: bool,
    pub(crate) last_edge: Time,
    /// Since when there has been room in the send buffer that nobody was told of.
    pub(crate) room_since: Option<Time>,
    /// Room that the least of those who wait wants.
    pub(crate) room_wanted: usize,
}

/// An association, as the sockets see it.
pub(crate) struct Association {
    pub(crate) id: AssocId,
    /// Whose it is; none once that is closed.
    pub(crate) socket: Option<usize>,
    /// The closed socket in whose `close` a thread may still wait for the end.
    pub(crate) lingering: Option<usize>,
    pub(crate) binding: BindingKey,
    pub(crate) stage: Stage,
    /// Whether the peer began it.
    pub(crate) incoming: bool,
    pub(crate) inherited: Inherited,
    /// Primary peer address.
    pub(crate) primary: (Address, u16),
    pub(crate) outbound_streams: u16,
    /// What its queued messages are charged with in the socket's send buffer …
    pub(crate) charged: usize,
    /// … and in the engine's account.
    pub(crate) queued: usize,
    /// Set-ups that threads wait for.
    pub(crate) watchers: u32,
    /// Failed fragments not yet told.
    pub(crate) failures: Vec<usctp_proto::SendFailure>,
}

/// How far an association is, as far as calls can tell.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stage {
    SettingUp,
    Up,
    /// SHUTDOWN begun or received, or more.
    Closing,
    /// Gone, but still in an accept queue.
    Dead,
}

/// What a socket is bound to. It outlives the socket as long as associations use it.
pub(crate) struct Bound {
    pub(crate) port: u16,
    /// Empty: all addresses of these families.
    pub(crate) addresses: Vec<Address>,
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
    /// The socket; none once that is closed.
    pub(crate) socket: Option<usize>,
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
    /// The socket, and each association.
    pub(crate) users: usize,
    /// Shared by all bindings of the port that came from one `bind`.
    pub(crate) claim: Arc<PortClaim>,
}

impl State {
    pub(crate) fn new(endpoint: Endpoint, personality: Personality) -> Self {
        Self {
            endpoint,
            personality,
            sockets: Slab::new(),
            associations: KeyMap::default(),
            ids: KeyMap::default(),
            bindings: KeyMap::default(),
            ports: KeyMap::default(),
            endings: KeyMap::default(),
            idle: Arc::default(),
            wakes: Vec::new(),
            touched: Vec::new(),
            later: VecDeque::new(),
            held: 0,
            held_until: None,
            bulk_until: Time::ZERO,
            driver: DriverSleep::Awake,
        }
    }

    /// The socket of an open handle.
    pub(crate) fn socket(&mut self, index: usize) -> Result<&mut SocketState, SocketError> {
        match self.sockets.get_mut(index) {
            Some(socket) if !socket.closed => Ok(socket),
            _ => Err(SocketError::Closed),
        }
    }

    /// The socket's readiness may have changed.
    pub(crate) fn touch(&mut self, index: usize) {
        if let Some(socket) = self.sockets.get_mut(index)
            && !socket.is_touched
            && socket.descriptor.is_some()
        {
            socket.is_touched = true;
            self.touched.push(index);
        }
    }

    /// Something can be read, or accepted.
    pub(crate) fn wake_readers(&mut self, index: usize, count: WakeCount) {
        if let Some(wake) = self.sockets.get(index).and_then(|socket| socket.readers.notify(count)) {
            wake.of_socket(index).add_to(&mut self.wakes);
        }
    }

    /// Something can be sent, or an association has changed.
    pub(crate) fn wake_writers(&mut self, index: usize) {
        if let Some(wake) = self.sockets.get(index).and_then(|socket| socket.writers.notify(WakeCount::All)) {
            wake.of_socket(index).add_to(&mut self.wakes);
        }
    }

    /// Everybody who waits on the socket is to look again.
    pub(crate) fn wake_all(&mut self, index: usize) {
        self.wake_readers(index, WakeCount::All);
        self.wake_writers(index);
        self.touch(index);
    }

    /// The association that `id` names for a call on socket `index` (`sctp_id2assoc`): on a one-to-many socket by id, else
    /// the only one, whatever the id.
    pub(crate) fn named(&self, index: usize, id: AssocId) -> Option<AssociationKey> {
        let socket = self.sockets.get(index)?;
        if socket.style == Style::OneToMany {
            let key = *self.ids.get(&id)?;
            return (self.associations.get(&key)?.socket == Some(index)).then_some(key);
        }
        if !matches!(socket.phase, Phase::Established | Phase::Closing) {
            return None;
        }
        socket.associations.first().copied()
    }

    /// Enters a new association. `binding` has one more user then.
    pub(crate) fn add_association(&mut self, key: AssociationKey, index: usize, new: NewAssociation) -> AssocId {
        let id = self.new_id();
        self.ids.insert(id, key);
        if let Some(bound) = self.bindings.get_mut(&new.binding) {
            bound.users += 1;
        }
        let mut inherited = Inherited::default();
        if let Some(socket) = self.sockets.get_mut(index) {
            inherited = socket.settings.inherited;
            socket.associations.push(key);
        }
        let association = Association {
            id,
            socket: Some(index),
            lingering: None,
            binding: new.binding,
            stage: if new.incoming { Stage::Up } else { Stage::SettingUp },
            incoming: new.incoming,
            inherited,
            primary: new.primary,
            outbound_streams: new.outbound_streams,
            charged: 0,
            queued: 0,
            watchers: 0,
            failures: Vec::new(),
        };
        self.associations.insert(key, association);
        id
    }

    /// Forgets an association that has ended, or that nobody can name any more.
    pub(crate) fn remove_association(&mut self, key: AssociationKey) {
        let Some(association) = self.associations.remove(&key) else { return };
        self.ids.remove(&association.id);
        if let Some(index) = association.socket
            && let Some(socket) = self.sockets.get_mut(index)
        {
            socket.forget_association(key, association.charged);
            self.wake_all(index);
        }
        if let Some(index) = association.lingering {
            self.wake_writers(index);
        }
        self.leave_binding(association.binding);
        if self.associations.is_empty()
            && let Some(wake) = self.idle.notify(WakeCount::All)
        {
            wake.add_to(&mut self.wakes);
        }
    }

    /// One user of a binding less; the last one frees the port.
    pub(crate) fn leave_binding(&mut self, key: BindingKey) {
        let Some(bound) = self.bindings.get_mut(&key) else { return };
        bound.users -= 1;
        if bound.users > 0 {
            return;
        }
        if let Some(bound) = self.bindings.remove(&key) {
            self.endpoint.unbind(key);
            if let Some(keys) = self.ports.get_mut(&bound.port) {
                keys.retain(|other| *other != key);
                if keys.is_empty() {
                    self.ports.remove(&bound.port);
                }
            }
        }
    }

    /// Counts a socket's associations without room anew, after its send buffer has another size.
    pub(crate) fn count_full(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        let charged = socket.associations.iter().filter_map(|key| self.associations.get(key));
        socket.full = charged.filter(|record| record.charged >= socket.settings.send_buffer).count();
    }

    /// Enters a binding with one user: its socket.
    pub(crate) fn add_binding(&mut self, key: BindingKey, bound: Bound) {
        self.ports.entry(bound.port).or_default().push(key);
        self.bindings.insert(key, bound);
    }

    /// The room left in a listener's accept queue, told to the engine.
    pub(crate) fn update_room(&mut self, index: usize) {
        let Some(socket) = self.sockets.get(index) else { return };
        let Some(binding) = socket.binding else { return };
        let room = match (socket.phase, socket.style) {
            _ if socket.turns_away => None,
            (Phase::Listening, Style::OneToOne) => {
                // Linux compares "more than the backlog", so one more than it fits.
                Some((socket.backlog + 1).saturating_sub(socket.associations.len()))
            }
            (Phase::Listening, _) => Some(usize::MAX),
            _ => None,
        };
        self.endpoint.listen(binding, room);
    }

    /// The next id that is not in use. One counter of the process, cyclic; 0 to 2 have other meanings.
    fn new_id(&self) -> AssocId {
        static NEXT: AtomicI32 = AtomicI32::new(FIRST_ID);
        loop {
            let taken = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |id| {
                Some(if id == i32::MAX { FIRST_ID } else { id + 1 })
            });
            let (Ok(id) | Err(id)) = taken;
            if !self.ids.contains_key(&AssocId(id)) {
                return AssocId(id);
            }
        }
    }
}

/// What [`State::add_association`] is told.
pub(crate) struct NewAssociation {
    pub(crate) binding: BindingKey,
    pub(crate) incoming: bool,
    pub(crate) primary: (Address, u16),
    pub(crate) outbound_streams: u16,
}

impl SocketState {
    pub(crate) fn new(domain: Domain, style: Style, settings: Settings) -> Self {
        Self {
            domain,
            style,
            phase: Phase::Closed,
            receive_closed: false,
            send_closed: false,
            error: None,
            binding: None,
            associations: Vec::new(),
            backlog: 0,
            turns_away: false,
            ended: Vec::new(),
            peer: None,
            source: None,
            queue: ReceiveQueue::default(),
            send_used: 0,
            own_buffers: false,
            full: 0,
            settings,
            readers: Arc::default(),
            writers: Arc::default(),
            closed: false,
            accepted_dead: false,
            descriptor: None,
            is_touched: false,
            arrived: false,
            last_edge: Time::ZERO,
            room_since: None,
            room_wanted: 0,
        }
    }

    /// Octets of send buffer that are free (`sctp_wspace`). Where associations have their own, what one of them may have.
    pub(crate) fn send_space(&self) -> usize {
        match self.own_buffers {
            true if self.full > 0 && self.full >= self.associations.len() => 0,
            true => self.settings.send_buffer,
            false => self.settings.send_buffer.saturating_sub(self.send_used),
        }
    }

    /// Octets that are free for an association.
    pub(crate) fn space_of(&self, association: &Association) -> usize {
        if self.own_buffers { self.settings.send_buffer.saturating_sub(association.charged) } else { self.send_space() }
    }

    /// What an association has queued has changed.
    pub(crate) fn recharge(&mut self, before: usize, after: usize) {
        self.send_used = (self.send_used + after).saturating_sub(before);
        let is_full = |charged: usize| usize::from(charged >= self.settings.send_buffer);
        self.full = (self.full + is_full(after)).saturating_sub(is_full(before));
    }

    /// An association is the socket's no more.
    pub(crate) fn forget_association(&mut self, key: AssociationKey, charged: usize) {
        self.associations.retain(|other| *other != key);
        self.recharge(charged, 0);
    }

    /// An address of the program's, checked against the socket's family (`sctp_sockaddr_af`).
    pub(crate) fn address(&self, address: SocketAddr) -> Result<(Address, u16), SocketError> {
        let scope = match address {
            SocketAddr::V4(_) if self.domain == Domain::Inet6 && self.settings.v6_only => {
                return Err(SocketError::InvalidArgument);
            }
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(_) if self.domain == Domain::Inet => return Err(SocketError::InvalidArgument),
            SocketAddr::V6(v6) if v6.ip().to_ipv4_mapped().is_some() && self.settings.v6_only => {
                return Err(SocketError::InvalidArgument);
            }
            SocketAddr::V6(v6) => v6.scope_id(),
        };
        Ok((Address::new(address.ip(), scope), address.port()))
    }

    /// An address for the program: on AF_INET6 sockets IPv4 ones are mapped unless SCTP_I_WANT_MAPPED_V4_ADDR is off.
    pub(crate) fn present(&self, address: Address, port: u16) -> SocketAddr {
        match address.ip {
            std::net::IpAddr::V4(v4) if self.domain == Domain::Inet6 && self.settings.mapped_v4 => {
                SocketAddr::V6(SocketAddrV6::new(v4.to_ipv6_mapped(), port, 0, 0))
            }
            std::net::IpAddr::V4(v4) => SocketAddr::V4(SocketAddrV4::new(v4, port)),
            std::net::IpAddr::V6(v6) => SocketAddr::V6(SocketAddrV6::new(v6, port, 0, address.scope)),
        }
    }
}

/// SCTP_FUTURE_ASSOC, SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC are 0 to 2.
const FIRST_ID: i32 = 3;
