//! The endpoint: all associations of one stack, and the only way in from outside.

mod cookie;
mod deadlines;
mod demux;
mod listener;
mod ootb;
mod ports;
mod turn;

use bytes::Bytes;
use usctp_wire::{Ppid, StreamId};

use crate::{
    Address, AssociationConfig, AssociationStatus, BindError, Binding, ConnectError, EndpointConfig, EndpointCounters,
    Event, IcmpError, LocalAddress, PathConfig, PathStatus, Received, Routing, SendError, Time, Transmit,
};

/// A binding: slot and generation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BindingKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// An association: slot and generation; a key is never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AssociationKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// A message that was given to be sent; counts up within its association.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MessageId(pub u64);

/// A user message to send.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields of RFC 6458 §5.3.4")]
pub struct OutgoingMessage {
    pub stream: StreamId,
    pub ppid: Ppid,
    pub unordered: bool,
    /// Ask for a SACK at once (RFC 7053).
    pub immediate: bool,
    /// Given back in [`crate::SendFailure`].
    pub context: u32,
    /// Not to be begun after this moment (the lifetime of RFC 9260 §11.1.5); already begun, it is completed.
    pub expires: Option<Time>,
    /// Send to this address of the peer rather than the primary, while it is reachable (SCTP_ADDR_OVER).
    pub destination: Option<Address>,
    /// Never empty.
    pub payload: Bytes,
}

/// All associations of one stack. See the crate's documentation for the four kinds of method.
pub struct Endpoint {
    _private: (),
}

#[allow(unused_variables, reason = "replaced as the engine is built")]
impl Endpoint {
    /// A new endpoint with no binding. `seed` must be of full entropy outside tests.
    pub fn new(config: EndpointConfig, seed: [u8; 32], routing: Box<dyn Routing>) -> Self {
        todo!()
    }

    // --- what comes in -------------------------------------------------------------------------------------------

    /// A packet came.
    pub fn handle_packet(&mut self, now: Time, received: Received) {
        todo!()
    }

    /// An ICMP error came.
    pub fn handle_icmp(&mut self, now: Time, error: IcmpError) {
        todo!()
    }

    /// A deadline given by [`Self::poll_timeout`] has passed (calling it early does no harm).
    pub fn handle_timeout(&mut self, now: Time) {
        todo!()
    }

    /// The addresses of this host, at the beginning and whenever they change; also called when routes change.
    pub fn handle_local_addresses(&mut self, now: Time, addresses: &[LocalAddress]) {
        todo!()
    }

    /// The host refused a packet that had been polled: it was larger than the path takes (`mtu`: what the host says the
    /// path takes, octets of an IP packet).
    pub fn handle_send_too_big(&mut self, now: Time, destination: Address, mtu: u32) {
        todo!()
    }

    // --- what goes out -------------------------------------------------------------------------------------------

    /// The next packet, or the next several of one size to one destination, written to the end of `buffer`.
    pub fn poll_transmit(&mut self, now: Time, buffer: &mut Vec<u8>) -> Option<Transmit> {
        todo!()
    }

    /// When [`Self::handle_timeout`] is to be called next.
    pub fn poll_timeout(&mut self) -> Option<Time> {
        todo!()
    }

    /// The next thing that the layer above should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    // --- bindings ------------------------------------------------------------------------------------------------

    /// Claims a port on addresses. `is_free` is asked for each candidate of an ephemeral port (0 in `binding`), and for the
    /// port itself otherwise, so that other processes' ports are kept out of; it must not call back.
    pub fn bind(&mut self, binding: Binding, is_free: &mut dyn FnMut(u16) -> bool) -> Result<BindingKey, BindError> {
        todo!()
    }

    /// A second binding of the same port and addresses, without asking (an accepted socket, a peeled-off one).
    pub fn bind_like(&mut self, binding: BindingKey) -> Option<BindingKey> {
        todo!()
    }

    /// Port and addresses as bound.
    pub fn binding(&self, binding: BindingKey) -> Option<&Binding> {
        todo!()
    }

    /// Adds addresses (bindx); all or none.
    pub fn add_addresses(&mut self, now: Time, binding: BindingKey, addresses: &[Address]) -> Result<(), BindError> {
        todo!()
    }

    /// Removes addresses (bindx).
    pub fn remove_addresses(&mut self, now: Time, binding: BindingKey, addresses: &[Address]) -> Result<(), BindError> {
        todo!()
    }

    /// Sets the defaults that new associations of this binding begin with.
    pub fn configure_binding(&mut self, binding: BindingKey, config: AssociationConfig) {
        todo!()
    }

    /// Whether INITs are answered: `Some(room)` listens, with room for so many more associations before COOKIE ECHOs are
    /// dropped silently (each accepted one takes one from it; the caller sets it again as its backlog empties); `None`
    /// does not listen.
    pub fn listen(&mut self, binding: BindingKey, room: Option<usize>) {
        todo!()
    }

    /// Frees port and addresses. Associations of the binding live on until they end.
    pub fn unbind(&mut self, binding: BindingKey) {
        todo!()
    }

    // --- associations --------------------------------------------------------------------------------------------

    /// Begins an association with a peer that has these addresses (each with what was asked for its encapsulation). The
    /// first reachable one is the primary.
    pub fn connect(
        &mut self,
        now: Time,
        binding: BindingKey,
        peer: &[Address],
        port: u16,
        config: AssociationConfig,
    ) -> Result<AssociationKey, ConnectError> {
        todo!()
    }

    /// The association of this binding with the peer that has `address` and `port`.
    pub fn find(&self, binding: BindingKey, address: Address, port: u16) -> Option<AssociationKey> {
        todo!()
    }

    /// Moves an association to another binding of the same port (accept, peel-off).
    pub fn move_to(&mut self, association: AssociationKey, binding: BindingKey) {
        todo!()
    }

    /// Queues a message. It always takes the whole of it: the caller bounds what it queues by [`Self::send_charge`] and
    /// [`crate::EventKind::SendSpace`]. Before the association is up messages wait; they ride on the COOKIE ECHO.
    pub fn send(
        &mut self,
        now: Time,
        association: AssociationKey,
        message: OutgoingMessage,
    ) -> Result<MessageId, SendError> {
        todo!()
    }

    /// Octets of send buffer that a message of `len` octets is charged with: payload and per-chunk overhead.
    pub fn send_charge(&self, association: AssociationKey, len: usize) -> usize {
        todo!()
    }

    /// The program has consumed `octets` (of [`crate::Delivery::charge`]) of what was delivered.
    pub fn release(&mut self, now: Time, association: AssociationKey, octets: u32) {
        todo!()
    }

    /// Begins the orderly end: SHUTDOWN once all queued data is acknowledged.
    pub fn shutdown(&mut self, now: Time, association: AssociationKey) {
        todo!()
    }

    /// Ends at once with ABORT; `reason` goes to the peer as User-Initiated Abort.
    pub fn abort(&mut self, now: Time, association: AssociationKey, reason: Bytes) {
        todo!()
    }

    /// Forgets an association without a word (a stack that must die).
    pub fn forget(&mut self, association: AssociationKey) {
        todo!()
    }

    // --- settings and states -------------------------------------------------------------------------------------

    /// The association's settings.
    pub fn config(&self, association: AssociationKey) -> Option<&AssociationConfig> {
        todo!()
    }

    /// Changes the association's settings; the path defaults in it do not touch existing paths.
    pub fn configure(
        &mut self,
        now: Time,
        association: AssociationKey,
        change: &mut dyn FnMut(&mut AssociationConfig),
    ) -> bool {
        todo!()
    }

    /// Changes the settings of one path, or of all (`address` none). False: no such address.
    pub fn configure_path(
        &mut self,
        now: Time,
        association: AssociationKey,
        address: Option<Address>,
        change: &mut dyn FnMut(&mut PathConfig),
    ) -> bool {
        todo!()
    }

    /// Asks for a heartbeat to `address` now. False: no such address.
    pub fn heartbeat(&mut self, now: Time, association: AssociationKey, address: Address) -> bool {
        todo!()
    }

    /// Makes `address` the primary. False: no such address.
    pub fn set_primary(&mut self, now: Time, association: AssociationKey, address: Address) -> bool {
        todo!()
    }

    /// State and counters.
    pub fn status(&self, association: AssociationKey) -> Option<AssociationStatus> {
        todo!()
    }

    /// The peer's port and addresses, the primary first.
    pub fn peer(&self, association: AssociationKey) -> Option<(u16, Vec<Address>)> {
        todo!()
    }

    /// The addresses that we have told the peer of.
    pub fn local(&self, association: AssociationKey) -> Option<(u16, Vec<Address>)> {
        todo!()
    }

    /// One path.
    pub fn path(&self, association: AssociationKey, address: Address) -> Option<PathStatus> {
        todo!()
    }

    /// The association's binding.
    pub fn binding_of(&self, association: AssociationKey) -> Option<BindingKey> {
        todo!()
    }

    /// Counters of the endpoint.
    pub fn counters(&self) -> EndpointCounters {
        todo!()
    }

    /// Whether a binding of this endpoint holds `port` on `address`.
    pub fn holds_port(&self, port: u16, address: Address) -> bool {
        todo!()
    }

    /// Whether a packet for a port that no binding holds is answered (RFC 9260 §8.4). `false`: another stack of this host
    /// answers, or holds the port; the packet is left to it. Asked with the port and address it came to.
    pub fn set_out_of_the_blue_policy(&mut self, policy: Box<dyn FnMut(u16, Address) -> bool + Send>) {
        todo!()
    }
}
