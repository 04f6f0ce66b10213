//! What the layer above is told. Events of one association come in the order in which they happened.

use bytes::Bytes;
use usctp_wire::{AdaptationCode, KeyId, Mid, Ppid, Ssn, StreamId, Tsn};

use crate::{Address, AssociationKey, BindingKey, CloseReason, MessageId};

/// What happened, and to which association.
#[derive(Clone, Debug)]
pub struct Event {
    /// The association. It may be gone already when this is its last event.
    pub association: AssociationKey,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// The association is up. `binding` is the listener's for one that the peer began (`incoming`).
    Established {
        /// The endpoint it belongs to.
        binding: BindingKey,
        /// Whether the peer began it.
        incoming: bool,
        /// Streams that we may send on.
        outbound_streams: u16,
        /// Streams that the peer may send on.
        inbound_streams: u16,
        /// The peer's adaptation layer indication.
        adaptation: Option<AdaptationCode>,
        /// Whether AUTH (RFC 4895) was agreed on.
        authenticated: bool,
    },
    /// The peer has restarted (RFC 9260 §5.2.4 A); stream counts as for `Established`.
    Restarted {
        /// Streams that we may send on.
        outbound_streams: u16,
        /// Streams that the peer may send on.
        inbound_streams: u16,
        /// The peer's adaptation layer indication.
        adaptation: Option<AdaptationCode>,
    },
    /// A message, or a part of one (partial delivery). Its octets stay charged to the receive window until
    /// [`crate::Endpoint::release`].
    Delivered(Delivery),
    /// The rest of a message of which parts were delivered will never come.
    PartialDeliveryAborted {
        /// Its stream.
        stream: StreamId,
        /// Its sequence number.
        ssn: Ssn,
        /// Whether it was unordered.
        unordered: bool,
    },
    /// Octets of send buffer that became free (payload and per-chunk overhead).
    SendSpace {
        /// Octets.
        released: usize,
    },
    /// Nothing is queued or unacknowledged any more.
    SenderDry,
    /// A fragment, or a whole message, that was not delivered, and why.
    SendFailed(SendFailure),
    /// A peer address changed its state.
    PathChanged {
        /// The peer's address.
        address: Address,
        /// What it is now.
        change: PathChange,
    },
    /// An ERROR chunk came: one cause of it.
    RemoteError {
        /// Cause code.
        code: u16,
        /// The cause's value.
        info: Bytes,
        /// All causes of the chunk, as they came, with its first one; empty with the others.
        chunk: Bytes,
    },
    /// A shared key is used by the peer for the first time, or not needed here any more (RFC 6458 §6.1.8).
    Key {
        /// Which.
        key: KeyId,
        /// What.
        news: KeyNews,
    },
    /// SHUTDOWN came: the peer sends no new data.
    PeerShutdown,
    /// The end. No further event; the key is dead.
    Closed(CloseReason),
}

/// A message, or a part of one.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Stream.
    pub stream: StreamId,
    /// Stream sequence number (DATA) or the lower half of the MID.
    pub ssn: Ssn,
    /// Message identifier (I-DATA).
    pub mid: Option<Mid>,
    /// Payload protocol identifier.
    pub ppid: Ppid,
    /// Sent unordered.
    pub unordered: bool,
    /// TSN of the first octet here.
    pub tsn: Tsn,
    /// Cumulative TSN at delivery.
    pub cumulative_tsn: Tsn,
    /// First part of its message.
    pub beginning: bool,
    /// Last part of its message.
    pub ending: bool,
    /// The payload, in order; shares the received packets' octets.
    pub data: Vec<Bytes>,
    /// Octets to give to [`crate::Endpoint::release`] once all of `data` has been consumed: payload and overhead.
    pub charge: u32,
}

/// What was not delivered.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields of the send call")]
pub struct SendFailure {
    pub message: MessageId,
    pub stream: StreamId,
    pub ssn: Ssn,
    pub ppid: Ppid,
    /// Flag octet of the DATA chunk (unordered, beginning, ending) or what it would have been.
    pub chunk_flags: u8,
    pub context: u32,
    /// Whether it had been given a TSN and sent.
    pub sent: bool,
    /// Cause code, 0 for none.
    pub error: u16,
    /// Octets of its fragments, as it was cut up or would have been; the last may have fewer.
    pub fragment: usize,
    pub payload: Bytes,
}

/// What is new about a shared key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyNews {
    /// The peer uses it for the first time.
    New,
    /// It was deactivated, and no chunk on its way needs it any more.
    Free,
}

/// New state of a peer address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of RFC 6458 §6.1.2")]
pub enum PathChange {
    Available,
    Unreachable,
    Removed,
    Added,
    MadePrimary,
    Confirmed,
    PotentiallyFailed,
}
