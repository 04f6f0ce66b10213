//! From a send call to the engine.

use std::{
    io::IoSlice,
    net::{IpAddr, SocketAddr},
    ops::ControlFlow,
    time::Duration,
};

use bytes::Bytes;
use rustix::io::Errno;
use usctp_proto::{Address, AssociationKey, MessageId, OutgoingMessage, Reliability, SendError, SendFailure, Time};
use usctp_wire::{KeyId, Ppid, Ssn, StreamId};

use crate::{
    AssocId, NotificationKind, SendFlags, SendInfo, SendRequest, Socket, SocketError, Style, buffer,
    connect::is_unicast,
    settings::SendDefaults,
    table::{Phase, SocketState, Stage, State},
    wait::{Limit, Ticket},
};

impl Socket {
    /// Sends a message; the number of octets taken is always all of it. On a one-to-many socket an address without
    /// association begins one, and the message waits for it.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2) on a kernel SCTP socket.
    pub fn send(&self, request: &SendRequest<'_>) -> Result<usize, SocketError> {
        let len = request.data.iter().map(|part| part.len()).sum();
        let result = self.send_message(request, len);
        if result == Err(SocketError::BrokenPipe) {
            // A pending error goes before EPIPE (`sctp_error`).
            let mut state = self.enter();
            if let Some(error) = state.socket(self.index())?.error.take() {
                state.touch(self.index());
                return Err(error);
            }
        }
        result
    }

    fn send_message(&self, request: &SendRequest<'_>, len: usize) -> Result<usize, SocketError> {
        let mut message = Message { request, len, payload: None };
        let mut limit = None;
        let mut chosen = None;
        loop {
            let (ticket, limit) = {
                let mut state = self.enter();
                let now = state.now;
                let socket = state.socket(self.index())?;
                let timeout = socket.settings.send_timeout;
                let limit = *limit.get_or_insert_with(|| Limit::of(request.nonblocking, timeout, now));
                match self.attempt(&mut state, now, &mut message, &mut chosen, limit)? {
                    Attempt::Done(sent) => {
                        // What a socket of this program receives stands there when the call returns.
                        state.holds_back = !self.stack().inbox.talks_to_self()
                            && chosen.is_some_and(|target: Chosen| state.may_hold_back(now, target.key, len));
                        return Ok(sent);
                    }
                    Attempt::Begun { key, id } => {
                        drop(state);
                        // The message is taken, whatever becomes of the set-up (`sctp_sendmsg_to_asoc`).
                        let _ = self.wait_until_up(key, id, limit);
                        return Ok(len);
                    }
                    Attempt::Copy => {
                        drop(state);
                        message.copy()?;
                        continue;
                    }
                    Attempt::Wait(ticket) => (ticket, limit),
                }
            };
            self.sleep(ticket, &limit)?;
            // Copied now if it was not: there is room, most likely.
            message.copy()?;
        }
    }

    /// One look at the socket. `chosen` is the association once it is found, which the call stays with while it waits.
    fn attempt(
        &self,
        state: &mut State,
        now: Time,
        message: &mut Message<'_>,
        chosen: &mut Option<Chosen>,
        limit: Limit,
    ) -> Result<Attempt, SocketError> {
        let index = self.index();
        if chosen.is_none() {
            let flags = message.request.info.map(|info| info.flags).unwrap_or_default();
            message.check(state, index, flags)?;
            // A default can only say so in the RFC's personality.
            let to_all = match message.request.info {
                Some(_) => flags.send_all,
                None => state.socket(index)?.settings.inherited.defaults.flags.send_all,
            };
            if to_all && state.socket(index)?.style == Style::OneToMany {
                return self.send_to_all(state, now, message, flags);
            }
            match self.choose(state, now, message, flags)? {
                ControlFlow::Continue(found) => *chosen = Some(found),
                ControlFlow::Break(taken) => return Ok(Attempt::Done(taken)),
            }
        }
        let Some(target) = *chosen else { return Err(SocketError::InvalidArgument) };
        if message.len == 0 && !target.is_new {
            return Err(SocketError::InvalidArgument);
        }
        state.check_chosen(index, target)?;
        let info = state.complete(target.key, message.request);
        state.make_room(now, index, target.key, message.len, &info);
        let room = message.fits(state, index, target, &info).map_err(|error| self.give_up(state, target, error))?;
        if !room {
            // Nothing can be added before something is acknowledged.
            state.endpoint.push(now, target.key);
            if limit.is_over(now) {
                return Err(self.give_up(state, target, SocketError::WouldBlock));
            }
            if state.associations.get(&target.key).is_some_and(|record| record.stage == Stage::Closing) {
                // Nothing would be taken even with room (`sctp_wait_for_sndbuf`).
                return Err(SocketError::BrokenPipe);
            }
            if let Some(chosen) = chosen {
                chosen.has_waited = true;
            }
            let socket = state.socket(index)?;
            let others = if socket.writers.is_waited_on() { socket.room_wanted } else { usize::MAX };
            socket.room_wanted = message.len.min(others);
            return Ok(Attempt::Wait(socket.writers.ticket()));
        }
        // Without leaving the lock for a set-up that has just begun: it could be refused before it has its message, which
        // the notification of the failure must bring back.
        if target.is_new && message.payload.is_none() {
            message.copy().map_err(|error| self.give_up(state, target, error))?;
        }
        let Some(payload) = message.payload.take() else { return Ok(Attempt::Copy) };
        // RFC 6458 §3.1.4: an address without data begins an association, and nothing more (D3.1.4-18).
        if message.len > 0 {
            let queued = state.queue_message(now, index, target, &info, message.request.auth_key, payload);
            queued.map_err(|error| self.give_up(state, target, error))?;
        }
        if target.is_new
            && !limit.is_over(now)
            && let Some(record) = state.associations.get_mut(&target.key)
        {
            record.watchers += 1;
            return Ok(Attempt::Begun { key: target.key, id: record.id });
        }
        Ok(Attempt::Done(message.len))
    }

    /// An association that this call has begun goes when its message cannot be taken.
    fn give_up(&self, state: &mut State, target: Chosen, error: SocketError) -> SocketError {
        if target.is_new {
            state.endpoint.forget(target.key);
            state.remove_association(target.key);
        }
        error
    }

    /// Finds or begins the association, or has done all there is to do: the octets taken. The end of an association takes
    /// none, whatever reason goes with it.
    fn choose(
        &self,
        state: &mut State,
        now: Time,
        message: &Message<'_>,
        flags: SendFlags,
    ) -> Result<ControlFlow<usize, Chosen>, SocketError> {
        let index = self.index();
        let socket = state.socket(index)?;
        let style = socket.style;
        // A branched-off socket has one association: an address cannot choose it.
        let to = message.request.to.filter(|_| style != Style::BranchedOff);
        let id = message.request.info.map_or(AssocId::NONE, |info| info.association);
        let Some(to) = to else {
            let key = state.named(index, id).ok_or(SocketError::BrokenPipe)?;
            let way = state.way_of_branched_off(key, index, message.request.to);
            let go_on = state.obey(now, key, index, flags, message)?;
            let chosen = Chosen { key, address: way, is_new: false, has_waited: false };
            return Ok(if go_on { ControlFlow::Continue(chosen) } else { ControlFlow::Break(0) });
        };
        let (address, port) = socket.address(to)?;
        if port == 0 || !is_unicast(address) {
            return Err(SocketError::InvalidArgument);
        }
        if socket.accepted_dead && socket.peer == Some((address, port)) {
            // It is still known that the association is at its end (`sctp_sendmsg_check_sflags`).
            return Err(SocketError::BrokenPipe);
        }
        let found = socket.binding.and_then(|binding| state.endpoint.find(binding, address, port));
        let found = found.filter(|key| state.associations.get(key).is_some_and(|record| record.socket == Some(index)));
        // The address matters for the way only if the program says so; on a one-to-one socket it does say so by giving it.
        let way = (style == Style::OneToOne || flags.address_over).then_some(address);
        if let Some(key) = found {
            let go_on = state.obey(now, key, index, flags, message)?;
            let chosen = Chosen { key, address: way, is_new: false, has_waited: false };
            return Ok(if go_on { ControlFlow::Continue(chosen) } else { ControlFlow::Break(0) });
        }
        // Linux begins an association; an address that is not the named association's is a mistake (D3.1.4-22).
        if !state.personality.is_linux() && style == Style::OneToMany && state.named(index, id).is_some() {
            return Err(SocketError::InvalidArgument);
        }
        if style == Style::OneToOne && state.give_back(index, message, flags) {
            return Ok(ControlFlow::Break(message.len));
        }
        let key = self.begin_for(state, now, message, flags, (address, port))?;
        Ok(ControlFlow::Continue(Chosen { key, address: way, is_new: true, has_waited: false }))
    }

    /// Begins an association for a message (`sctp_sendmsg_new_asoc`).
    fn begin_for(
        &self,
        state: &mut State,
        now: Time,
        message: &Message<'_>,
        flags: SendFlags,
        (address, port): (Address, u16),
    ) -> Result<AssociationKey, SocketError> {
        let socket = state.socket(self.index())?;
        if flags.end_of_file || flags.abort {
            return Err(SocketError::InvalidArgument);
        }
        if socket.style == Style::OneToOne && matches!(socket.phase, Phase::Established | Phase::Closing) {
            return Err(SocketError::AddressNotAvailable);
        }
        let mut peer = vec![address];
        for further in message.request.further {
            let further = match *further {
                IpAddr::V6(_) if socket.domain == crate::Domain::Inet => return Err(SocketError::InvalidArgument),
                ip => Address::from(ip),
            };
            if !is_unicast(further) {
                return Err(SocketError::InvalidArgument);
            }
            if !peer.contains(&further) {
                peer.push(further);
            }
        }
        self.begin(state, now, &peer, port, message.request.init.as_ref())
    }

    /// SCTP_SENDALL: one copy to each association that is up.
    fn send_to_all(
        &self,
        state: &mut State,
        now: Time,
        message: &mut Message<'_>,
        flags: SendFlags,
    ) -> Result<Attempt, SocketError> {
        let index = self.index();
        if message.payload.is_none() && message.len > 0 {
            return Ok(Attempt::Copy);
        }
        let mut taken = 0;
        for key in state.socket(index)?.associations.clone() {
            if state.associations.get(&key).is_none_or(|record| record.stage != Stage::Up) {
                continue;
            }
            if !state.obey(now, key, index, flags, message)? {
                continue;
            }
            let target = Chosen { key, address: None, is_new: false, has_waited: false };
            let info = state.complete(key, message.request);
            state.make_room(now, index, key, message.len, &info);
            if !message.fits(state, index, target, &info)? {
                return Err(SocketError::WouldBlock);
            }
            let payload = message.payload.clone().unwrap_or_default();
            state.queue_message(now, index, target, &info, message.request.auth_key, payload)?;
            taken = message.len;
        }
        Ok(Attempt::Done(taken))
    }
}

/// What one look has led to.
enum Attempt {
    Done(usize),
    /// Queued on an association that this call has begun, and waits for.
    Begun {
        key: AssociationKey,
        id: AssocId,
    },
    /// The octets are needed now: to be copied outside the lock.
    Copy,
    /// No room.
    Wait(Ticket),
}

/// The association of a send.
#[derive(Clone, Copy)]
struct Chosen {
    key: AssociationKey,
    /// Send to this address.
    address: Option<Address>,
    is_new: bool,
    has_waited: bool,
}

struct Message<'a> {
    request: &'a SendRequest<'a>,
    len: usize,
    payload: Option<Bytes>,
}

impl Message<'_> {
    /// The one copy of the octets.
    fn copy(&mut self) -> Result<(), SocketError> {
        if self.payload.is_none() {
            self.payload = Some(gather(self.request.data, self.len)?);
        }
        Ok(())
    }

    /// What is wrong whatever the association (`sctp_sendmsg_parse`).
    fn check(&self, state: &mut State, index: usize, flags: SendFlags) -> Result<(), SocketError> {
        let personality = state.personality;
        let socket = state.socket(index)?;
        if socket.style == Style::OneToOne && socket.phase == Phase::Listening {
            return Err(SocketError::BrokenPipe);
        }
        if self.len > socket.settings.send_buffer {
            return Err(SocketError::MessageSize);
        }
        let ends = flags.end_of_file || flags.abort;
        if socket.style == Style::OneToOne && ends {
            return Err(SocketError::InvalidArgument);
        }
        if flags.end_of_file && self.len > 0 {
            return Err(SocketError::InvalidArgument);
        }
        if !ends && self.len == 0 && (personality.is_linux() || flags.send_all || self.request.to.is_none()) {
            return Err(SocketError::InvalidArgument);
        }
        if flags.address_over && self.request.to.is_none() {
            return Err(SocketError::InvalidArgument);
        }
        Ok(())
    }

    /// What is wrong with this association, or whether there is room for it (`sctp_sendmsg_to_asoc`). While anything is
    /// free a message is taken whole; one that has waited wants room for all of its octets.
    fn fits(&self, state: &State, index: usize, target: Chosen, info: &SendInfo) -> Result<bool, SocketError> {
        let (Some(record), Some(socket)) = (state.associations.get(&target.key), state.sockets.get(index)) else {
            return Err(SocketError::BrokenPipe);
        };
        if info.stream >= record.outbound_streams {
            return Err(SocketError::InvalidArgument);
        }
        if socket.settings.disable_fragments
            && state.endpoint.status(target.key).is_some_and(|status| self.len > status.fragmentation_point as usize)
        {
            return Err(SocketError::MessageSize);
        }
        let space = socket.space_of(record);
        // A message larger than can ever be free beside its own overhead waits for all of the buffer.
        Ok(space > 0 && (!target.has_waited || space >= self.len.min(socket.settings.send_buffer)))
    }
}

/// ENOMEM where memory is limited (`ulimit -v`), as from a kernel.
fn gather(parts: &[IoSlice<'_>], len: usize) -> Result<Bytes, SocketError> {
    let mut all = Vec::new();
    all.try_reserve_exact(len).map_err(|_full| Errno::NOMEM)?;
    parts.iter().for_each(|part| all.extend_from_slice(part));
    Ok(all.into())
}

impl State {
    /// RFC 6458 §4.1.8: a message to an address outside the association is not sent, and comes back to a program that is
    /// told of failures (D4.1.8-3). False: it is not, or Linux counts.
    fn give_back(&mut self, index: usize, message: &Message<'_>, flags: SendFlags) -> bool {
        let established = |socket: &&SocketState| matches!(socket.phase, Phase::Established | Phase::Closing);
        let Some(key) =
            self.sockets.get(index).filter(established).and_then(|socket| socket.associations.first().copied())
        else {
            return false;
        };
        let told = self.associations.get(&key).is_some_and(|record| {
            let subscriptions = record.inherited.subscriptions;
            subscriptions.has(NotificationKind::SendFailed) || subscriptions.has(NotificationKind::SendFailedEvent)
        });
        if self.personality.is_linux() || !told || flags.end_of_file || flags.abort {
            return false;
        }
        let info = self.complete(key, message.request);
        let failure = SendFailure {
            message: MessageId(0),
            sent: false,
            error: 0,
            stream: StreamId(info.stream),
            ssn: Ssn(0),
            chunk_flags: WHOLE_MESSAGE | if info.flags.unordered { UNORDERED } else { 0 },
            ppid: Ppid(info.ppid.to_ne_bytes()),
            context: info.context,
            fragment: usize::MAX,
            payload: gather(message.request.data, message.len).unwrap_or_default(),
        };
        if let Some(record) = self.associations.get_mut(&key) {
            record.failures.push(failure);
        }
        self.tell_failures(key, None);
        true
    }

    /// The address that a branched-off socket sends to for once: Linux ignores what the call says, and it has to be one of
    /// the peer's (D3.1.4-16).
    fn way_of_branched_off(&self, key: AssociationKey, index: usize, to: Option<SocketAddr>) -> Option<Address> {
        if self.personality.is_linux() {
            return None;
        }
        let (address, _) = self.sockets.get(index)?.address(to?).ok()?;
        self.endpoint.path(key, address).map(|_| address)
    }

    /// Whether the association that a send has found is still the socket's and takes messages.
    fn check_chosen(&self, index: usize, target: Chosen) -> Result<(), SocketError> {
        match self.associations.get(&target.key) {
            // It ended while the call waited.
            None if target.has_waited && self.personality.is_linux() => Err(SocketError::AssociationEnded),
            None if target.has_waited => {
                let ended = self.sockets.get(index).map_or(&[][..], |socket| &socket.ended);
                let how = ended.iter().find(|(key, _)| *key == target.key);
                Err(how.map_or(SocketError::BrokenPipe, |(_, error)| *error))
            }
            None => Err(SocketError::BrokenPipe),
            Some(record) if record.socket != Some(index) => Err(SocketError::BrokenPipe),
            // On Linux the engine says so once there is room, and a sender who waits hears EPIPE (D3.1.4-8).
            Some(record) if record.stage == Stage::Closing && !self.personality.is_linux() => {
                Err(SocketError::Shutdown)
            }
            Some(record) if target.has_waited && record.stage >= Stage::Closing => Err(SocketError::BrokenPipe),
            Some(_) => Ok(()),
        }
    }

    /// Obeys SCTP_EOF and SCTP_ABORT (`sctp_sendmsg_check_sflags`). True: there is data to send.
    fn obey(
        &mut self,
        now: Time,
        key: AssociationKey,
        index: usize,
        flags: SendFlags,
        message: &Message<'_>,
    ) -> Result<bool, SocketError> {
        if flags.end_of_file {
            self.begin_shutdown(now, key);
            self.touch(index);
            return Ok(false);
        }
        if flags.abort {
            // The cause has to fit a packet: there are 16 octets in front of data, and 8 here.
            let limit = self.endpoint.status(key).map_or(usize::MAX, |status| status.fragmentation_point as usize + 8);
            if message.len > limit {
                return Err(SocketError::MessageSize);
            }
            let reason = gather(message.request.data, message.len)?;
            self.endpoint.abort(now, key, reason);
            return Ok(false);
        }
        Ok(true)
    }

    /// The send's parameters, completed from the association's defaults (`sctp_sendmsg_update_sinfo`).
    fn complete(&self, key: AssociationKey, request: &SendRequest<'_>) -> SendInfo {
        let none = SendDefaults::default();
        let defaults = self.associations.get(&key).map_or(none, |record| record.inherited.defaults);
        let mut info = request.info.unwrap_or_else(|| SendInfo { lifetime: None, ..defaults.send_info() });
        if let Some(reliability) = request.reliability {
            info.flags.policy = reliability.policy;
            info.lifetime = Some(Duration::from_millis(reliability.value.into()));
        }
        info.lifetime.get_or_insert(defaults.lifetime);
        info
    }

    /// RFC 7496 §3.2: where the buffer is too full for the message, those of lower priority give way (`sctp_prsctp_prune`).
    fn make_room(&mut self, now: Time, index: usize, key: AssociationKey, len: usize, info: &SendInfo) {
        let (Some(socket), Some(record)) = (self.sockets.get(index), self.associations.get(&key)) else { return };
        let space = socket.space_of(record);
        if space < len && self.endpoint.make_room(now, key, len - space, value_of(info)) > 0 {
            self.drain_events(now);
        }
    }

    /// Gives a message to the engine, and charges it.
    fn queue_message(
        &mut self,
        now: Time,
        index: usize,
        target: Chosen,
        info: &SendInfo,
        auth_key: Option<u16>,
        payload: Bytes,
    ) -> Result<(), SocketError> {
        let len = payload.len();
        let (reliability, life) = reliability(info);
        let expires = life.map(|life| now + life);
        let queued = self.endpoint.send_charge(target.key, len);
        let cost = self.charge(target.key, len);
        let message = OutgoingMessage {
            stream: StreamId(info.stream),
            ppid: Ppid(info.ppid.to_ne_bytes()),
            unordered: info.flags.unordered,
            immediate: info.flags.immediate,
            context: info.context,
            expires,
            reliability,
            destination: target.address,
            payload,
            auth_key: auth_key.map(KeyId),
        };
        self.endpoint.send(now, target.key, message).map_err(|error| match error {
            SendError::NoAssociation => SocketError::BrokenPipe,
            SendError::InvalidStream | SendError::InvalidAddress | SendError::NoKey => SocketError::InvalidArgument,
            SendError::TooLong => SocketError::MessageSize,
            SendError::ShuttingDown => SocketError::Shutdown,
        })?;
        let mut charged = 0;
        if let Some(record) = self.associations.get_mut(&target.key) {
            record.queued += queued;
            record.charged += cost;
            charged = record.charged;
        }
        if let Some(socket) = self.sockets.get_mut(index) {
            socket.recharge(charged - cost, charged);
            let is_full = socket.send_space() == 0;
            if is_full {
                socket.room_since = None;
            }
            // A thread that has waited comes back to what the descriptor was not shown meanwhile.
            if is_full || target.has_waited {
                self.touch(index);
            }
            if is_full {
                self.endpoint.push(now, target.key);
            }
        }
        Ok(())
    }

    /// Whether a message that was just queued may stay unsent for a moment, so that it leaves together with those after
    /// it: in one packet, or in one system call. Only behind several packets that are not acknowledged yet, of which the
    /// SACKs will move it on; the driver does so at the latest. A lone message, or the end of a burst, is never delayed
    /// by more than [`HELD_AT_MOST`].
    fn may_hold_back(&mut self, now: Time, key: AssociationKey, len: usize) -> bool {
        let unacknowledged = self.associations.get(&key).map_or(0, |record| record.charged);
        self.held += len;
        if unacknowledged < HOLD_BEHIND || self.held >= HOLD_OCTETS {
            return false;
        }
        self.held_until.get_or_insert(now + HELD_AT_MOST);
        self.bulk_until = now + BULK_LASTS;
        true
    }

    /// What a message takes of SO_SNDBUF.
    fn charge(&self, key: AssociationKey, len: usize) -> usize {
        // Small ones are one chunk on any path: no need to ask.
        let point = if len <= SMALL {
            SMALL
        } else {
            self.endpoint.status(key).map_or(len, |status| status.fragmentation_point as usize)
        };
        buffer::charge(len, point)
    }
}

/// What the policy of a send and its value ask for, and the life that goes with it.
fn reliability(info: &SendInfo) -> (Reliability, Option<Duration>) {
    // RFC 6458 §5.3.2: a lifetime counts when no policy or the one of time is asked for; 0 is no limit.
    let life = info.lifetime.filter(|life| !life.is_zero());
    match info.flags.policy {
        POLICY_NONE => (Reliability::Full, life),
        POLICY_TTL => (if life.is_some() { Reliability::Timed } else { Reliability::Full }, life),
        POLICY_RTX => (Reliability::Retransmissions(value_of(info)), None),
        _ => (Reliability::Priority(value_of(info)), None),
    }
}

/// `pr_value`, whatever it counts.
fn value_of(info: &SendInfo) -> u32 {
    info.lifetime.map_or(0, |value| u32::try_from(value.as_millis()).unwrap_or(u32::MAX))
}

/// SCTP_PR_SCTP_NONE and its like, shifted into the lowest bits.
const POLICY_NONE: u8 = 0;
const POLICY_TTL: u8 = 1;
const POLICY_RTX: u8 = 2;
/// Fits one chunk on every path (the least MTU that is used).
const SMALL: usize = 460;

/// What unacknowledged messages are charged with from which on later ones are held back: several packets, or a dozen
/// small messages, so that SACKs are on their way.
const HOLD_BEHIND: usize = 12 * 1024;
/// Octets held back at most: a burst that the link takes in one call.
const HOLD_OCTETS: usize = 32 * 1024;
/// And for how long.
pub(crate) const HELD_AT_MOST: Duration = Duration::from_micros(250);
/// The driver expects more to be held back for this long.
const BULK_LASTS: Duration = Duration::from_millis(2);

/// Flag bits of a DATA chunk that holds a whole message, and of an unordered one (RFC 9260 §3.3.1).
const WHOLE_MESSAGE: u8 = 3;
const UNORDERED: u8 = 4;
