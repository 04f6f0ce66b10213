//! What a socket has received and its program has not: messages, parts of messages and notifications, in one order.

use std::{collections::VecDeque, net::SocketAddr};

use bytes::Bytes;
use usctp_proto::AssociationKey;

use crate::{AssocId, NextInfo, Notification, ReceiveInfo};

/// The queue. While one association of a one-to-many socket is in the middle of a partial delivery, what comes from the
/// others waits in the lobby (unless the program has switched interleaving on).
#[derive(Debug, Default)]
pub(crate) struct ReceiveQueue {
    items: VecDeque<Item>,
    lobby: VecDeque<Item>,
    /// Whose message is partly delivered.
    partial: Option<AssociationKey>,
    /// Octets of notifications held.
    notification_octets: usize,
    /// Messages and parts of messages held, in both queues.
    data_items: usize,
}

/// One message, part of a message, or notification.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) association: AssociationKey,
    pub(crate) id: AssocId,
    pub(crate) from: SocketAddr,
    pub(crate) content: Content,
    /// The octets not yet read; no empty ones.
    pub(crate) data: VecDeque<Bytes>,
    /// Of them all.
    pub(crate) len: usize,
    /// What is still charged to the receive window for it.
    pub(crate) charge: u32,
}

/// What an item is.
#[derive(Debug)]
pub(crate) enum Content {
    Message {
        info: ReceiveInfo,
        /// Last part of its message.
        ending: bool,
    },
    Notification {
        /// Taken out with the first part read.
        notification: Option<Box<Notification>>,
    },
}

impl Item {
    pub(crate) const fn is_notification(&self) -> bool {
        matches!(self.content, Content::Notification { .. })
    }

    const fn ends_message(&self) -> bool {
        matches!(self.content, Content::Message { ending: true, .. })
    }

    /// SCTP_NXTINFO about it.
    pub(crate) fn next_info(&self) -> NextInfo {
        let length = u32::try_from(self.len).unwrap_or(u32::MAX);
        match &self.content {
            Content::Message { info, ending } => NextInfo {
                stream: info.stream,
                unordered: info.unordered,
                notification: false,
                complete: *ending,
                ppid: info.ppid,
                length,
                association: self.id,
            },
            Content::Notification { .. } => {
                NextInfo { notification: true, complete: true, length, association: self.id, ..NextInfo::default() }
            }
        }
    }
}

impl ReceiveQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Items that can be read.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn first(&self) -> Option<&Item> {
        self.items.front()
    }

    pub(crate) fn second(&self) -> Option<&Item> {
        self.items.get(1)
    }

    /// Whether the program has not read all data; notifications do not count.
    pub(crate) fn has_data(&self) -> bool {
        self.data_items > 0
    }

    /// Octets of notifications held.
    pub(crate) const fn notification_octets(&self) -> usize {
        self.notification_octets
    }

    /// Appends. True: something new can be read.
    pub(crate) fn push(&mut self, item: Item, interleave: bool) -> bool {
        if item.is_notification() {
            self.notification_octets += item.len;
        } else {
            self.data_items += 1;
        }
        match self.partial {
            Some(owner) if owner == item.association && !item.is_notification() => {
                let ends = item.ends_message();
                self.items.push_back(item);
                if ends {
                    self.end_partial(owner);
                }
                true
            }
            Some(owner) if owner == item.association || !interleave => {
                self.lobby.push_back(item);
                false
            }
            _ => {
                if !item.is_notification() && !item.ends_message() && self.partial.is_none() {
                    self.partial = Some(item.association);
                }
                self.items.push_back(item);
                true
            }
        }
    }

    /// Whether a message of `association` is being delivered in parts, and not all of it is here.
    pub(crate) fn is_partial(&self, association: AssociationKey) -> bool {
        self.partial == Some(association)
    }

    /// The partial delivery of `association` is over, by its end or because the rest will never come: what has waited can
    /// be read.
    pub(crate) fn end_partial(&mut self, association: AssociationKey) {
        if self.partial != Some(association) {
            return;
        }
        self.partial = None;
        // Another one's partial delivery may stand in the lobby; what is behind it goes on waiting.
        let waiting = std::mem::take(&mut self.lobby);
        for item in waiting {
            self.uncount(&item);
            self.push(item, false);
        }
    }

    /// Takes `octets` out of the first item, or nothing but a look at them with `peek`. An item that is used up is removed
    /// and given as the second value. The octets come as slices that share the packets' memory.
    pub(crate) fn take(&mut self, octets: usize, peek: bool) -> (Vec<Bytes>, Option<Item>) {
        let Some(first) = self.items.front_mut() else { return (Vec::new(), None) };
        if peek {
            return (slices(&first.data, octets), None);
        }
        if octets < first.len {
            if first.is_notification() {
                self.notification_octets = self.notification_octets.saturating_sub(octets);
            }
            return (first.split(octets), None);
        }
        let Some(mut item) = self.items.pop_front() else { return (Vec::new(), None) };
        self.uncount(&item);
        let data = std::mem::take(&mut item.data);
        item.len = 0;
        (data.into(), Some(item))
    }

    /// The first item, to mark a notification as begun.
    pub(crate) fn first_mut(&mut self) -> Option<&mut Item> {
        self.items.front_mut()
    }

    /// Takes out all that belongs to `association`, for another socket's queue.
    pub(crate) fn split_off(&mut self, association: AssociationKey) -> Self {
        let mut other = Self::default();
        if self.partial == Some(association) {
            other.partial = Some(association);
        }
        let (theirs, ours): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.items).into_iter().partition(|item| item.association == association);
        let (their_lobby, our_lobby): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.lobby).into_iter().partition(|item| item.association == association);
        self.items = ours;
        self.lobby = our_lobby;
        for item in theirs.iter().chain(&their_lobby) {
            self.uncount(item);
            other.count(item);
        }
        other.items = theirs;
        if other.partial.is_some() {
            other.lobby = their_lobby;
        } else {
            other.items.extend(their_lobby);
        }
        if other.partial.is_some() {
            self.end_partial(association);
        }
        other
    }

    /// Takes out everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Item> + use<> {
        let all = std::mem::take(self);
        all.items.into_iter().chain(all.lobby)
    }

    fn count(&mut self, item: &Item) {
        if item.is_notification() {
            self.notification_octets += item.len;
        } else {
            self.data_items += 1;
        }
    }

    fn uncount(&mut self, item: &Item) {
        if item.is_notification() {
            self.notification_octets = self.notification_octets.saturating_sub(item.len);
        } else {
            self.data_items -= 1;
        }
    }
}

impl Item {
    /// Takes the first `octets`, fewer than there are.
    fn split(&mut self, octets: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut left = octets;
        while left > 0 {
            let Some(front) = self.data.front_mut() else { break };
            if front.len() <= left {
                left -= front.len();
                taken.extend(self.data.pop_front());
            } else {
                taken.push(front.split_to(left));
                left = 0;
            }
        }
        self.len -= octets - left;
        taken
    }
}

fn slices(data: &VecDeque<Bytes>, octets: usize) -> Vec<Bytes> {
    let mut left = octets;
    let mut taken = Vec::new();
    for part in data {
        if left == 0 {
            break;
        }
        let len = part.len().min(left);
        taken.push(part.slice(..len));
        left -= len;
    }
    taken
}
