//! Chunks that have a TSN and are not cumulatively acknowledged: the state of each, and the sums over them.
//!
//! Every change of a chunk's state goes through one of a few doors here, which keep the sums true: the flight of each path,
//! the payload on its way, how many are marked, and the earliest TSN of each path.

use std::collections::VecDeque;

use bytes::Bytes;
use usctp_wire::{Chunk, Data, Fsn, IData, Mid, PacketBuilder, Ppid, Ssn, StreamId, Tsn};

use super::{
    super::path::{PathId, PathSet},
    gaps::Range,
    message::{QueuedMessage, chunk_flags},
};
use crate::MessageId;

/// A chunk with a TSN. 80 octets: there may be thousands.
#[derive(Clone, Debug)]
pub(super) struct SentChunk {
    pub(super) payload: Bytes,
    pub(super) message: MessageId,
    pub(super) ppid: Ppid,
    pub(super) context: u32,
    /// Octets of overhead that the send buffer is charged with beside the payload.
    pub(super) overhead: u32,
    /// The next TSN when it was retransmitted: an acknowledgement of anything below says nothing about that repetition.
    pub(super) resent_before: Tsn,
    pub(super) stream: StreamId,
    /// SSN, or MID.
    pub(super) number: u32,
    /// Place in the message (I-DATA).
    fsn: u32,
    /// Where it was sent last.
    pub(super) path: PathId,
    /// Where it is to be sent, while marked.
    target: PathId,
    state: State,
    pub(super) misses: u8,
    /// As in [`super::message::chunk_flags`].
    pub(super) flags: u8,
    /// How often it was sent again.
    pub(super) repetitions: u16,
    pub(super) retransmitted: bool,
    /// RFC 9260 §7.2.4, 5): not eligible for fast retransmission (again).
    pub(super) fast_retransmitted: bool,
    /// Was acknowledged by a gap block at some time: a second acknowledgement is nothing new.
    pub(super) was_acknowledged: bool,
    /// Its message need not be delivered at any price: [`super::limits::Limits`] knows how far.
    pub(super) limited: bool,
}

/// Where a chunk stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// On its way.
    Outstanding,
    /// Acknowledged by a gap block; the peer may still renege.
    Acknowledged,
    /// Given up as lost, to be sent again.
    Marked,
    /// Given up for good, with its whole message: the peer is told to go on without it (RFC 3758 §3.4). It holds no payload.
    Abandoned,
}

impl SentChunk {
    /// A fragment of `message`, about to be sent for the first time.
    pub(super) fn of(message: &QueuedMessage, flags: u8, overhead: u32, payload: Bytes) -> Self {
        Self {
            payload,
            message: message.id,
            ppid: message.ppid,
            context: message.context,
            overhead,
            resent_before: Tsn(0),
            stream: message.stream,
            number: message.number,
            fsn: message.fsn,
            path: PathId(0),
            target: PathId(0),
            state: State::Outstanding,
            misses: 0,
            flags: if message.interleaved { flags | INTERLEAVED } else { flags },
            repetitions: 0,
            retransmitted: false,
            fast_retransmitted: false,
            was_acknowledged: false,
            limited: message.limited,
        }
    }

    /// All that was not sent of a message begun.
    pub(super) fn rest_of(mut message: QueuedMessage) -> Self {
        let rest = std::mem::take(&mut message.rest);
        Self::of(&message, chunk_flags(message.unordered, false, true, false), message.overhead, rest)
    }

    /// As it stands in a packet.
    fn data(&self, tsn: Tsn, immediate: bool) -> Data<'_> {
        Data {
            tsn,
            stream: self.stream,
            ssn: self.ssn(),
            ppid: self.ppid,
            unordered: self.flags & 4 != 0,
            beginning: self.flags & 2 != 0,
            ending: self.flags & 1 != 0,
            immediate: immediate || self.flags & 8 != 0,
            payload: &self.payload,
        }
    }

    /// Writes it into a packet, if it fits.
    pub(super) fn write(&self, tsn: Tsn, immediate: bool, builder: &mut PacketBuilder<'_>) -> bool {
        if self.flags & INTERLEAVED == 0 {
            return builder.push_data(&self.data(tsn, immediate));
        }
        builder.push(&Chunk::IData(IData {
            tsn,
            stream: self.stream,
            mid: Mid(self.number),
            ppid: self.ppid,
            fsn: Fsn(self.fsn),
            unordered: self.flags & 4 != 0,
            beginning: self.flags & 2 != 0,
            ending: self.flags & 1 != 0,
            immediate: immediate || self.flags & 8 != 0,
            payload: &self.payload,
        }))
    }

    /// The flags as they stand in a packet.
    pub(super) const fn chunk_flags(&self) -> u8 {
        self.flags & !INTERLEAVED
    }

    /// The sequence number, or the lower half of the MID.
    pub(super) const fn ssn(&self) -> Ssn {
        Ssn((self.number & 0xffff) as u16)
    }

    /// Octets of send buffer it holds.
    pub(super) fn charge(&self) -> usize {
        self.payload.len() + self.overhead as usize
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// Where it is to be sent, while marked.
    pub(super) const fn target(&self) -> PathId {
        self.target
    }

    /// Octets in a packet, header and padding included: what congestion control counts (RFC 9260 §7.2).
    pub(super) fn wire_octets(&self) -> u32 {
        let header = if self.flags & INTERLEAVED == 0 { Data::HEADER_LEN } else { IData::HEADER_LEN };
        (self.payload.len() + header).next_multiple_of(4) as u32
    }
}

/// In the flags of a chunk: it is an I-DATA chunk.
const INTERLEAVED: u8 = 0x80;

/// All of them, by TSN.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    /// The chunk at index 0 has the TSN after this.
    cumulative: Tsn,
    chunks: VecDeque<SentChunk>,
    /// What gap blocks acknowledge, as offsets from `cumulative`.
    pub(super) gaps: Vec<Range>,
    /// Payload octets outstanding.
    outstanding: usize,
    outstanding_chunks: usize,
    marked: usize,
    /// No chunk below is marked.
    marked_from: Tsn,
    /// A chunk was marked since [`Self::take_losses`].
    losses: bool,
}

impl InFlight {
    pub(super) fn new(initial_tsn: Tsn) -> Self {
        Self {
            cumulative: initial_tsn.previous(),
            chunks: VecDeque::new(),
            gaps: Vec::new(),
            outstanding: 0,
            outstanding_chunks: 0,
            marked: 0,
            marked_from: initial_tsn,
            losses: false,
        }
    }

    /// Sends `chunk` for the first time, on `path`.
    pub(super) fn push(&mut self, chunk: SentChunk, path: PathId, paths: &mut PathSet) {
        self.chunks.push_back(chunk);
        self.set_outstanding(self.chunks.len() - 1, path, paths);
    }

    /// Sends the marked chunk at `index` again, on `path`.
    pub(super) fn resend(&mut self, index: usize, path: PathId, paths: &mut PathSet) {
        self.leave(index, paths);
        let next = self.next_tsn();
        let chunk = &mut self.chunks[index];
        chunk.misses = 0;
        chunk.repetitions = chunk.repetitions.saturating_add(1);
        chunk.retransmitted = true;
        chunk.resent_before = next;
        self.set_outstanding(index, path, paths);
    }

    /// Gives the chunk at `index` up as lost: to be sent again on `target`.
    pub(super) fn mark(&mut self, index: usize, target: PathId, paths: &mut PathSet) {
        self.leave(index, paths);
        let tsn = self.tsn(index);
        if self.marked == 0 || tsn.is_before(self.marked_from) {
            self.marked_from = tsn;
        }
        self.marked += 1;
        self.losses = true;
        let chunk = &mut self.chunks[index];
        chunk.state = State::Marked;
        chunk.target = target;
        if let Some(path) = paths.get_mut(target) {
            path.to_retransmit += 1;
        }
    }

    /// A gap block acknowledges the chunk at `index`.
    pub(super) fn acknowledge(&mut self, index: usize, paths: &mut PathSet) {
        if self.chunks[index].state == State::Abandoned {
            return;
        }
        self.leave(index, paths);
        let chunk = &mut self.chunks[index];
        chunk.state = State::Acknowledged;
        chunk.was_acknowledged = true;
    }

    /// The peer takes its acknowledgement back.
    pub(super) fn renege(&mut self, index: usize, paths: &mut PathSet) {
        if self.chunks[index].state == State::Abandoned {
            return;
        }
        let path = self.chunks[index].path;
        if paths.get(path).is_some() {
            self.set_outstanding(index, path, paths);
        } else {
            self.mark(index, paths.select_for_data(), paths);
        }
    }

    /// Gives the chunk at `index` up for good. Answers it as it was.
    pub(super) fn abandon(&mut self, index: usize, paths: &mut PathSet) -> SentChunk {
        self.leave(index, paths);
        let tsn = self.tsn(index);
        for (_, path) in paths.iter_mut() {
            // No answer tells when it arrived.
            path.ledger.sample.take_if(|(sampled, _)| *sampled == tsn);
        }
        let chunk = &mut self.chunks[index];
        let before = chunk.clone();
        // RFC 3758 §3.5 F5: one on its way may still turn out to be lost, which says that the network is congested.
        chunk.fast_retransmitted |= chunk.state != State::Outstanding;
        chunk.state = State::Abandoned;
        chunk.payload = Bytes::new();
        chunk.overhead = 0;
        before
    }

    /// Takes a chunk in that is never sent, to be abandoned at once.
    pub(super) fn push_unsent(&mut self, chunk: SentChunk) {
        self.chunks.push_back(SentChunk { state: State::Acknowledged, ..chunk });
    }

    /// Whether a chunk was marked since the last time.
    pub(super) fn take_losses(&mut self) -> bool {
        std::mem::take(&mut self.losses)
    }

    /// The chunks that are marked.
    pub(super) fn marked_chunks(&self) -> impl Iterator<Item = &SentChunk> {
        let from = if self.marked == 0 { self.chunks.len() } else { self.index(self.marked_from) };
        self.chunks.range(from.min(self.chunks.len())..).filter(|chunk| chunk.state == State::Marked)
    }

    /// All of them.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &SentChunk> {
        self.chunks.iter()
    }

    /// The cumulative TSN passes the first chunk.
    pub(super) fn pop(&mut self, paths: &mut PathSet) -> Option<SentChunk> {
        if self.chunks.is_empty() {
            return None;
        }
        self.leave(0, paths);
        let chunk = self.chunks.pop_front()?;
        self.cumulative = self.cumulative.next();
        if !self.marked_from.is_after(self.cumulative) {
            self.marked_from = self.cumulative.next();
        }
        Some(chunk)
    }

    /// Finds the next earliest TSN of a path whose earliest chunk is outstanding no more.
    pub(super) fn settle(&self, id: PathId, paths: &mut PathSet) {
        let Some(path) = paths.get_mut(id) else { return };
        path.ledger.tally.earliest_gone = false;
        let Some(old) = path.ledger.earliest else { return };
        path.ledger.earliest = None;
        if path.flight == 0 {
            return;
        }
        // Forward from the old one only; what was passed by then never comes before it, unless put there explicitly.
        let from = if old.is_after(self.cumulative) { self.index(old) } else { 0 };
        let found = self.chunks.range(from.min(self.chunks.len())..);
        let found = found.enumerate().find(|(_, chunk)| chunk.state == State::Outstanding && chunk.path == id);
        path.ledger.earliest = found.map(|(step, _)| self.tsn(from + step));
    }

    /// As [`Self::settle`], if the earliest chunk of the path is gone.
    pub(super) fn settle_if_gone(&self, id: PathId, paths: &mut PathSet) {
        if paths.get(id).is_some_and(|path| path.ledger.tally.earliest_gone) {
            self.settle(id, paths);
        }
    }

    /// The first marked chunk for `target`, from `from` on.
    pub(super) fn next_marked(&mut self, target: PathId, from: usize) -> Option<usize> {
        if self.marked == 0 {
            return None;
        }
        let first = self.index(self.marked_from);
        let mut lowest = None;
        for (index, chunk) in self.chunks.iter().enumerate().skip(first.max(from)) {
            if chunk.state != State::Marked {
                continue;
            }
            lowest.get_or_insert(index);
            if chunk.target == target {
                if from <= first {
                    self.marked_from = self.tsn(lowest.unwrap_or(index));
                }
                return Some(index);
            }
        }
        None
    }

    /// Marks everything outstanding on `path`, to be sent on `target`. How many.
    pub(super) fn mark_path(&mut self, path: PathId, target: PathId, paths: &mut PathSet) -> usize {
        let before = self.marked;
        for index in 0..self.chunks.len() {
            let chunk = &self.chunks[index];
            if chunk.state == State::Outstanding && chunk.path == path {
                self.mark(index, target, paths);
            }
        }
        self.settle(path, paths);
        self.marked - before
    }

    /// What was to be sent again on `from` goes to `target` instead.
    pub(super) fn retarget(&mut self, from: PathId, target: PathId, paths: &mut PathSet) {
        for chunk in &mut self.chunks {
            if chunk.state == State::Marked && chunk.target == from {
                chunk.target = target;
                if let Some(path) = paths.get_mut(target) {
                    path.to_retransmit += 1;
                }
            }
        }
        if let Some(path) = paths.get_mut(from) {
            path.to_retransmit = 0;
        }
    }

    /// Gives room back that only a busy association needs.
    pub(super) fn compact(&mut self) {
        self.chunks.shrink_to_fit();
        self.gaps.shrink_to_fit();
    }

    pub(super) fn chunk(&self, index: usize) -> Option<&SentChunk> {
        self.chunks.get(index)
    }

    pub(super) fn chunk_mut(&mut self, index: usize) -> Option<&mut SentChunk> {
        self.chunks.get_mut(index)
    }

    /// The message of each chunk.
    pub(super) fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.chunks.iter().map(|chunk| chunk.message)
    }

    /// The TSN of the chunk at `index`.
    pub(super) const fn tsn(&self, index: usize) -> Tsn {
        self.cumulative.plus(1).plus(index as u32)
    }

    /// The TSN that the next new chunk gets.
    pub(super) fn next_tsn(&self) -> Tsn {
        self.tsn(self.chunks.len())
    }

    pub(super) const fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Payload octets outstanding.
    pub(super) const fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Chunks neither acknowledged nor marked.
    pub(super) const fn outstanding_chunks(&self) -> usize {
        self.outstanding_chunks
    }

    /// Chunks marked for retransmission.
    pub(super) const fn marked(&self) -> usize {
        self.marked
    }

    fn index(&self, tsn: Tsn) -> usize {
        tsn.distance_from(self.cumulative.next()) as usize
    }

    fn set_outstanding(&mut self, index: usize, id: PathId, paths: &mut PathSet) {
        let tsn = self.tsn(index);
        let chunk = &mut self.chunks[index];
        chunk.state = State::Outstanding;
        chunk.path = id;
        self.outstanding += chunk.payload.len();
        self.outstanding_chunks += 1;
        if let Some(path) = paths.get_mut(id) {
            path.flight += chunk.wire_octets();
            // One that is gone already is only a bound for where to look.
            let sooner = path.ledger.earliest.is_none_or(|earliest| tsn.is_before(earliest));
            if sooner {
                path.ledger.earliest = Some(tsn);
                path.ledger.tally.earliest_gone = false;
            }
        }
    }

    /// Takes the chunk out of the sums of its present state.
    fn leave(&mut self, index: usize, paths: &mut PathSet) {
        let tsn = self.tsn(index);
        let chunk = &self.chunks[index];
        match chunk.state {
            State::Outstanding => {
                self.outstanding -= chunk.payload.len();
                self.outstanding_chunks -= 1;
                if let Some(path) = paths.get_mut(chunk.path) {
                    path.flight -= chunk.wire_octets();
                    path.ledger.tally.earliest_gone |= path.ledger.earliest == Some(tsn);
                }
            }
            State::Marked => {
                self.marked -= 1;
                if let Some(path) = paths.get_mut(chunk.target) {
                    path.to_retransmit -= 1;
                }
            }
            State::Acknowledged | State::Abandoned => {}
        }
    }
}
