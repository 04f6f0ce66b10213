//! A message that waits to be sent, and how fragments are cut off it (RFC 9260 §6.9).

use bytes::Bytes;
use usctp_wire::{Ppid, Ssn, StreamId};

use super::super::path::PathId;
use crate::{MessageId, OutgoingMessage, Reliability, SendFailure, Time};

/// A message, or what is left of it, that has no TSN yet.
#[derive(Clone, Debug)]
pub(super) struct QueuedMessage {
    pub(super) id: MessageId,
    pub(super) stream: StreamId,
    pub(super) ppid: Ppid,
    pub(super) context: u32,
    pub(super) unordered: bool,
    pub(super) immediate: bool,
    /// Whether a fragment of it has been sent.
    pub(super) begun: bool,
    /// Given with the first fragment.
    /// It goes in I-DATA chunks.
    pub(super) interleaved: bool,
    /// SSN or MID.
    pub(super) number: u32,
    /// Of the next fragment.
    pub(super) fsn: u32,
    /// It fitted one chunk when it was queued: what SCTP_DISABLE_FRAGMENTS promises to keep whole.
    pub(super) fits: bool,
    /// The path the program wants.
    pub(super) wish: Option<PathId>,
    pub(super) expires: Option<Time>,
    pub(super) reliability: Reliability,
    /// Begun with a limit, so that [`super::limits::Limits`] knows it.
    pub(super) limited: bool,
    /// Largest fragment, chosen with the first one; 0 before.
    pub(super) fragment: u32,
    /// The largest chunk payload when it was queued.
    point: u32,
    /// Of the overhead that the send buffer was charged with, what is not yet passed on to a fragment.
    pub(super) overhead: u32,
    pub(super) rest: Bytes,
}

/// A fragment just cut off.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) payload: Bytes,
    pub(super) beginning: bool,
    pub(super) ending: bool,
    pub(super) overhead: u32,
}

impl QueuedMessage {
    /// `point`: the largest chunk payload of the moment.
    pub(super) fn new(
        id: MessageId,
        message: OutgoingMessage,
        wish: Option<PathId>,
        point: u32,
        overhead: u32,
    ) -> Self {
        Self {
            id,
            stream: message.stream,
            ppid: message.ppid,
            context: message.context,
            unordered: message.unordered,
            immediate: message.immediate,
            begun: false,
            interleaved: false,
            number: 0,
            fsn: 0,
            fits: message.payload.len() <= point as usize,
            wish,
            expires: message.expires,
            reliability: message.reliability,
            limited: false,
            fragment: 0,
            point,
            overhead,
            rest: message.payload,
        }
    }

    /// Octets of the next fragment when chunks hold at most `point`.
    pub(super) fn next_fragment(&self, point: u32) -> usize {
        // RFC 9260 §6.9: the fragments of a message have one size, which only a path that has become narrower reduces.
        let point = if self.fragment == 0 { point } else { self.fragment.min(point) };
        self.rest.len().min(point.max(1) as usize)
    }

    /// Cuts off the next fragment; `per_chunk` octets of overhead go with it, all that is left with the last.
    pub(super) fn cut(&mut self, point: u32, per_chunk: u32) -> Fragment {
        let size = self.next_fragment(point);
        let beginning = !self.begun;
        let ending = size == self.rest.len();
        if beginning {
            self.fragment = point;
        }
        self.begun = true;
        let payload = if ending { std::mem::take(&mut self.rest) } else { self.rest.split_to(size) };
        let overhead = if ending { self.overhead } else { self.overhead.min(per_chunk) };
        self.overhead -= overhead;
        Fragment { payload, beginning, ending, overhead }
    }

    /// Whether it need not be delivered at any price.
    pub(super) fn has_limit(&self) -> bool {
        self.expires.is_some() || self.reliability != Reliability::Full
    }

    /// Octets of send buffer it holds.
    pub(super) fn charge(&self) -> usize {
        self.rest.len() + self.overhead as usize
    }

    /// Why it will not be sent.
    pub(super) fn into_failure(self, error: u16) -> SendFailure {
        SendFailure {
            message: self.id,
            stream: self.stream,
            ssn: Ssn((self.number & 0xffff) as u16),
            ppid: self.ppid,
            chunk_flags: chunk_flags(self.unordered, !self.begun, true, self.immediate),
            context: self.context,
            sent: false,
            error,
            fragment: self.next_fragment(self.point),
            payload: self.rest,
        }
    }
}

/// The flag octet of a DATA chunk (RFC 9260 §3.3.1).
pub(super) const fn chunk_flags(unordered: bool, beginning: bool, ending: bool, immediate: bool) -> u8 {
    (if ending { 1 } else { 0 })
        | (if beginning { 2 } else { 0 })
        | (if unordered { 4 } else { 0 })
        | (if immediate { 8 } else { 0 })
}

/// Chunks that a message of `len` octets needs when each holds `point`.
pub(crate) fn chunk_count(len: usize, point: u32) -> usize {
    len.div_ceil(point.max(1) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(len: usize, overhead: u32) -> QueuedMessage {
        let message = OutgoingMessage {
            stream: StreamId(1),
            ppid: Ppid::default(),
            unordered: false,
            immediate: false,
            context: 0,
            expires: None,
            reliability: Reliability::Full,
            destination: None,
            payload: Bytes::from(vec![0; len]),
            auth_key: None,
        };
        QueuedMessage::new(MessageId(0), message, None, 1452, overhead)
    }

    #[test]
    fn fragments_share_one_size_that_only_shrinks() {
        let mut message = message(5000, 0);
        let sizes = [1452, 9000, 1000, 9000].map(|point| message.cut(point, 0).payload.len());
        assert_eq!(sizes, [1452, 1452, 1000, 1096]);
    }

    #[test]
    fn the_overhead_is_passed_on_to_the_last_octet() {
        for (charged, per_chunk) in [(300, 100), (100, 100), (1000, 100), (0, 0)] {
            let mut message = message(2500, charged);
            let before = message.charge();
            let mut passed = 0;
            let mut flags = Vec::new();
            while !message.rest.is_empty() {
                let fragment = message.cut(1000, per_chunk);
                passed += fragment.payload.len() + fragment.overhead as usize;
                flags.push((fragment.beginning, fragment.ending));
            }
            assert_eq!(passed, before);
            assert_eq!(message.charge(), 0);
            assert_eq!(flags, [(true, false), (false, false), (false, true)]);
        }
    }

    #[test]
    fn an_unsent_message_fails_whole_and_a_begun_one_as_its_last_fragment() {
        let mut message = message(2000, 0);
        assert_eq!(message.clone().into_failure(0).chunk_flags, 3);
        message.cut(1500, 0);
        let failure = message.into_failure(0);
        assert_eq!((failure.chunk_flags, failure.payload.len()), (1, 500));
    }
}
