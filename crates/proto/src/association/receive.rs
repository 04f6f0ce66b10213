//! What happens to a received packet: tag, carrier, chunks in order (RFC 9260 §8.5, §6, §3.2).

use bytes::Bytes;
use usctp_wire::{
    AsconfSerial, Cause, CauseCode, Causes, Chunk, ChunkType, Header, Packet, Param, Params, RawChunk, Tsn,
    VerificationTag,
};

use super::{
    Association, AuthPart, Capabilities, Context, PathId, Seal,
    auth::Admission,
    control::Towards,
    inbound::{DataChunk, DataVerdict},
    outbound::SackOutcome,
    phase::Phase,
};
use crate::{CloseReason, Ecn, EventKind, IcmpError, IcmpKind, Received, fault::PeerFault};

/// What became of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PacketVerdict {
    Taken,
    /// Silently dropped (RFC 9260 §8.5).
    WrongTag,
    /// To be treated as if it belonged to no association (RFC 9260 §8.5.1 E).
    OutOfTheBlue,
    /// From some chunk on it could not be read; what stood before counts.
    Malformed,
    /// A chunk stood beside others that must stand alone.
    Bundled,
}

/// Whether the next chunk of the packet is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Walk {
    On,
    Stop,
}

/// What of a packet has been taken before its association was asked: a COOKIE ECHO, perhaps behind AUTH.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walked {
    pub(crate) chunks: usize,
    /// Whether the rest of the packet is authenticated by what was walked.
    pub(crate) seal: Seal,
}

/// A packet while its chunks are walked.
struct Arrival<'a> {
    received: &'a Received,
    /// Back to the path that it came from.
    towards: Towards,
    /// The lowest TSN in it, once there was DATA.
    lowest: Option<Tsn>,
    /// Causes reported up so far.
    reported: u8,
    /// Whether what comes now is authenticated.
    seal: Seal,
    /// ASCONFs to be answered.
    asconfs: Vec<AsconfSerial>,
}

/// Error causes of one packet that are reported up, at most.
const MAX_REPORTED: u8 = 16;

impl Association {
    /// A packet came from an address of the peer, or with an INIT ACK for us.
    pub(crate) fn handle_packet(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        packet: &Packet<'_>,
        walked: Walked,
    ) -> PacketVerdict {
        if let Err(verdict) = self.check_tag(packet) {
            return verdict;
        }
        self.counters.packets_in += 1;
        if let Some(verdict) = self.take_init_ack(context, received, packet) {
            return verdict;
        }
        let towards = match self.paths.find(received.source) {
            Some(path) => {
                self.learn_carrier(path, received);
                Towards { path, from: Some(received.destination) }
            }
            // RFC 5061 §5.3.2: found by the address in an ASCONF. Only that counts, until it has made the source known.
            None if self.does_asconf() => Towards { path: self.paths.select_for_control(None), from: None },
            None => return PacketVerdict::WrongTag,
        };
        let mut arrival =
            Arrival { received, towards, lowest: None, reported: 0, seal: walked.seal, asconfs: Vec::new() };
        self.note_key(context, walked.seal);
        let mut verdict = PacketVerdict::Taken;
        let mut foreign = towards.from.is_none();
        let mut chunks = packet.chunks();
        for number in 0.. {
            let raw = match chunks.next() {
                None => break,
                Some(_) if number < walked.chunks => continue,
                Some(Ok(raw)) => raw,
                Some(Err(_)) => {
                    verdict = PacketVerdict::Malformed;
                    break;
                }
            };
            if foreign && ![ChunkType::AUTH, ChunkType::ASCONF].contains(&raw.kind) {
                foreign = !self.has_peer(received.source);
                if foreign {
                    break;
                }
            }
            match self.admit(context, towards, &mut arrival.seal, raw, chunks.rest()) {
                Admission::Take => {}
                Admission::Pass => continue,
                Admission::Stop => break,
            }
            match self.handle_chunk(context, &mut arrival, &raw) {
                Ok(Walk::On) => {}
                Ok(Walk::Stop) => break,
                Err(Refused::Malformed) => {
                    verdict = PacketVerdict::Malformed;
                    break;
                }
                Err(Refused::Fault(fault)) => {
                    self.close_for_fault(context, fault);
                    break;
                }
            }
        }
        if !matches!(self.phase, Phase::Closed(_)) {
            self.end_packet(context, &arrival);
        }
        verdict
    }

    /// An ICMP error came whose quoted packet may be ours (RFC 9260 §10). Whether it was.
    pub(crate) fn handle_icmp(&mut self, context: &mut Context<'_>, error: &IcmpError, header: Header) -> bool {
        let quoted_init = quoted_initiate_tag(&error.quoted);
        // RFC 9260 §10 ICMP6: the peer's tag; the tag 0 only if an INIT of ours can be seen.
        let ours = match header.tag {
            VerificationTag(0) => quoted_init == Some(self.local_tag) && self.phase.is_opening(),
            tag => self.peer.as_ref().is_some_and(|peer| peer.tag == tag),
        };
        if !ours {
            return false;
        }
        match error.kind {
            IcmpKind::PacketTooBig(mtu) => self.handle_too_big(context, error.destination, mtu),
            // RFC 9260 §10 ICMP8. An INIT that was answered already is history.
            IcmpKind::ProtocolUnreachable if header.tag == VerificationTag(0) => {
                if matches!(self.phase, Phase::CookieWait(_)) {
                    self.close(context, CloseReason::Refused);
                }
            }
            IcmpKind::ProtocolUnreachable if self.phase.is_opening() => self.close(context, CloseReason::Refused),
            IcmpKind::ProtocolUnreachable => {
                let reason = CloseReason::AbortedByPeer { code: 0, causes: Bytes::new(), during_setup: false };
                self.close(context, reason);
            }
            // RFC 9260 §10 ICMP9: the timers find out soon enough, and cannot be forged.
            IcmpKind::Unreachable => {}
        }
        true
    }

    /// RFC 9260 §8.5, §8.5.1.
    fn check_tag(&self, packet: &Packet<'_>) -> Result<(), PacketVerdict> {
        // RFC 4895 §6.3: an AUTH chunk says nothing of its own about whom the packet is for.
        let first = match AuthPart::at_the_front(packet) {
            Some((_, second)) => second,
            None => packet.chunks().next().and_then(Result::ok).ok_or(PacketVerdict::Malformed)?,
        };
        if first.kind == ChunkType::SHUTDOWN_ACK && self.phase.is_opening() {
            return Err(PacketVerdict::OutOfTheBlue);
        }
        let tag_reflected = first.flags & 1 != 0;
        let expected = match first.kind {
            ChunkType::ABORT | ChunkType::SHUTDOWN_COMPLETE if tag_reflected => self.peer.as_ref().map(|peer| peer.tag),
            _ => Some(self.local_tag),
        };
        if expected == Some(packet.header.tag) { Ok(()) } else { Err(PacketVerdict::WrongTag) }
    }

    /// RFC 9260 §5.1: an INIT ACK stands alone. It may come from an address that is not known yet.
    fn take_init_ack(
        &mut self,
        context: &mut Context<'_>,
        received: &Received,
        packet: &Packet<'_>,
    ) -> Option<PacketVerdict> {
        let first = packet.chunks().next()?.ok().filter(|first| first.kind == ChunkType::INIT_ACK)?;
        if packet.chunks().nth(1).is_some() {
            return Some(PacketVerdict::Bundled);
        }
        self.counters.control_chunks_in += 1;
        Some(match first.decode() {
            Ok(Chunk::InitAck(init)) => {
                self.handle_init_ack(context, received, &init);
                PacketVerdict::Taken
            }
            _ => PacketVerdict::Malformed,
        })
    }

    /// RFC 6951 §5.4: only now that the tag was right is the packet's UDP port believed.
    fn learn_carrier(&mut self, path: PathId, received: &Received) {
        if let Some(path) = self.paths.get_mut(path) {
            path.carrier.link = received.link;
            path.carrier.udp_port = received.udp_port;
        }
    }

    fn handle_chunk(
        &mut self,
        context: &mut Context<'_>,
        arrival: &mut Arrival<'_>,
        raw: &RawChunk<'_>,
    ) -> Result<Walk, Refused> {
        let chunk = raw.decode().map_err(|_| Refused::Malformed)?;
        let octets = &arrival.received.packet;
        let data = match &chunk {
            Chunk::Data(data) => Some((DataChunk::of_data(data, octets), false)),
            Chunk::IData(data) => Some((DataChunk::of_i_data(data, octets), true)),
            _ => None,
        };
        if let Some((data, interleaved)) = data {
            self.handle_data(context, arrival, data, interleaved)?;
            return Ok(Walk::On);
        }
        self.counters.control_chunks_in += 1;
        match chunk {
            Chunk::Sack(sack) => {
                self.counters.sacks_in += 1;
                if self.phase.takes_sack() {
                    let outcome = self.outbound.handle_sack(context.now, &sack, &mut self.paths, &self.config)?;
                    self.note_sack(context, outcome);
                }
            }
            Chunk::Heartbeat { info } if !self.phase.is_opening() => {
                self.control.owe_heartbeat_ack(arrival.towards, Bytes::copy_from_slice(info));
            }
            Chunk::HeartbeatAck { info } => self.handle_heartbeat_ack(context, info),
            Chunk::Abort { tag_reflected, causes } => {
                self.handle_abort(context, tag_reflected, causes, arrival);
                return Ok(Walk::Stop);
            }
            Chunk::Error { causes } => self.handle_error(context, arrival, causes),
            Chunk::Shutdown { cumulative } => self.handle_shutdown(context, arrival.towards, cumulative)?,
            Chunk::ShutdownAck => self.handle_shutdown_ack(context, arrival.received),
            Chunk::ShutdownComplete { .. } => self.handle_shutdown_complete(context),
            Chunk::CookieAck => self.handle_cookie_ack(context),
            Chunk::Ecne { lowest } if self.marks.agreed => {
                // A CWR is owed each time: the one before may have been lost.
                if lowest.is_before(self.outbound.next_tsn()) {
                    self.outbound.on_congestion_echo(lowest, &mut self.paths);
                    self.marks.owe_cwr(lowest);
                }
            }
            Chunk::Cwr { lowest } => self.marks.on_cwr(lowest),
            // RFC 8260 §2.3.1.
            Chunk::ForwardTsn(_) if self.has_agreed(|side| side.interleaving) => {
                return Err(PeerFault::Violation("FORWARD TSN where I-DATA was agreed on").into());
            }
            Chunk::IForwardTsn(forward) if self.has_agreed(|side| side.interleaving && side.forward_tsn) => {
                if let Some(peer) = self.peer.as_mut().filter(|_| self.phase.takes_data()) {
                    peer.inbound.handle_i_forward_tsn(&forward);
                    arrival.lowest.get_or_insert(forward.cumulative);
                }
            }
            Chunk::IForwardTsn(_) => {
                return Err(PeerFault::Violation("I-FORWARD-TSN was not agreed on").into());
            }
            Chunk::ForwardTsn(forward) if self.has_agreed(|side| side.forward_tsn) => {
                if let Some(peer) = self.peer.as_mut().filter(|_| self.phase.takes_data()) {
                    peer.inbound.handle_forward_tsn(&forward)?;
                    // Acknowledged as DATA is (RFC 3758 §3.6).
                    arrival.lowest.get_or_insert(forward.cumulative);
                }
            }
            Chunk::Asconf(asconf) if self.does_asconf() => {
                let answered = self.handle_asconf(context, arrival.received, &asconf)?;
                arrival.asconfs.extend(answered);
            }
            Chunk::AsconfAck { serial, params } if self.does_asconf() => {
                self.handle_asconf_ack(context, serial, &params)?;
            }
            Chunk::Heartbeat { .. } | Chunk::Pad { .. } | Chunk::Ecne { .. } => {}
            // RFC 9260 §5.1, §8.5.1 A: these stand alone or first; here they are in the wrong place.
            Chunk::Init(_) | Chunk::InitAck(_) | Chunk::CookieEcho { .. } => return Ok(Walk::Stop),
            // Unknown, or of an extension that was not agreed on.
            _ => return Ok(self.handle_unknown(arrival, raw)),
        }
        let closed = matches!(self.phase, Phase::Closed(_));
        Ok(if closed { Walk::Stop } else { Walk::On })
    }

    fn handle_data(
        &mut self,
        context: &mut Context<'_>,
        arrival: &mut Arrival<'_>,
        chunk: DataChunk,
        interleaved: bool,
    ) -> Result<(), Refused> {
        // RFC 9260 §6: discarded in all other states.
        if !self.phase.takes_data() {
            return Ok(());
        }
        let Some(peer) = &mut self.peer else { return Ok(()) };
        if peer.capabilities.interleaving != interleaved {
            // RFC 8260 §2.2.3.
            let what = if interleaved { "I-DATA was not agreed on" } else { "DATA where I-DATA was agreed on" };
            return Err(PeerFault::Violation(what).into());
        }
        let (tsn, stream) = (chunk.tsn, chunk.stream);
        let lowest = arrival.lowest.get_or_insert(tsn);
        if tsn.is_before(*lowest) {
            *lowest = tsn;
        }
        match peer.inbound.handle_data(chunk, arrival.received.packet.len())? {
            DataVerdict::New => self.touch_autoclose(context.now),
            DataVerdict::Duplicate | DataVerdict::Dropped => {}
            DataVerdict::InvalidStream => self.control.owe_error(arrival.towards, &Cause::InvalidStream(stream)),
        }
        Ok(())
    }

    pub(super) fn note_sack(&mut self, context: &mut Context<'_>, outcome: SackOutcome) {
        if outcome.stale {
            return;
        }
        if outcome.newly_acknowledged || outcome.cumulative_advanced {
            // RFC 9260 §8.1.
            self.errors = 0;
            self.touch_autoclose(context.now);
        }
        if outcome.cumulative_advanced {
            self.guard_progress(context.now);
        }
        for (path, change) in outcome.path_changes {
            self.emit_path_change(context, path, Some(change));
        }
    }

    /// RFC 9260 §8.3: the info is ours, if the nonce in it is. It goes where it says, not where the chunk came from.
    fn handle_heartbeat_ack(&mut self, context: &mut Context<'_>, info: &[u8]) {
        let Some(Param::HeartbeatInfo(value)) = Params::Wire(info).iter().flatten().next() else { return };
        let Some((nonce, [path])) = value.split_first_chunk::<8>().and_then(|(nonce, rest)| {
            let path: &[u8; 1] = rest.try_into().ok()?;
            Some((nonce, path))
        }) else {
            return;
        };
        let id = PathId(*path);
        let Some(path) = self.paths.get_mut(id) else { return };
        let Some(changes) = path.heartbeat_acknowledged(context.now, u64::from_be_bytes(*nonce), &self.config) else {
            return;
        };
        // RFC 9260 §8.1.
        self.errors = 0;
        for change in changes {
            self.emit_path_change(context, id, change);
        }
    }

    /// RFC 9260 §8.5.1 B: the T bit must fit the tag; the packet's tag was compared with what its first chunk asks for.
    fn handle_abort(&mut self, context: &mut Context<'_>, tag_reflected: bool, causes: &[u8], arrival: &Arrival<'_>) {
        let tag = Packet::decode(&arrival.received.packet).map(|packet| packet.header.tag);
        let expected = if tag_reflected { self.peer.as_ref().map(|peer| peer.tag) } else { Some(self.local_tag) };
        // RFC 5061 §5.3 F4: an ABORT to an address that is being deleted says nothing.
        if tag.ok() != expected || self.local_side.is_leaving(arrival.received.destination) {
            return;
        }
        let code = (Causes { rest: causes }).flatten().next().map_or(0, |cause| cause.code.0);
        let during_setup = self.phase.is_opening();
        let causes = Bytes::copy_from_slice(causes);
        self.close(context, CloseReason::AbortedByPeer { code, causes, during_setup });
    }

    fn handle_error(&mut self, context: &mut Context<'_>, arrival: &mut Arrival<'_>, causes: &[u8]) {
        let mut whole = Some(causes);
        for cause in (Causes { rest: causes }).flatten() {
            if cause.code == CauseCode::STALE_COOKIE {
                // RFC 9260 §5.2.6: discarded unless a cookie of ours is on its way.
                self.handle_stale_cookie(context);
                continue;
            }
            if cause.code == CauseCode::UNRECOGNIZED_CHUNK && cause.value.first() == Some(&ChunkType::ASCONF.0) {
                self.asconf_not_understood(context);
            }
            if arrival.reported < MAX_REPORTED {
                arrival.reported += 1;
                let info = Bytes::copy_from_slice(cause.value);
                let chunk = whole.take().map_or_else(Bytes::new, Bytes::copy_from_slice);
                self.emit(context, EventKind::RemoteError { code: cause.code.0, info, chunk });
            }
        }
    }

    /// Whether both sides have announced an extension; its chunks count as unknown otherwise.
    fn has_agreed(&self, extension: fn(&Capabilities) -> bool) -> bool {
        self.peer.as_ref().is_some_and(|peer| extension(&peer.capabilities))
    }

    /// RFC 9260 §3.2: the two highest bits of the type say what to do.
    fn handle_unknown(&mut self, arrival: &Arrival<'_>, raw: &RawChunk<'_>) -> Walk {
        let action = raw.kind.unknown_action();
        if action.report {
            self.control.owe_error(arrival.towards, &Cause::UnrecognizedChunk(raw.octets));
        }
        if action.skip { Walk::On } else { Walk::Stop }
    }

    /// All chunks are handled.
    fn end_packet(&mut self, context: &mut Context<'_>, arrival: &Arrival<'_>) {
        if let (Some(lowest), Some(peer)) = (arrival.lowest, &mut self.peer) {
            self.sack_to = Some(arrival.towards);
            peer.inbound.end_of_packet(context.now, &self.config);
            if arrival.received.ecn == Ecn::Ce {
                self.marks.on_marked(lowest);
                if self.marks.echo().is_some() {
                    // The sooner the sender knows the better.
                    peer.inbound.sack_immediately();
                }
            }
        }
        if !arrival.asconfs.is_empty() {
            self.send_asconf_acks(context, arrival.received, &arrival.asconfs);
        }
        self.on_packet_while_closing(context.now, arrival.towards, arrival.lowest.is_some());
        self.drain_parts(context);
        self.advance_shutdown(context);
    }

    /// Packets above `mtu` octets do not pass to `destination`.
    pub(crate) fn handle_too_big(&mut self, context: &mut Context<'_>, destination: crate::Address, mtu: u32) {
        let Some(id) = self.paths.find(destination) else { return };
        if self.paths.get_mut(id).is_some_and(|path| path.too_big(context.now, mtu)) {
            self.outbound.on_packet_too_big(id, &mut self.paths);
        }
    }
}

/// Why a chunk ends its packet, or its association.
enum Refused {
    Malformed,
    Fault(PeerFault),
}

impl From<PeerFault> for Refused {
    fn from(fault: PeerFault) -> Self {
        Self::Fault(fault)
    }
}

/// The initiate tag of an INIT that an ICMP error quotes, if so much of it came back (RFC 9260 §10 ICMP6).
fn quoted_initiate_tag(quoted: &[u8]) -> Option<VerificationTag> {
    let chunk = quoted.get(usctp_wire::HEADER_LEN..)?;
    let tag = chunk.get(4..8)?;
    (chunk[0] == ChunkType::INIT.0).then(|| VerificationTag(u32::from_be_bytes([tag[0], tag[1], tag[2], tag[3]])))
}
