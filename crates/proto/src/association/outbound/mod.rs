//! The sending half: from user message to acknowledged chunk (RFC 9260 §6, §7).
//!
//! A message waits in `queue` until the scheduler gives it its turn. Only then is it cut to size and given TSNs
//! (`transmit`), and its fragments stand in `in_flight` until the cumulative TSN passes them. SACKs (`sack`) and timers
//! (`retransmit`) move them between outstanding, acknowledged and marked for retransmission.

mod abandon;
mod failure;
mod forward;
mod gaps;
mod in_flight;
mod invariants;
mod keys;
mod limits;
mod message;
mod queue;
mod retransmit;
mod sack;
mod scheduler;
mod streams;
mod transmit;
mod window;

use std::collections::{BTreeMap, VecDeque};

use usctp_wire::{Data, IData, StreamId, Tsn};

use self::{
    abandon::Partial,
    failure::Remains,
    gaps::Range,
    in_flight::{InFlight, State},
    keys::MessageKeys,
    message::QueuedMessage,
    queue::SendQueue,
    streams::StreamTable,
    window::PeerWindow,
};
#[allow(unused_imports, reason = "glued as the engine is built")]
pub(crate) use self::{message::chunk_count, retransmit::T3Outcome, sack::SackOutcome};
use super::{
    congestion::burst::Burst,
    path::{Ledger, PathId, PathSet},
    timer::earliest,
};
use crate::{
    AssociationConfig, MessageId, OutgoingMessage, Reliability, SendError, SendFailure, StreamScheduler, Time,
};

/// What the sending half begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboundConfig {
    /// TSN of the first chunk.
    pub(crate) initial_tsn: Tsn,
    /// Outgoing streams, as far as is known.
    pub(crate) streams: u16,
    /// The peer's window, as far as is known; until then 0.
    pub(crate) peer_rwnd: u32,
    /// Octets charged to the send buffer for each chunk beside its payload.
    pub(crate) overhead: u32,
}

/// The sending half of an association.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    queue: SendQueue,
    streams: StreamTable,
    in_flight: InFlight,
    /// The room of the gap ranges before last, kept so that none is allocated.
    spare_gaps: Vec<Range>,
    /// What only messages with a limit need.
    partial: Option<Box<Partial>>,
    /// Both sides can do FORWARD TSN.
    agreed_forward: bool,
    /// Both sides can do I-DATA.
    interleaving: bool,
    window: PeerWindow,
    burst: Burst,
    outcomes: Outcomes,
    /// RFC 9260 §7.2.4: in fast recovery until this TSN is cumulatively acknowledged.
    recovery: Option<Tsn>,
    /// A packet of fast retransmissions goes out whatever the congestion window.
    fast_packet: bool,
    /// The highest TSN sent when ECN last made us slow down.
    echo_answered: Option<Tsn>,
    stream_count: u16,
    overhead: u32,
    next_message: u64,
    /// Octets of send buffer in use.
    buffered: usize,
    /// The program has ended its sending: nothing waits for more data to come.
    draining: bool,
    /// What is queued waits for no more to come, until all of it is sent.
    pushed: bool,
    counters: OutboundCounters,
    /// Where messages have keys.
    keys: Option<Box<MessageKeys>>,
}

/// What the sending half has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct OutboundCounters {
    /// Ordered DATA chunks sent, each counted once.
    pub(crate) chunks_ordered: u64,
    /// Unordered ones.
    pub(crate) chunks_unordered: u64,
    /// Payload octets sent, each counted once.
    pub(crate) octets: u64,
    /// Chunks sent again.
    pub(crate) retransmitted: u64,
    /// Chunks marked by fast retransmit.
    pub(crate) fast_retransmitted: u64,
    /// T3-rtx expirations.
    pub(crate) timeouts: u64,
    /// Duplicates that the peer reported.
    pub(crate) duplicates_reported: u64,
    /// Gap blocks that the peer reported.
    pub(crate) gaps_reported: u64,
}

/// What the layer above should know.
#[derive(Clone, Debug)]
pub(crate) enum OutboundOutcome {
    /// Octets of send buffer that became free.
    SendSpace {
        /// Octets.
        released: usize,
    },
    /// Something was not delivered.
    SendFailed(SendFailure),
    /// Nothing is queued or unacknowledged any more.
    SenderDry,
}

#[derive(Clone, Debug, Default)]
struct Outcomes {
    failures: VecDeque<SendFailure>,
    released: usize,
    dry: bool,
}

impl Outbound {
    /// Nothing to send yet.
    pub(crate) fn new(config: &OutboundConfig) -> Self {
        Self {
            queue: SendQueue::default(),
            streams: StreamTable::default(),
            in_flight: InFlight::new(config.initial_tsn),
            spare_gaps: Vec::new(),
            partial: None,
            agreed_forward: false,
            interleaving: false,
            window: PeerWindow::new(config.peer_rwnd),
            burst: Burst::default(),
            outcomes: Outcomes::default(),
            recovery: None,
            fast_packet: false,
            echo_answered: None,
            stream_count: config.streams,
            overhead: config.overhead,
            next_message: 0,
            buffered: 0,
            draining: false,
            pushed: false,
            counters: OutboundCounters::default(),
            keys: None,
        }
    }

    /// Queues a message; `wish`: the path the program wants; `point`: [`PathSet::fragmentation_point`], by which the charge
    /// of the send buffer is reckoned (chunks are cut when they are sent, perhaps differently).
    pub(crate) fn send(
        &mut self,
        now: Time,
        message: OutgoingMessage,
        wish: Option<PathId>,
        point: u32,
    ) -> Result<MessageId, SendError> {
        if message.stream.0 >= self.stream_count {
            return Err(SendError::InvalidStream);
        }
        debug_assert!(!message.payload.is_empty(), "an empty DATA chunk would end the association");
        let id = MessageId(self.next_message);
        self.next_message += 1;
        let overhead = chunk_count(message.payload.len(), point).saturating_mul(self.overhead as usize);
        let overhead = u32::try_from(overhead).unwrap_or(u32::MAX);
        let message = QueuedMessage::new(id, message, wish, point, overhead);
        if matches!(message.reliability, Reliability::Priority(_)) {
            self.partial.get_or_insert_default().has_priorities = true;
        }
        self.buffered += message.charge();
        self.outcomes.dry = false;
        self.pushed &= !self.queue.is_empty();
        self.queue.push(message);
        self.burst.on_occasion(now);
        Ok(id)
    }

    /// Octets of send buffer that [`Self::send`] charges for `len` octets.
    pub(crate) fn send_charge(&self, len: usize, point: u32) -> usize {
        len.saturating_add(chunk_count(len, point).saturating_mul(self.overhead as usize))
    }

    /// Stream count as agreed: messages for streams beyond it fail.
    pub(crate) fn set_streams(&mut self, count: u16) {
        self.stream_count = count;
        let failed = self.queue.take_all(|message| message.stream.0 >= count);
        let any = !failed.is_empty();
        for message in failed {
            self.fail(message, INVALID_STREAM);
        }
        if any {
            self.note_dry();
        }
    }

    /// The peer's window, from INIT or INIT ACK.
    pub(crate) fn set_peer_rwnd(&mut self, rwnd: u32) {
        self.window = PeerWindow::new(rwnd);
    }

    /// Whether messages of different streams may alternate, in I-DATA chunks; before anything is sent.
    pub(crate) fn agree_on_interleaving(&mut self, agreed: bool, paths: &mut PathSet) {
        self.interleaving = agreed;
        self.queue.set_interleaves(agreed);
        paths.data_header = if agreed { IData::HEADER_LEN } else { Data::HEADER_LEN } as u8;
    }

    /// Whether I-DATA has been agreed on.
    pub(crate) const fn interleaves(&self) -> bool {
        self.interleaving
    }

    /// Which stream's message goes next.
    pub(crate) fn set_scheduler(&mut self, scheduler: StreamScheduler) {
        self.queue.set_scheduler(scheduler);
    }

    /// Gives a stream a priority or a weight. False: no such stream.
    pub(crate) fn set_stream_value(&mut self, stream: StreamId, value: u16) -> bool {
        let known = stream.0 < self.stream_count;
        if known {
            self.queue.set_value(stream.0, value);
        }
        known
    }

    /// The priority or weight that a stream was given.
    pub(crate) fn stream_value(&self, stream: StreamId) -> Option<u16> {
        self.queue.value(stream.0)
    }

    /// Octets charged to the send buffer for each chunk of messages to come.
    pub(crate) fn set_overhead(&mut self, overhead: u32) {
        self.overhead = overhead;
    }

    /// The program sends no more (SHUTDOWN-PENDING): small chunks wait no longer, and the last one asks for a SACK at once.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
    }

    /// The program can add nothing before something is acknowledged: Nagle's delay would only wait for its own end.
    pub(crate) fn push(&mut self) {
        self.pushed = true;
    }

    /// Messages whose lifetime is over and that were not begun fail.
    pub(crate) fn expire(&mut self, now: Time) {
        let mut any = false;
        while let Some(message) = self.queue.expired(now) {
            self.count_unsent(&message);
            self.fail(message, 0);
            any = true;
        }
        if any {
            self.note_dry();
        }
    }

    /// A timer of this part may have run out: lifetimes, the zero window probe.
    pub(crate) fn handle_timeout(&mut self, now: Time, paths: &mut PathSet) {
        self.expire(now);
        self.give_up_lost(now, paths);
        if self.window.handle_timeout(now) {
            self.burst.on_occasion(now);
        }
    }

    /// The association has ended, or was restarted by the peer: everything fails, what was sent first.
    pub(crate) fn fail_all(&mut self, error: u16, paths: &mut PathSet) {
        let mut remains: BTreeMap<u64, Remains> = BTreeMap::new();
        while let Some(chunk) = self.in_flight.pop(paths) {
            // What was given up has been reported.
            if chunk.state() != State::Abandoned {
                self.release(chunk.charge());
                remains.entry(chunk.message.0).or_default().add(chunk);
            }
        }
        let mut unsent = Vec::new();
        for message in self.queue.take_all(|_| true) {
            match remains.get_mut(&message.id.0) {
                Some(begun) => {
                    self.release(message.charge());
                    begun.add_rest(message);
                }
                None => unsent.push(message),
            }
        }
        let failures = remains.into_values().filter_map(|remains| remains.into_failure(error));
        self.outcomes.failures.extend(failures);
        for message in unsent {
            self.fail(message, error);
        }
        if let Some(partial) = &mut self.partial {
            partial.forget();
        }
        for (_, path) in paths.iter_mut() {
            path.t3.stop();
            path.ledger = Ledger::default();
        }
        self.in_flight.gaps.clear();
        self.recovery = None;
        self.fast_packet = false;
    }

    /// The peer has restarted (RFC 9260 §5.2.4 A): "treated the same as if it received an ABORT chunk followed by a new
    /// COOKIE ECHO chunk". As Linux does, what was queued for its former life fails.
    pub(crate) fn restart(&mut self, config: &OutboundConfig, paths: &mut PathSet, settings: &AssociationConfig) {
        self.fail_all(0, paths);
        for (_, path) in paths.iter_mut() {
            path.reset(settings);
        }
        self.streams.reset();
        self.in_flight = InFlight::new(config.initial_tsn);
        self.window = PeerWindow::new(config.peer_rwnd);
        self.burst = Burst::default();
        self.recovery = None;
        self.fast_packet = false;
        self.echo_answered = None;
        self.stream_count = config.streams;
        self.draining = false;
        self.pushed = false;
    }

    /// The next thing that the layer above should know.
    pub(crate) fn poll_outcome(&mut self) -> Option<OutboundOutcome> {
        if let Some(failure) = self.outcomes.failures.pop_front() {
            return Some(OutboundOutcome::SendFailed(failure));
        }
        if self.outcomes.released > 0 {
            return Some(OutboundOutcome::SendSpace { released: std::mem::take(&mut self.outcomes.released) });
        }
        std::mem::take(&mut self.outcomes.dry).then_some(OutboundOutcome::SenderDry)
    }

    /// Gives back memory that only a busy association needs; for a moment of rest (a heartbeat).
    pub(crate) fn compact(&mut self) {
        if self.is_empty() {
            self.queue.compact();
            self.in_flight.compact();
            self.spare_gaps = Vec::new();
            self.outcomes.failures.shrink_to_fit();
        }
    }

    /// Whether something sent is not acknowledged.
    #[cfg(test)]
    pub(crate) fn has_outstanding(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Whether nothing is queued or unacknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    /// TSN of the next new chunk.
    pub(crate) fn next_tsn(&self) -> Tsn {
        self.in_flight.next_tsn()
    }

    /// Octets of send buffer in use.
    pub(crate) const fn buffered(&self) -> usize {
        self.buffered
    }

    /// Messages not yet wholly sent.
    pub(crate) fn queued_messages(&self) -> usize {
        self.queue.len()
    }

    /// Chunks sent and not cumulatively acknowledged.
    pub(crate) fn unacknowledged_chunks(&self) -> usize {
        self.in_flight.len()
    }

    /// The peer's window less what is on its way.
    pub(crate) fn peer_rwnd(&self) -> u32 {
        u32::try_from(self.window.room(self.in_flight.outstanding())).unwrap_or(u32::MAX)
    }

    /// Outgoing streams.
    pub(crate) const fn stream_count(&self) -> u16 {
        self.stream_count
    }

    /// What was done.
    pub(crate) const fn counters(&self) -> &OutboundCounters {
        &self.counters
    }

    /// When [`Self::handle_timeout`] is to be called next; T3-rtx is among the paths' own timers.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        earliest([
            self.queue.next_timeout(),
            self.partial.as_ref().and_then(|partial| partial.limits.next_timeout()),
            self.window.next_timeout(),
        ])
    }

    fn fail(&mut self, message: QueuedMessage, error: u16) {
        self.release(message.charge());
        self.outcomes.failures.push_back(message.into_failure(error));
    }

    fn release(&mut self, octets: usize) {
        self.buffered -= octets;
        self.outcomes.released += octets;
    }

    fn note_dry(&mut self) {
        self.outcomes.dry = self.is_empty();
        if let Some(partial) = self.partial.as_mut().filter(|_| self.outcomes.dry) {
            partial.has_priorities = false;
        }
    }
}

/// RFC 9260 §3.3.10.1.
const INVALID_STREAM: u16 = 1;
/// Chunks in flight at most: gap blocks reach no further, and no stream then has 65,536 messages in the window (RFC 9260
/// §6.1).
const MOST_IN_FLIGHT: usize = 65_535;

#[cfg(test)]
mod tests;
