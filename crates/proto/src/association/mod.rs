//! An association: its parts, and how they are joined.
//!
//! Handlers and commands change the parts and note what is owed; `transmit` writes packets when it is polled. The parts
//! (`path`, `congestion`, `outbound`, `inbound`, …) do not know the association.

mod asconf;
mod auth;
mod capability;
mod collision;
mod commands;
mod congestion;
mod control;
mod ecn;
mod inbound;
mod invariants;
mod local;
mod opening;
mod outbound;
mod parameters;
mod path;
mod peer;
mod phase;
mod receive;
mod shutdown;
mod status;
mod timeouts;
mod timer;
mod transmit;

use std::collections::VecDeque;

use usctp_wire::{Cause, Chunk, Tsn, VerificationTag};

pub(crate) use self::{
    asconf::AddressChange,
    auth::{AuthFault, AuthOffer, AuthPart, Authenticator, Seal, check_cookie_echo},
    capability::Capabilities,
    collision::{InitAnswer, Offer},
    local::listed_addresses,
    parameters::{InitExtras, MAX_PEER_ADDRESSES, MAX_REPORTED, PeerParameters},
    receive::{PacketVerdict, Walked},
};
use self::{
    asconf::AddressChanges,
    control::{ControlQueue, Towards},
    ecn::CongestionMarks,
    inbound::InboundOutcome,
    local::LocalSide,
    outbound::{Outbound, OutboundOutcome},
    path::{PathId, PathSet},
    peer::PeerSide,
    phase::Phase,
    timer::Timer,
};
use crate::{
    Address, AssociationConfig, AssociationCounters, AssociationKey, Binding, BindingKey, CloseReason,
    EndpointCounters, Entropy, Event, EventKind, PathChange, Routing, Time,
    endpoint::{Replies, ReturnAddress},
    fault::PeerFault,
};

/// What an association is lent while it acts.
pub(crate) struct Context<'a> {
    pub(crate) now: Time,
    pub(crate) entropy: &'a mut Entropy,
    pub(crate) routing: &'a dyn Routing,
    pub(crate) events: &'a mut VecDeque<Event>,
    pub(crate) replies: &'a mut Replies,
    pub(crate) counters: &'a mut EndpointCounters,
}

/// One association.
#[derive(Debug)]
pub(crate) struct Association {
    key: AssociationKey,
    binding: BindingKey,
    local_port: u16,
    peer_port: u16,
    config: AssociationConfig,
    local_side: LocalSide,
    local_tag: VerificationTag,
    local_initial_tsn: Tsn,
    /// What the peer was told about AUTH; `None`: not offered.
    local_auth: Option<Box<AuthOffer>>,
    /// Whether the peer began it.
    incoming: bool,
    phase: Phase,
    /// What is known of the peer since its INIT or INIT ACK.
    peer: Option<PeerSide>,
    paths: PathSet,
    outbound: Outbound,
    control: ControlQueue,
    /// Where both sides do ASCONF.
    asconf: Option<Box<AddressChanges>>,
    marks: CongestionMarks,
    /// Random numbers that stand for the two tags in cookies (RFC 9260 §5.2.2).
    tie_tags: Option<(u32, u32)>,
    /// Consecutive errors of all paths (RFC 9260 §8.1).
    errors: u16,
    autoclose: Timer,
    /// Where the next SACK goes: back to where the last DATA came from.
    sack_to: Option<Towards>,
    /// The peer's addresses, or by what the association is found, have changed.
    peers_changed: bool,
    counters: AssociationCounters,
}

impl Association {
    // --- what the endpoint asks --------------------------------------------------------------------------------------

    pub(crate) const fn binding(&self) -> BindingKey {
        self.binding
    }

    pub(crate) const fn local_port(&self) -> u16 {
        self.local_port
    }

    pub(crate) const fn local_tag(&self) -> VerificationTag {
        self.local_tag
    }

    /// Whether packets to this local address are its.
    pub(crate) fn accepts(&self, local: Address) -> bool {
        self.local_side.accepts(local)
    }

    /// Whether an association of a socket with this binding could not be told from it.
    pub(crate) fn overlaps(&self, binding: &Binding) -> bool {
        self.local_side.overlaps(binding)
    }

    pub(crate) fn has_peer(&self, address: Address) -> bool {
        self.paths.find(address).is_some()
    }

    /// Whether its INIT ACK may still come, from any address.
    pub(crate) const fn waits_for_init_ack(&self) -> bool {
        matches!(self.phase, Phase::CookieWait(_))
    }

    /// How it ended, once it has.
    pub(crate) fn closed(&self) -> Option<CloseReason> {
        match &self.phase {
            Phase::Closed(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    pub(crate) const fn take_peers_changed(&mut self) -> bool {
        std::mem::replace(&mut self.peers_changed, false)
    }

    // --- the end -----------------------------------------------------------------------------------------------------

    /// Ends without a word to the peer: what was not delivered is reported, then nothing more happens here.
    fn close(&mut self, context: &mut Context<'_>, reason: CloseReason) {
        if matches!(self.phase, Phase::Closed(_)) {
            return;
        }
        // What has come in order is the program's, whatever happened then.
        self.drain_parts(context);
        self.outbound.fail_all(failure_code(&reason), &mut self.paths);
        self.drain_parts(context);
        self.phase.enter(Phase::Closed(reason));
    }

    /// Ends with an ABORT to the peer (RFC 9260 §9.1).
    fn close_with_abort(&mut self, context: &mut Context<'_>, cause: &Cause<'_>, reason: CloseReason) {
        let mut causes = Vec::new();
        cause.encode(&mut causes);
        // RFC 9260 §8.5.1 B: with the peer's tag if it is known. Before the INIT ACK there is no one to tell.
        if let Some(peer) = &self.peer {
            let to = self.return_address(self.paths.select_for_control(None), None);
            let chunk = Chunk::Abort { tag_reflected: false, causes: &causes };
            if let Some(to) = to {
                context.replies.last_word(to, peer.tag, &chunk, peer.auth.as_deref());
            }
        }
        self.close(context, reason);
    }

    /// The peer broke the protocol.
    fn close_for_fault(&mut self, context: &mut Context<'_>, fault: PeerFault) {
        let cause = fault.cause();
        let reason =
            CloseReason::Aborted { code: cause.code().0, by_user: false, during_setup: self.phase.is_opening() };
        self.close_with_abort(context, &cause, reason);
    }

    // --- within ------------------------------------------------------------------------------------------------------

    fn emit(&self, context: &mut Context<'_>, kind: EventKind) {
        context.events.push_back(Event { association: self.key, kind });
    }

    fn emit_path_change(&self, context: &mut Context<'_>, path: PathId, change: Option<PathChange>) {
        if let (Some(change), Some(path)) = (change, self.paths.get(path)) {
            self.emit(context, EventKind::PathChanged { address: path.address, change });
        }
    }

    /// Hands up what the two directions have for the program.
    fn drain_parts(&mut self, context: &mut Context<'_>) {
        if let Some(peer) = &mut self.peer {
            while let Some(outcome) = peer.inbound.poll_delivery() {
                let kind = match outcome {
                    InboundOutcome::Delivered(delivery) => EventKind::Delivered(delivery),
                    InboundOutcome::PartialDeliveryAborted { stream, ssn, unordered } => {
                        EventKind::PartialDeliveryAborted { stream, ssn, unordered }
                    }
                };
                context.events.push_back(Event { association: self.key, kind });
            }
        }
        self.tell_free_keys(context);
        while let Some(outcome) = self.outbound.poll_outcome() {
            let kind = match outcome {
                OutboundOutcome::SendSpace { released } => EventKind::SendSpace { released },
                OutboundOutcome::SendFailed(failure) => EventKind::SendFailed(failure),
                OutboundOutcome::SenderDry => EventKind::SenderDry,
            };
            context.events.push_back(Event { association: self.key, kind });
        }
    }

    /// Where a packet to `path` goes, from `from` if the packet that it answers came there.
    fn return_address(&self, path: PathId, from: Option<Address>) -> Option<ReturnAddress> {
        let path = self.paths.get(path)?;
        Some(ReturnAddress {
            source: from.or(path.source),
            destination: path.address,
            carrier: path.carrier,
            local_port: self.local_port,
            peer_port: self.peer_port,
        })
    }

    /// User data has come or gone: not idle.
    fn touch_autoclose(&mut self, now: Time) {
        if self.autoclose.is_running() {
            self.autoclose.set(now + self.config.autoclose);
        }
    }

    /// One error more of the peer as a whole (RFC 9260 §8.1). True: that was one too many, it is closed.
    fn count_error(&mut self, context: &mut Context<'_>) -> bool {
        self.errors = self.errors.saturating_add(1);
        let exceeded = self.errors > self.config.max_retransmissions;
        if exceeded {
            self.close(context, CloseReason::TimedOut { during_setup: self.phase.is_opening() });
        }
        exceeded
    }
}

/// What `SendFailed` says about messages that an end of the association left behind: the cause code of an ABORT, else 0.
const fn failure_code(reason: &CloseReason) -> u16 {
    match reason {
        CloseReason::AbortedByPeer { code, .. } | CloseReason::Aborted { code, .. } => *code,
        CloseReason::Shutdown | CloseReason::TimedOut { .. } | CloseReason::Refused => 0,
    }
}
