//! What a program has received: messages, put together from what was delivered.

use std::collections::VecDeque;

use usctp_proto::{AssociationKey, Delivery};

/// A message that a program has received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Message {
    pub(crate) stream: u16,
    pub(crate) ssn: u16,
    pub(crate) unordered: bool,
    pub(crate) ppid: u32,
    pub(crate) octets: Vec<u8>,
    /// In how many parts it was delivered.
    pub(crate) parts: usize,
}

/// All messages that a host has received, by association.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    messages: Vec<(AssociationKey, Vec<Message>)>,
    /// Being delivered in parts.
    open: Vec<(AssociationKey, Message)>,
    /// Messages of different streams may be delivered in parts at once (I-DATA).
    interleaves: bool,
    /// What has not been released, the oldest first.
    pub(crate) unreleased: VecDeque<(AssociationKey, u32)>,
}

impl Mailbox {
    /// Takes a delivery, and checks that parts follow each other.
    pub(crate) fn take(&mut self, association: AssociationKey, delivery: &Delivery) {
        let octets: Vec<u8> = delivery.data.iter().flatten().copied().collect();
        assert!(!octets.is_empty(), "an empty delivery");
        self.interleaves |= delivery.mid.is_some();
        let stream = delivery.stream.0;
        let message = if delivery.beginning {
            assert!(self.take_open(association, stream).is_none(), "a message begins inside another");
            Message {
                stream: delivery.stream.0,
                ssn: delivery.ssn.0,
                unordered: delivery.unordered,
                ppid: u32::from_be_bytes(delivery.ppid.0),
                octets,
                parts: 1,
            }
        } else {
            let mut message = self.take_open(association, stream).expect("a part without a beginning");
            assert_eq!(
                (message.stream, message.unordered),
                (delivery.stream.0, delivery.unordered),
                "parts of one message"
            );
            message.octets.extend(octets);
            message.parts += 1;
            message
        };
        if delivery.ending {
            match self.messages.iter_mut().find(|(key, _)| *key == association) {
                Some((_, messages)) => messages.push(message),
                None => self.messages.push((association, vec![message])),
            }
        } else {
            self.open.push((association, message));
        }
        self.unreleased.push_back((association, delivery.charge));
    }

    /// The rest of the open message will not come.
    pub(crate) fn abort_partial(&mut self, association: AssociationKey, stream: u16) {
        assert!(self.take_open(association, stream).is_some(), "nothing was being delivered in parts");
    }

    /// The association is gone: so is what was open in it.
    pub(crate) fn close(&mut self, association: AssociationKey) {
        self.open.retain(|(key, _)| *key != association);
        self.interleaves = false;
        self.unreleased.retain(|&(of, _)| of != association);
    }

    pub(crate) fn messages(&self, association: AssociationKey) -> &[Message] {
        self.messages.iter().find(|(key, _)| *key == association).map_or(&[], |(_, messages)| messages)
    }

    /// All messages of all associations.
    pub(crate) fn all(&self) -> Vec<&Message> {
        self.messages.iter().flat_map(|(_, messages)| messages).collect()
    }

    /// The message that is being delivered in parts; with I-DATA the one of this stream.
    fn take_open(&mut self, association: AssociationKey, stream: u16) -> Option<Message> {
        let fits = |message: &Message| !self.interleaves || message.stream == stream;
        let at = self.open.iter().position(|(key, message)| *key == association && fits(message))?;
        Some(self.open.swap_remove(at).1)
    }
}
