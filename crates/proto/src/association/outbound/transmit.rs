//! What goes into the next packet: retransmissions, then new data, as far as the windows allow (RFC 9260 §6.1, §6.10).

use usctp_wire::{Data, HEADER_LEN, PacketBuilder};

use super::{
    MOST_IN_FLIGHT, Outbound,
    in_flight::SentChunk,
    message::{QueuedMessage, chunk_flags},
};
use crate::{
    AssociationConfig, Time,
    association::path::{Path, PathId, PathSet},
};

/// Why no new data goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Held {
    /// There is none, or a window that will open with the next SACK, or Nagle.
    Waits,
    /// The peer's window is closed and nothing is outstanding: only a probe can find out that it has opened.
    ForProbe(PathId),
}

impl Outbound {
    /// Where the next packet with data would go now; `None`: none goes.
    pub(crate) fn next_data_path(
        &mut self,
        now: Time,
        paths: &mut PathSet,
        config: &AssociationConfig,
    ) -> Option<PathId> {
        self.give_up_lost(now, paths);
        // RFC 9260 §6.1 C: retransmissions first.
        if self.in_flight.marked() > 0 {
            let due = paths.iter().find(|(_, path)| self.may_retransmit(path));
            if let Some((id, _)) = due {
                return Some(id);
            }
        }
        if self.queue.is_empty() {
            return None;
        }
        self.expire(now);
        match self.may_begin(paths, config, false) {
            Ok(id) => Some(id),
            Err(Held::Waits) => None,
            Err(Held::ForProbe(id)) => {
                // RFC 9260 §6.1 A: the first probe after an RTO; the chunk's own T3-rtx spaces those that follow.
                self.window.await_probe(now, paths.get(id)?.rtt.rto());
                None
            }
        }
    }

    /// Octets of the packet that the first chunk to go to `id` needs, where that is more than the path takes: a chunk that
    /// was given its TSN when packets were larger, or a message that may not be cut. It must stand alone, and routers must
    /// be let fragment it (RFC 9260 §6.9, §7.3).
    pub(crate) fn oversized_packet(
        &mut self,
        id: PathId,
        paths: &PathSet,
        config: &AssociationConfig,
    ) -> Option<usize> {
        let path = paths.get(id)?;
        let chunk = if path.to_retransmit > 0 {
            let index = self.in_flight.next_marked(id, 0)?;
            self.in_flight.chunk(index)?.wire_octets() as usize
        } else if config.disable_fragments {
            let message = self.queue.head()?;
            chunk_octets(message.next_fragment(self.point_of(message, paths, config)), paths)
        } else {
            return None;
        };
        let octets = HEADER_LEN + chunk + usize::from(paths.reserve);
        (octets > path.max_packet() as usize).then_some(octets)
    }

    /// Octets, with padding, of the first chunk that [`Self::fill`] would write for `id`.
    pub(crate) fn next_chunk_octets(
        &mut self,
        id: PathId,
        paths: &PathSet,
        config: &AssociationConfig,
    ) -> Option<usize> {
        let repeated = self.in_flight.next_marked(id, 0).and_then(|index| self.in_flight.chunk(index));
        Some(match repeated {
            Some(chunk) => chunk.wire_octets() as usize,
            None => {
                let message = self.queue.head()?;
                chunk_octets(message.next_fragment(self.point_of(message, paths, config)), paths)
            }
        })
    }

    /// Writes the chunks that go to `id` now, and notes them as sent. How many. Nagle's delay does not hold back what can
    /// ride in a packet that something else has begun.
    pub(crate) fn fill(
        &mut self,
        now: Time,
        id: PathId,
        paths: &mut PathSet,
        config: &AssociationConfig,
        builder: &mut PacketBuilder<'_>,
    ) -> usize {
        self.begin_packet();
        self.give_up_lost(now, paths);
        let rides = !builder.is_empty();
        let Some(path) = paths.get(id) else { return 0 };
        let mut begun = path.congestion.permits(path.flight);
        let repeated = if self.may_retransmit(path) { self.fill_repeated(now, id, paths, builder) } else { 0 };
        let Some(path) = paths.get(id) else { return repeated };
        if path.to_retransmit > 0 {
            // RFC 9260 §6.1 C: no new data before what is to be sent again, unless the congestion window forbids that.
            return repeated;
        }
        begun &= self.burst.permits(config.max_burst) || path.flight == 0;
        let rides = rides || repeated > 0;
        let fresh = if begun { self.fill_new(now, id, paths, config, builder, rides) } else { 0 };
        if fresh > 0 {
            self.burst.on_packet();
            self.queue.end_packet();
        }
        repeated + fresh
    }

    /// Whether chunks marked for `path` may be sent there.
    fn may_retransmit(&self, path: &Path) -> bool {
        if path.to_retransmit == 0 {
            return false;
        }
        if self.window.is_closed() && path.flight > 0 {
            // A closed window is probed with one packet at a time (RFC 9260 §6.1 A).
            return false;
        }
        // RFC 9260 §7.2.4, 3): the first packet of fast retransmissions ignores cwnd.
        self.fast_packet || path.congestion.permits(path.flight)
    }

    fn fill_repeated(&mut self, now: Time, id: PathId, paths: &mut PathSet, builder: &mut PacketBuilder<'_>) -> usize {
        let immediate = paths.get(id).is_some_and(wants_sack_at_once);
        let (mut written, mut from, mut lowest) = (0, 0, None);
        while let Some(index) = self.in_flight.next_marked(id, from) {
            let tsn = self.in_flight.tsn(index);
            let Some(chunk) = self.in_flight.chunk(index) else { break };
            if self.keys.as_mut().is_some_and(|keys| !keys.admit(chunk.message))
                || !chunk.write(tsn, immediate, builder)
            {
                break;
            }
            self.in_flight.resend(index, id, paths);
            lowest.get_or_insert(tsn);
            written += 1;
            from = index + 1;
        }
        let Some(lowest) = lowest else { return 0 };
        self.fast_packet = false;
        self.counters.retransmitted += written as u64;
        for (_, path) in paths.iter_mut() {
            // RFC 9260 §6.3.1 C5: no measurement with a chunk at or above one that was retransmitted meanwhile.
            if path.ledger.sample.is_some_and(|(tsn, _)| tsn.is_at_or_after(lowest)) {
                path.ledger.sample = None;
            }
        }
        if let Some(path) = paths.get_mut(id) {
            // RFC 9260 §6.1: start T3-rtx, and restart it when the earliest outstanding chunk of this path is repeated.
            if !path.t3.is_running() || path.ledger.earliest == Some(lowest) {
                path.t3.set(now + path.rtt.rto());
            }
        }
        written
    }

    fn fill_new(
        &mut self,
        now: Time,
        id: PathId,
        paths: &mut PathSet,
        config: &AssociationConfig,
        builder: &mut PacketBuilder<'_>,
        rides: bool,
    ) -> usize {
        if !rides && self.may_begin(paths, config, false) != Ok(id) {
            return 0;
        }
        self.expire(now);
        let Some(path) = paths.get(id) else { return 0 };
        let (immediate, was_idle) = (wants_sack_at_once(path), path.flight == 0);
        let mut written = 0;
        while let Some(message) = self.queue.head() {
            if paths.select_for_wish(message.wish) != id || self.in_flight.len() >= MOST_IN_FLIGHT {
                break;
            }
            let point = self.point_of(message, paths, config);
            let size = message.next_fragment(point);
            if chunk_octets(size, paths) > builder.room() || !self.window.permits(size, self.in_flight.outstanding()) {
                break;
            }
            if self.keys.as_mut().is_some_and(|keys| !keys.admit(message.id)) {
                break;
            }
            let Some(chunk) = self.cut(point) else { break };
            let tsn = self.in_flight.next_tsn();
            // RFC 9260 §6.1: the sender can go on only with the SACK, or ends with it.
            let last = (self.draining || self.pushed) && self.queue.is_empty();
            if !chunk.write(tsn, immediate || last, builder) {
                debug_assert!(false, "the room was checked");
            }
            self.in_flight.push(chunk, id, paths);
            self.window.on_sent();
            let Some(path) = paths.get_mut(id) else { break };
            path.ledger.sample.get_or_insert((tsn, now));
            written += 1;
        }
        if let (Some(path), true) = (paths.get_mut(id), written > 0) {
            if was_idle && path.ledger.last_data > Time::ZERO {
                // RFC 9260 §7.2.1: found out when it matters, which is before the packet after this one.
                let idle = now.saturating_since(path.ledger.last_data);
                path.congestion.on_idle(idle, path.rtt.rto(), path.pmdcs());
            }
            path.ledger.last_data = now;
            path.last_used = now;
            // RFC 9260 §6.3.2 R1.
            if !path.t3.is_running() {
                path.t3.set(now + path.rtt.rto());
            }
        }
        written
    }

    /// Cuts the next fragment off the message whose turn it is.
    fn cut(&mut self, point: u32) -> Option<SentChunk> {
        let per_chunk = self.overhead;
        let message = self.queue.begin_turn()?;
        if !message.begun {
            // Given now, so that a message that expires before leaves no gap.
            message.interleaved = self.interleaving;
            message.number = match (self.interleaving, message.unordered) {
                (true, unordered) => self.streams.take_mid(message.stream, unordered).0,
                // RFC 9260 §6.5.
                (false, false) => self.streams.take_ssn(message.stream).0.into(),
                // RFC 9260 §6.6: it means nothing.
                (false, true) => 0,
            };
        }
        if !message.begun && self.agreed_forward && message.has_limit() {
            message.limited = true;
            let limits = &mut self.partial.get_or_insert_default().limits;
            limits.begin(message.id, message.reliability, message.expires);
        }
        let fragment = message.cut(point, per_chunk);
        let flags =
            chunk_flags(message.unordered, fragment.beginning, fragment.ending, message.immediate && fragment.ending);
        let size = fragment.payload.len();
        let chunk = SentChunk::of(message, flags, fragment.overhead, fragment.payload);
        message.fsn = message.fsn.wrapping_add(1);
        if message.unordered {
            self.counters.chunks_unordered += 1;
        } else {
            self.counters.chunks_ordered += 1;
        }
        self.counters.octets += size as u64;
        self.queue.end_turn(size);
        Some(chunk)
    }

    /// Whether a packet with new data may begin now, and where it goes. `rides`: the packet goes anyway.
    fn may_begin(&self, paths: &PathSet, config: &AssociationConfig, rides: bool) -> Result<PathId, Held> {
        let message = self.queue.head().ok_or(Held::Waits)?;
        let id = paths.select_for_wish(message.wish);
        let path = paths.get(id).ok_or(Held::Waits)?;
        // RFC 9260 §6.1 B and D. A burst never ends with nothing on its way: no SACK would begin the next.
        let burst = self.burst.permits(config.max_burst) || path.flight == 0;
        if !burst || !path.congestion.permits(path.flight) || self.in_flight.len() >= MOST_IN_FLIGHT {
            return Err(Held::Waits);
        }
        let point = self.point_of(message, paths, config);
        let size = message.next_fragment(point);
        if !self.window.permits(size, self.in_flight.outstanding()) {
            let idle = self.in_flight.outstanding_chunks() == 0 && self.in_flight.marked() == 0;
            return Err(if idle { Held::ForProbe(id) } else { Held::Waits });
        }
        if !rides && self.is_worth_waiting(message, path, point, config) {
            return Err(Held::Waits);
        }
        Ok(id)
    }

    /// Nagle's rule: while something is unacknowledged, less than a packet waits for more to come (RFC 9260 §6.1 leaves the
    /// delay to the implementation; SCTP_NODELAY switches it off). Fragments of a larger message do not wait: their
    /// receiver could do nothing without the last one.
    fn is_worth_waiting(&self, message: &QueuedMessage, path: &Path, point: u32, config: &AssociationConfig) -> bool {
        let unacknowledged = self.in_flight.outstanding_chunks() > 0 || self.in_flight.marked() > 0;
        let whole = !message.begun && message.rest.len() <= point as usize;
        let full = self.queue.octets() >= path.pmdcs().saturating_sub(Data::HEADER_LEN as u32) as usize;
        !config.no_delay && !self.draining && !self.pushed && unacknowledged && whole && !full
    }

    /// The largest payload of a chunk of `message` begun now.
    fn point_of(&self, message: &QueuedMessage, paths: &PathSet, config: &AssociationConfig) -> u32 {
        if config.disable_fragments && message.fits {
            // SCTP_DISABLE_FRAGMENTS: it was refused if it did not fit then, and is not cut if it does not fit now.
            return u32::MAX;
        }
        paths.fragmentation_point(config).min(self.window.largest_chunk())
    }
}

/// Octets that a chunk takes in a packet.
fn chunk_octets(payload: usize, paths: &PathSet) -> usize {
    (payload + usize::from(paths.data_header)).next_multiple_of(4)
}

/// RFC 9260 §6.1 lets the I bit be set where sending stops until the SACK comes: while the window is one packet, a delayed
/// SACK would cost its whole delay each round trip.
fn wants_sack_at_once(path: &Path) -> bool {
    path.congestion.cwnd() <= path.pmdcs()
}
