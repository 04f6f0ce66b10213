//! What the engine tells, and what becomes of it on the sockets: messages, notifications, states, wake-ups.

use bytes::Bytes;
use usctp_proto::{
    Address, AssociationKey, BindingKey, CloseReason, Delivery, Event, EventKind, KeyNews, PathChange, SendFailure,
    Time,
};
use usctp_wire::KeyId;

use crate::{
    AssocId, AssociationChangeState, Notification, NotificationKind, ReceiveInfo, SocketError, Style,
    queue::{Content, Item},
    settings::EXPOSED,
    table::{NewAssociation, Phase, Stage, State},
    wait::WakeCount,
};

impl State {
    /// Takes all events out of the engine. Changes of readiness and wake-ups are noted, to be carried out by the caller.
    pub(crate) fn drain_events(&mut self, now: Time) {
        let mut failed = Vec::new();
        while let Some(Event { association, kind }) = self.endpoint.poll_event() {
            match kind {
                EventKind::Delivered(delivery) => self.on_delivered(now, association, delivery),
                EventKind::SendSpace { released } => self.on_send_space(now, association, released),
                EventKind::Established {
                    binding,
                    incoming,
                    outbound_streams,
                    inbound_streams,
                    adaptation,
                    authenticated,
                } => {
                    if incoming && !self.on_incoming(now, association, binding, outbound_streams) {
                        continue;
                    }
                    // D7.1.11-2: to Linux 0 is as good as none.
                    let adaptation =
                        adaptation.map(|code| code.0).filter(|code| *code != 0 || !self.personality.is_linux());
                    self.on_established(association, outbound_streams, inbound_streams, adaptation);
                    if !authenticated {
                        // SCTP_AUTH_NO_AUTH (RFC 6458 §6.1.8).
                        self.notify_key(association, KeyId(0), 2);
                    }
                }
                EventKind::Restarted { outbound_streams, inbound_streams, .. } => {
                    if let Some(record) = self.associations.get_mut(&association) {
                        record.outbound_streams = outbound_streams;
                        record.stage = Stage::Up;
                    }
                    let state = AssociationChangeState::Restart;
                    self.notify_change(association, state, 0, (outbound_streams, inbound_streams), Bytes::new());
                }
                EventKind::PartialDeliveryAborted { .. } => self.on_partial_delivery_aborted(association),
                // SCTP_AUTH_NEW_KEY, SCTP_AUTH_FREE_KEY.
                EventKind::Key { key, news } => self.notify_key(association, key, u32::from(news == KeyNews::Free)),
                EventKind::SenderDry => {
                    self.notify(association, |id| Notification::SenderDry { association: id });
                }
                EventKind::SendFailed(failure) => {
                    // Told after the end of the association, if that is why.
                    if let Some(record) = self.associations.get_mut(&association) {
                        record.failures.push(failure);
                        failed.push(association);
                    }
                }
                EventKind::PathChanged { address, change } => self.on_path_changed(association, address, change),
                EventKind::RemoteError { code, info, chunk } => self.on_remote_error(association, code, info, &chunk),
                EventKind::PeerShutdown => self.on_peer_shutdown(association),
                EventKind::Closed(reason) => self.on_closed(association, &reason),
                _ => {}
            }
        }
        for association in failed {
            self.tell_failures(association, None);
        }
    }

    /// A peer has begun an association with a listener. False: nobody wants it.
    fn on_incoming(&mut self, now: Time, key: AssociationKey, binding: BindingKey, outbound_streams: u16) -> bool {
        let listener = self.bindings.get(&binding).and_then(|bound| bound.socket);
        let listening = listener.filter(|index| {
            self.sockets.get(*index).is_some_and(|socket| socket.phase == Phase::Listening && !socket.closed)
        });
        let (Some(index), Some((port, addresses))) = (listening, self.endpoint.peer(key)) else {
            self.endpoint.abort(now, key, Bytes::new());
            return false;
        };
        let Some(primary) = addresses.first() else {
            self.endpoint.abort(now, key, Bytes::new());
            return false;
        };
        let new = NewAssociation { binding, incoming: true, primary: (*primary, port), outbound_streams };
        self.add_association(key, index, new);
        true
    }

    fn on_established(
        &mut self,
        key: AssociationKey,
        outbound_streams: u16,
        inbound_streams: u16,
        adaptation: Option<u32>,
    ) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        record.outbound_streams = outbound_streams;
        if record.stage == Stage::SettingUp {
            record.stage = Stage::Up;
        }
        let (primary, owner) = (record.primary.0, record.socket);
        let source = self.endpoint.path(key, primary).and_then(|path| path.source);
        if let Some(index) = owner
            && let Some(socket) = self.sockets.get_mut(index)
        {
            if socket.phase != Phase::Listening {
                socket.source = source.or(socket.source);
            }
            if socket.style == Style::OneToOne && socket.phase == Phase::Closed {
                socket.phase = Phase::Established;
            }
            self.wake_all(index);
        }
        let state = AssociationChangeState::Up;
        self.notify_change(key, state, 0, (outbound_streams, inbound_streams), Bytes::new());
        if let Some(code) = adaptation {
            self.notify(key, |id| Notification::Adaptation { association: id, code });
        }
    }

    fn on_delivered(&mut self, now: Time, key: AssociationKey, delivery: Delivery) {
        let owner = self.associations.get(&key).and_then(|record| Some((record, record.socket?)));
        let Some((record, index)) = owner else {
            self.endpoint.release(now, key, delivery.charge);
            return;
        };
        let is_linux = self.personality.is_linux();
        let Some(socket) = self.sockets.get_mut(index) else { return };
        if socket.receive_closed {
            self.endpoint.release(now, key, delivery.charge);
            return;
        }
        let info = ReceiveInfo {
            stream: delivery.stream.0,
            ssn: delivery.ssn.0,
            unordered: delivery.unordered,
            ppid: u32::from_ne_bytes(delivery.ppid.0),
            tsn: delivery.tsn.0,
            // RFC 6458 §5.3.2 gives it with every message, Linux with unordered ones (D5.2.2-33).
            cumulative_tsn: if delivery.unordered || !is_linux { delivery.cumulative_tsn.0 } else { 0 },
            context: record.inherited.receive_context,
            association: record.id,
        };
        let len = delivery.data.iter().map(Bytes::len).sum();
        // A part of a packet keeps all that was received with it. For a program that keeps up that is no matter; what is
        // going to stand here for long is copied, so that small messages cannot hold many times their size.
        let data = if socket.queue.len() >= KEEPING_UP {
            let mut own = Vec::with_capacity(len);
            delivery.data.iter().for_each(|part| own.extend_from_slice(part));
            [Bytes::from(own)].into()
        } else {
            delivery.data.into()
        };
        let item = Item {
            association: key,
            id: record.id,
            from: socket.present(record.primary.0, record.primary.1),
            content: Content::Message { info, ending: delivery.ending },
            len,
            data,
            charge: delivery.charge,
        };
        let readable = socket.queue.push(item, socket.settings.fragment_interleave > 0);
        if readable {
            self.arrived(index);
        }
    }

    /// Something stands in the socket's queue that was not there.
    fn arrived(&mut self, index: usize) {
        if let Some(socket) = self.sockets.get_mut(index) {
            socket.arrived = true;
        }
        self.wake_readers(index, WakeCount::One);
        self.touch(index);
    }

    fn on_send_space(&mut self, now: Time, key: AssociationKey, released: usize) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        // The engine counts octets of payload, the socket what their chunks cost: the same share of both is free now.
        // Nothing queued is nothing charged, so no error adds up.
        let queued = record.queued.saturating_sub(released);
        let charged = (record.charged as u128 * queued as u128).checked_div(record.queued as u128).unwrap_or(0);
        let freed = record.charged - charged as usize;
        let before = record.charged;
        record.queued = queued;
        record.charged -= freed;
        let after = record.charged;
        if let Some(index) = record.socket
            && let Some(socket) = self.sockets.get_mut(index)
        {
            socket.recharge(before, after);
            if socket.own_buffers {
                // Whoever waits may wait for this one.
                self.wake_writers(index);
                self.touch(index);
            } else {
                self.offer_room(now, index);
            }
        }
    }

    fn on_partial_delivery_aborted(&mut self, key: AssociationKey) {
        if let Some(index) = self.associations.get(&key).and_then(|record| record.socket)
            && let Some(socket) = self.sockets.get_mut(index)
        {
            socket.queue.end_partial(key);
            self.arrived(index);
        }
        // Linux leaves stream and sequence number at 0.
        self.notify(key, |id| Notification::PartialDelivery { association: id, indication: 0, stream: 0, sequence: 0 });
    }

    fn on_path_changed(&mut self, key: AssociationKey, address: Address, change: PathChange) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        let port = record.primary.1;
        if change == PathChange::MadePrimary {
            record.primary.0 = address;
        }
        if change == PathChange::PotentiallyFailed && record.inherited.exposes_failing != EXPOSED {
            return;
        }
        let Some(socket) = record.socket.and_then(|index| self.sockets.get(index)) else { return };
        let address = socket.present(address, port);
        let (state, error) = match change {
            // SCTP_HEARTBEAT_SUCCESS
            PathChange::Available => (0, 2),
            PathChange::Unreachable => (1, 0),
            PathChange::Removed => (2, 0),
            PathChange::Added => (3, 0),
            PathChange::MadePrimary => (4, 0),
            PathChange::Confirmed => (5, 2),
            PathChange::PotentiallyFailed => (6, 0),
        };
        if self.has_room_for_notifications(key) {
            self.notify(key, |id| Notification::PeerAddressChange { association: id, address, state, error });
        }
    }

    /// D5.3.1.3-4: Linux tells the information of each cause, RFC 6458 §6.1.3 the chunk.
    fn on_remote_error(&mut self, key: AssociationKey, code: u16, info: Bytes, causes: &[u8]) {
        let data = if self.personality.is_linux() {
            info
        } else if causes.is_empty() {
            return;
        } else {
            chunk(ERROR, causes)
        };
        if self.has_room_for_notifications(key) {
            self.notify(key, |id| Notification::RemoteError { association: id, error: code, data });
        }
    }

    fn on_peer_shutdown(&mut self, key: AssociationKey) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        record.stage = Stage::Closing;
        if let Some(index) = record.socket
            && let Some(socket) = self.sockets.get_mut(index)
        {
            if socket.style == Style::OneToOne && socket.phase == Phase::Established {
                socket.phase = Phase::Closing;
                socket.receive_closed = true;
            }
            self.wake_all(index);
        }
        self.notify(key, |id| Notification::Shutdown { association: id });
    }

    fn on_closed(&mut self, key: AssociationKey, reason: &CloseReason) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        let (owner, watched, incoming) = (record.socket, record.watchers > 0, record.incoming);
        let mut ending = Ending::of(reason);
        // D5.3.1.1-12: Linux leaves out the header of the ABORT.
        if matches!(reason, CloseReason::AbortedByPeer { during_setup: false, .. }) && !self.personality.is_linux() {
            ending.causes = chunk(ABORT, &ending.causes);
        }
        if owner.and_then(|index| self.sockets.get(index)).is_some_and(|socket| socket.queue.is_partial(key)) {
            self.on_partial_delivery_aborted(key);
        }
        if ending.state == AssociationChangeState::CannotStart {
            // Linux has given it no id yet.
            self.notify_as(key, AssocId::NONE, |id| Notification::AssociationChange {
                association: id,
                state: ending.state,
                error: 0,
                outbound_streams: 0,
                inbound_streams: 0,
                info: Bytes::new(),
            });
        } else {
            self.notify_change(key, ending.state, ending.code, (0, 0), ending.causes);
        }
        let id = if ending.state == AssociationChangeState::CannotStart { Some(AssocId::NONE) } else { None };
        self.tell_failures(key, id);
        self.remember_for_senders(key, owner, ending.error);
        if watched {
            let error = match ending.error {
                Some(SocketError::TimedOut) => SocketError::TimedOut,
                _ => SocketError::ConnectionRefused,
            };
            self.endings.insert(key, error);
        }
        let mut in_accept_queue = false;
        if let Some(index) = owner
            && let Some(socket) = self.sockets.get_mut(index)
        {
            // Also if it has ceased to listen: an accepted one would have a socket of its own.
            let has_queue = matches!(socket.phase, Phase::Listening | Phase::Closed);
            in_accept_queue = incoming && socket.style == Style::OneToOne && has_queue;
            if socket.style != Style::OneToMany && !in_accept_queue && ending.error.is_some() {
                socket.error = ending.error;
            }
            socket.queue.end_partial(key);
            self.wake_all(index);
        }
        if in_accept_queue {
            // accept(2) still finds it, with what it has sent.
            if let Some(record) = self.associations.get_mut(&key) {
                record.stage = Stage::Dead;
            }
        } else {
            self.remove_association(key);
        }
    }

    /// Senders that wait for room are told how the association ended: ECONNRESET after an ABORT, else EPIPE (D3.4-3). On
    /// Linux it is ESRCH whatever the end.
    fn remember_for_senders(&mut self, key: AssociationKey, owner: Option<usize>, error: Option<SocketError>) {
        let Some(socket) = owner.and_then(|index| self.sockets.get_mut(index)) else { return };
        if self.personality.is_linux() || !socket.writers.is_waited_on() {
            socket.ended.clear();
        } else if socket.ended.len() < ENDS_REMEMBERED {
            let reset = error == Some(SocketError::ConnectionReset);
            let error = if reset { SocketError::ConnectionReset } else { SocketError::BrokenPipe };
            socket.ended.push((key, error));
        }
    }

    /// SEND_FAILED in both forms: for each message, or for each fragment (D5.3.1.4-8).
    pub(crate) fn tell_failures(&mut self, key: AssociationKey, id: Option<AssocId>) {
        let Some(record) = self.associations.get_mut(&key) else { return };
        let id = id.unwrap_or(record.id);
        for failure in std::mem::take(&mut record.failures) {
            let size = if self.personality.is_linux() { failure.fragment } else { failure.payload.len() };
            for fragment in fragments(&failure, size) {
                for event in [false, true] {
                    self.notify_as(key, id, |id| send_failed(id, &fragment, event));
                }
            }
        }
    }

    fn notify_change(
        &mut self,
        key: AssociationKey,
        state: AssociationChangeState,
        error: u16,
        (outbound_streams, inbound_streams): (u16, u16),
        info: Bytes,
    ) {
        self.notify(key, |association| Notification::AssociationChange {
            association,
            state,
            error,
            outbound_streams,
            inbound_streams,
            info,
        });
    }

    /// Puts a notification into the queue if the association's socket wants its kind.
    pub(crate) fn notify(&mut self, key: AssociationKey, make: impl FnOnce(AssocId) -> Notification) {
        if let Some(record) = self.associations.get(&key) {
            self.notify_as(key, record.id, make);
        }
    }

    fn notify_as(&mut self, key: AssociationKey, id: AssocId, make: impl FnOnce(AssocId) -> Notification) {
        let Some(record) = self.associations.get(&key) else { return };
        let Some(index) = record.socket else { return };
        let Some(socket) = self.sockets.get_mut(index) else { return };
        // Made only if wanted: some carry data.
        let subscriptions = record.inherited.subscriptions;
        if !subscriptions.any_notification() {
            return;
        }
        let notification = make(id);
        // After SHUT_RD notifications go on; after SHUT_RDWR nothing does.
        let hung_up = socket.receive_closed && socket.send_closed;
        if !subscriptions.has(notification.kind()) || hung_up {
            return;
        }
        let octets = Bytes::from(notification.encode());
        let item = Item {
            association: key,
            id,
            from: socket.present(record.primary.0, record.primary.1),
            len: octets.len(),
            data: [octets].into(),
            content: Content::Notification { notification: Some(Box::new(notification)) },
            charge: 0,
        };
        if socket.queue.push(item, socket.settings.fragment_interleave > 0) {
            self.arrived(index);
        }
    }

    fn notify_key(&mut self, key: AssociationKey, number: KeyId, indication: u32) {
        self.notify(key, |association| Notification::Authentication {
            association,
            key: number.0,
            alternate_key: 0,
            indication,
        });
    }

    /// Whether a notification of a kind that a peer can cause at will still fits. Those that tell of the association's own
    /// fate, or give data back, are few enough and always fit.
    fn has_room_for_notifications(&self, key: AssociationKey) -> bool {
        self.associations
            .get(&key)
            .and_then(|record| self.sockets.get(record.socket?))
            .is_some_and(|socket| socket.queue.notification_octets() < socket.settings.receive_buffer)
    }

    /// SENDER_DRY at once for one who subscribes while nothing is queued.
    pub(crate) fn tell_if_dry(&mut self, key: AssociationKey) {
        let dry = self.associations.get(&key).is_some_and(|record| {
            record.queued == 0 && record.inherited.subscriptions.has(NotificationKind::SenderDry)
        });
        if dry {
            self.notify(key, |id| Notification::SenderDry { association: id });
        }
    }
}

/// What the end of an association means for its socket.
struct Ending {
    state: AssociationChangeState,
    /// The cause's code, for the notification.
    code: u16,
    causes: Bytes,
    /// For SO_ERROR.
    error: Option<SocketError>,
}

impl Ending {
    fn of(reason: &CloseReason) -> Self {
        let cannot_start = |error| Self {
            state: AssociationChangeState::CannotStart,
            code: 0,
            causes: Bytes::new(),
            error: Some(error),
        };
        let lost = |code, causes: &Bytes, error| Self {
            state: AssociationChangeState::Lost,
            code,
            causes: Bytes::copy_from_slice(causes),
            error: Some(error),
        };
        match reason {
            CloseReason::Shutdown => {
                Self { state: AssociationChangeState::ShutdownComplete, code: 0, causes: Bytes::new(), error: None }
            }
            CloseReason::TimedOut { during_setup: true } => cannot_start(SocketError::TimedOut),
            CloseReason::Refused
            | CloseReason::AbortedByPeer { during_setup: true, .. }
            | CloseReason::Aborted { during_setup: true, .. } => cannot_start(SocketError::ConnectionRefused),
            CloseReason::TimedOut { during_setup: false } => lost(0, &Bytes::new(), SocketError::TimedOut),
            CloseReason::AbortedByPeer { code, causes, during_setup: false } => {
                lost(*code, causes, SocketError::ConnectionReset)
            }
            CloseReason::Aborted { code, during_setup: false, .. } => {
                lost(*code, &Bytes::new(), SocketError::ConnectionAborted)
            }
        }
    }
}

/// A failure as that of fragments of `size` octets.
fn fragments(failure: &SendFailure, size: usize) -> impl Iterator<Item = SendFailure> {
    let (len, size) = (failure.payload.len(), size.max(1));
    (0..len.max(1)).step_by(size).map(move |start| {
        let end = len.min(start + size);
        // The bits B and E of the DATA chunk (RFC 9260 §3.3.1).
        let inside = (if start > 0 { 2 } else { 0 }) | (if end < len { 1 } else { 0 });
        let chunk_flags = failure.chunk_flags & !inside;
        SendFailure { chunk_flags, payload: failure.payload.slice(start..end), ..failure.clone() }
    })
}

fn send_failed(association: AssocId, failure: &SendFailure, event: bool) -> Notification {
    Notification::SendFailed {
        association,
        event,
        sent: failure.sent,
        error: failure.error,
        stream: failure.stream.0,
        ssn: failure.ssn.0,
        chunk_flags: failure.chunk_flags,
        ppid: u32::from_ne_bytes(failure.ppid.0),
        context: failure.context,
        data: failure.payload.clone(),
    }
}

/// More threads than ever wait on one socket.
const ENDS_REMEMBERED: usize = 256;

/// A chunk with these causes.
fn chunk(kind: u8, causes: &[u8]) -> Bytes {
    let len = u16::try_from(CHUNK_HEADER + causes.len()).unwrap_or(u16::MAX);
    let mut octets = vec![kind, 0];
    octets.extend(len.to_be_bytes());
    octets.extend_from_slice(causes);
    octets.into()
}

/// Chunk types (RFC 9260 §3.2), for programs that are shown whole chunks.
const ABORT: u8 = 6;
const ERROR: u8 = 9;
const CHUNK_HEADER: usize = 4;

/// Messages in the queue of a program that keeps up.
const KEEPING_UP: usize = 64;
