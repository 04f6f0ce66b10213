//! What comes in: from DATA chunk to delivered message, and the SACKs that are owed for it (RFC 9260 §6.2, §6.5–§6.9).
//!
//! [`Inbound`] joins parts that do not know each other: [`TsnMap`] (what has been received), [`Reassembly`] (fragments),
//! [`Streams`] (order), [`Window`] (buffer) and [`AckPolicy`] (when to answer).

mod ack;
mod interleaved;
mod reassembly;
mod skip;
mod streams;
mod tsn_map;
mod window;

use std::collections::VecDeque;

use bytes::Bytes;
use usctp_wire::{
    Chunk, Data, Duplicates, Fsn, GapBlock, GapBlocks, IData, Mid, PacketBuilder, Ppid, Sack, Ssn, StreamId, Tsn,
};

use self::{
    ack::AckPolicy,
    interleaved::Interleaved,
    reassembly::{Message, Neighbours, Part, Reassembly},
    streams::Streams,
    tsn_map::{Seen, TsnMap},
    window::{Admission, Window},
};
use crate::{AssociationConfig, AssociationCounters, Delivery, Time, fault::PeerFault};

/// What [`Inbound`] is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InboundConfig {
    /// The TSN that the peer begins with.
    pub(crate) initial_tsn: Tsn,
    /// Streams that the peer may send on.
    pub(crate) streams: u16,
    /// [`AssociationConfig::receive_buffer`].
    pub(crate) receive_buffer: u32,
    /// [`AssociationConfig::receive_overhead`].
    pub(crate) overhead: u32,
    /// [`AssociationConfig::partial_delivery_point`].
    pub(crate) partial_delivery_point: u32,
    /// I-DATA has been agreed on.
    pub(crate) interleaving: bool,
}

/// A DATA or I-DATA chunk with its payload cut out of the received packet.
#[derive(Clone, Debug)]
pub(crate) struct DataChunk {
    pub(crate) tsn: Tsn,
    pub(crate) stream: StreamId,
    /// DATA.
    pub(crate) ssn: Ssn,
    /// I-DATA.
    pub(crate) mid: Mid,
    pub(crate) fsn: Fsn,
    pub(crate) ppid: Ppid,
    pub(crate) unordered: bool,
    pub(crate) beginning: bool,
    pub(crate) ending: bool,
    pub(crate) immediate: bool,
    pub(crate) payload: Bytes,
}

impl DataChunk {
    /// Out of the packet `octets`.
    pub(crate) fn of_data(data: &Data<'_>, octets: &Bytes) -> Self {
        Self {
            tsn: data.tsn,
            stream: data.stream,
            ssn: data.ssn,
            mid: Mid(0),
            fsn: Fsn(0),
            ppid: data.ppid,
            unordered: data.unordered,
            beginning: data.beginning,
            ending: data.ending,
            immediate: data.immediate,
            payload: octets.slice_ref(data.payload),
        }
    }

    /// Out of the packet `octets`.
    pub(crate) fn of_i_data(data: &IData<'_>, octets: &Bytes) -> Self {
        Self {
            tsn: data.tsn,
            stream: data.stream,
            ssn: Ssn(0),
            mid: data.mid,
            fsn: data.fsn,
            ppid: data.ppid,
            unordered: data.unordered,
            beginning: data.beginning,
            ending: data.ending,
            immediate: data.immediate,
            payload: octets.slice_ref(data.payload),
        }
    }
}

/// What became of a DATA chunk. A SACK is owed in each case; [`Inbound`] knows when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DataVerdict {
    /// Taken; user data came (autoclose, counters).
    New,
    /// Had been received before.
    Duplicate,
    /// Beyond the window, or beyond what is tracked: as if it had been lost.
    Dropped,
    /// Acknowledged and thrown away; an ERROR with Invalid Stream Identifier is owed (RFC 9260 §6.5).
    InvalidStream,
}

/// What goes up.
#[derive(Debug)]
pub(crate) enum InboundOutcome {
    /// A message or a part of one.
    Delivered(Delivery),
    /// The rest of a partly delivered message will never come.
    PartialDeliveryAborted { stream: StreamId, ssn: Ssn, unordered: bool },
}

/// One direction of an association: from the peer to us.
#[derive(Debug)]
pub(crate) struct Inbound {
    map: TsnMap,
    reassembly: Reassembly,
    /// In the place of `reassembly` where I-DATA has been agreed on.
    interleaved: Option<Box<Interleaved>>,
    streams: Streams,
    window: Window,
    ack: AckPolicy,
    /// Whole and in order, not yet handed up.
    ready: VecDeque<Message>,
    /// To be told before anything else.
    aborted: VecDeque<InboundOutcome>,
    /// TSNs were missing when the last packet with DATA had been handled.
    had_gaps: bool,
    partial_delivery_point: u32,
    counters: Counters,
}

impl Inbound {
    pub(crate) fn new(config: InboundConfig) -> Self {
        Self {
            map: TsnMap::new(config.initial_tsn),
            reassembly: Reassembly::default(),
            interleaved: config.interleaving.then(Box::default),
            streams: Streams::new(config.streams),
            window: Window::new(config.receive_buffer, config.overhead),
            ack: AckPolicy::default(),
            ready: VecDeque::new(),
            aborted: VecDeque::new(),
            had_gaps: false,
            partial_delivery_point: config.partial_delivery_point,
            counters: Counters::default(),
        }
    }

    /// Begins anew after the peer has restarted (RFC 9260 §5.2.4.1): nothing received is kept; what was delivered stays
    /// charged until it is released. A partial delivery under way is aborted ([`Self::poll_delivery`] says so).
    pub(crate) fn restart(&mut self, initial_tsn: Tsn, streams: u16, interleaving: bool) {
        let partial = self.reassembly.clear();
        let partial = partial.into_iter().chain(self.interleaved.take().map_or_else(Vec::new, |mut all| all.clear()));
        self.reassembly = Reassembly::default();
        let aborted = |(stream, ssn, unordered)| InboundOutcome::PartialDeliveryAborted { stream, ssn, unordered };
        self.aborted.extend(partial.map(aborted));
        self.interleaved = interleaving.then(Box::default);
        self.map = TsnMap::new(initial_tsn);
        self.streams = Streams::new(streams);
        self.ready.clear();
        self.ack = AckPolicy::default();
        self.had_gaps = false;
        self.window.restart();
    }

    /// A DATA chunk came, in a packet of `packet_octets` octets (whose buffer `payload` keeps alive).
    pub(crate) fn handle_data(&mut self, chunk: DataChunk, packet_octets: usize) -> Result<DataVerdict, PeerFault> {
        let tsn = chunk.tsn;
        if chunk.payload.is_empty() {
            return Err(PeerFault::NoUserData(tsn));
        }
        match self.map.look(tsn) {
            Seen::New => {}
            Seen::Duplicate => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
                self.ack.on_duplicate(tsn);
                return Ok(DataVerdict::Duplicate);
            }
            Seen::OutOfReach => return Ok(self.drop_chunk()),
        }
        if chunk.stream.0 >= self.streams.count() {
            // RFC 9260 §6.5: acknowledged as usual, reported, and thrown away.
            self.ack.on_new(chunk.immediate);
            self.map.insert(tsn);
            return Ok(DataVerdict::InvalidStream);
        }
        let payload = u32::try_from(chunk.payload.len()).unwrap_or(u32::MAX);
        if !self.make_room(tsn, payload) {
            return Ok(self.drop_chunk());
        }
        self.ack.on_new(chunk.immediate);
        self.counters.on_new(&chunk, tsn != self.map.cumulative().next());
        self.accept(chunk, payload, packet_octets)?;
        Ok(DataVerdict::New)
    }

    /// All chunks of a packet have been handled: decides when they are acknowledged. Call it after every packet; without
    /// DATA or FORWARD TSN in it nothing happens.
    pub(crate) fn end_of_packet(&mut self, now: Time, config: &AssociationConfig) {
        let gaps = self.map.has_gaps();
        self.ack.on_packet_end(now, gaps || self.had_gaps, config);
        self.had_gaps = gaps;
    }

    /// A SACK is owed at once (SHUTDOWN-SENT, RFC 9260 §9.2; a retransmitted COOKIE ECHO with DATA; …).
    pub(crate) fn sack_immediately(&mut self) {
        self.ack.owe();
    }

    /// Writes a SACK, with as many gap blocks and then duplicates as fit; false when not even a bare one fits (it stays
    /// owed).
    pub(crate) fn write_sack(&mut self, packet: &mut PacketBuilder<'_>) -> bool {
        let Some(room) = packet.room().checked_sub(BARE_SACK) else { return false };
        // RFC 9260 §6.2: "as many Gap Ack Blocks as can fit"; the duplicates take what is left.
        let elements = room / 4;
        let gaps: Vec<GapBlock> = self.map.gap_blocks().take(elements).collect();
        let all = self.ack.duplicates();
        let duplicates = all.get(..elements.saturating_sub(gaps.len()).min(all.len())).unwrap_or(all);
        let sack = Sack {
            cumulative: self.map.cumulative(),
            a_rwnd: self.window.rwnd(),
            gaps: GapBlocks::Values(&gaps),
            duplicates: Duplicates::Values(duplicates),
        };
        if !packet.push(&Chunk::Sack(sack)) {
            return false;
        }
        self.window.announce();
        self.ack.settle();
        true
    }

    /// The delay of a SACK may have run out.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        self.ack.handle_timeout(now);
    }

    /// The next thing that goes up.
    pub(crate) fn poll_delivery(&mut self) -> Option<InboundOutcome> {
        if let Some(aborted) = self.aborted.pop_front() {
            return Some(aborted);
        }
        if let Some(interleaved) = &mut self.interleaved {
            let pressed = self.window.is_pressed();
            let part = interleaved.take_part();
            let part = part.or_else(|| (pressed && interleaved.begin_partial()).then(|| interleaved.take_part())?)?;
            let delivery = Delivery { mid: Some(part.1), ..self.deliver(part.0) };
            return Some(InboundOutcome::Delivered(delivery));
        }
        // RFC 6458 §6.1.7: a message that is delivered in parts is not interleaved with others.
        if !self.reassembly.is_partial() {
            if let Some(message) = self.ready.pop_front() {
                let part = Part { message, beginning: true, ending: true };
                return Some(InboundOutcome::Delivered(self.deliver(part)));
            }
            self.begin_partial_delivery();
        }
        let part = self.reassembly.take_part()?;
        if part.ending && !part.message.unordered {
            let stream = part.message.stream;
            self.streams.advance(stream);
            while let Some(message) = self.streams.take_next(stream) {
                self.ready.push_back(message);
            }
        }
        Some(InboundOutcome::Delivered(self.deliver(part)))
    }

    /// The program has consumed `octets` of what was delivered. May make a window update SACK due.
    pub(crate) fn release(&mut self, octets: u32) {
        self.window.release(octets);
        if self.window.owes_update() {
            self.ack.owe();
        }
    }

    /// Changes the size of the receive buffer; may make a window update due.
    pub(crate) fn set_receive_buffer(&mut self, octets: u32) {
        self.window.set_size(octets);
        if self.window.owes_update() {
            self.ack.owe();
        }
    }

    pub(crate) fn set_partial_delivery_point(&mut self, octets: u32) {
        self.partial_delivery_point = octets;
    }

    /// Whether a SACK must go out now.
    pub(crate) fn sack_due(&self, now: Time) -> bool {
        self.ack.is_due(now)
    }

    /// Whether a SACK would tell the peer something new: it rides along with a packet that goes anyway.
    pub(crate) const fn sack_wanted(&self) -> bool {
        self.ack.is_owed()
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        self.ack.next_timeout()
    }

    /// The last TSN before the first that is missing.
    pub(crate) const fn cumulative(&self) -> Tsn {
        self.map.cumulative()
    }

    /// The window that the next SACK announces, octets.
    pub(crate) fn rwnd(&self) -> u32 {
        self.window.rwnd()
    }

    /// Chunks received and not yet handed up.
    pub(crate) fn pending_chunks(&self) -> usize {
        usize::try_from(self.window.held().chunks).unwrap_or(usize::MAX)
    }

    /// Streams that the peer may send on.
    pub(crate) const fn streams(&self) -> u16 {
        self.streams.count()
    }

    /// Adds what was counted here.
    pub(crate) fn count(&self, counters: &mut AssociationCounters) {
        counters.duplicates_in = counters.duplicates_in.saturating_add(self.counters.duplicates);
        counters.data_chunks_in_ordered = counters.data_chunks_in_ordered.saturating_add(self.counters.ordered);
        counters.data_chunks_in_unordered = counters.data_chunks_in_unordered.saturating_add(self.counters.unordered);
        counters.out_of_sequence_tsns = counters.out_of_sequence_tsns.saturating_add(self.counters.out_of_sequence);
        counters.octets_in = counters.octets_in.saturating_add(self.counters.octets);
    }

    /// Panics where the parts contradict each other; for tests.
    pub(crate) fn check_invariants(&self) {
        self.reassembly.check_invariants();
        self.streams.check_invariants();
        let mut fragments = self.reassembly.load();
        if let Some(interleaved) = &self.interleaved {
            interleaved.check_invariants();
            fragments = interleaved.load();
        }
        let whole = self.ready.iter().chain(self.streams.waiting());
        let (octets, chunks) = whole.fold(fragments, |sum, message| (sum.0 + message.octets, sum.1 + message.chunks()));
        let held = self.window.held();
        assert_eq!((held.octets, held.chunks), (self.window.charge(octets, chunks), chunks), "window and what is held");
        let delivered = self.window.delivered();
        assert_eq!(delivered.octets == 0, delivered.chunks == 0, "octets and chunks of what was delivered");
    }

    /// Takes a new chunk in that there is room for.
    fn accept(&mut self, mut chunk: DataChunk, payload: u32, packet_octets: usize) -> Result<(), PeerFault> {
        // A small payload must not keep a large packet in memory, for it is charged with its own octets only.
        if chunk.payload.len() < packet_octets / PINNED_SHARE {
            chunk.payload = Bytes::copy_from_slice(&chunk.payload);
        }
        let near = Neighbours {
            before_received: self.map.is_received(chunk.tsn.previous()),
            behind_received: self.map.is_received(chunk.tsn.next()),
        };
        let tsn = chunk.tsn;
        if let Some(interleaved) = &mut self.interleaved {
            let kept = interleaved.insert(chunk, self.partial_delivery_point)?;
            self.map.insert(tsn);
            if kept {
                self.window.take(payload);
            }
            return Ok(());
        }
        let message = self.reassembly.insert(chunk, near)?;
        self.map.insert(tsn);
        self.window.take(payload);
        match message {
            Some(message) => self.order(message),
            None => Ok(()),
        }
    }

    /// A message is whole: what is in order becomes ready.
    fn order(&mut self, message: Message) -> Result<(), PeerFault> {
        if message.unordered {
            self.ready.push_back(message);
            return Ok(());
        }
        let (stream, octets, chunks) = (message.stream, message.octets, message.chunks());
        let arrived = self.streams.arrive(message).inspect_err(|_| self.window.give_up(octets, chunks))?;
        let Some(message) = arrived else { return Ok(()) };
        self.ready.push_back(message);
        while let Some(message) = self.streams.take_next(stream) {
            self.ready.push_back(message);
        }
        Ok(())
    }

    /// Whether there is room for a new chunk, made by dropping higher TSNs if it fills a gap.
    fn make_room(&mut self, tsn: Tsn, payload: u32) -> bool {
        let fills_gap = tsn.is_before(self.map.highest());
        loop {
            match self.window.admission(payload, fills_gap) {
                Admission::Free => return true,
                Admission::Full => return false,
                Admission::AfterReneging if self.renege(tsn) => {}
                Admission::AfterReneging => return false,
            }
        }
    }

    /// RFC 9260 §6.2: drops "the largest TSN held for reordering", beyond `tsn`. False when there is none.
    fn renege(&mut self, tsn: Tsn) -> bool {
        if let Some(interleaved) = &mut self.interleaved {
            let Some(highest) = interleaved.highest().filter(|highest| highest.is_after(tsn)) else { return false };
            let Some(octets) = interleaved.give_up(highest) else { return false };
            self.map.remove(highest, highest);
            self.window.give_up(octets, 1);
            return true;
        }
        let fragment = self.reassembly.highest().filter(|highest| highest.is_after(tsn));
        let waiting = self.streams.highest().filter(|message| message.tsn.is_after(tsn)).map(Message::last_tsn);
        let fragment = fragment.filter(|highest| waiting.is_none_or(|waiting| highest.is_after(waiting)));
        if let Some(highest) = fragment {
            let Some(octets) = self.reassembly.give_up_highest() else { return false };
            self.map.remove(highest, highest);
            self.window.give_up(octets, 1);
            return true;
        }
        if waiting.is_none() {
            return false;
        }
        let Some(message) = self.streams.give_up_highest() else { return false };
        self.map.remove(message.tsn, message.last_tsn());
        self.window.give_up(message.octets, message.chunks());
        true
    }

    fn drop_chunk(&mut self) -> DataVerdict {
        // RFC 9260 §6.2: "the receiver MUST immediately send back a SACK chunk".
        self.ack.on_urgent();
        DataVerdict::Dropped
    }

    /// RFC 9260 §6.9: a message that has not come whole is delivered in parts when the buffer runs out, or as soon as the
    /// program wishes.
    fn begin_partial_delivery(&mut self) {
        if self.reassembly.is_empty() {
            return;
        }
        let octets = match self.partial_delivery_point {
            _ if self.window.is_pressed() => 0,
            0 => return,
            point => point,
        };
        let Self { reassembly, streams, map, .. } = self;
        reassembly.begin_partial(octets, map.cumulative(), |stream, ssn| streams.next(stream) == ssn);
    }

    fn deliver(&mut self, Part { message, beginning, ending }: Part) -> Delivery {
        let chunks = message.chunks();
        Delivery {
            stream: message.stream,
            ssn: message.ssn,
            mid: None,
            ppid: message.ppid,
            unordered: message.unordered,
            tsn: message.tsn,
            cumulative_tsn: self.map.cumulative(),
            beginning,
            ending,
            charge: self.window.deliver(message.octets, chunks),
            data: message.parts,
        }
    }
}

/// What is counted here of [`AssociationCounters`].
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    duplicates: u64,
    ordered: u64,
    unordered: u64,
    out_of_sequence: u64,
    octets: u64,
}

impl Counters {
    fn on_new(&mut self, chunk: &DataChunk, out_of_sequence: bool) {
        let kind = if chunk.unordered { &mut self.unordered } else { &mut self.ordered };
        *kind = kind.saturating_add(1);
        self.out_of_sequence = self.out_of_sequence.saturating_add(u64::from(out_of_sequence));
        self.octets = self.octets.saturating_add(u64::try_from(chunk.payload.len()).unwrap_or(u64::MAX));
    }
}

/// Octets of a SACK with neither gap blocks nor duplicates, chunk header included (RFC 9260 §3.3.4).
const BARE_SACK: usize = 16;
/// A payload below this share of its packet is copied out of it.
const PINNED_SHARE: usize = 4;

#[cfg(test)]
mod tests;
