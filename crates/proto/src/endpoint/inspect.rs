//! Settings of associations and paths, and what can be looked at.

use usctp_wire::{ChunkType, StreamId};

use super::{BindingKey, Endpoint};
use crate::{
    Abandoned, Address, AssociationConfig, AssociationKey, AssociationStatus, AuthError, EndpointCounters, KeyChange,
    PathConfig, PathStatus, PeerPrimaryError, Time,
    association::{Association, Authenticator},
};

impl Endpoint {
    /// The association's settings.
    pub fn config(&self, association: AssociationKey) -> Option<&AssociationConfig> {
        self.associations.get(association).map(Association::config)
    }

    /// Changes the association's settings; the path defaults in it do not touch existing paths.
    pub fn configure(
        &mut self,
        now: Time,
        association: AssociationKey,
        change: &mut dyn FnMut(&mut AssociationConfig),
    ) -> bool {
        self.with(now, association, |association, context| association.configure(context, change)).is_some()
    }

    /// Changes the settings of one path, or of all (`address` none). False: no such address.
    pub fn configure_path(
        &mut self,
        now: Time,
        association: AssociationKey,
        address: Option<Address>,
        change: &mut dyn FnMut(&mut PathConfig),
    ) -> bool {
        self.with(now, association, |association, context| association.configure_path(context, address, change))
            .unwrap_or(false)
    }

    /// Asks for a heartbeat to `address` now. False: no such address.
    pub fn heartbeat(&mut self, now: Time, association: AssociationKey, address: Address) -> bool {
        self.with(now, association, |association, _| association.request_heartbeat(address)).unwrap_or(false)
    }

    /// Makes `address` the primary. False: no such address.
    pub fn set_primary(&mut self, now: Time, association: AssociationKey, address: Address) -> bool {
        self.with(now, association, |association, context| association.set_primary(context, address)).unwrap_or(false)
    }

    /// Changes the keys of one association (RFC 6458 §8.3).
    ///
    /// # Errors
    /// As [`crate::AuthConfig::change`]; a key that messages on their way need cannot be deleted.
    pub fn change_keys(&mut self, now: Time, association: AssociationKey, change: &KeyChange) -> Result<(), AuthError> {
        self.with(now, association, |association, context| association.change_keys(context, change))
            .unwrap_or(Err(AuthError::NoAssociation))
    }

    /// Chunk types that the peer accepts only when authenticated; `None`: AUTH was not agreed on.
    pub fn peer_auth_chunks(&self, association: AssociationKey) -> Option<Vec<ChunkType>> {
        self.associations.get(association)?.authenticator().map(Authenticator::required)
    }

    /// Chunk types that this side of the association accepts only when authenticated; `None`: AUTH was not agreed on.
    pub fn local_auth_chunks(&self, association: AssociationKey) -> Option<Vec<ChunkType>> {
        self.associations.get(association)?.demanded_chunks()
    }

    /// Asks the peer to send to our `address` (RFC 5061 §4.2.4).
    ///
    /// # Errors
    /// See [`PeerPrimaryError`].
    pub fn set_peer_primary(
        &mut self,
        now: Time,
        association: AssociationKey,
        address: Address,
    ) -> Result<(), PeerPrimaryError> {
        self.with(now, association, |association, context| association.set_peer_primary(context, address))
            .unwrap_or(Err(PeerPrimaryError::NoAssociation))
    }

    /// Whether both sides of the association do ASCONF.
    pub fn does_asconf(&self, association: AssociationKey) -> bool {
        self.associations.get(association).is_some_and(Association::does_asconf)
    }

    /// State and counters.
    pub fn status(&self, association: AssociationKey) -> Option<AssociationStatus> {
        self.associations.get(association)?.status()
    }

    /// Gives an outgoing stream a value for the scheduler: the priority of [`crate::StreamScheduler::Priority`] (0 is the
    /// highest) or the weight of [`crate::StreamScheduler::WeightedFair`]. False: no such stream.
    pub fn set_stream_value(&mut self, now: Time, association: AssociationKey, stream: StreamId, value: u16) -> bool {
        self.with(now, association, |association, _| association.set_stream_value(stream, value)).unwrap_or(false)
    }

    /// The value of an outgoing stream; that which was set, or the scheduler's default. `None`: no such stream.
    pub fn stream_value(&self, association: AssociationKey, stream: StreamId) -> Option<u16> {
        self.associations.get(association)?.stream_value(stream)
    }

    /// Messages given up, on one stream or on all, in the order of [`crate::Reliability::index`].
    pub fn abandoned(&self, association: AssociationKey, stream: Option<StreamId>) -> Option<[Abandoned; 3]> {
        self.associations.get(association).map(|association| association.abandoned(stream))
    }

    /// The peer's port and addresses, the primary first.
    pub fn peer(&self, association: AssociationKey) -> Option<(u16, Vec<Address>)> {
        self.associations.get(association).map(Association::peer)
    }

    /// The addresses that we have told the peer of.
    pub fn local(&self, association: AssociationKey) -> Option<(u16, Vec<Address>)> {
        self.associations.get(association).map(Association::local)
    }

    /// One path.
    pub fn path(&self, association: AssociationKey, address: Address) -> Option<PathStatus> {
        self.associations.get(association)?.path_status(address)
    }

    /// The association's binding.
    pub fn binding_of(&self, association: AssociationKey) -> Option<BindingKey> {
        self.associations.get(association).map(Association::binding)
    }

    /// Counters of the endpoint.
    pub fn counters(&self) -> EndpointCounters {
        self.counters
    }

    /// Whether a binding of this endpoint holds `port` on `address`.
    pub fn holds_port(&self, port: u16, address: Address) -> bool {
        self.bindings.holds(port, address)
    }

    /// Whether a packet to `port` at `address` comes back to this endpoint: the host is this one, and a binding holds the
    /// port there.
    pub fn is_own(&self, port: u16, address: Address) -> bool {
        self.bindings.holds(port, address) && self.local.contains(address)
    }

    /// Whether a packet for a port that no binding holds is answered (RFC 9260 §8.4). `false`: another stack of this host
    /// answers, or holds the port; the packet is left to it. Asked with the port and address it came to.
    pub fn set_out_of_the_blue_policy(&mut self, policy: Box<dyn FnMut(u16, Address) -> bool + Send>) {
        self.policy = Some(policy);
    }
}
