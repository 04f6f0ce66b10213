//! Control chunks that are owed. Handlers note them here, `transmit` writes them.
//!
//! Everything that a peer can make us owe is bounded: what it asks for faster than it is polled coalesces or is dropped.

use std::collections::VecDeque;

use bytes::Bytes;
use usctp_wire::Cause;

use super::path::PathId;
use crate::Address;

/// Where an answer goes: to a path, from the address that the question came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Towards {
    pub(crate) path: PathId,
    pub(crate) from: Option<Address>,
}

/// What is owed.
#[derive(Debug, Default)]
pub(crate) struct ControlQueue {
    pub(crate) cookie_ack: Option<Towards>,
    pub(crate) shutdown: Option<Towards>,
    pub(crate) shutdown_ack: Option<Towards>,
    /// HEARTBEATs to be sent.
    pub(crate) heartbeats: VecDeque<PathId>,
    /// HEARTBEAT ACKs: the peer's info, octet for octet.
    heartbeat_acks: VecDeque<(Towards, Bytes)>,
    /// Causes of an ERROR chunk, encoded.
    errors: Option<(Towards, Vec<u8>)>,
}

/// HEARTBEATs of a peer that are remembered at once; it gets no answer to more, as if they had been lost.
const MAX_HEARTBEAT_ACKS: usize = 8;

/// Octets of error causes in one packet at most.
const MAX_ERRORS: usize = 1200;

impl ControlQueue {
    /// Nothing is owed.
    pub(crate) fn is_empty(&self) -> bool {
        self.cookie_ack.is_none()
            && self.shutdown.is_none()
            && self.shutdown_ack.is_none()
            && self.heartbeats.is_empty()
            && self.heartbeat_acks.is_empty()
            && self.errors.is_none()
    }

    pub(crate) fn owe_heartbeat(&mut self, path: PathId) {
        if !self.heartbeats.contains(&path) {
            self.heartbeats.push_back(path);
        }
    }

    pub(crate) fn owe_heartbeat_ack(&mut self, to: Towards, info: Bytes) {
        if self.heartbeat_acks.len() < MAX_HEARTBEAT_ACKS {
            self.heartbeat_acks.push_back((to, info));
        }
    }

    /// Adds a cause to the ERROR that is owed, unless it has become too long.
    pub(crate) fn owe_error(&mut self, to: Towards, cause: &Cause<'_>) {
        let (_, causes) = self.errors.get_or_insert_with(|| (to, Vec::new()));
        if causes.len() + cause.len() <= MAX_ERRORS {
            cause.encode(causes);
        } else if causes.is_empty() {
            self.errors = None;
        }
    }

    /// Where the first of what is owed goes.
    pub(crate) fn first(&self) -> Option<Towards> {
        self.cookie_ack
            .or_else(|| self.errors.as_ref().map(|(to, _)| *to))
            .or_else(|| self.heartbeat_acks.front().map(|(to, _)| *to))
            .or_else(|| self.heartbeats.front().map(|path| Towards { path: *path, from: None }))
            .or(self.shutdown_ack)
            .or(self.shutdown)
    }

    /// Forgets the first of what is owed: its path is gone.
    pub(crate) fn drop_first(&mut self) {
        if self.cookie_ack.take().is_some() || self.errors.take().is_some() {
            return;
        }
        if !self.heartbeat_acks.is_empty() {
            self.pop_heartbeat_ack();
        } else if self.heartbeats.pop_front().is_none() && self.shutdown_ack.take().is_none() {
            self.shutdown = None;
        }
    }

    /// Takes the causes that go to `path`.
    pub(crate) fn take_errors(&mut self, path: PathId) -> Option<Vec<u8>> {
        self.errors.take_if(|(to, _)| to.path == path).map(|(_, causes)| causes)
    }

    /// The next HEARTBEAT ACK for `path`, if it is the first in the queue.
    pub(crate) fn heartbeat_ack(&self, path: PathId) -> Option<&Bytes> {
        self.heartbeat_acks.front().filter(|(to, _)| to.path == path).map(|(_, info)| info)
    }

    pub(crate) fn pop_heartbeat_ack(&mut self) {
        self.heartbeat_acks.pop_front();
        if self.heartbeat_acks.is_empty() {
            self.heartbeat_acks = VecDeque::new();
        }
    }

    /// Takes the HEARTBEAT that is owed to `path`.
    pub(crate) fn take_heartbeat(&mut self, path: PathId) -> bool {
        let found = self.heartbeats.iter().position(|owed| *owed == path);
        if let Some(index) = found {
            self.heartbeats.remove(index);
            if self.heartbeats.is_empty() {
                self.heartbeats = VecDeque::new();
            }
        }
        found.is_some()
    }

    /// Forgets everything: the peer has restarted.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
