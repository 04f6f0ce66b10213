//! The endpoint: all associations of one stack, and the only way in from outside.

/// The associations, and everything beside them that they are lent while they act.
macro_rules! split {
    ($endpoint:expr, $now:expr) => {
        (
            &mut $endpoint.associations,
            Context {
                now: $now,
                entropy: &mut $endpoint.entropy,
                routing: &*$endpoint.routing,
                events: &mut $endpoint.events,
                replies: &mut $endpoint.replies,
                counters: &mut $endpoint.counters,
            },
        )
    };
}

mod cookie;
mod deadlines;
mod demux;
mod inspect;
mod invariants;
mod listener;
mod ootb;
mod ports;
mod reply;
mod table;
mod turn;

use std::collections::VecDeque;

use bytes::Bytes;
use usctp_wire::{Chunk, ChunkType, Header, KeyId, Packet, Ppid, StreamId, VerificationTag, crc32c};

use self::{
    cookie::CookieJar,
    deadlines::Deadlines,
    demux::{Demux, PeerKey},
    ootb::{Answer, RateLimit},
    ports::PortTable,
    table::Table,
    turn::Turn,
};
pub(crate) use self::{
    cookie::StateCookie,
    listener::address_param,
    ports::{LocalAddresses, covers},
    reply::{Replies, ReturnAddress},
};
use crate::{
    Address, AssociationConfig, BindError, Binding, ChecksumState, ConnectError, EndpointConfig, EndpointCounters,
    Entropy, Event, EventKind, IcmpError, LocalAddress, Received, Reliability, Routing, SendError, Time, Transmit,
    association::{AddressChange, Association, AuthPart, Context, PacketVerdict, Walked},
};

/// A binding: slot and generation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BindingKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// An association: slot and generation; a key is never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AssociationKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// A message that was given to be sent; counts up within its association.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MessageId(pub u64);

/// A user message to send.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields of RFC 6458 §5.3.4")]
pub struct OutgoingMessage {
    pub stream: StreamId,
    pub ppid: Ppid,
    pub unordered: bool,
    /// Ask for a SACK at once (RFC 7053).
    pub immediate: bool,
    /// Given back in [`crate::SendFailure`].
    pub context: u32,
    /// Not to be begun after this moment (the lifetime of RFC 9260 §11.1.5). Already begun, it is completed, unless both sides
    /// have agreed on partial reliability: then nothing of it is sent any more (RFC 3758 §4.1).
    pub expires: Option<Time>,
    /// When it is given up beside that.
    pub reliability: Reliability,
    /// Send to this address of the peer rather than the primary, while it is reachable (SCTP_ADDR_OVER).
    pub destination: Option<Address>,
    /// Never empty.
    pub payload: Bytes,
    /// The shared key to authenticate it with (SCTP_AUTHINFO); `None`: the active one.
    pub auth_key: Option<KeyId>,
}

/// All associations of one stack. See the crate's documentation for the four kinds of method.
pub struct Endpoint {
    config: EndpointConfig,
    entropy: Entropy,
    routing: Box<dyn Routing>,
    local: LocalAddresses,
    bindings: PortTable,
    demux: Demux,
    associations: Table,
    cookies: CookieJar,
    deadlines: Deadlines,
    turn: Turn,
    events: VecDeque<Event>,
    replies: Replies,
    rate_limit: RateLimit,
    policy: Option<ootb::Policy>,
    counters: EndpointCounters,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("associations", &self.associations.len()).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// A new endpoint with no binding. `seed` must be of full entropy outside tests.
    pub fn new(config: EndpointConfig, seed: [u8; 32], routing: Box<dyn Routing>) -> Self {
        let mut entropy = Entropy::new(seed);
        Self {
            demux: Demux::new(entropy.secret()),
            cookies: CookieJar::new(config.cookie_secret_life, &mut entropy),
            rate_limit: RateLimit::new(config.out_of_the_blue_rate),
            config,
            entropy,
            routing,
            local: LocalAddresses::default(),
            bindings: PortTable::new(),
            associations: Table::default(),
            deadlines: Deadlines::default(),
            turn: Turn::default(),
            events: VecDeque::new(),
            replies: Replies::default(),
            policy: None,
            counters: EndpointCounters::default(),
        }
    }

    // --- what comes in -------------------------------------------------------------------------------------------

    /// A packet came.
    pub fn handle_packet(&mut self, now: Time, received: Received) {
        self.counters.packets_in += 1;
        let packet = match Packet::decode(&received.packet) {
            Ok(packet) => packet,
            Err(usctp_wire::DecodeError::PacketTooShort) => {
                self.counters.dropped_too_short += 1;
                return;
            }
            Err(_) => {
                self.counters.dropped_malformed += 1;
                return;
            }
        };
        // RFC 9260 §6.8: a wrong checksum is dropped before anything else is looked at.
        if received.checksum == ChecksumState::Unknown && !crc32c::is_valid(&received.packet) {
            self.counters.dropped_checksum += 1;
            return;
        }
        // RFC 9260 §8.4 rule 1, and no association has such an address.
        if !received.source.is_unicast() || !received.destination.is_unicast() {
            self.counters.dropped_bad_address += 1;
            return;
        }
        let Some(Ok(first)) = packet.chunks().next() else {
            self.counters.dropped_malformed += 1;
            return;
        };
        match first.kind {
            ChunkType::INIT => self.handle_init(now, &received, &packet, first),
            ChunkType::COOKIE_ECHO => {
                let taken = self.handle_cookie_echo(now, &received, &packet, None, first.value);
                if let Some((key, seal)) = taken {
                    self.handle_packet_of(now, key, &received, &packet, Walked { chunks: 1, seal });
                }
            }
            ChunkType::AUTH
                if let Some((part, echo)) = AuthPart::at_the_front(&packet)
                    && echo.kind == ChunkType::COOKIE_ECHO =>
            {
                let taken = self.handle_cookie_echo(now, &received, &packet, Some(&part), echo.value);
                if let Some((key, seal)) = taken {
                    self.handle_packet_of(now, key, &received, &packet, Walked { chunks: 2, seal });
                }
            }
            kind => match self.association_of(&received, &packet, kind) {
                Some(key) => self.handle_packet_of(now, key, &received, &packet, Walked::default()),
                None => self.handle_out_of_the_blue(now, &received, &packet),
            },
        }
    }

    /// An ICMP error came.
    pub fn handle_icmp(&mut self, now: Time, error: IcmpError) {
        // Our own common header: ports the other way round, the tag is the peer's.
        let handled = quoted_header(&error.quoted).and_then(|header| {
            let peer = PeerKey {
                address: error.destination,
                peer_port: header.destination_port,
                local_port: header.source_port,
            };
            let candidates = self.demux.find(peer).to_vec();
            // RFC 9260 §10 ICMP6: the tag decides, also between bindings that share the port.
            candidates.into_iter().find(|key| {
                self.with(now, *key, |association, context| association.handle_icmp(context, &error, header))
                    .unwrap_or(false)
            })
        });
        if handled.is_none() {
            self.counters.dropped_icmp += 1;
        }
    }

    /// A deadline given by [`Self::poll_timeout`] has passed (calling it early does no harm).
    pub fn handle_timeout(&mut self, now: Time) {
        self.settle_deadlines();
        while let Some((at, key)) = self.deadlines.peek() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            if self.associations.take_deadline(key, at) {
                self.with(now, key, Association::handle_timeout);
            }
        }
    }

    /// The addresses of this host, at the beginning and whenever they change; also called when routes change.
    pub fn handle_local_addresses(&mut self, now: Time, addresses: &[LocalAddress]) {
        self.local.set(addresses);
        for key in self.associations.keys() {
            let (associations, mut context) = split!(self, now);
            if let Some(association) = associations.get_mut(key) {
                association.handle_routes(&mut context, &self.local);
            }
            self.settle(key);
        }
    }

    /// The host refused a packet that had been polled: it was larger than the path takes (`mtu`: what the host says the
    /// path takes, octets of an IP packet).
    pub fn handle_send_too_big(&mut self, now: Time, destination: Address, mtu: u32) {
        for key in self.associations.keys() {
            if self.associations.get(key).is_some_and(|association| association.has_peer(destination)) {
                self.with(now, key, |association, context| association.handle_too_big(context, destination, mtu));
            }
        }
    }

    // --- what goes out -------------------------------------------------------------------------------------------

    /// The next packet, or the next several of one size to one destination, written to the end of `buffer`.
    pub fn poll_transmit(&mut self, now: Time, buffer: &mut Vec<u8>) -> Option<Transmit> {
        if let Some(transmit) = self.replies.poll_transmit(buffer) {
            self.counters.packets_out += 1;
            return Some(transmit);
        }
        while let Some(key) = self.turn.front() {
            let max_segments = self.config.max_segments;
            let (associations, mut context) = split!(self, now);
            let Some(association) = associations.get_mut(key) else {
                self.turn.pop();
                continue;
            };
            let transmit = association.poll_transmit(&mut context, buffer, max_segments);
            match &transmit {
                Some(transmit) => {
                    let packets = transmit.segment_size.map_or(1, |size| transmit.len.div_ceil(size.max(1)));
                    self.counters.packets_out += packets as u64;
                    self.turn.pass();
                }
                None => {
                    self.turn.pop();
                    self.associations.leave_turn(key);
                    self.settle_deadline(key);
                }
            }
            if transmit.is_some() {
                return transmit;
            }
        }
        None
    }

    /// When [`Self::handle_timeout`] is to be called next.
    pub fn poll_timeout(&mut self) -> Option<Time> {
        self.settle_deadlines();
        while let Some((at, key)) = self.deadlines.peek() {
            if self.associations.deadline(key) == Some(at) {
                return Some(at);
            }
            self.deadlines.pop();
        }
        None
    }

    /// The next thing that the layer above should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    // --- bindings ------------------------------------------------------------------------------------------------

    /// Claims a port on addresses. `is_free` is asked for each candidate of an ephemeral port (0 in `binding`), and for the
    /// port itself otherwise, so that other processes' ports are kept out of; it must not call back.
    pub fn bind(&mut self, binding: Binding, is_free: &mut dyn FnMut(u16) -> bool) -> Result<BindingKey, BindError> {
        self.bindings.bind(binding, &self.local, &mut self.entropy, is_free)
    }

    /// A second binding of the same port and addresses, without asking (an accepted socket, a peeled-off one).
    pub fn bind_like(&mut self, binding: BindingKey) -> Option<BindingKey> {
        self.bindings.bind_like(binding)
    }

    /// Port and addresses as bound.
    pub fn binding(&self, binding: BindingKey) -> Option<&Binding> {
        self.bindings.get(binding).map(|bound| &bound.binding)
    }

    /// Adds addresses (bindx); all or none. Associations that exist tell their peers by ASCONF, where that was agreed on;
    /// the others keep the addresses that they have told.
    pub fn add_addresses(&mut self, now: Time, binding: BindingKey, addresses: &[Address]) -> Result<(), BindError> {
        self.bindings.add(binding, addresses, &self.local)?;
        self.change_addresses(now, binding, addresses, AddressChange::Add);
        Ok(())
    }

    /// Removes addresses (bindx), but never the last one.
    pub fn remove_addresses(&mut self, now: Time, binding: BindingKey, addresses: &[Address]) -> Result<(), BindError> {
        self.bindings.remove(binding, addresses)?;
        self.change_addresses(now, binding, addresses, AddressChange::Delete);
        Ok(())
    }

    /// Sets the defaults that new associations of this binding begin with.
    pub fn configure_binding(&mut self, binding: BindingKey, config: AssociationConfig) {
        if let Some(bound) = self.bindings.get_mut(binding) {
            bound.config = config;
        }
    }

    /// Whether INITs are answered: `Some(room)` listens, with room for so many more associations before COOKIE ECHOs are
    /// dropped silently (each accepted one takes one from it; the caller sets it again as its backlog empties); `None`
    /// does not listen.
    pub fn listen(&mut self, binding: BindingKey, room: Option<usize>) {
        if let Some(bound) = self.bindings.get_mut(binding) {
            bound.room = room;
        }
    }

    /// Frees port and addresses. Associations of the binding live on until they end.
    pub fn unbind(&mut self, binding: BindingKey) {
        self.bindings.unbind(binding);
    }

    // --- associations --------------------------------------------------------------------------------------------

    /// Begins an association with a peer that has these addresses (each with what was asked for its encapsulation). The
    /// first reachable one is the primary.
    pub fn connect(
        &mut self,
        now: Time,
        binding: BindingKey,
        peer: &[Address],
        port: u16,
        config: AssociationConfig,
    ) -> Result<AssociationKey, ConnectError> {
        let Some(bound) = self.bindings.get(binding) else { return Err(ConnectError::Unreachable) };
        if port == 0 || peer.iter().any(|address| !address.is_unicast()) {
            return Err(ConnectError::InvalidAddress);
        }
        if let Some(key) = self.existing(bound, peer, port) {
            return Err(ConnectError::Exists(key));
        }
        if self.associations.len() >= self.config.max_associations {
            return Err(ConnectError::Limit);
        }
        let (bound, local_port) = (bound.binding.clone(), bound.binding.port);
        let mut tag = self.entropy.tag();
        while self.demux.find_opening(local_port, tag).is_some() {
            tag = self.entropy.tag();
        }
        let key = self.associations.next_key();
        let (_, mut context) = split!(self, now);
        let association =
            Association::connect(&mut context, key, binding, &bound, tag, peer, port, config, &self.local)?;
        self.counters.associations_begun += 1;
        self.associations.insert(key, association);
        self.register(key);
        self.settle(key);
        Ok(key)
    }

    /// The association of this binding with the peer that has `address` and `port`.
    pub fn find(&self, binding: BindingKey, address: Address, port: u16) -> Option<AssociationKey> {
        let local_port = self.bindings.get(binding)?.binding.port;
        let of_binding = |key: &&AssociationKey| {
            self.associations.get(**key).is_some_and(|association| association.binding() == binding)
        };
        self.demux.find(PeerKey { address, peer_port: port, local_port }).iter().find(of_binding).copied()
    }

    /// Moves an association to another binding of the same port (accept, peel-off).
    pub fn move_to(&mut self, association: AssociationKey, binding: BindingKey) {
        if let Some(association) = self.associations.get_mut(association) {
            association.set_binding(binding);
        }
    }

    /// Queues a message. It always takes the whole of it: the caller bounds what it queues by [`Self::send_charge`] and
    /// [`crate::EventKind::SendSpace`]. Before the association is up messages wait; they ride on the COOKIE ECHO.
    pub fn send(
        &mut self,
        now: Time,
        association: AssociationKey,
        message: OutgoingMessage,
    ) -> Result<MessageId, SendError> {
        self.with(now, association, |association, context| association.send(context, message))
            .unwrap_or(Err(SendError::NoAssociation))
    }

    /// Octets of send buffer that a message of `len` octets is charged with: payload and per-chunk overhead.
    pub fn send_charge(&self, association: AssociationKey, len: usize) -> usize {
        self.associations.get(association).map_or(len, |association| association.send_charge(len))
    }

    /// The program is out of send buffer: what is queued goes without waiting for more (Nagle's rule).
    pub fn push(&mut self, now: Time, association: AssociationKey) {
        self.with(now, association, |association, _| association.push_queued());
    }

    /// The send buffer is full: gives up messages of lower priority than `value`, that is with a larger value of
    /// [`Reliability::Priority`], until `octets` of it are free or there is none left (RFC 7496 §3.2). Answers how many
    /// became free; 0 where partial reliability was not agreed on.
    pub fn make_room(&mut self, now: Time, association: AssociationKey, octets: usize, value: u32) -> usize {
        self.with(now, association, |association, context| association.make_room(context, octets, value)).unwrap_or(0)
    }

    /// The program has consumed `octets` (of [`crate::Delivery::charge`]) of what was delivered.
    pub fn release(&mut self, now: Time, association: AssociationKey, octets: u32) {
        self.with(now, association, |association, _| association.release(octets));
    }

    /// Begins the orderly end: SHUTDOWN once all queued data is acknowledged.
    pub fn shutdown(&mut self, now: Time, association: AssociationKey) {
        self.with(now, association, Association::shutdown);
    }

    /// Ends at once with ABORT; `reason` goes to the peer as User-Initiated Abort.
    pub fn abort(&mut self, now: Time, association: AssociationKey, reason: Bytes) {
        self.with(now, association, |association, context| association.abort(context, &reason));
    }

    /// Forgets an association without a word (a stack that must die).
    pub fn forget(&mut self, association: AssociationKey) {
        self.remove(association);
    }

    fn change_addresses(
        &mut self,
        now: Time,
        binding: BindingKey,
        addresses: &[Address],
        change: fn(Address) -> AddressChange,
    ) {
        let changes: Vec<_> = addresses.iter().copied().map(change).collect();
        for key in self.associations.keys() {
            let concerned = |one: &Association| one.binding() == binding && one.does_asconf();
            if self.associations.get(key).is_some_and(concerned) {
                self.with(now, key, |association, context| association.change_addresses(context, &changes));
            }
        }
    }

    // --- within --------------------------------------------------------------------------------------------------

    /// The association that a packet is for: by addresses and ports; an INIT ACK also by its tag alone.
    fn association_of(&self, received: &Received, packet: &Packet<'_>, first: ChunkType) -> Option<AssociationKey> {
        let (local_port, tag) = (packet.header.destination_port, packet.header.tag);
        let peer = PeerKey { address: received.source, peer_port: packet.header.source_port, local_port };
        let found = self.find_association(peer, Some(received.destination), Some(tag));
        found.or_else(|| self.find_by_asconf(received, packet)).or_else(|| {
            let opening = self.demux.find_opening(local_port, tag).filter(|_| first == ChunkType::INIT_ACK)?;
            let association = self.associations.get(opening)?;
            (association.peer_port() == packet.header.source_port && association.accepts(received.destination))
                .then_some(opening)
        })
    }

    fn handle_packet_of(
        &mut self,
        now: Time,
        key: AssociationKey,
        received: &Received,
        packet: &Packet<'_>,
        walked: Walked,
    ) {
        let verdict =
            self.with(now, key, |association, context| association.handle_packet(context, received, packet, walked));
        match verdict {
            Some(PacketVerdict::WrongTag) => self.counters.dropped_wrong_tag += 1,
            // RFC 9260 §8.5.1 E.
            Some(PacketVerdict::OutOfTheBlue) => self.handle_out_of_the_blue(now, received, packet),
            Some(PacketVerdict::Malformed) => self.counters.dropped_malformed += 1,
            Some(PacketVerdict::Bundled) => self.counters.dropped_bundling += 1,
            Some(PacketVerdict::Taken) | None => {}
        }
    }

    /// RFC 9260 §8.4.
    fn handle_out_of_the_blue(&mut self, now: Time, received: &Received, packet: &Packet<'_>) {
        let back = ReturnAddress::of(received, &packet.header);
        let chunk = match ootb::answer_to(packet) {
            Answer::Silence => {
                self.counters.dropped_out_of_the_blue += 1;
                return;
            }
            Answer::ShutdownComplete => Chunk::ShutdownComplete { tag_reflected: true },
            Answer::Abort => Chunk::Abort { tag_reflected: true, causes: &[] },
        };
        if self.may_answer(now, &back) {
            self.counters.dropped_out_of_the_blue += 1;
            self.replies.answer(back, packet.header.tag, &chunk, None);
        }
    }

    /// An association with any of these addresses that shares a local address with `bound`.
    fn existing(&self, bound: &ports::Bound, peer: &[Address], port: u16) -> Option<AssociationKey> {
        peer.iter().find_map(|address| {
            let peer = PeerKey { address: *address, peer_port: port, local_port: bound.binding.port };
            let same_ends = |key: &&AssociationKey| {
                self.associations.get(**key).is_some_and(|association| association.overlaps(&bound.binding))
            };
            self.demux.find(peer).iter().find(same_ends).copied()
        })
    }

    /// Runs `act` on an association and then settles what follows from it for the endpoint.
    fn with<R>(
        &mut self,
        now: Time,
        key: AssociationKey,
        act: impl FnOnce(&mut Association, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let (associations, mut context) = split!(self, now);
        let result = act(associations.get_mut(key)?, &mut context);
        self.settle(key);
        Some(result)
    }

    /// After any change of an association: it may have ended, know new addresses, be due at another time, want to send.
    fn settle(&mut self, key: AssociationKey) {
        let Some(association) = self.associations.get_mut(key) else { return };
        if let Some(reason) = association.closed() {
            match &reason {
                crate::CloseReason::Shutdown => self.counters.associations_shut_down += 1,
                _ => self.counters.associations_aborted += 1,
            }
            self.events.push_back(Event { association: key, kind: EventKind::Closed(reason) });
            self.remove(key);
            return;
        }
        if association.take_peers_changed() {
            self.register(key);
        }
        // Its deadline is looked at when it leaves the queue: once for many packets.
        if self.associations.join_turn(key) {
            self.turn.push(key);
        }
    }

    /// Enters the deadlines of all that wait for their turn, and so may have changed theirs.
    fn settle_deadlines(&mut self) {
        for index in 0..self.turn.len() {
            if let Some(key) = self.turn.get(index) {
                self.settle_deadline(key);
            }
        }
    }

    fn settle_deadline(&mut self, key: AssociationKey) {
        if let Some((association, registered)) = self.associations.with_deadline(key) {
            self.deadlines.set(key, registered, association.next_timeout());
        }
    }

    /// Makes the association findable by exactly the addresses that it has now.
    fn register(&mut self, key: AssociationKey) {
        let Some(association) = self.associations.get(key) else { return };
        let (local_port, (peer_port, addresses)) = (association.local_port(), association.peer());
        let opening = association.waits_for_init_ack().then(|| association.local_tag());
        let peer_key = |address: Address| PeerKey { address, peer_port, local_port };
        for address in &addresses {
            self.demux.insert(peer_key(*address), key);
        }
        let (old, old_opening) = self.associations.set_registered(key, addresses.clone(), opening);
        for address in old.into_iter().filter(|address| !addresses.contains(address)) {
            self.demux.remove(peer_key(address), key);
        }
        if old_opening != opening {
            if let Some(tag) = old_opening {
                self.demux.remove_opening(local_port, tag);
            }
            if let Some(tag) = opening {
                self.demux.insert_opening(local_port, tag, key);
            }
        }
    }

    fn remove(&mut self, key: AssociationKey) {
        let Some(association) = self.associations.get(key) else { return };
        let (local_port, (peer_port, _)) = (association.local_port(), association.peer());
        let (addresses, opening) = self.associations.set_registered(key, Vec::new(), None);
        for address in addresses {
            self.demux.remove(PeerKey { address, peer_port, local_port }, key);
        }
        if let Some(tag) = opening {
            self.demux.remove_opening(local_port, tag);
        }
        self.associations.remove(key);
    }
}

/// The ports and the tag of a packet of ours that an ICMP error quotes: often no more than these eight octets come back.
fn quoted_header(quoted: &[u8]) -> Option<Header> {
    let [s0, s1, d0, d1, tag @ ..] = *quoted.first_chunk::<8>()?;
    Some(Header {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        tag: VerificationTag(u32::from_be_bytes(tag)),
    })
}

#[cfg(test)]
mod tests;
