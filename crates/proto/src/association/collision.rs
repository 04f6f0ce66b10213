//! INIT and COOKIE ECHO for an association that exists already (RFC 9260 §5.2): both sides began at once, a packet came
//! twice, or the peer has restarted.

use std::time::Duration;

use usctp_wire::{Cause, Chunk, Tsn, VerificationTag};

use super::{
    Association, AuthOffer, Capabilities, Context, control::Towards, ecn::CongestionMarks, outbound::OutboundConfig,
    parameters::PeerParameters, phase::Phase,
};
use crate::{
    Address, EventKind, Received,
    endpoint::{ReturnAddress, StateCookie},
};

/// What the cookie's tags say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Collision {
    /// (A) The peer has restarted.
    Restart,
    /// (B) Both began at the same time; the peer's tag is the cookie's.
    PeerTag,
    /// (D) The cookie of this very association: the COOKIE ACK was lost, or both began at the same time.
    Same,
    /// (C) or a case that the table does not show: discarded.
    Discard,
}

/// The tags of an association, as the cookie's are compared with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownTags {
    pub(crate) local: VerificationTag,
    /// Unknown in COOKIE-WAIT.
    pub(crate) peer: Option<VerificationTag>,
    /// Random numbers that stand for the two tags in cookies; none made yet: no cookie can carry them.
    pub(crate) tie: Option<(u32, u32)>,
}

impl Collision {
    /// Table 12. `local`, `peer` and `tie` are the cookie's.
    pub(crate) fn decide(known: KnownTags, local: VerificationTag, peer: VerificationTag, tie: (u32, u32)) -> Self {
        let local_matches = local == known.local;
        let peer_matches = Some(peer) == known.peer;
        match (local_matches, peer_matches) {
            (true, true) => Self::Same,
            (true, false) => Self::PeerTag,
            (false, false) if tie != (0, 0) && Some(tie) == known.tie => Self::Restart,
            // Row C (X, M, 0, 0) and everything else.
            (false, _) => Self::Discard,
        }
    }
}

/// How an INIT for an association that exists is answered.
#[derive(Debug)]
pub(crate) enum InitAnswer {
    /// With an INIT ACK that offers this.
    Accept(Offer),
    /// With an ABORT: it would add these addresses (RFC 9260 §5.2.2).
    NewAddresses(Vec<Address>),
    /// Not at all.
    Discard,
}

/// What an INIT ACK says about our side.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) tag: VerificationTag,
    pub(crate) initial_tsn: Tsn,
    pub(crate) tie_tags: (u32, u32),
    pub(crate) receive_window: u32,
    pub(crate) outbound_streams: u16,
    pub(crate) inbound_streams: u16,
    /// Extensions that are on here.
    pub(crate) offered: Capabilities,
    pub(crate) adaptation: Option<u32>,
    pub(crate) cookie_life: Duration,
    pub(crate) addresses: Vec<Address>,
    /// What is said about AUTH if the peer can do it too.
    pub(crate) auth: Option<Box<AuthOffer>>,
}

impl Association {
    /// An INIT came from an address of the peer, or lists one (RFC 9260 §5.2.1, §5.2.2, §9.2).
    pub(crate) fn handle_init(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        peer: &PeerParameters,
    ) -> InitAnswer {
        let added: Vec<_> =
            peer.addresses.iter().copied().filter(|address| self.is_new_address(context, *address)).collect();
        match &self.phase {
            // RFC 9260 §5.2.1: both began; the answer goes only where the program wanted to go.
            Phase::CookieWait(_) if !self.has_peer(received.source) => InitAnswer::Discard,
            Phase::CookieWait(_) => InitAnswer::Accept(self.offer(self.local_tag, self.local_initial_tsn, (0, 0))),
            Phase::Closed(_) => InitAnswer::Discard,
            // RFC 9260 §9.2: our SHUTDOWN ACK, or its answer, was lost.
            Phase::ShutdownAckSent(_) => {
                let path = self.paths.select_for_control(self.paths.find(received.source));
                self.control.shutdown_ack = Some(Towards { path, from: Some(received.destination) });
                InitAnswer::Discard
            }
            _ if !added.is_empty() => InitAnswer::NewAddresses(added),
            Phase::CookieEchoed(_) => {
                let tie = self.tie_tags(context);
                InitAnswer::Accept(self.offer(self.local_tag, self.local_initial_tsn, tie))
            }
            _ => {
                let tie = self.tie_tags(context);
                let (tag, initial_tsn) = (context.entropy.tag(), Tsn(context.entropy.number()));
                let mut offer = self.offer(tag, initial_tsn, tie);
                // RFC 4895 §6.1: the random number goes with the tag.
                offer.auth = offer.auth.map(|auth| Box::new(auth.renewed(context.entropy.random_number())));
                InitAnswer::Accept(offer)
            }
        }
    }

    /// A COOKIE ECHO with an authentic cookie came (RFC 9260 §5.2.4). Whether the rest of its packet counts.
    pub(crate) fn handle_cookie(
        &mut self,
        context: &mut Context<'_>,
        cookie: &StateCookie,
        back: &ReturnAddress,
    ) -> bool {
        let known =
            KnownTags { local: self.local_tag, peer: self.peer.as_ref().map(|peer| peer.tag), tie: self.tie_tags };
        let collision = Collision::decide(known, cookie.local_tag, cookie.peer.tag, cookie.tie_tags);
        // RFC 9260 §5.2.4 step 3: a cookie with both tags right is never stale.
        if let Some(staleness) = cookie.staleness(context.now).filter(|_| collision != Collision::Same) {
            let mut causes = Vec::new();
            Cause::StaleCookie(u32::try_from(staleness.as_micros()).unwrap_or(u32::MAX)).encode(&mut causes);
            context.counters.stale_cookies += 1;
            let auth = self.authenticator();
            context.replies.answer(*back, cookie.peer.tag, &Chunk::Error { causes: &causes }, auth);
            return false;
        }
        match collision {
            Collision::Discard => return false,
            Collision::Same => {
                if matches!(self.phase, Phase::CookieEchoed(_)) {
                    self.establish(context);
                }
            }
            Collision::PeerTag if self.phase.is_opening() => {
                self.adopt_peer(context, &cookie.peer, back, cookie.outbound_streams, cookie.inbound_streams);
                self.establish(context);
            }
            Collision::PeerTag => {
                if let Some(peer) = &mut self.peer {
                    peer.tag = cookie.peer.tag;
                }
                // RFC 4895 §6.1: the random number goes with the tag.
                self.agree_on_auth(cookie.peer.auth.as_deref(), self.does_asconf());
            }
            Collision::Restart => return self.handle_restart(context, cookie, back),
        }
        self.owe_cookie_ack(back);
        true
    }

    /// RFC 9260 §5.2.4 A.
    fn handle_restart(&mut self, context: &mut Context<'_>, cookie: &StateCookie, back: &ReturnAddress) -> bool {
        let towards = self.towards(back);
        if matches!(self.phase, Phase::ShutdownAckSent(_)) {
            self.control.shutdown_ack = Some(towards);
            self.control.owe_error(towards, &Cause::CookieWhileShuttingDown);
            return false;
        }
        // The INIT was checked for this; the paths may have changed since.
        if cookie.peer.addresses.iter().any(|address| self.is_new_address(context, *address)) {
            return false;
        }
        context.counters.restarts += 1;
        let shutdown_wanted = matches!(self.phase, Phase::ShutdownPending(_) | Phase::ShutdownSent(_));
        self.local_tag = cookie.local_tag;
        self.local_initial_tsn = cookie.local_initial_tsn;
        self.local_auth.clone_from(&cookie.local_auth);
        self.tie_tags = None;
        self.errors = 0;
        self.control.clear();
        self.sack_to = None;
        let restarted = OutboundConfig {
            initial_tsn: cookie.local_initial_tsn,
            streams: cookie.outbound_streams,
            peer_rwnd: cookie.peer.rwnd,
            overhead: self.config.send_overhead,
        };
        self.outbound.restart(&restarted, &mut self.paths, &self.config);
        if let Some(peer) = &mut self.peer {
            peer.tag = cookie.peer.tag;
            peer.capabilities = cookie.peer.capabilities;
            let streams = cookie.inbound_streams;
            peer.inbound.restart(cookie.peer.initial_tsn, streams, cookie.peer.capabilities.interleaving);
        }
        self.agree_on_auth(cookie.peer.auth.as_deref(), cookie.peer.capabilities.asconf);
        self.agree_on_asconf(&cookie.peer);
        self.marks = CongestionMarks::new(cookie.peer.capabilities.ecn);
        self.outbound.agree_on_forward_tsn(cookie.peer.capabilities.forward_tsn);
        self.outbound.agree_on_interleaving(cookie.peer.capabilities.interleaving, &mut self.paths);
        self.phase.enter(Phase::Established);
        self.drain_parts(context);
        self.emit(
            context,
            EventKind::Restarted {
                outbound_streams: cookie.outbound_streams,
                inbound_streams: cookie.inbound_streams,
                adaptation: cookie.peer.capabilities.adaptation,
            },
        );
        self.owe_cookie_ack(back);
        if shutdown_wanted {
            self.shutdown(context);
        }
        true
    }

    /// Two random numbers, made once per association: a cookie must not reveal the real tags (RFC 5062 §3).
    fn tie_tags(&mut self, context: &mut Context<'_>) -> (u32, u32) {
        *self.tie_tags.get_or_insert_with(|| (context.entropy.tag().0, context.entropy.tag().0))
    }

    fn offer(&self, tag: VerificationTag, initial_tsn: Tsn, tie_tags: (u32, u32)) -> Offer {
        // RFC 9260 §5.2.2: as the association has it.
        let (outbound_streams, inbound_streams) = match &self.peer {
            Some(peer) => (self.outbound.stream_count(), peer.inbound.streams()),
            None => (self.config.outbound_streams, self.config.inbound_streams),
        };
        Offer {
            tag,
            initial_tsn,
            tie_tags,
            receive_window: self.receive_window(),
            outbound_streams,
            inbound_streams,
            offered: Capabilities::offered(&self.config),
            adaptation: self.config.adaptation,
            cookie_life: self.config.cookie_life,
            addresses: self.local_side.told.clone(),
            auth: self.local_auth.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_table_12() {
        let (mine, theirs, other) = (VerificationTag(1), VerificationTag(2), VerificationTag(3));
        let known = KnownTags { local: mine, peer: Some(theirs), tie: Some((8, 9)) };
        let waiting = KnownTags { peer: None, tie: None, ..known };
        let (matching, none, wrong) = ((8, 9), (0, 0), (8, 8));
        let rows = [
            // X X M M
            (known, other, other, matching, Collision::Restart),
            // M X A A
            (known, mine, other, matching, Collision::PeerTag),
            (known, mine, other, none, Collision::PeerTag),
            (known, mine, other, wrong, Collision::PeerTag),
            // M 0 A A
            (waiting, mine, theirs, none, Collision::PeerTag),
            // X M 0 0
            (known, other, theirs, none, Collision::Discard),
            // M M A A
            (known, mine, theirs, none, Collision::Same),
            (known, mine, theirs, matching, Collision::Same),
            // Not in the table.
            (known, other, other, none, Collision::Discard),
            (known, other, other, wrong, Collision::Discard),
            (known, other, theirs, matching, Collision::Discard),
            (waiting, other, theirs, none, Collision::Discard),
            (KnownTags { tie: None, ..known }, other, other, none, Collision::Discard),
        ];
        for (known, local, peer, tie, expected) in rows {
            assert_eq!(Collision::decide(known, local, peer, tie), expected, "{known:?} {local:?} {peer:?} {tie:?}");
        }
    }
}
