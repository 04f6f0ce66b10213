//! What the program asks of an association, beside its end (see `shutdown`).

use usctp_wire::StreamId;

use super::{Association, Context, phase::Phase};
use crate::{
    Address, AssociationConfig, BindingKey, MessageId, OutgoingMessage, PathChange, PathConfig, SendError,
    endpoint::LocalAddresses,
};

impl Association {
    pub(crate) const fn set_binding(&mut self, binding: BindingKey) {
        self.binding = binding;
    }

    /// Queues a message.
    pub(crate) fn send(&mut self, context: &mut Context<'_>, message: OutgoingMessage) -> Result<MessageId, SendError> {
        match &self.phase {
            Phase::Closed(_) => return Err(SendError::NoAssociation),
            Phase::CookieWait(wait) if wait.shutdown_wanted => return Err(SendError::ShuttingDown),
            Phase::CookieEchoed(echoed) if echoed.shutdown_wanted => return Err(SendError::ShuttingDown),
            Phase::CookieWait(_) | Phase::CookieEchoed(_) | Phase::Established => {}
            // RFC 9260 §9.2: no new data once the end has begun, on either side.
            _ => return Err(SendError::ShuttingDown),
        }
        let wish = match message.destination {
            Some(address) => Some(self.paths.find(address).ok_or(SendError::InvalidAddress)?),
            None => None,
        };
        if !self.paths.takes(message.payload.len(), &self.config) {
            return Err(SendError::TooLong);
        }
        let point = self.paths.fragmentation_point(&self.config);
        let key = self.key_for(message.auth_key).map_err(|_| SendError::NoKey)?;
        let id = self.outbound.send(context.now, message, wish, point)?;
        if self.local_auth.is_some() {
            self.outbound.set_key(id, key);
        }
        self.touch_autoclose(context.now);
        Ok(id)
    }

    /// The send buffer is full: messages of lower priority give way.
    pub(crate) fn make_room(&mut self, context: &mut Context<'_>, octets: usize, value: u32) -> usize {
        let freed = self.outbound.make_room(octets, value, &mut self.paths);
        self.drain_parts(context);
        freed
    }

    /// Gives a stream a priority or a weight. False: no such stream.
    pub(crate) fn set_stream_value(&mut self, stream: StreamId, value: u16) -> bool {
        self.outbound.set_stream_value(stream, value)
    }

    pub(crate) fn send_charge(&self, len: usize) -> usize {
        self.outbound.send_charge(len, self.paths.fragmentation_point(&self.config))
    }

    /// Nagle's delay ends for what is queued.
    pub(crate) fn push_queued(&mut self) {
        self.outbound.push();
    }

    /// The program has consumed so much; a window update may be owed.
    pub(crate) fn release(&mut self, octets: u32) {
        if let Some(peer) = &mut self.peer {
            peer.inbound.release(octets);
        }
    }

    /// Changes settings, and what follows from them at once.
    pub(crate) fn configure(&mut self, context: &mut Context<'_>, change: &mut dyn FnMut(&mut AssociationConfig)) {
        change(&mut self.config);
        self.outbound.set_overhead(self.config.send_overhead);
        self.outbound.set_scheduler(self.config.scheduler);
        if let Some(peer) = &mut self.peer {
            peer.inbound.set_receive_buffer(self.config.receive_buffer);
            peer.inbound.set_partial_delivery_point(self.config.partial_delivery_point);
        }
        if matches!(self.phase, Phase::Established) {
            if self.config.autoclose.is_zero() {
                self.autoclose.stop();
            } else {
                self.autoclose.set(context.now + self.config.autoclose);
            }
        }
        self.drain_parts(context);
    }

    /// Changes the settings of one path or of all. False: no such address.
    pub(crate) fn configure_path(
        &mut self,
        context: &mut Context<'_>,
        address: Option<Address>,
        change: &mut dyn FnMut(&mut PathConfig),
    ) -> bool {
        let chosen: Vec<_> = self
            .paths
            .iter()
            .filter(|(_, path)| address.is_none_or(|address| path.address == address))
            .map(|(id, _)| id)
            .collect();
        let up = !self.phase.is_opening();
        for id in &chosen {
            let jitter = context.entropy.number();
            let Some(path) = self.paths.get_mut(*id) else { continue };
            let before = path.config;
            let mut config = before;
            change(&mut config);
            let changed = path.configure(config);
            if config.udp_port != before.udp_port
                && let Some(carrier) = context.routing.carrier(path.address, self.local_port, config.udp_port)
            {
                path.carrier = carrier;
            }
            let heartbeats = (before.heartbeat, before.heartbeat_interval);
            if up && heartbeats != (config.heartbeat, config.heartbeat_interval) {
                path.schedule_heartbeat(context.now, jitter);
            }
            if changed == Some(PathChange::Unreachable) {
                self.outbound.on_path_failed(*id, &mut self.paths);
            }
            self.emit_path_change(context, *id, changed);
        }
        !chosen.is_empty()
    }

    /// A heartbeat now, also where they are switched off (RFC 9260 §11.1.10). False: no such address.
    pub(crate) fn request_heartbeat(&mut self, address: Address) -> bool {
        let path = self.paths.find(address);
        if let Some(path) = path.filter(|_| !self.phase.is_opening()) {
            self.control.owe_heartbeat(path);
        }
        path.is_some()
    }

    /// RFC 9260 §11.1.6. False: no such address.
    pub(crate) fn set_primary(&mut self, context: &mut Context<'_>, address: Address) -> bool {
        let Some(path) = self.paths.find(address) else { return false };
        if self.paths.primary() != path {
            self.paths.set_primary(path);
            self.emit_path_change(context, path, Some(PathChange::MadePrimary));
        }
        true
    }

    /// Addresses of this host or routes have changed: each path looks where it leaves from now.
    pub(crate) fn handle_routes(&mut self, context: &mut Context<'_>, local: &LocalAddresses) {
        if self.config.auto_asconf {
            self.follow_addresses(context, local);
        }
        for (_, path) in self.paths.iter_mut() {
            // Without a route nothing better is known than what was.
            if context.routing.route(path.address).is_none() {
                continue;
            }
            let (source, mtu) = self.local_side.source_for(path.address, context.routing);
            // The peer knows the source that it has; it stays while it is this host's.
            let may_stay = |source: &Address| local.contains(*source) && self.local_side.may_send_from(*source);
            let kept = path.source.filter(may_stay);
            path.reroute(kept.or(source), mtu, &self.config);
        }
    }
}
