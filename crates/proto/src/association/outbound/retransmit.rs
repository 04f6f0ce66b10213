//! T3-rtx, and the moving of chunks away from paths that fail (RFC 9260 §6.3.3, §6.4.1).

use super::Outbound;
use crate::{
    AssociationConfig, PathChange, Time,
    association::path::{PathId, PathSet},
};

/// What a T3-rtx that ran out means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct T3Outcome {
    /// Whether it counts towards Association.Max.Retrans: not while the peer only keeps its window closed.
    pub(crate) counts_as_error: bool,
    /// What became of the path.
    pub(crate) change: Option<PathChange>,
}

impl Outbound {
    /// T3-rtx of `id` may have run out; `None`: it has not.
    pub(crate) fn handle_t3(
        &mut self,
        now: Time,
        id: PathId,
        paths: &mut PathSet,
        config: &AssociationConfig,
    ) -> Option<T3Outcome> {
        let path = paths.get_mut(id)?;
        if !path.t3.expired(now) {
            return None;
        }
        path.t3.stop();
        self.forward_on_timer_gone(id);
        self.counters.timeouts += 1;
        let explained = self.window.explains_timeout();
        let mut change = None;
        if !explained {
            // RFC 9260 §6.3.3 E1, §8.2. A zero window probe affects neither cwnd nor the counters (§6.1 A).
            path.congestion.on_timeout(path.pmdcs());
            change = path.on_error();
        }
        // RFC 9260 §6.3.3 E2; also what spaces zero window probes.
        path.rtt.back_off(config);
        self.recovery = None;
        self.fast_packet = false;
        self.burst.on_occasion(now);
        // RFC 9260 §6.3.3 E3: all that was sent here is marked; what fits one packet goes at once, for the flight is zero
        // and so below any window, and the rest as cwnd allows. §6.4: on another path if there is one.
        let target = paths.select_for_retransmission(id);
        self.in_flight.mark_path(id, target, paths);
        if change == Some(PathChange::Unreachable) {
            self.on_path_failed(id, paths);
        }
        Some(T3Outcome { counts_as_error: !explained, change })
    }

    /// A path does not work any more: what is on its way there, or was to go there, goes to another.
    pub(crate) fn on_path_failed(&mut self, id: PathId, paths: &mut PathSet) {
        let target = paths.select_for_retransmission(id);
        if target == id || paths.get(target).is_none_or(|path| !path.is_usable()) {
            // No better one: it stays, for its timer to go on trying.
            return;
        }
        self.move_away(id, target, paths);
    }

    /// Packets on their way to `id` were too big ([`super::super::path::Path::too_big`] said that they are smaller now): they
    /// are lost, but not by congestion. What was in them goes again at once, whole, if need be in fragments of IP
    /// ([`Self::oversized_packet`]), rather than when T3-rtx runs out.
    pub(crate) fn on_packet_too_big(&mut self, id: PathId, paths: &mut PathSet) {
        self.in_flight.mark_path(id, id, paths);
        if let Some(path) = paths.get_mut(id) {
            path.t3.stop();
        }
        self.forward_on_timer_gone(id);
    }

    /// A path is about to be taken out of the set.
    pub(crate) fn on_path_removed(&mut self, id: PathId, paths: &mut PathSet) {
        self.queue.forget_wish(id);
        let target = paths.select_for_retransmission(id);
        if target != id {
            self.move_away(id, target, paths);
            return;
        }
        // The only one that works: the first other, though.
        let other = paths.iter().map(|(other, _)| other).find(|other| *other != id);
        if let Some(other) = other {
            self.move_away(id, other, paths);
        }
    }

    /// The program, or ECN's echo of a chunk up to `lowest`, says that the network is congested: the window is cut, once
    /// for all that was in flight (RFC 9260 Appendix A in its older form, RFC 3168 §6.1.2). Whether it was cut.
    pub(crate) fn on_congestion_echo(&mut self, lowest: usctp_wire::Tsn, paths: &mut PathSet) -> bool {
        if self.echo_answered.is_some_and(|answered| !lowest.is_after(answered)) {
            return false;
        }
        if !lowest.is_before(self.in_flight.next_tsn()) {
            // Never sent.
            return false;
        }
        let index = lowest.distance_from(self.in_flight.cumulative().next()) as usize;
        let path = self.in_flight.chunk(index).map_or_else(|| paths.select_for_data(), |chunk| chunk.path);
        self.echo_answered = Some(self.in_flight.next_tsn().previous());
        if let Some(path) = paths.get_mut(path) {
            path.congestion.on_loss(path.pmdcs());
        }
        true
    }

    fn move_away(&mut self, from: PathId, target: PathId, paths: &mut PathSet) {
        self.in_flight.mark_path(from, target, paths);
        self.in_flight.retarget(from, target, paths);
        if let Some(path) = paths.get_mut(from) {
            path.t3.stop();
        }
        self.forward_on_timer_gone(from);
    }
}
