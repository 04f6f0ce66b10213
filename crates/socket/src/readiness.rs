//! What `poll` would say of a socket, and how its descriptor is kept saying so.

use std::time::Duration;

use usctp_proto::Time;

use crate::{
    Style,
    table::{Phase, SocketState, State},
};

/// Poll mask of a socket, by name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a bit of poll's mask")]
pub struct Readiness {
    /// POLLIN.
    pub readable: bool,
    /// POLLOUT.
    pub writable: bool,
    /// POLLERR.
    pub error: bool,
    /// POLLRDHUP.
    pub read_closed: bool,
    /// POLLHUP.
    pub hang_up: bool,
}

impl SocketState {
    /// As the kernel's `sctp_poll` computes it.
    pub(crate) fn readiness(&self) -> Readiness {
        if self.style == Style::OneToOne && self.phase == Phase::Listening {
            return Readiness { readable: !self.associations.is_empty(), ..Readiness::default() };
        }
        let hang_up = self.receive_closed && self.send_closed;
        Readiness {
            readable: !self.queue.is_empty() || self.receive_closed,
            // A one-to-one socket without association is not writable, and none that is without room is.
            writable: (self.style == Style::OneToMany || self.phase != Phase::Closed)
                && self.settings.send_buffer > self.send_used,
            error: self.error.is_some(),
            read_closed: self.receive_closed,
            hang_up,
        }
    }

    /// Makes the descriptor show it. When to give another edge for what has arrived, if not now.
    fn show(&mut self, now: Time) -> Option<Time> {
        let mut target = self.readiness();
        let descriptor = self.descriptor.as_mut()?;
        let shown = descriptor.shown();
        // A thread that waits in a call takes what has come, or the room, before any other could act on it, and whoever
        // ends such a call comes here again: bulk transfer by blocking calls costs no system call here.
        target.readable &= shown.readable || !self.readers.is_waited_on();
        target.writable &= shown.writable || !self.writers.is_waited_on();
        let arrived = std::mem::take(&mut self.arrived);
        if target != shown {
            descriptor.show(target);
        }
        if !(target.readable && shown.readable && arrived) {
            if target.readable && !shown.readable {
                self.last_edge = now;
            }
            return None;
        }
        // More has come while the descriptor was readable. Edge-triggered epoll is owed an edge, but one for each message
        // would cost as much as the message: one a millisecond is enough, since it only tells to come and read.
        let due = self.last_edge + EDGE_INTERVAL;
        if now < due {
            return Some(due);
        }
        descriptor.new_edge();
        self.last_edge = now;
        None
    }
}

impl State {
    /// Shows the readiness of all sockets that were touched.
    pub(crate) fn show_readiness(&mut self, now: Time) {
        while let Some(index) = self.touched.pop() {
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            socket.is_touched = false;
            if let Some(due) = socket.show(now)
                && !self.edges.iter().any(|(_, owed)| *owed == index)
            {
                self.edges.push_back((due, index));
            }
        }
    }

    /// Gives the edges that are due, unless what they were for has been read.
    pub(crate) fn give_owed_edges(&mut self, now: Time) {
        while let Some((due, index)) = self.edges.front().copied() {
            if due > now {
                break;
            }
            self.edges.pop_front();
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            if socket.last_edge + EDGE_INTERVAL <= now
                && !socket.queue.is_empty()
                && let Some(descriptor) = &mut socket.descriptor
            {
                descriptor.new_edge();
                socket.last_edge = now;
            }
        }
    }
}

/// Edges for what arrives on a descriptor that is readable already come no faster.
const EDGE_INTERVAL: Duration = Duration::from_millis(1);
