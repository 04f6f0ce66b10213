//! Timers that run out. Each belongs to a part; here they are only asked in turn.

use super::{Association, Context, PathId, phase::Phase, timer::earliest};
use crate::{PathChange, Time};

impl Association {
    /// Some deadline may have come.
    pub(crate) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        self.handle_t1(context);
        self.handle_shutdown_timers(context);
        self.handle_t4(context);
        let ids: Vec<PathId> = self.paths.iter().map(|(id, _)| id).collect();
        for id in ids {
            if matches!(self.phase, Phase::Closed(_)) {
                return;
            }
            self.handle_path_timers(context, id);
        }
        if matches!(self.phase, Phase::Closed(_)) {
            return;
        }
        if let Some(peer) = &mut self.peer {
            peer.inbound.handle_timeout(context.now);
        }
        self.outbound.handle_timeout(context.now, &mut self.paths);
        if self.autoclose.expired(context.now) {
            self.autoclose.stop();
            self.shutdown(context);
        }
        self.drain_parts(context);
        self.advance_shutdown(context);
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        earliest([
            self.phase.next_timeout(),
            self.paths.next_timeout(),
            self.outbound.next_timeout(),
            self.peer.as_ref().and_then(|peer| peer.inbound.next_timeout()),
            self.autoclose.deadline(),
            self.asconf.as_ref().and_then(|asconf| asconf.next_timeout()),
        ])
    }

    fn handle_path_timers(&mut self, context: &mut Context<'_>, id: PathId) {
        let now = context.now;
        if let Some(outcome) = self.outbound.handle_t3(now, id, &mut self.paths, &self.config) {
            self.emit_path_change(context, id, outcome.change);
            // While opening T1 counts, for both chunks of the one packet.
            if outcome.counts_as_error && !self.phase.is_opening() && self.count_error(context) {
                return;
            }
        }
        self.handle_heartbeat_timers(context, id);
        if let Some(path) = self.paths.get_mut(id) {
            path.mtu.handle_timeout(now);
        }
    }

    /// RFC 9260 §8.3.
    fn handle_heartbeat_timers(&mut self, context: &mut Context<'_>, id: PathId) {
        // RFC 9260 §8.1: heartbeats count against the association only on the path that data takes.
        let carries_data = self.paths.select_for_data() == id;
        let Some(path) = self.paths.get_mut(id) else { return };
        if path.heartbeat_overdue(context.now, &self.config) {
            let change = path.on_error();
            if change == Some(PathChange::Unreachable) {
                self.outbound.on_path_failed(id, &mut self.paths);
            }
            self.emit_path_change(context, id, change);
            if carries_data && self.count_error(context) {
                return;
            }
        }
        let heartbeats =
            matches!(self.phase, Phase::Established | Phase::ShutdownPending(_) | Phase::ShutdownReceived(_));
        let jitter = context.entropy.number();
        let Some(path) = self.paths.get_mut(id) else { return };
        if !heartbeats {
            path.heartbeat.stop();
        } else if path.heartbeat_due(context.now, jitter) {
            self.control.owe_heartbeat(id);
        }
    }
}
