//! What goes into the next packet, and in which order: control chunks that are owed, a SACK, chunks sent again, new data
//! (RFC 9260 §6.10). INIT, INIT ACK and SHUTDOWN COMPLETE stand alone; the latter two never come from here.

use usctp_wire::{Chunk, HEADER_LEN, Header, Init, PacketBuilder, Param, Params, VerificationTag, crc32c};

use super::{Association, Capabilities, Context, PathId, control::Towards, phase::Phase};
use crate::{Address, Ecn, Time, Transmit};

/// Octets of one burst at most: what one UDP datagram, and so one call with segmentation, can hold.
const MAX_BURST_OCTETS: usize = 65_000;

/// Octets of type and length in front of a parameter's value (RFC 9260 §3.2.1).
const PARAM_HEADER_LEN: usize = 4;

/// A packet that has been written.
struct Written {
    len: usize,
    has_data: bool,
    dont_fragment: bool,
}

impl Association {
    /// The next packet, or several of one size, at the end of `buffer`.
    pub(crate) fn poll_transmit(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        max_segments: usize,
    ) -> Option<Transmit> {
        let transmit = match &self.phase {
            Phase::Closed(_) => None,
            Phase::CookieWait(_) => self.transmit_init(buffer),
            Phase::CookieEchoed(_) => self.transmit_cookie_echo(context.now, buffer),
            _ => self.transmit_next(context, buffer, max_segments),
        };
        self.drain_parts(context);
        transmit
    }

    fn transmit_init(&mut self, buffer: &mut Vec<u8>) -> Option<Transmit> {
        let Phase::CookieWait(wait) = &mut self.phase else { return None };
        let (path, preservative) = (wait.owed.take()?, wait.preservative);
        let header = self.header(VerificationTag(0));
        let extensions = Capabilities::offered(&self.config).extensions(self.local_auth.is_some());
        let params = self.init_params(preservative, &extensions);
        let init = Chunk::Init(Init {
            initiate_tag: self.local_tag,
            a_rwnd: self.receive_window(),
            outbound_streams: self.config.outbound_streams,
            inbound_streams: self.config.inbound_streams,
            initial_tsn: self.local_initial_tsn,
            params: Params::Values(&params),
        });
        // An INIT with many addresses may be larger than the path takes: routers may fragment it then.
        let mut packet = PacketBuilder::new(buffer, header, usize::from(u16::MAX));
        packet.push(&init);
        let len = packet.finish();
        self.counters.control_chunks_out += 1;
        self.transmit(path, None, &Written { len, has_data: false, dont_fragment: self.fits(path, len) })
    }

    /// RFC 9260 §5.1 C: one packet, the COOKIE ECHO first, with as much data as fits.
    fn transmit_cookie_echo(&mut self, now: Time, buffer: &mut Vec<u8>) -> Option<Transmit> {
        let header = self.header(self.peer.as_ref()?.tag);
        let Phase::CookieEchoed(echoed) = &mut self.phase else { return None };
        let id = echoed.owed.take()?;
        echoed.sent_at.get_or_insert(now);
        let max = self.paths.get(id).map_or(0, |path| path.max_packet() as usize);
        let reserve = usize::from(self.paths.reserve);
        // A large cookie makes a packet that routers may have to fragment; nothing goes beside it then.
        let alone = HEADER_LEN + 4 + echoed.cookie.len().next_multiple_of(4);
        let start = buffer.len();
        let mut packet = PacketBuilder::new(buffer, header, max.saturating_sub(reserve).max(alone));
        packet.push(&Chunk::CookieEcho { cookie: &echoed.cookie });
        self.counters.control_chunks_out += 1;
        if !echoed.causes.is_empty() && packet.push(&Chunk::Error { causes: &echoed.causes }) {
            self.counters.control_chunks_out += 1;
        }
        let data = self.outbound.fill(now, id, &mut self.paths, &self.config, &mut packet);
        packet.finish_without_checksum();
        let len = self.seal(buffer, start);
        let dont_fragment = self.fits(id, len);
        self.transmit(id, None, &Written { len, has_data: data > 0, dont_fragment })
    }

    fn transmit_next(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        max_segments: usize,
    ) -> Option<Transmit> {
        // Where what is owed to one path does not make a packet (too large an answer, a path that is gone), the next may.
        for _ in 0..MAX_EMPTY {
            let (id, from) = self.next_destination(context.now)?;
            let start = buffer.len();
            if let Some(first) = self.write_packet(context, id, buffer) {
                let mut transmit = self.transmit(id, from, &first)?;
                if first.has_data && first.dont_fragment {
                    self.write_burst(context, id, buffer, start, max_segments, &mut transmit);
                }
                return Some(transmit);
            }
        }
        None
    }

    /// The path of the next packet, and the source that an answer leaves from.
    fn next_destination(&mut self, now: Time) -> Option<(PathId, Option<Address>)> {
        if let Some(destination) = self.asconf_destination() {
            return Some(destination);
        }
        while let Some(to) = self.control.first() {
            if self.paths.get(to.path).is_some() {
                return Some((to.path, to.from));
            }
            self.control.drop_first();
        }
        if self.marks.owes_cwr() {
            return Some((self.paths.select_for_control(None), None));
        }
        let forward = self.owes_forward_tsn().then(|| self.paths.select_for_data());
        let data = self.next_data_path(now).or(forward);
        let sack_due = self.peer.as_ref().is_some_and(|peer| peer.inbound.sack_due(now));
        match (data, sack_due) {
            // A SACK rides with data, whichever way that goes.
            (Some(path), _) => Some((path, None)),
            (None, true) => Some(self.sack_destination()),
            (None, false) => None,
        }
    }

    fn sack_destination(&self) -> (PathId, Option<Address>) {
        // RFC 9260 §6.4: to where the DATA came from.
        match self.sack_to {
            Some(Towards { path, from }) if self.paths.get(path).is_some() => (path, from),
            _ => (self.paths.select_for_control(None), None),
        }
    }

    fn next_data_path(&mut self, now: Time) -> Option<PathId> {
        if !self.phase.sends_data() {
            return None;
        }
        self.outbound.next_data_path(now, &mut self.paths, &self.config)
    }

    fn owes_forward_tsn(&self) -> bool {
        self.phase.sends_data() && self.outbound.owes_forward_tsn(&self.paths)
    }

    /// One packet to `id`; `None`, and nothing written, when nothing fits.
    fn write_packet(&mut self, context: &mut Context<'_>, id: PathId, buffer: &mut Vec<u8>) -> Option<Written> {
        let now = context.now;
        let header = self.header(self.peer.as_ref()?.tag);
        let max = self.paths.get(id)?.max_packet() as usize;
        self.outbound.begin_packet();
        let data_path = self.next_data_path(now);
        let bare = self.control.is_empty() && self.asconf_destination().is_none() && !self.marks.owes_cwr();
        let oversized = data_path.filter(|path| bare && *path == id);
        let oversized = oversized.and_then(|id| self.outbound.oversized_packet(id, &self.paths, &self.config));
        let (start, reserve) = (buffer.len(), usize::from(self.paths.reserve));
        let mut packet = PacketBuilder::new(buffer, header, oversized.unwrap_or(max).saturating_sub(reserve));
        if oversized.is_none() {
            self.write_control(context, id, &mut packet);
            self.write_sack(now, id, data_path == Some(id), &mut packet);
            // RFC 3758 §3.5 F2: bundled with data where there is some.
            if self.owes_forward_tsn() && self.outbound.write_forward_tsn(now, id, &mut self.paths, &mut packet) {
                self.counters.control_chunks_out += 1;
            }
        }
        let data = match data_path {
            Some(path) if path == id => self.outbound.fill(now, id, &mut self.paths, &self.config, &mut packet),
            _ => 0,
        };
        if packet.is_empty() {
            packet.discard();
            return None;
        }
        if data > 0 {
            self.touch_autoclose(now);
        }
        packet.finish_without_checksum();
        let len = self.seal(buffer, start);
        let forbids = self.paths.get(id).is_some_and(|path| path.mtu.forbids_fragmentation());
        Some(Written { len, has_data: data > 0, dont_fragment: oversized.is_none() && forbids })
    }

    /// More packets with data behind the first, each as long as it, the last one perhaps shorter.
    fn write_burst(
        &mut self,
        context: &mut Context<'_>,
        id: PathId,
        buffer: &mut Vec<u8>,
        start: usize,
        max_segments: usize,
        transmit: &mut Transmit,
    ) {
        let size = transmit.len;
        let Some(tag) = self.peer.as_ref().map(|peer| peer.tag) else { return };
        let header = self.header(tag);
        let mut segments = 1;
        while segments < max_segments && (segments + 1) * size <= MAX_BURST_OCTETS && self.control.is_empty() {
            let fits = self.next_data_path(context.now) == Some(id)
                && !self.outbound.ended_by_key()
                && self.outbound.oversized_packet(id, &self.paths, &self.config).is_none();
            if !fits {
                break;
            }
            let (begin, reserve) = (buffer.len(), usize::from(self.paths.reserve));
            let mut packet = PacketBuilder::new(buffer, header, size.saturating_sub(reserve));
            if self.outbound.fill(context.now, id, &mut self.paths, &self.config, &mut packet) == 0 {
                packet.discard();
                break;
            }
            packet.finish_without_checksum();
            let len = self.seal(buffer, begin);
            segments += 1;
            self.counters.packets_out += 1;
            if len < size {
                break;
            }
        }
        transmit.len = buffer.len() - start;
        if segments > 1 {
            transmit.segment_size = Some(size);
        }
    }

    /// Control chunks that are owed to `id`, as far as they fit.
    fn write_control(&mut self, context: &mut Context<'_>, id: PathId, packet: &mut PacketBuilder<'_>) {
        // RFC 9260 §5.1 D: the COOKIE ACK is the first chunk.
        if self.control.cookie_ack.take_if(|to| to.path == id).is_some() {
            self.push(packet, &Chunk::CookieAck);
        }
        self.counters.control_chunks_out += u64::from(self.write_asconf(context.now, id, packet));
        if self.control.shutdown.take_if(|to| to.path == id).is_some() {
            self.write_shutdown(packet);
        }
        if self.control.shutdown_ack.take_if(|to| to.path == id).is_some() {
            self.push(packet, &Chunk::ShutdownAck);
        }
        if let Some(causes) = self.control.take_errors(id) {
            self.push(packet, &Chunk::Error { causes: &causes });
        }
        self.write_heartbeat_acks(id, packet);
        if self.control.take_heartbeat(id) {
            self.write_heartbeat(context, id, packet);
        }
        if let Some(lowest) = self.marks.take_cwr() {
            self.push(packet, &Chunk::Cwr { lowest });
        }
    }

    fn write_heartbeat_acks(&mut self, id: PathId, packet: &mut PacketBuilder<'_>) {
        while let Some(info) = self.control.heartbeat_ack(id) {
            let fits = packet.push(&Chunk::HeartbeatAck { info });
            if fits {
                self.counters.control_chunks_out += 1;
            } else if !packet.is_empty() {
                // For the next packet; one that fits no packet at all is dropped below.
                break;
            }
            self.control.pop_heartbeat_ack();
        }
    }

    /// RFC 9260 §8.3, §5.4: with a nonce, so that only who received it can answer.
    fn write_heartbeat(&mut self, context: &mut Context<'_>, id: PathId, packet: &mut PacketBuilder<'_>) {
        let nonce = context.entropy.number64();
        let mut value = [0; 9];
        value[..8].copy_from_slice(&nonce.to_be_bytes());
        value[8] = id.0;
        let mut info = Vec::with_capacity(16);
        Param::HeartbeatInfo(&value).encode(&mut info);
        // RFC 9260 §3.2: the padding of the last parameter is the chunk's own, which its length does not count.
        info.truncate(PARAM_HEADER_LEN + value.len());
        if self.push(packet, &Chunk::Heartbeat { info: &info }) {
            let jitter = context.entropy.number();
            if let Some(path) = self.paths.get_mut(id) {
                path.heartbeat_sent(context.now, nonce, jitter);
            }
            // A moment of rest: give back what only a busy association needs.
            self.outbound.compact();
        } else {
            self.control.owe_heartbeat(id);
        }
    }

    /// RFC 9260 §9.2: the SHUTDOWN acknowledges what came in order. It says nothing of gaps, duplicates or the window, so the
    /// SACK that is owed goes beside it: a peer that takes our window for closed would send one chunk per timeout.
    fn write_shutdown(&mut self, packet: &mut PacketBuilder<'_>) {
        let Some(peer) = &self.peer else { return };
        let shutdown = Chunk::Shutdown { cumulative: peer.inbound.cumulative() };
        self.push(packet, &shutdown);
    }

    /// A SACK, if one is owed: any packet that goes anyway carries it (RFC 9260 §6.1), unless it would only push the data
    /// out of that packet.
    fn write_sack(&mut self, now: Time, id: PathId, with_data: bool, packet: &mut PacketBuilder<'_>) {
        let Some(peer) = &mut self.peer else { return };
        if !peer.inbound.sack_wanted() {
            return;
        }
        let mut rides = || {
            let first = self.outbound.next_chunk_octets(id, &self.paths, &self.config);
            with_data && first.is_some_and(|octets| octets + USUAL_SACK <= packet.room())
        };
        if packet.is_empty() && !peer.inbound.sack_due(now) && !rides() {
            return;
        }
        if let Some(lowest) = self.marks.echo() {
            packet.push(&Chunk::Ecne { lowest });
        }
        if peer.inbound.write_sack(packet) {
            self.counters.sacks_out += 1;
            self.counters.control_chunks_out += 1;
        }
    }

    fn push(&mut self, packet: &mut PacketBuilder<'_>, chunk: &Chunk<'_>) -> bool {
        let fits = packet.push(chunk);
        self.counters.control_chunks_out += u64::from(fits);
        fits
    }

    fn transmit(&mut self, id: PathId, from: Option<Address>, written: &Written) -> Option<Transmit> {
        let path = self.paths.get(id)?;
        self.counters.packets_out += 1;
        // RFC 3168 §6.1.4 carried over: only packets with data say that their sender heeds marks.
        let ecn = if written.has_data && self.marks.agreed { Ecn::Ect0 } else { Ecn::NotEct };
        Some(Transmit {
            source: from.or(path.source),
            destination: path.address,
            carrier: path.carrier,
            ecn,
            dscp: path.config.dscp,
            flow_label: path.config.flow_label,
            priority: path.config.priority,
            interface: path.config.interface,
            dont_fragment: written.dont_fragment,
            len: written.len,
            segment_size: None,
        })
    }

    /// Completes the packet that begins at `start`: AUTH where the peer wants it, and the checksum. Its length.
    fn seal(&self, buffer: &mut Vec<u8>, start: usize) -> usize {
        if let Some(auth) = self.authenticator() {
            auth.sign(buffer, start, self.outbound.packet_key());
        }
        crc32c::fill_in(&mut buffer[start..]);
        buffer.len() - start
    }

    const fn header(&self, tag: VerificationTag) -> Header {
        Header { source_port: self.local_port, destination_port: self.peer_port, tag }
    }

    fn fits(&self, id: PathId, len: usize) -> bool {
        self.paths.get(id).is_some_and(|path| len <= path.max_packet() as usize && path.mtu.forbids_fragmentation())
    }
}

/// Octets of a SACK with a gap block or two.
const USUAL_SACK: usize = 24;

/// Packets tried at most before giving up for this poll.
const MAX_EMPTY: usize = 4;
