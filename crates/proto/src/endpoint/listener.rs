//! Openings that a peer begins: INIT answered without state, COOKIE ECHO made into an association (RFC 9260 §5.1, §5.2).

use std::time::Duration;

use usctp_wire::{Cause, Chunk, ChunkType, Init, Packet, Param, Params, RawChunk, VerificationTag};

use super::{Endpoint, cookie::StateCookie, demux::PeerKey, reply::ReturnAddress};
use crate::{
    Address, AssociationConfig, AssociationKey, Binding, BindingKey, Received, Time,
    association::{
        Association, AuthFault, AuthOffer, AuthPart, Authenticator, Capabilities, Context, InitAnswer, InitExtras,
        MAX_REPORTED, Offer, PeerParameters, Seal, check_cookie_echo, listed_addresses,
    },
};

/// Longer life of a cookie that a peer may ask for, at most (RFC 9260 §12.2.4.1: long lives make replays easier).
const MAX_PRESERVATIVE: Duration = Duration::from_secs(60);

impl Endpoint {
    /// An INIT came, as the first chunk of its packet.
    pub(super) fn handle_init(&mut self, now: Time, received: &Received, packet: &Packet<'_>, raw: RawChunk<'_>) {
        // RFC 9260 §8.5.1 A, §5.1: alone, and with the tag 0.
        if packet.header.tag != VerificationTag(0) || packet.chunks().nth(1).is_some() {
            self.counters.dropped_bundling += 1;
            return;
        }
        let Ok(Chunk::Init(init)) = raw.decode() else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let back = ReturnAddress::of(received, &packet.header);
        match PeerParameters::read(&init, received.source, false) {
            Ok((peer, extras)) => match self.find_peer(&back, &peer.addresses) {
                Some(key) => self.handle_init_of_known(now, key, received, &back, peer, extras),
                None => self.handle_init_of_stranger(now, &back, peer, extras),
            },
            // RFC 9260 §3.3.2: an ABORT, and no change to an association that there may be.
            Err(fault) => self.refuse(now, &back, &init, &fault.cause()),
        }
    }

    /// A COOKIE ECHO came, as the first chunk of its packet, or behind an AUTH chunk (`part`). Gives the association that the
    /// rest of the packet is for, and whether that is authenticated.
    pub(super) fn handle_cookie_echo(
        &mut self,
        now: Time,
        received: &Received,
        packet: &Packet<'_>,
        part: Option<&AuthPart<'_>>,
        octets: &[u8],
    ) -> Option<(AssociationKey, Seal)> {
        let back = ReturnAddress::of(received, &packet.header);
        // RFC 9260 §5.1.5 steps 1 to 3: what does not authenticate is dropped silently.
        let cookie = self.cookies.open(now, octets, &mut self.entropy).filter(|cookie| {
            cookie.local_port == back.local_port
                && cookie.peer_port == back.peer_port
                && cookie.local_tag == packet.header.tag
        });
        let Some(cookie) = cookie else {
            self.counters.dropped_bad_cookie += 1;
            return None;
        };
        if !cookie.peer.addresses.contains(&received.source) {
            self.counters.dropped_bad_address += 1;
            return None;
        }
        if let Some(key) = self.find_peer(&back, &cookie.peer.addresses) {
            let checked = self.associations.get(key)?.check_cookie_echo(&cookie, part);
            let seal = self.sealed(&back, &cookie, checked)?;
            let taken =
                self.with(now, key, |association, context| association.handle_cookie(context, &cookie, &back))?;
            return taken.then_some((key, seal));
        }
        // RFC 4895 §6.3: no association yet, so by what the cookie holds.
        let auth = self.listener_for(&back).and_then(|(_, _, config)| cookie.authenticator(&config.auth));
        let seal = self.sealed(&back, &cookie, check_cookie_echo(auth.as_ref(), part))?;
        if let Some(staleness) = cookie.staleness(now) {
            self.answer_stale(&back, cookie.peer.tag, staleness, auth.as_ref());
            return None;
        }
        self.accept(now, &back, &cookie).map(|key| (key, seal))
    }

    /// Drops and counts a COOKIE ECHO that is not authentic.
    fn sealed(&mut self, back: &ReturnAddress, cookie: &StateCookie, checked: Result<Seal, AuthFault>) -> Option<Seal> {
        let fault = match checked {
            Ok(seal) => return Some(seal),
            Err(fault) => fault,
        };
        self.counters.dropped_unauthenticated += 1;
        if let AuthFault::Algorithm(id) = fault {
            let mut causes = Vec::new();
            Cause::UnsupportedHmac(id).encode(&mut causes);
            self.replies.answer(*back, cookie.peer.tag, &Chunk::Error { causes: &causes }, None);
        }
        None
    }

    /// RFC 9260 §5.1.5 step 4: how stale, in microseconds, with the peer's own tag.
    fn answer_stale(
        &mut self,
        back: &ReturnAddress,
        tag: VerificationTag,
        staleness: Duration,
        auth: Option<&Authenticator>,
    ) {
        self.counters.stale_cookies += 1;
        let mut causes = Vec::new();
        Cause::StaleCookie(u32::try_from(staleness.as_micros()).unwrap_or(u32::MAX)).encode(&mut causes);
        self.replies.answer(*back, tag, &Chunk::Error { causes: &causes }, auth);
    }

    /// The association with any of `addresses` at the ports of `back` (RFC 9260 §5.1.2 D).
    fn find_peer(&self, back: &ReturnAddress, addresses: &[Address]) -> Option<AssociationKey> {
        addresses.iter().find_map(|address| {
            let peer = PeerKey { address: *address, peer_port: back.peer_port, local_port: back.local_port };
            self.find_association(peer, back.source, None)
        })
    }

    /// RFC 9260 §5.2.1, §5.2.2, §9.2: an INIT of a peer that has an association already.
    fn handle_init_of_known(
        &mut self,
        now: Time,
        key: AssociationKey,
        received: &Received,
        back: &ReturnAddress,
        peer: PeerParameters,
        extras: InitExtras,
    ) {
        let answer = self.with(now, key, |association, context| association.handle_init(context, received, &peer));
        match answer {
            Some(InitAnswer::Accept(offer)) => self.send_init_ack(now, back, peer, extras, offer),
            Some(InitAnswer::NewAddresses(added)) => {
                let mut value = Vec::new();
                for address in added {
                    address_param(address).encode(&mut value);
                }
                let mut causes = Vec::new();
                Cause::RestartWithNewAddresses(&value).encode(&mut causes);
                self.replies.answer(*back, peer.tag, &Chunk::Abort { tag_reflected: false, causes: &causes }, None);
            }
            Some(InitAnswer::Discard) | None => {}
        }
    }

    fn handle_init_of_stranger(&mut self, now: Time, back: &ReturnAddress, peer: PeerParameters, extras: InitExtras) {
        let Some((key, binding, config)) = self.listener_for(back) else {
            return self.refuse_stranger(now, back, peer.tag, &[]);
        };
        if self.bindings.get(key).is_some_and(|bound| bound.room == Some(0)) {
            // As Linux does: no use in a handshake that could not be accepted.
            self.counters.dropped_backlog += 1;
            return self.refuse_stranger(now, back, peer.tag, &[]);
        }
        let families = (extras.ipv4, extras.ipv6);
        let offer = Offer {
            tag: self.entropy.tag(),
            initial_tsn: usctp_wire::Tsn(self.entropy.number()),
            tie_tags: (0, 0),
            receive_window: config.receive_buffer.max(1500),
            outbound_streams: config.outbound_streams,
            inbound_streams: config.inbound_streams,
            offered: Capabilities::offered(&config),
            adaptation: config.adaptation,
            cookie_life: config.cookie_life,
            addresses: listed_addresses(&binding, &self.local, back.destination, families),
            auth: AuthOffer::of(&config, &mut self.entropy).map(Box::new),
        };
        self.send_init_ack(now, back, peer, extras, offer);
    }

    /// RFC 9260 §5.1 B, §5.1.3: the answer holds all that is needed later; nothing is kept.
    fn send_init_ack(
        &mut self,
        now: Time,
        back: &ReturnAddress,
        mut peer: PeerParameters,
        mut extras: InitExtras,
        offer: Offer,
    ) {
        if let Err(fault) = extras.check(offer.auth.is_some()) {
            let mut causes = Vec::new();
            fault.cause().encode(&mut causes);
            return self.refuse_stranger(now, back, peer.tag, &causes);
        }
        // Said only to a peer that can do it too.
        let local_auth = offer.auth.filter(|_| peer.auth.is_some());
        // RFC 5061 §4.2.7: ASCONF only with AUTH.
        peer.capabilities.asconf &= local_auth.is_some();
        peer.capabilities = peer.capabilities.agreed(&offer.offered);
        extras.forget_what_is_not(&offer.offered);
        // RFC 9260 §5.1.1: no more streams than the other side takes.
        let outbound_streams = offer.outbound_streams.min(peer.inbound_streams).max(1);
        let inbound_streams = offer.inbound_streams.min(peer.outbound_streams).max(1);
        let longer = Duration::from_millis(extras.preservative.unwrap_or(0).into()).min(MAX_PRESERVATIVE);
        let (tag, agreed) = (peer.tag, peer.capabilities);
        let cookie = StateCookie {
            created: now,
            life: offer.cookie_life + longer,
            local_port: back.local_port,
            peer_port: back.peer_port,
            local_tag: offer.tag,
            tie_tags: offer.tie_tags,
            local_initial_tsn: offer.initial_tsn,
            outbound_streams,
            inbound_streams,
            peer,
            local_auth,
        };
        let sealed = self.cookies.seal(now, &cookie, &mut self.entropy);
        let mut params = vec![Param::StateCookie(&sealed)];
        // RFC 9260 §3.3.2.1.2: without a list the source is the only address, which also works through NAT.
        let listed = if offer.addresses.len() > 1 { &offer.addresses[..] } else { &[] };
        params.extend(listed.iter().copied().map(address_param));
        params.extend(agreed.ecn.then_some(Param::EcnCapable));
        params.extend(agreed.forward_tsn.then_some(Param::ForwardTsnSupported));
        let extensions = agreed.extensions(cookie.local_auth.is_some());
        params.extend((!extensions.is_empty()).then_some(Param::SupportedExtensions(&extensions)));
        params.extend(cookie.local_auth.iter().flat_map(|auth| auth.params()));
        params.extend(offer.adaptation.map(|code| Param::Adaptation(usctp_wire::AdaptationCode(code))));
        // RFC 9260 §3.2.2: each in a parameter of its own.
        let unrecognized = Params::Wire(&extras.unrecognized).raw().flatten();
        // Each is wrapped in a parameter of its own.
        let mut room = MAX_REPORTED;
        let fitting = unrecognized.filter(|raw| {
            let octets = 4 + raw.octets.len().next_multiple_of(4);
            let fits = octets <= room;
            room -= if fits { octets } else { 0 };
            fits
        });
        params.extend(fitting.map(|raw| Param::Unrecognized(raw.octets)));
        let init_ack = Init {
            initiate_tag: offer.tag,
            a_rwnd: offer.receive_window,
            outbound_streams,
            inbound_streams,
            initial_tsn: offer.initial_tsn,
            params: Params::Values(&params),
        };
        self.replies.answer(*back, tag, &Chunk::InitAck(init_ack), None);
    }

    /// RFC 9260 §5.1.5 step 5.
    fn accept(&mut self, now: Time, back: &ReturnAddress, cookie: &StateCookie) -> Option<AssociationKey> {
        let Some((listener, binding, config)) = self.listener_for(back) else {
            self.refuse_stranger(now, back, cookie.peer.tag, &[]);
            return None;
        };
        let room = self.bindings.get_mut(listener).and_then(|bound| bound.room.as_mut());
        let Some(room) = room.filter(|room| **room > 0) else {
            self.counters.dropped_backlog += 1;
            self.refuse_stranger(now, back, cookie.peer.tag, &[]);
            return None;
        };
        if self.associations.len() >= self.config.max_associations {
            let mut causes = Vec::new();
            Cause::OutOfResource.encode(&mut causes);
            self.refuse_stranger(now, back, cookie.peer.tag, &causes);
            return None;
        }
        *room -= 1;
        self.counters.associations_accepted += 1;
        let told = listed_addresses(&binding, &self.local, back.destination, (true, true));
        let key = self.associations.next_key();
        let (_, mut context) = split!(self, now);
        let association = Association::accept(&mut context, key, listener, &binding, told, config, cookie, back);
        self.associations.insert(key, association);
        self.register(key);
        self.settle(key);
        Some(key)
    }

    fn listener_for(&self, back: &ReturnAddress) -> Option<(BindingKey, Binding, AssociationConfig)> {
        let peer = PeerKey { address: back.destination, peer_port: back.peer_port, local_port: back.local_port };
        let key = self.bindings.listener(back.local_port, back.source?, self.demux.share(peer))?;
        let bound = self.bindings.get(key)?;
        Some((key, bound.binding.clone(), bound.config.clone()))
    }

    /// ABORT to an INIT that cannot be taken, unless another stack of this host owns the port.
    fn refuse(&mut self, now: Time, back: &ReturnAddress, init: &Init<'_>, cause: &Cause<'_>) {
        let mut causes = Vec::new();
        cause.encode(&mut causes);
        self.refuse_stranger(now, back, init.initiate_tag, &causes);
    }

    /// RFC 9260 §8.4 rule 3: ABORT with the peer's tag, T bit clear.
    fn refuse_stranger(&mut self, now: Time, back: &ReturnAddress, tag: VerificationTag, causes: &[u8]) {
        if self.may_answer(now, back) {
            self.replies.answer(*back, tag, &Chunk::Abort { tag_reflected: false, causes }, None);
        }
    }

    /// Whether a packet of no association is answered: by who holds the port, and not too often.
    pub(super) fn may_answer(&mut self, now: Time, back: &ReturnAddress) -> bool {
        let Some(local) = back.source else { return false };
        let held = self.bindings.holds(back.local_port, local);
        if !held && self.policy.as_mut().is_some_and(|policy| !policy(back.local_port, local)) {
            self.counters.dropped_out_of_the_blue += 1;
            return false;
        }
        let allowed = self.rate_limit.allows(now);
        if !allowed {
            self.counters.dropped_rate_limited += 1;
        }
        allowed
    }

    /// RFC 5061 §5.2 D2: an ASCONF from an address that is not known is for the association with the address in it, if its
    /// tag is the association's.
    pub(super) fn find_by_asconf(&self, received: &Received, packet: &Packet<'_>) -> Option<AssociationKey> {
        let (peer_port, local_port) = (packet.header.source_port, packet.header.destination_port);
        packet.chunks().map_while(Result::ok).filter(|raw| raw.kind == ChunkType::ASCONF).find_map(|raw| {
            let Ok(Chunk::Asconf(asconf)) = raw.decode() else { return None };
            let address = Address::new(asconf.address, received.source.scope);
            let peer = PeerKey { address, peer_port, local_port };
            let key = self.find_association(peer, Some(received.destination), Some(packet.header.tag))?;
            let association = self.associations.get(key)?;
            (association.does_asconf() && association.local_tag() == packet.header.tag).then_some(key)
        })
    }

    /// The association with this peer whose local addresses include `local`; if several do, the one whose tag it is.
    pub(super) fn find_association(
        &self,
        peer: PeerKey,
        local: Option<Address>,
        tag: Option<VerificationTag>,
    ) -> Option<AssociationKey> {
        let mut fitting = self.demux.find(peer).iter().copied().filter(|key| {
            self.associations.get(*key).is_some_and(|association| local.is_none_or(|local| association.accepts(local)))
        });
        let first = fitting.next()?;
        let with_tag = tag.and_then(|tag| {
            let owns = |key: &AssociationKey| self.associations.get(*key).is_some_and(|one| one.local_tag() == tag);
            Some(first).filter(owns).or_else(|| fitting.find(owns))
        });
        Some(with_tag.unwrap_or(first))
    }
}

/// The parameter that tells a peer of `address`.
pub(crate) fn address_param<'a>(address: Address) -> Param<'a> {
    match address.ip {
        std::net::IpAddr::V4(v4) => Param::Ipv4Address(v4),
        std::net::IpAddr::V6(v6) => Param::Ipv6Address(v6),
    }
}
