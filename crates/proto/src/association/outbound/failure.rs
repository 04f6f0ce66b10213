//! What the program gets back of messages that were not delivered (RFC 6458 §6.1.11): one report for each message, with all
//! of it that the peer has not acknowledged.

use bytes::{Bytes, BytesMut};

use super::{in_flight::SentChunk, message::QueuedMessage};
use crate::SendFailure;

/// The chunks that are left of a message begun, and what was not sent of it.
#[derive(Debug, Default)]
pub(super) struct Remains {
    failure: Option<SendFailure>,
    parts: Vec<Bytes>,
}

impl Remains {
    /// The next chunk of the message.
    pub(super) fn add(&mut self, chunk: SentChunk) {
        let fragment = chunk.payload.len();
        let (flags, ssn) = (chunk.chunk_flags(), chunk.ssn());
        self.parts.push(chunk.payload);
        let failure = self.failure.get_or_insert(SendFailure {
            message: chunk.message,
            stream: chunk.stream,
            ssn,
            ppid: chunk.ppid,
            chunk_flags: flags,
            context: chunk.context,
            sent: true,
            error: 0,
            fragment,
            payload: Bytes::new(),
        });
        failure.chunk_flags |= flags;
    }

    /// What was not sent of the message, behind all of its chunks.
    pub(super) fn add_rest(&mut self, message: QueuedMessage) {
        let rest = message.into_failure(0);
        self.parts.push(rest.payload.clone());
        let failure = self.failure.get_or_insert(rest.clone());
        failure.chunk_flags |= rest.chunk_flags;
    }

    /// The report.
    pub(super) fn into_failure(self, error: u16) -> Option<SendFailure> {
        let payload = match <[Bytes; 1]>::try_from(self.parts) {
            Ok([only]) => only,
            Err(parts) => {
                let mut all = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
                parts.iter().for_each(|part| all.extend_from_slice(part));
                all.freeze()
            }
        };
        Some(SendFailure { error, payload, ..self.failure? })
    }
}
