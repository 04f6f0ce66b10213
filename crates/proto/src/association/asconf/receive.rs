//! What a peer asks with ASCONF, and the answer (RFC 5061 §5.2, §5.3). The chunk is authenticated by the time it comes here.

use std::net::IpAddr;

use usctp_wire::{Asconf, AsconfSerial, Cause, CauseCode, Chunk, Param, Params, RawParam};

use super::{
    super::{Association, Context, MAX_PEER_ADDRESSES, PathId, phase::Phase},
    refusal,
};
use crate::{Address, Carrier, EventKind, PathChange, Received, fault::PeerFault};

/// Answers that are kept at most.
const MAX_CACHED: usize = 8;
/// Octets of an answer at most; one that needs more cannot be served whole.
const MAX_ANSWER: usize = 1000;

/// The answer while it is made.
#[derive(Default)]
struct Answer {
    octets: Vec<u8>,
    /// Something was refused: from now on successes are told too (rule A7).
    failed: bool,
    /// An ADD or DELETE was refused: all that follow are (rule F11).
    no_more: bool,
}

impl Association {
    /// An ASCONF came. Gives the serial number whose answer is owed.
    pub(in crate::association) fn handle_asconf(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        chunk: &Asconf<'_>,
    ) -> Result<Option<AsconfSerial>, PeerFault> {
        let allowed = matches!(
            self.phase,
            Phase::Established | Phase::ShutdownPending(_) | Phase::ShutdownReceived(_) | Phase::ShutdownSent(_)
        );
        let Some(asconf) = self.asconf.as_mut().filter(|_| allowed) else { return Ok(None) };
        if chunk.serial != asconf.expected {
            // Rules E2 and E5.
            return Ok(asconf.cached.iter().any(|(serial, _)| *serial == chunk.serial).then_some(chunk.serial));
        }
        asconf.expected = chunk.serial.next();
        let mut answer = Answer::default();
        for raw in chunk.params.raw() {
            let raw = raw.map_err(|_| PeerFault::Violation("malformed ASCONF"))?;
            if !self.obey_param(context, received, &raw, &mut answer)? {
                break;
            }
        }
        if let Some(asconf) = &mut self.asconf {
            if asconf.cached.len() >= MAX_CACHED {
                asconf.cached.pop_front();
            }
            asconf.cached.push_back((chunk.serial, answer.octets));
        }
        Ok(Some(chunk.serial))
    }

    /// Rule E6: all answers in one packet, to where the ASCONFs came from.
    pub(in crate::association) fn send_asconf_acks(
        &self,
        context: &mut Context<'_>,
        received: &Received,
        serials: &[AsconfSerial],
    ) {
        let (Some(asconf), Some(peer)) = (&self.asconf, &self.peer) else { return };
        let answer_of = |serial: &AsconfSerial| asconf.cached.iter().find(|(cached, _)| cached == serial);
        let chunks: Vec<_> = serials
            .iter()
            .filter_map(answer_of)
            .map(|(serial, octets)| Chunk::AsconfAck { serial: *serial, params: Params::Wire(octets) })
            .collect();
        context.replies.answer_with(self.back_to(received), peer.tag, &chunks, peer.auth.as_deref());
    }

    /// One parameter (rule V1: in order). False: the rest does not count.
    fn obey_param(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        raw: &RawParam<'_>,
        answer: &mut Answer,
    ) -> Result<bool, PeerFault> {
        let param = raw.decode().map_err(|_| PeerFault::Violation("malformed ASCONF parameter"))?;
        let changes = matches!(param, Param::AddAddress { .. } | Param::DeleteAddress { .. });
        let (id, result) = match param {
            Param::AddAddress { id, .. } | Param::DeleteAddress { id, .. }
                if answer.no_more || answer.octets.len() > MAX_ANSWER =>
            {
                (id, Err(CauseCode::ASCONF_RESOURCE))
            }
            Param::AddAddress { id, address } => (id, self.add_for_peer(context, received, address)),
            Param::DeleteAddress { id, address } => (id, self.delete_for_peer(context, received, address)),
            Param::SetPrimary { id, address } => (id, self.set_primary_for_peer(context, received, address)),
            _ => return Ok(answer.unknown(raw)),
        };
        answer.no_more |= changes && result.is_err();
        answer.give(id, result, raw);
        Ok(true)
    }

    /// RFC 5061 §4.2.1, rules F9 and F14.
    fn add_for_peer(&mut self, context: &mut Context<'_>, received: &Received, ip: IpAddr) -> Result<(), CauseCode> {
        let address = named(ip, received);
        if !address.is_unicast() || (address.is_loopback() && !received.source.is_loopback()) {
            return Err(CauseCode::UNRESOLVABLE_ADDRESS);
        }
        if self.has_peer(address) {
            return Ok(());
        }
        let here = Carrier { link: received.link, udp_port: received.udp_port };
        let carrier = if address == received.source { Some(here) } else { self.carrier_for(context, address, here) };
        let carrier = carrier.filter(|_| self.local_side.reaches(address) && self.paths.len() < MAX_PEER_ADDRESSES);
        let carrier = carrier.ok_or(CauseCode::ASCONF_RESOURCE)?;
        let (source, mtu) = self.local_side.source_for(address, context.routing);
        let added = self.paths.add(address, source, carrier, mtu, &self.config, false);
        let id = added.ok_or(CauseCode::ASCONF_RESOURCE)?;
        if let Some(path) = self.paths.get_mut(id) {
            path.heartbeat.schedule_at(context.now);
        }
        self.peers_changed = true;
        self.emit(context, EventKind::PathChanged { address, change: PathChange::Added });
        Ok(())
    }

    /// RFC 5061 §4.2.2, rules F7, F8 and F13.
    fn delete_for_peer(&mut self, context: &mut Context<'_>, received: &Received, ip: IpAddr) -> Result<(), CauseCode> {
        if ip.is_unspecified() {
            // All but the source of the packet.
            let kept = self.paths.find(received.source).ok_or(CauseCode::DELETE_LAST_ADDRESS)?;
            let others: Vec<PathId> = self.paths.iter().map(|(id, _)| id).filter(|id| *id != kept).collect();
            others.into_iter().for_each(|id| self.remove_path(context, id));
            return Ok(());
        }
        let id = self.paths.find(named(ip, received)).ok_or(CauseCode::UNRESOLVABLE_ADDRESS)?;
        if self.paths.len() <= 1 {
            return Err(CauseCode::DELETE_LAST_ADDRESS);
        }
        if self.paths.find(received.source) == Some(id) {
            return Err(CauseCode::DELETE_SOURCE_ADDRESS);
        }
        self.remove_path(context, id);
        Ok(())
    }

    /// RFC 5061 §4.2.4, §5.4: advice that is followed if the address is one.
    fn set_primary_for_peer(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        ip: IpAddr,
    ) -> Result<(), CauseCode> {
        let set = self.set_primary(context, named(ip, received));
        if set { Ok(()) } else { Err(CauseCode::UNRESOLVABLE_ADDRESS) }
    }

    fn remove_path(&mut self, context: &mut Context<'_>, id: PathId) {
        let was_primary = self.paths.primary() == id;
        self.outbound.on_path_removed(id, &mut self.paths);
        let Some(path) = self.paths.remove(id) else { return };
        self.peers_changed = true;
        if was_primary {
            self.emit_path_change(context, self.paths.primary(), Some(PathChange::MadePrimary));
        }
        self.emit(context, EventKind::PathChanged { address: path.address, change: PathChange::Removed });
    }
}

/// RFC 5061 §4.2.1, §4.2.4: the wildcard stands for the source of the packet.
fn named(ip: IpAddr, received: &Received) -> Address {
    if ip.is_unspecified() { received.source } else { Address::new(ip, received.source.scope) }
}

impl Answer {
    /// Rules V2 and V3.
    fn give(&mut self, id: AsconfSerial, result: Result<(), CauseCode>, raw: &RawParam<'_>) {
        match result {
            Ok(()) if self.failed => Param::Success { id }.encode(&mut self.octets),
            Ok(()) => {}
            Err(code) => self.refuse(id, &refusal(code, raw.octets)),
        }
    }

    fn refuse(&mut self, id: AsconfSerial, cause: &Cause<'_>) {
        self.failed = true;
        if self.octets.len() > MAX_ANSWER {
            return;
        }
        let mut causes = Vec::new();
        cause.encode(&mut causes);
        Param::ErrorCause { id, causes: &causes }.encode(&mut self.octets);
    }

    /// A parameter that is not known, by the bits of its type (RFC 9260 §3.2.1). Whether the next one counts.
    fn unknown(&mut self, raw: &RawParam<'_>) -> bool {
        let action = raw.kind.unknown_action();
        if action.report {
            let id = raw.value.first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
            self.refuse(AsconfSerial(id), &Cause::UnrecognizedParameters(raw.octets));
        }
        action.skip
    }
}
