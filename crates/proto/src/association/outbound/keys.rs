//! Which shared key each message is authenticated with: chunks of different keys are never bundled (RFC 6458 §5.3.8).
//!
//! Keys are kept for runs of messages, for most programs use one key at a time. Nothing is kept where the peer does not want
//! DATA authenticated.

use std::collections::VecDeque;

use usctp_wire::KeyId;

use super::Outbound;
use crate::MessageId;

/// The keys of all messages that are not acknowledged yet, and the key of the packet that is being filled.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageKeys {
    /// The first message of each run, and its key; in the order of the messages.
    runs: VecDeque<(MessageId, KeyId)>,
    /// DATA is authenticated, or may turn out to be.
    separate: bool,
    packet: Option<KeyId>,
    /// Something was left out of the packet because of its key.
    refused: bool,
}

impl MessageKeys {
    /// The key of `message`; `None`: it does not matter.
    fn of(&self, message: MessageId) -> Option<KeyId> {
        let behind = self.runs.partition_point(|(first, _)| first.0 <= message.0);
        self.runs.get(behind.checked_sub(1)?).map(|(_, key)| *key)
    }

    /// A new packet is filled.
    pub(super) fn begin_packet(&mut self) {
        self.packet = None;
        self.refused = false;
    }

    /// Whether a chunk of `message` may be in the packet; if so it is in it.
    pub(super) fn admit(&mut self, message: MessageId) -> bool {
        if !self.separate {
            return true;
        }
        let Some(key) = self.of(message) else { return true };
        let admitted = *self.packet.get_or_insert(key) == key;
        self.refused |= !admitted;
        admitted
    }

    fn push(&mut self, message: MessageId, key: KeyId) {
        if self.runs.back().is_none_or(|(_, last)| *last != key) {
            self.runs.push_back((message, key));
        }
    }

    /// Forgets the runs that end before `oldest`.
    fn forget_before(&mut self, oldest: MessageId) {
        while self.runs.get(1).is_some_and(|(first, _)| first.0 <= oldest.0) {
            self.runs.pop_front();
        }
    }
}

impl Outbound {
    /// Whether the key of a message matters from now on: known when the peer's parameters are.
    pub(crate) fn separate_keys(&mut self, separate: bool) {
        match &mut self.keys {
            Some(keys) if separate => keys.separate = true,
            None if separate => self.keys = Some(Box::new(MessageKeys { separate, ..MessageKeys::default() })),
            keys => *keys = None,
        }
    }

    /// `message`, the last one queued, is to be authenticated with `key`.
    pub(crate) fn set_key(&mut self, message: MessageId, key: KeyId) {
        let keys = self.keys.get_or_insert_default();
        keys.push(message, key);
        // Looked through when the runs have doubled, so that it costs little however often the key changes.
        if keys.runs.len() >= 64 && keys.runs.len().is_power_of_two() {
            let oldest = self.message_ids().min_by_key(|id| id.0).unwrap_or(message);
            if let Some(keys) = &mut self.keys {
                keys.forget_before(oldest);
            }
        }
    }

    /// A packet is begun.
    pub(crate) fn begin_packet(&mut self) {
        if let Some(keys) = &mut self.keys {
            keys.begin_packet();
        }
    }

    /// The key of the data in the packet that was filled last.
    pub(crate) fn packet_key(&self) -> Option<KeyId> {
        self.keys.as_ref()?.packet
    }

    /// Whether the packet that was filled last ended where the key changes: it may be shorter than the next.
    pub(crate) fn ended_by_key(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.refused)
    }

    /// Whether a message that is not wholly acknowledged is authenticated with `key`.
    pub(crate) fn uses_key(&self, key: KeyId) -> bool {
        let Some(keys) = &self.keys else { return false };
        keys.runs.iter().any(|(_, run)| *run == key) && self.message_ids().any(|message| keys.of(message) == Some(key))
    }

    fn message_ids(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.in_flight.messages().chain(self.queue.messages())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_key_of_its_run() {
        let mut keys = MessageKeys { separate: true, ..MessageKeys::default() };
        for (message, key) in [(0, 1), (1, 1), (2, 5), (3, 1)] {
            keys.push(MessageId(message), KeyId(key));
        }
        assert_eq!(keys.runs.len(), 3);
        let of = |keys: &MessageKeys, message| keys.of(MessageId(message)).map(|key| key.0);
        assert_eq!([0, 1, 2, 3, 9].map(|message| of(&keys, message)), [Some(1), Some(1), Some(5), Some(1), Some(1)]);
        keys.forget_before(MessageId(2));
        assert_eq!([1, 2, 3].map(|message| of(&keys, message)), [None, Some(5), Some(1)]);
    }

    #[test]
    fn a_packet_holds_one_key() {
        let mut keys = MessageKeys { separate: true, ..MessageKeys::default() };
        for (message, key) in [(0, 1), (1, 2)] {
            keys.push(MessageId(message), KeyId(key));
        }
        assert!(keys.admit(MessageId(0)) && !keys.admit(MessageId(1)) && keys.admit(MessageId(0)));
        keys.begin_packet();
        assert!(keys.admit(MessageId(1)) && !keys.admit(MessageId(0)));
        keys.separate = false;
        assert!(keys.admit(MessageId(0)));
    }
}
