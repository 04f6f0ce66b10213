//! The beginning: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260 §5.1).

use std::time::Duration;

use bytes::Bytes;
use usctp_wire::{Cause, Chunk, Init, Param, Tsn, VerificationTag};

use super::{
    Association, AuthOffer, Capabilities, Context,
    control::{ControlQueue, Towards},
    ecn::CongestionMarks,
    local::{LocalSide, listed_addresses},
    outbound::{Outbound, OutboundConfig},
    parameters::{InitExtras, InitFault, PeerParameters},
    path::{PathId, PathSet},
    phase::{CookieEchoed, CookieWait, Phase},
    timer::{Backoff, Timer},
};
use crate::{
    Address, AssociationConfig, AssociationKey, Binding, BindingKey, Carrier, CloseReason, ConnectError, EventKind,
    Received, Time,
    endpoint::{LocalAddresses, ReturnAddress, StateCookie},
};

impl Association {
    /// Begins as the client: the INIT is owed at once.
    #[allow(clippy::too_many_arguments, reason = "all that an association begins with, once")]
    pub(crate) fn connect(
        context: &mut Context<'_>,
        key: AssociationKey,
        binding: BindingKey,
        bound: &Binding,
        tag: VerificationTag,
        peer: &[Address],
        peer_port: u16,
        config: AssociationConfig,
        local: &LocalAddresses,
    ) -> Result<Self, ConnectError> {
        let first = *peer.first().ok_or(ConnectError::Unreachable)?;
        let told = listed_addresses(bound, local, first, (true, true));
        let local_side = LocalSide::new(bound, told);
        let mut paths = PathSet::new();
        for address in peer {
            // RFC 9260 §5.4: what the program passes is confirmed.
            let routed = context.routing.route(*address).is_some();
            let carrier = context.routing.carrier(*address, bound.port, config.path.udp_port);
            let Some(carrier) = carrier.filter(|_| routed && local_side.reaches(*address)) else { continue };
            if paths.find(*address).is_none() {
                let (source, mtu) = local_side.source_for(*address, context.routing);
                paths.add(*address, source, carrier, mtu, &config, true);
            }
        }
        if paths.is_empty() {
            return Err(ConnectError::Unreachable);
        }
        let path = paths.primary();
        let wait = CookieWait {
            t1: Backoff::start(context.now, config.rto_initial, config.max_init_timeout),
            owed: Some(path),
            path,
            shutdown_wanted: false,
            preservative: None,
            stale: 0,
        };
        let initial_tsn = Tsn(context.entropy.number());
        let ports = (bound.port, peer_port);
        let phase = Phase::CookieWait(Box::new(wait));
        let mut new = Self::new(key, binding, ports, config, local_side, (tag, initial_tsn), paths, phase);
        new.local_auth = AuthOffer::of(&new.config, context.entropy).map(Box::new);
        Ok(new)
    }

    /// Begins as the server, from a cookie of ours (RFC 9260 §5.1.5 step 5).
    #[allow(clippy::too_many_arguments, reason = "all that an association begins with, once")]
    pub(crate) fn accept(
        context: &mut Context<'_>,
        key: AssociationKey,
        binding: BindingKey,
        bound: &Binding,
        told: Vec<Address>,
        config: AssociationConfig,
        cookie: &StateCookie,
        back: &ReturnAddress,
    ) -> Self {
        let local_side = LocalSide::new(bound, told);
        let identity = (cookie.local_tag, cookie.local_initial_tsn);
        let ports = (cookie.local_port, cookie.peer_port);
        // Until the line below has made it ESTABLISHED it stands where a client would with the same knowledge.
        let wait = CookieWait {
            t1: Backoff::start(context.now, config.rto_initial, config.max_init_timeout),
            owed: None,
            path: PathId(0),
            shutdown_wanted: false,
            preservative: None,
            stale: 0,
        };
        let phase = Phase::CookieWait(Box::new(wait));
        let mut new = Self::new(key, binding, ports, config, local_side, identity, PathSet::new(), phase);
        new.incoming = true;
        new.local_auth.clone_from(&cookie.local_auth);
        new.adopt_peer(context, &cookie.peer, back, cookie.outbound_streams, cookie.inbound_streams);
        // RFC 9260 §5.4: only the address that the INIT ACK went to is confirmed.
        let init_source = cookie.peer.addresses.first().and_then(|address| new.paths.find(*address));
        if let Some(path) = init_source.and_then(|id| new.paths.get_mut(id)) {
            path.confirm();
        }
        new.establish(context);
        new.owe_cookie_ack(back);
        new
    }

    #[allow(clippy::too_many_arguments, reason = "all that an association begins with, once")]
    fn new(
        key: AssociationKey,
        binding: BindingKey,
        (local_port, peer_port): (u16, u16),
        config: AssociationConfig,
        local_side: LocalSide,
        (local_tag, local_initial_tsn): (VerificationTag, Tsn),
        paths: PathSet,
        phase: Phase,
    ) -> Self {
        let mut outbound = Outbound::new(&OutboundConfig {
            initial_tsn: local_initial_tsn,
            streams: config.outbound_streams,
            peer_rwnd: 0,
            overhead: config.send_overhead,
        });
        outbound.set_scheduler(config.scheduler);
        Self {
            key,
            binding,
            local_port,
            peer_port,
            config,
            local_side,
            local_tag,
            local_initial_tsn,
            local_auth: None,
            incoming: false,
            phase,
            peer: None,
            paths,
            outbound,
            control: ControlQueue::default(),
            asconf: None,
            marks: CongestionMarks::default(),
            tie_tags: None,
            errors: 0,
            autoclose: Timer::default(),
            sack_to: None,
            peers_changed: false,
            counters: Default::default(),
        }
    }

    // --- INIT ACK, COOKIE ACK, Stale Cookie ----------------------------------------------------------------------------

    /// An INIT ACK came, alone in a packet with our tag (RFC 9260 §3.3.3, §5.1 C, §5.2.3).
    pub(super) fn handle_init_ack(&mut self, context: &mut Context<'_>, received: &Received, init: &Init<'_>) {
        let Phase::CookieWait(wait) = &self.phase else { return };
        let back = self.back_to(received);
        let during_setup = CloseReason::Aborted { code: 0, by_user: false, during_setup: true };
        if init.initiate_tag == VerificationTag(0) {
            // RFC 9260 §3.3.3: there is no tag of the peer's; ours is reflected.
            let abort = Chunk::Abort { tag_reflected: true, causes: &[] };
            context.replies.last_word(back, self.local_tag, &abort, None);
            return self.close(context, during_setup);
        }
        let read = PeerParameters::read(init, received.source, true);
        let check = |(peer, extras): (_, InitExtras)| extras.check(self.local_auth.is_some()).map(|()| (peer, extras));
        let (mut peer, mut extras) = match read.and_then(check) {
            Ok(read) => read,
            Err(fault) => {
                let mut causes = Vec::new();
                let cause = fault.cause();
                cause.encode(&mut causes);
                let abort = Chunk::Abort { tag_reflected: false, causes: &causes };
                context.replies.last_word(back, init.initiate_tag, &abort, None);
                // RFC 9260 §3.3.3: too small a window changes nothing here; T1 goes on.
                if fault != InitFault::SmallWindow {
                    let code = cause.code().0;
                    self.close(context, CloseReason::Aborted { code, by_user: false, during_setup: true });
                }
                return;
            }
        };
        let offered = Capabilities::offered(&self.config);
        peer.capabilities = peer.capabilities.agreed(&offered);
        extras.forget_what_is_not(&offered);
        let (shutdown_wanted, stale, asked) = (wait.shutdown_wanted, wait.stale, wait.path);
        let outbound_streams = self.config.outbound_streams.min(peer.inbound_streams);
        let inbound_streams = self.config.inbound_streams.min(peer.outbound_streams);
        self.adopt_peer(context, &peer, &back, outbound_streams, inbound_streams);
        let mut causes = Vec::new();
        if !extras.unrecognized.is_empty() {
            // RFC 9260 §3.2.2: what was not recognized in an INIT ACK goes into an ERROR beside the COOKIE ECHO.
            Cause::UnrecognizedParameters(&extras.unrecognized).encode(&mut causes);
        }
        // RFC 9260 §5.4: the COOKIE ECHO goes to a confirmed address.
        let confirmed = |id: &PathId| self.paths.get(*id).is_some_and(|path| path.confirmed);
        let path = [self.paths.find(received.source), Some(asked)].into_iter().flatten().find(confirmed);
        let path = path.unwrap_or_else(|| self.paths.select_for_data());
        self.phase.enter(Phase::CookieEchoed(Box::new(CookieEchoed {
            t1: Backoff::start(context.now, self.config.rto_initial, self.config.max_init_timeout),
            owed: Some(path),
            path,
            cookie: Bytes::from(extras.cookie.unwrap_or_default()),
            causes,
            shutdown_wanted,
            sent_at: None,
            stale,
        })));
    }

    /// A COOKIE ACK came (RFC 9260 §5.1 E, §5.2.5).
    pub(super) fn handle_cookie_ack(&mut self, context: &mut Context<'_>) {
        if matches!(self.phase, Phase::CookieEchoed(_)) {
            self.establish(context);
        }
    }

    /// An ERROR with Stale Cookie came (RFC 9260 §5.2.6). We try again, and ask for a longer life.
    pub(super) fn handle_stale_cookie(&mut self, context: &mut Context<'_>) {
        let Phase::CookieEchoed(echoed) = &self.phase else { return };
        let stale = echoed.stale.saturating_add(1);
        if stale > self.config.max_init_attempts {
            return self.close(context, CloseReason::TimedOut { during_setup: true });
        }
        // The round trip of COOKIE ECHO and ERROR, and no more than a second beyond.
        let round_trip = echoed.sent_at.map_or(Duration::ZERO, |sent| context.now.saturating_since(sent));
        let wish = u32::try_from((round_trip + Duration::from_secs(1)).as_millis()).unwrap_or(u32::MAX);
        let wait = CookieWait {
            t1: Backoff::start(context.now, self.config.rto_initial, self.config.max_init_timeout),
            owed: Some(echoed.path),
            path: echoed.path,
            shutdown_wanted: echoed.shutdown_wanted,
            preservative: Some(wish),
            stale,
        };
        // The next INIT ACK tells of the peer anew. Data that rode on the COOKIE ECHO was thrown away there: T3 sends it
        // again.
        self.peer = None;
        self.phase.enter(Phase::CookieWait(Box::new(wait)));
        self.peers_changed = true;
    }

    /// T1-init or T1-cookie ran out (RFC 9260 §5.1, §4 rules): again, over the next address, or the end.
    pub(super) fn handle_t1(&mut self, context: &mut Context<'_>) {
        let (t1, path, owed) = match &mut self.phase {
            Phase::CookieWait(wait) => (&mut wait.t1, &mut wait.path, &mut wait.owed),
            Phase::CookieEchoed(echoed) => (&mut echoed.t1, &mut echoed.path, &mut echoed.owed),
            _ => return,
        };
        if !t1.expired(context.now) {
            return;
        }
        if t1.again(context.now) > self.config.max_init_attempts {
            return self.close(context, CloseReason::TimedOut { during_setup: true });
        }
        // RFC 9260 §5.1: over all addresses in turn, as DATA.
        *path = self.paths.select_for_retransmission(*path);
        *owed = Some(*path);
        self.counters.timeouts += 1;
    }

    /// The parameters of our INIT beside its fields.
    /// `extensions`: of Supported Extensions.
    pub(super) fn init_params<'a>(&'a self, preservative: Option<u32>, extensions: &'a [u8]) -> Vec<Param<'a>> {
        let told = &self.local_side.told;
        // RFC 9260 §3.3.2.1.2: without a list the source is the only address, which also works through NAT.
        let listed = if told.len() > 1 { &told[..] } else { &[] };
        let mut params: Vec<Param<'a>> =
            listed.iter().map(|address| crate::endpoint::address_param(*address)).collect();
        params.extend(preservative.map(Param::CookiePreservative));
        params.push(Param::SupportedAddressTypes(match self.local_side.families() {
            (true, false) => &[0, 5],
            (false, true) => &[0, 6],
            _ => &[0, 5, 0, 6],
        }));
        params.extend(self.config.ecn.then_some(Param::EcnCapable));
        params.extend(self.config.partial_reliability.then_some(Param::ForwardTsnSupported));
        params.extend((!extensions.is_empty()).then_some(Param::SupportedExtensions(extensions)));
        params.extend(self.local_auth.iter().flat_map(|auth| auth.params()));
        params.extend(self.config.adaptation.map(|code| Param::Adaptation(usctp_wire::AdaptationCode(code))));
        params
    }

    // --- within ------------------------------------------------------------------------------------------------------

    /// Up.
    pub(super) fn establish(&mut self, context: &mut Context<'_>) {
        let shutdown_wanted = match &self.phase {
            Phase::CookieWait(wait) => wait.shutdown_wanted,
            Phase::CookieEchoed(echoed) => echoed.shutdown_wanted,
            _ => false,
        };
        self.phase.enter(Phase::Established);
        self.peers_changed = true;
        self.errors = 0;
        let inbound_streams = self.peer.as_ref().map_or(0, |peer| peer.inbound.streams());
        self.emit(
            context,
            EventKind::Established {
                binding: self.binding,
                incoming: self.incoming,
                outbound_streams: self.outbound.stream_count(),
                inbound_streams,
                adaptation: self.peer.as_ref().and_then(|peer| peer.capabilities.adaptation),
                authenticated: self.authenticator().is_some(),
            },
        );
        self.begin_heartbeats(context);
        if self.config.autoclose > Duration::ZERO {
            self.autoclose.set(context.now + self.config.autoclose);
        }
        self.drain_parts(context);
        if shutdown_wanted {
            self.shutdown(context);
        }
    }

    /// RFC 9260 §8.3 for the confirmed addresses, §5.4 for the others.
    fn begin_heartbeats(&mut self, context: &mut Context<'_>) {
        let now: Time = context.now;
        for (_, path) in self.paths.iter_mut().filter(|(_, path)| path.confirmed) {
            path.schedule_heartbeat(now, context.entropy.number());
        }
        self.paths.schedule_confirmation(now, &self.config);
    }

    pub(super) fn owe_cookie_ack(&mut self, back: &ReturnAddress) {
        self.control.cookie_ack = Some(self.towards(back));
    }

    pub(super) fn towards(&self, back: &ReturnAddress) -> Towards {
        Towards { path: self.paths.select_for_control(self.paths.find(back.destination)), from: back.source }
    }

    pub(super) const fn back_to(&self, received: &Received) -> ReturnAddress {
        ReturnAddress {
            source: Some(received.destination),
            destination: received.source,
            carrier: Carrier { link: received.link, udp_port: received.udp_port },
            local_port: self.local_port,
            peer_port: self.peer_port,
        }
    }

    /// RFC 9260 §3.3.2: never announced below 1500 octets.
    pub(super) fn receive_window(&self) -> u32 {
        self.config.receive_buffer.max(1500)
    }
}
