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
            writable: (self.style == Style::OneToMany || self.phase != Phase::Closed) && self.send_space() > 0,
            error: self.error.is_some(),
            read_closed: self.receive_closed,
            hang_up,
        }
    }

    /// Makes the descriptor show it. When to look again, if something is only shown then.
    fn show(&mut self, now: Time) -> Option<Time> {
        let mut target = self.readiness();
        let has_ample_room = self.has_ample_room();
        let descriptor = self.descriptor.as_mut()?;
        let shown = descriptor.shown();
        // A thread that waits in a call takes what has come, or the room, before any other could act on it, and whoever
        // ends such a call comes here again: bulk transfer by blocking calls costs no system call here.
        target.readable &= shown.readable || !self.readers.is_attended();
        target.writable &= shown.writable || !self.writers.is_attended();
        let mut later = None;
        if target.writable && !shown.writable && !has_ample_room {
            let due = *self.room_since.get_or_insert(now) + LATER;
            if now < due {
                target.writable = false;
                later = Some(due);
            }
        }
        // More has come while the descriptor was readable. Edge-triggered epoll is owed an edge, but one for each message
        // would cost as much as the message: one a millisecond is enough, since it only tells to come and read.
        if target.readable && shown.readable && self.arrived {
            let due = self.last_edge + LATER;
            if now < due {
                later = Some(later.map_or(due, |later| later.min(due)));
            } else {
                descriptor.new_edge();
                self.arrived = false;
                self.last_edge = now;
            }
        } else {
            self.arrived = false;
            if target.readable && !shown.readable {
                self.last_edge = now;
            }
        }
        descriptor.show(target);
        later
    }

    /// Enough room to tell of at once. Less is told of a little later, so that a sender who is faster than the network
    /// finds room for many messages each time it is woken and not for one.
    fn has_ample_room(&self) -> bool {
        self.send_space() >= self.settings.send_buffer / 4
    }
}

impl State {
    /// Shows the readiness of all sockets that were touched.
    pub(crate) fn show_readiness(&mut self, now: Time) {
        while let Some(index) = self.touched.pop() {
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            socket.is_touched = false;
            if let Some(due) = socket.show(now) {
                self.look_later(due, index);
            }
        }
    }

    /// There is more room in a send buffer: senders are woken if it is ample, or has been there for some time, and enough
    /// for one of them.
    pub(crate) fn offer_room(&mut self, now: Time, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        if socket.send_space() == 0 {
            return;
        }
        let since = *socket.room_since.get_or_insert(now);
        if socket.writers.is_waited_on() && socket.send_space() >= socket.room_wanted {
            if socket.has_ample_room() || now >= since + LATER {
                self.wake_writers(index);
            } else {
                self.look_later(since + LATER, index);
            }
        }
        self.touch(index);
    }

    fn look_later(&mut self, due: Time, index: usize) {
        if !self.later.iter().any(|(_, waiting)| *waiting == index) {
            self.later.push_back((due, index));
        }
    }

    /// Looks at those again whose time has come.
    pub(crate) fn look_again(&mut self, now: Time) {
        while let Some((due, index)) = self.later.front().copied()
            && due <= now
        {
            self.later.pop_front();
            self.offer_room(now, index);
            self.touch(index);
        }
    }
}

/// How long small changes of readiness may be kept back, to be told together.
const LATER: Duration = Duration::from_millis(1);
