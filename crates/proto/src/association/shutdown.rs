//! The end: SHUTDOWN, SHUTDOWN ACK, SHUTDOWN COMPLETE, their timers, and ABORT by the program (RFC 9260 §9).

use bytes::Bytes;
use usctp_wire::{Cause, CauseCode, Chunk, Tsn};

use super::{
    Association, Context,
    control::Towards,
    phase::{Closing, Guard, Phase},
    timer::Backoff,
};
use crate::{CloseReason, EventKind, Received, Time, fault::PeerFault};

impl Association {
    /// The program wants the orderly end.
    pub(crate) fn shutdown(&mut self, context: &mut Context<'_>) {
        match &mut self.phase {
            // Nothing has been promised to anyone: there is nothing to end in an orderly way.
            Phase::CookieWait(_) if self.outbound.is_empty() => {
                return self.close(context, CloseReason::Shutdown);
            }
            // What is queued is delivered first, if the peer can be reached.
            Phase::CookieWait(wait) => wait.shutdown_wanted = true,
            Phase::CookieEchoed(echoed) => echoed.shutdown_wanted = true,
            Phase::Established => {
                self.outbound.drain();
                self.autoclose.stop();
                self.phase.enter(Phase::ShutdownPending(Guard::start(context.now, &self.config)));
            }
            // RFC 9260 §9.2: under way already.
            _ => return,
        }
        self.advance_shutdown(context);
    }

    /// The program wants the end at once.
    pub(crate) fn abort(&mut self, context: &mut Context<'_>, reason: &Bytes) {
        // What one packet takes; the rest of a longer reason is cut.
        let reason = &reason[..reason.len().min(MAX_REASON)];
        let during_setup = self.phase.is_opening();
        let code = CauseCode::USER_INITIATED_ABORT.0;
        let why = CloseReason::Aborted { code, by_user: true, during_setup };
        self.close_with_abort(context, &Cause::UserInitiatedAbort(reason), why);
    }

    /// Goes on with the end as soon as nothing of ours is queued or unacknowledged.
    pub(super) fn advance_shutdown(&mut self, context: &mut Context<'_>) {
        if !self.outbound.is_empty() {
            return;
        }
        match &self.phase {
            Phase::ShutdownPending(_) => {
                let closing = self.closing(context.now, None);
                self.control.shutdown = Some(Towards { path: closing.path, from: None });
                self.phase.enter(Phase::ShutdownSent(Box::new(closing)));
            }
            Phase::ShutdownReceived(_) => self.send_shutdown_ack(context.now, None),
            _ => {}
        }
    }

    /// SHUTDOWN came (RFC 9260 §9.2).
    pub(super) fn handle_shutdown(
        &mut self,
        context: &mut Context<'_>,
        towards: Towards,
        cumulative: Tsn,
    ) -> Result<(), PeerFault> {
        match &self.phase {
            Phase::Established | Phase::ShutdownPending(_) | Phase::ShutdownReceived(_) => {
                let outcome = self.outbound.handle_shutdown(context.now, cumulative, &mut self.paths, &self.config)?;
                self.note_sack(context, outcome);
                if !matches!(self.phase, Phase::ShutdownReceived(_)) {
                    self.outbound.drain();
                    self.autoclose.stop();
                    // All that came before it in order is the program's before it learns of the end.
                    self.drain_parts(context);
                    self.emit(context, EventKind::PeerShutdown);
                    self.phase.enter(Phase::ShutdownReceived(Guard::start(context.now, &self.config)));
                }
                self.sack_to = self.sack_to.or(Some(towards));
            }
            // Both sides at once.
            Phase::ShutdownSent(_) => self.send_shutdown_ack(context.now, Some(towards)),
            // Our answer was lost.
            Phase::ShutdownAckSent(_) => self.control.shutdown_ack = Some(towards),
            Phase::CookieWait(_) | Phase::CookieEchoed(_) | Phase::Closed(_) => {}
        }
        Ok(())
    }

    /// SHUTDOWN ACK came. In the states of the opening it does not get here (RFC 9260 §8.5.1 E).
    pub(super) fn handle_shutdown_ack(&mut self, context: &mut Context<'_>, received: &Received) {
        let (Phase::ShutdownSent(_) | Phase::ShutdownAckSent(_)) = &self.phase else { return };
        if let Some(peer) = &self.peer {
            // RFC 9260 §8.5.1 C: the tag is known, so it is not reflected.
            let complete = Chunk::ShutdownComplete { tag_reflected: false };
            context.replies.last_word(self.back_to(received), peer.tag, &complete, None);
        }
        self.close(context, CloseReason::Shutdown);
    }

    /// SHUTDOWN COMPLETE came.
    pub(super) fn handle_shutdown_complete(&mut self, context: &mut Context<'_>) {
        if matches!(self.phase, Phase::ShutdownAckSent(_)) {
            self.close(context, CloseReason::Shutdown);
        }
    }

    /// The peer lives: T2 begins anew; and what it sent must be acknowledged by a SHUTDOWN (RFC 9260 §9.2). T5 goes on: it
    /// bounds the whole.
    pub(super) fn on_packet_while_closing(&mut self, now: Time, towards: Towards, with_data: bool) {
        let Phase::ShutdownSent(closing) = &mut self.phase else { return };
        self.errors = 0;
        let rto = self.paths.get(closing.path).map_or(self.config.rto_initial, |path| path.rtt.rto());
        closing.t2 = Backoff::start(now, rto, self.config.rto_max);
        if with_data {
            self.control.shutdown = Some(towards);
        }
    }

    /// T2-shutdown and T5-shutdown-guard.
    pub(super) fn handle_shutdown_timers(&mut self, context: &mut Context<'_>) {
        let now = context.now;
        let guard = match &self.phase {
            Phase::ShutdownPending(guard) | Phase::ShutdownReceived(guard) => *guard,
            Phase::ShutdownSent(closing) | Phase::ShutdownAckSent(closing) => closing.guard,
            _ => return,
        };
        if guard.timer.expired(now) {
            // RFC 9260 §9.2: T5 ends it with an ABORT.
            let cause = Cause::ProtocolViolation(b"shutdown takes too long");
            return self.close_with_abort(context, &cause, CloseReason::TimedOut { during_setup: false });
        }
        let (Phase::ShutdownSent(closing) | Phase::ShutdownAckSent(closing)) = &mut self.phase else { return };
        if !closing.t2.expired(now) {
            return;
        }
        closing.t2.again(now);
        let failed = closing.path;
        // RFC 9260 §9.2 with §6.4: over another address if there is one.
        closing.path = self.paths.select_for_retransmission(failed);
        let towards = Towards { path: closing.path, from: None };
        self.counters.timeouts += 1;
        if matches!(self.phase, Phase::ShutdownSent(_)) {
            self.control.shutdown = Some(towards);
        } else {
            self.control.shutdown_ack = Some(towards);
        }
        let change = self.paths.get_mut(failed).and_then(|path| path.on_error());
        self.emit_path_change(context, failed, change);
        self.count_error(context);
    }

    /// The peer takes our data: the guard starts anew.
    pub(super) fn guard_progress(&mut self, now: Time) {
        if let Phase::ShutdownPending(guard) | Phase::ShutdownReceived(guard) = &mut self.phase {
            *guard = Guard::start(now, &self.config);
        }
    }

    fn send_shutdown_ack(&mut self, now: Time, towards: Option<Towards>) {
        let closing = self.closing(now, towards);
        let from = towards.and_then(|towards| towards.from);
        self.control.shutdown = None;
        self.control.shutdown_ack = Some(Towards { path: closing.path, from });
        self.phase.enter(Phase::ShutdownAckSent(Box::new(closing)));
    }

    fn closing(&self, now: Time, towards: Option<Towards>) -> Closing {
        let path = self.paths.select_for_control(towards.map(|towards| towards.path));
        let rto = self.paths.get(path).map_or(self.config.rto_initial, |path| path.rtt.rto());
        Closing { t2: Backoff::start(now, rto, self.config.rto_max), path, guard: Guard::start(now, &self.config) }
    }
}

/// Octets of an abort reason that are sent at most: they fit a packet of any path beside headers.
const MAX_REASON: usize = 480;
