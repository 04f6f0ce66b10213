//! From the queue to a receive call: partial reads, end of record, peeking.

use std::io::IoSliceMut;

use bytes::Bytes;

use crate::{
    NextInfo, NotificationKind, ReceiveFlags, Received, Socket, SocketError, Style, WantedItems,
    queue::Content,
    table::{Phase, State},
    wait::{Limit, WakeCount},
};

impl Socket {
    /// Receives a message, a part of one, or a notification. What does not fit stays for the next call; only the last part
    /// ends the record.
    ///
    /// # Errors
    ///
    /// Those of recvmsg(2) on a kernel SCTP socket.
    pub fn receive(&self, buffers: &mut [IoSliceMut<'_>], flags: ReceiveFlags) -> Result<Received, SocketError> {
        let room = buffers.iter().map(|buffer| buffer.len()).sum();
        let (mut received, data) = self.receive_parts(room, flags)?;
        received.len = scatter(&data, buffers);
        Ok(received)
    }

    /// As [`Self::receive`] into a buffer of `room` octets, but leaves the copying to the caller: the octets are those
    /// returned, at most `room` of them, and [`Received::len`] is left at zero.
    ///
    /// # Errors
    ///
    /// As [`Self::receive`].
    pub fn receive_parts(&self, room: usize, flags: ReceiveFlags) -> Result<(Received, Vec<Bytes>), SocketError> {
        let mut limit = None;
        loop {
            let (ticket, limit) = {
                let mut state = self.enter();
                let now = state.now;
                let index = self.index();
                let socket = state.socket(index)?;
                if socket.style == Style::OneToOne && socket.phase == Phase::Listening {
                    return Err(SocketError::NotConnected);
                }
                if !socket.queue.is_empty() {
                    return Ok(state.take(now, index, room, flags.peek));
                }
                if let Some(error) = socket.error.take() {
                    state.touch(index);
                    return Err(error);
                }
                if socket.receive_closed {
                    return Ok((Received::default(), Vec::new()));
                }
                let timeout = socket.settings.receive_timeout;
                let limit = *limit.get_or_insert_with(|| Limit::of(flags.nonblocking, timeout, now));
                if limit.is_over(now) {
                    return Err(SocketError::WouldBlock);
                }
                // Nothing can come: no association, and none that a peer could begin.
                if socket.associations.is_empty() && socket.phase != Phase::Listening {
                    return Err(SocketError::NotConnected);
                }
                (socket.readers.ticket(), limit)
            };
            self.sleep(ticket, &limit)?;
        }
    }

    /// Octets of the first message or notification, 0 if there is none (FIONREAD).
    ///
    /// # Errors
    ///
    /// EINVAL on a listening one-to-one socket.
    pub fn readable_octets(&self) -> Result<usize, SocketError> {
        let mut state = self.stack().look();
        let socket = state.socket(self.index())?;
        if socket.style == Style::OneToOne && socket.phase == Phase::Listening {
            return Err(SocketError::InvalidArgument);
        }
        Ok(socket.queue.first().map_or(0, |item| item.len))
    }
}

impl State {
    /// Takes what fits of the first item. The octets are copied to the program by the caller, outside the lock.
    fn take(&mut self, now: usctp_proto::Time, index: usize, room: usize, peek: bool) -> (Received, Vec<Bytes>) {
        let is_linux = self.personality.is_linux();
        let Some(socket) = self.sockets.get_mut(index) else { return (Received::default(), Vec::new()) };
        let mut received = Received::default();
        let Some(first) = socket.queue.first_mut() else { return (received, Vec::new()) };
        let (key, available) = (first.association, first.len);
        received.from = Some(first.from);
        match &mut first.content {
            Content::Message { info, ending } => {
                received.info = Some(*info);
                received.end_of_record = *ending && available <= room;
            }
            Content::Notification { notification } => {
                received.is_notification = true;
                received.end_of_record = available <= room;
                received.notification = if peek || room == 0 {
                    notification.as_deref().cloned()
                } else {
                    notification.take().map(|boxed| *boxed)
                };
            }
        }
        received.wants = WantedItems {
            send_receive_info: socket.settings.inherited.subscriptions.has(NotificationKind::DataIo),
            receive_info: socket.settings.receive_info,
            next_info: socket.settings.next_info,
        };
        if received.wants.next_info {
            // To a peek, what comes next is what it looks at, as on Linux.
            let next = if peek && is_linux { socket.queue.first() } else { socket.queue.second() };
            // SCTP_COMPLETE is RFC 6458's; Linux has no such flag (B2-6).
            received.next =
                next.map(|item| item.next_info()).map(|next| NextInfo { complete: next.complete && !is_linux, ..next });
        }
        // A call without room for an octet is told of the message and leaves it where it is.
        if room == 0 {
            received.end_of_record = false;
            return (received, Vec::new());
        }
        let charge_before = socket.queue.first().map_or(0, |item| item.charge);
        let (data, done) = socket.queue.take(room, peek);
        if peek {
            return (received, data);
        }
        // The window opens by what was read, and by the overhead with the last of it.
        let freed = match &done {
            Some(item) => item.charge,
            None => u32::try_from(room).unwrap_or(u32::MAX).min(charge_before),
        };
        if done.is_none()
            && let Some(first) = socket.queue.first_mut()
        {
            first.charge -= freed.min(first.charge);
        }
        let more = !socket.queue.is_empty();
        if freed > 0 {
            self.endpoint.release(now, key, freed);
        }
        if more {
            // Others may have been woken for what this call has left.
            self.wake_readers(index, WakeCount::One);
        }
        self.touch(index);
        (received, data)
    }
}

/// Copies the octets out.
fn scatter(data: &[Bytes], buffers: &mut [IoSliceMut<'_>]) -> usize {
    let mut copied = 0;
    let mut buffers = buffers.iter_mut();
    let mut target: &mut [u8] = &mut [];
    for part in data {
        let mut rest = &part[..];
        while !rest.is_empty() {
            if target.is_empty() {
                match buffers.next() {
                    Some(next) => target = &mut next[..],
                    None => return copied,
                }
                continue;
            }
            let len = rest.len().min(target.len());
            let (now, later) = std::mem::take(&mut target).split_at_mut(len);
            now.copy_from_slice(&rest[..len]);
            target = later;
            rest = &rest[len..];
            copied += len;
        }
    }
    copied
}
