//! FORWARD TSN sent (RFC 3758 §3.5): the peer learns what it need not wait for.

use std::{collections::BTreeMap, time::Duration};

use usctp_wire::{
    Chunk, ForwardTsn, IForwardTsn, Mid, PacketBuilder, SkippedMessages, SkippedStreams, Ssn, StreamId, Tsn,
};

use super::{Outbound, abandon::Partial, in_flight::State};
use crate::{
    Time,
    association::path::{PathId, PathSet},
};

/// How far the peer is to go, and how far it has been told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forward {
    /// How many chunks next to the cumulative TSN have been given up: the last of them is the Advanced.Peer.Ack.Point.
    pub(super) lead: usize,
    /// One is to be sent.
    pub(super) owed: bool,
    /// The last one sent: its TSN, when and where. The T3-rtx there runs for it.
    sent: Option<(Tsn, Time, PathId)>,
}

impl Forward {
    fn waits_on(&self, id: PathId) -> bool {
        self.sent.is_some_and(|(_, _, path)| path == id)
    }

    fn on_timer_gone(&mut self, id: PathId) {
        if self.waits_on(id) {
            self.sent = None;
        }
        self.owed |= self.lead > 0;
    }
}

impl Outbound {
    /// Whether partial reliability has been agreed on.
    pub(crate) const fn has_agreed_on_forward_tsn(&self) -> bool {
        self.agreed_forward
    }

    /// What both sides have announced (RFC 3758 §3.3).
    pub(crate) fn agree_on_forward_tsn(&mut self, agreed: bool) {
        self.agreed_forward = agreed;
    }

    /// Whether a FORWARD TSN is to be sent.
    pub(crate) fn owes_forward_tsn(&self, paths: &PathSet) -> bool {
        // Without a timer nothing would bring it back if it is lost.
        let Some(Partial { forward, .. }) = self.partial.as_deref() else { return false };
        forward.lead > 0 && (forward.owed || paths.iter().all(|(_, path)| !path.t3.is_running()))
    }

    /// Writes the FORWARD TSN that is owed, if the path may carry it. Whether it did.
    pub(crate) fn write_forward_tsn(
        &mut self,
        now: Time,
        id: PathId,
        paths: &mut PathSet,
        builder: &mut PacketBuilder<'_>,
    ) -> bool {
        // RFC 3758 §3.5 C3: to a confirmed address.
        if !paths.get(id).is_some_and(|path| path.confirmed) {
            return false;
        }
        let Some(Partial { forward, .. }) = self.partial.as_deref_mut() else { return false };
        let per_stream = if self.interleaving { OCTETS_PER_MID } else { OCTETS_PER_SSN };
        let most = builder.room().saturating_sub(BARE_FORWARD_TSN) / per_stream;
        let mut skipped: BTreeMap<(u16, bool), u32> = BTreeMap::new();
        let mut count = 0;
        for index in 0..forward.lead {
            let Some(chunk) = self.in_flight.chunk(index) else { break };
            let unordered = chunk.flags & UNORDERED != 0;
            // RFC 3758 §3.2: unordered ones have no number, unless they are I-DATA (RFC 8260 §2.3.1).
            if self.interleaving || !unordered {
                let key = (chunk.stream.0, unordered);
                // RFC 3758 §3.5 C4: the highest of each stream; what does not fit one packet has to wait.
                if skipped.len() >= most && !skipped.contains_key(&key) {
                    break;
                }
                skipped.insert(key, chunk.number);
            }
            count = index + 1;
        }
        if count == 0 {
            return false;
        }
        let point = self.in_flight.tsn(count - 1);
        if !push_forward(point, &skipped, self.interleaving, builder) {
            return false;
        }
        forward.owed = false;
        forward.sent = Some((point, now, id));
        // RFC 3758 §3.5 C5: the timer of the path where it went, and of no other.
        for (other, path) in paths.iter_mut() {
            if other == id && !path.t3.is_running() {
                path.t3.set(now + path.rtt.rto());
            } else if other != id && path.flight == 0 {
                path.t3.stop();
            }
        }
        true
    }

    /// Whether the T3-rtx of this path runs for a FORWARD TSN.
    pub(super) fn forward_waits_on(&self, id: PathId) -> bool {
        self.partial.as_ref().is_some_and(|partial| partial.forward.waits_on(id))
    }

    /// The T3-rtx of this path has run out or was stopped (RFC 3758 §3.5 A5): a FORWARD TSN goes again.
    pub(super) fn forward_on_timer_gone(&mut self, id: PathId) {
        if let Some(partial) = &mut self.partial {
            partial.forward.on_timer_gone(id);
        }
    }

    /// Moves the Advanced.Peer.Ack.Point on over what has been given up (RFC 3758 §3.5 C2).
    pub(super) fn advance_lead(&mut self) {
        let Some(Partial { forward, .. }) = self.partial.as_deref_mut() else { return };
        while self.in_flight.chunk(forward.lead).is_some_and(|chunk| chunk.state() == State::Abandoned) {
            forward.lead += 1;
        }
    }

    /// A SACK came and moved the cumulative TSN by `steps` (RFC 3758 §3.5 C1 to C3).
    pub(super) fn forward_on_sack(&mut self, now: Time, steps: u32, paths: &PathSet) {
        let Some(Partial { forward, .. }) = self.partial.as_deref_mut() else { return };
        forward.lead = forward.lead.saturating_sub(steps as usize);
        self.advance_lead();
        let Some(Partial { forward, .. }) = self.partial.as_deref_mut() else { return };
        if forward.lead == 0 {
            forward.owed = false;
            forward.sent = None;
            return;
        }
        let point = self.in_flight.tsn(forward.lead - 1);
        forward.owed |= match forward.sent {
            // RFC 3758 §3.5 F2: the same one not again within a round trip.
            Some((told, at, id)) if told == point => {
                now.saturating_since(at) >= paths.get(id).map_or(Duration::ZERO, |path| path.rtt.srtt())
            }
            _ => true,
        };
    }
}

/// Writes the chunk of the kind that goes with the association's data chunks (RFC 8260 §2.3.1).
fn push_forward(
    cumulative: Tsn,
    skipped: &BTreeMap<(u16, bool), u32>,
    interleaving: bool,
    builder: &mut PacketBuilder<'_>,
) -> bool {
    if interleaving {
        let skipped = skipped.iter().map(|((stream, unordered), mid)| (StreamId(*stream), *unordered, Mid(*mid)));
        let skipped: Vec<_> = skipped.collect();
        let chunk = IForwardTsn { cumulative, skipped: SkippedMessages::Values(&skipped) };
        return builder.push(&Chunk::IForwardTsn(chunk));
    }
    let skipped = skipped.iter().map(|((stream, _), ssn)| (StreamId(*stream), Ssn((ssn & 0xffff) as u16)));
    let skipped: Vec<_> = skipped.collect();
    builder.push(&Chunk::ForwardTsn(ForwardTsn { cumulative, skipped: SkippedStreams::Values(&skipped) }))
}

/// Octets of a FORWARD TSN that names no stream (RFC 3758 §3.2).
const BARE_FORWARD_TSN: usize = 8;
/// Octets of a stream and its number.
const OCTETS_PER_SSN: usize = 4;
/// The same in I-FORWARD-TSN (RFC 8260 §2.3.1).
const OCTETS_PER_MID: usize = 8;
/// The U bit of a DATA chunk.
const UNORDERED: u8 = 4;
