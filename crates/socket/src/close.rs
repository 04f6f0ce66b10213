//! The end of a socket: shutdown and close, with SO_LINGER in all its forms.

use std::time::Duration;

use bytes::Bytes;
use usctp_proto::{AssociationKey, Time};

use crate::{
    How, Socket, SocketError, Style,
    table::{Phase, Stage, State},
    wait::Limit,
};

impl Socket {
    /// shutdown(2). On a one-to-many socket, and on one without association, it is ENOTCONN, but reading and sending are
    /// marked as shut down all the same, as on Linux.
    ///
    /// # Errors
    ///
    /// ENOTCONN; EOPNOTSUPP for reading on a listening socket.
    pub fn shutdown(&self, how: How) -> Result<(), SocketError> {
        let mut state = self.enter();
        let now = state.now;
        let index = self.index();
        let is_linux = state.personality.is_linux();
        let socket = state.socket(index)?;
        let (read, write) = match how {
            How::Read => (true, false),
            How::Write => (false, true),
            How::Both => (true, true),
        };
        let mut result = Ok(());
        if socket.style == Style::OneToMany && !is_linux {
            return Err(SocketError::NotSupported);
        }
        match socket.phase {
            Phase::Listening => {
                return if read { Err(SocketError::NotSupported) } else { Ok(()) };
            }
            Phase::Closed => result = Err(SocketError::NotConnected),
            Phase::Established | Phase::Closing => {}
        }
        socket.receive_closed |= read;
        socket.send_closed |= write;
        let first = socket.associations.first().copied();
        if write
            && socket.style == Style::OneToOne
            && let Some(association) = first
        {
            socket.phase = Phase::Closing;
            state.begin_shutdown(now, association);
        }
        state.wake_all(index);
        result
    }

    /// close(2): wakes whoever waits; lingers as SO_LINGER says. Every call after it is EBADF, but the protocol goes on in
    /// the background until it is done.
    pub fn close(&self) {
        let (limit, last) = {
            let mut state = self.enter();
            let now = state.now;
            let Ok(socket) = state.socket(self.index()) else { return };
            let linger = socket.settings.linger;
            // A negative time is as good as none at all (Linux keeps it in an unsigned number).
            let limit = match u64::try_from(linger.seconds) {
                Ok(seconds) => Limit::Until(now + Duration::from_secs(seconds)),
                Err(_) => Limit::Unlimited,
            };
            let lingers = linger.on && linger.seconds != 0 && socket.style == Style::OneToOne;
            let last = socket.associations.clone();
            state.close(now, self.index());
            (if lingers { limit } else { Limit::None }, last)
        };
        self.linger(limit, &last);
    }

    fn linger(&self, limit: Limit, last: &[AssociationKey]) {
        loop {
            let ticket = {
                let state = self.stack().look();
                let is_over = limit.is_over(self.stack().clock.now());
                if is_over || !last.iter().any(|key| state.associations.contains_key(key)) {
                    return;
                }
                let Some(socket) = state.sockets.get(self.index()) else { return };
                socket.writers.ticket()
            };
            if ticket.sleep(&self.stack().clock, &limit).is_err() {
                return;
            }
        }
    }
}

impl State {
    /// Closes a socket without waiting (`sctp_close`).
    pub(crate) fn close(&mut self, now: Time, index: usize) {
        let all = self.personality.is_linux();
        let Ok(socket) = self.socket(index) else { return };
        socket.closed = true;
        let was_listening = socket.phase == Phase::Listening;
        let resets = socket.settings.linger.on && socket.settings.linger.seconds == 0;
        let style = socket.style;
        socket.phase = Phase::Closing;
        socket.receive_closed = true;
        socket.send_closed = true;
        socket.descriptor = None;
        // Data that the program has not read means that the peer must not believe it was: ABORT.
        // Unread notifications do not count.
        let unread = socket.queue.has_data();
        let items: Vec<_> = socket.queue.drain().collect();
        // By Linux, of all associations; otherwise only of those that the data came from (D3.1.5-7).
        let has_unread =
            |key| unread && (all || items.iter().any(|item| item.association == key && !item.is_notification()));
        let aborted: Vec<_> = socket.associations.iter().copied().filter(|key| has_unread(*key)).collect();
        let associations = std::mem::take(&mut socket.associations);
        let binding = socket.binding.take();
        for item in items {
            if item.charge > 0 {
                self.endpoint.release(now, item.association, item.charge);
            }
        }
        for key in associations {
            self.orphan(key, index, style);
            let Some(record) = self.associations.get(&key) else { continue };
            if record.stage == Stage::Dead {
                self.remove_association(key);
                continue;
            }
            let undelivered = self.endpoint.status(key).is_some_and(|status| status.pending_chunks > 0);
            if aborted.contains(&key) || resets || undelivered {
                self.endpoint.abort(now, key, Bytes::new());
            } else {
                self.endpoint.shutdown(now, key);
            }
        }
        if let Some(binding) = binding {
            if was_listening {
                self.endpoint.listen(binding, None);
            }
            if let Some(bound) = self.bindings.get_mut(&binding) {
                bound.socket = None;
            }
            self.leave_binding(binding);
        }
        self.wake_all(index);
    }

    /// Takes an association away from a socket that is closed. One that lingers is still told of its end.
    fn orphan(&mut self, key: AssociationKey, index: usize, style: Style) {
        if let Some(record) = self.associations.get_mut(&key) {
            record.socket = None;
            record.lingering = (style == Style::OneToOne).then_some(index);
        }
    }

    /// SHUTDOWN once everything is acknowledged.
    pub(crate) fn begin_shutdown(&mut self, now: Time, key: AssociationKey) {
        if let Some(record) = self.associations.get_mut(&key) {
            record.stage = Stage::Closing;
        }
        self.endpoint.shutdown(now, key);
    }
}
