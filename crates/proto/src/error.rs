//! What commands answer when they cannot be done, and how associations end.

use bytes::Bytes;

/// A binding that cannot be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BindError {
    /// Another binding holds port and address.
    #[error("the port is held by another socket")]
    InUse,
    /// An address is not one of this host's.
    #[error("the address is not one of this host's")]
    NotLocal,
    /// No ephemeral port is free.
    #[error("no ephemeral port is free")]
    NoPort,
}

/// An association that cannot be begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConnectError {
    /// No address given, or none that a link can carry.
    #[error("no link carries packets to any of the addresses")]
    Unreachable,
    /// The peer's address or port cannot be connected to (port 0, wildcard, multicast, broadcast).
    #[error("not an address of a peer")]
    InvalidAddress,
    /// There is one with this peer already.
    #[error("there is an association with this peer")]
    Exists(crate::AssociationKey),
    /// The limit on associations is reached.
    #[error("too many associations")]
    Limit,
}

/// A message that cannot be taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The association is gone.
    #[error("no such association")]
    NoAssociation,
    /// The stream number is beyond those agreed.
    #[error("no such stream")]
    InvalidStream,
    /// Fragmentation is off and the message does not fit one packet.
    #[error("the message does not fit one packet")]
    TooLong,
    /// Shutting down: no new data.
    #[error("the association is shutting down")]
    ShuttingDown,
    /// The address given is not one of the peer's.
    #[error("not an address of the peer")]
    InvalidAddress,
    /// There is no shared key with the number given, and the peer wants data authenticated.
    #[error("no such shared key")]
    NoKey,
}

/// A peer that cannot be asked to change its primary.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PeerPrimaryError {
    /// The association is gone.
    #[error("no such association")]
    NoAssociation,
    /// ASCONF was not agreed on, or the peer does not know the request.
    #[error("the peer does not take such requests")]
    NotAgreed,
    /// The association is not up.
    #[error("the association is not up")]
    NotUp,
    /// The peer does not know the address as ours.
    #[error("not an address of ours that the peer knows")]
    NotOurs,
}

/// How an association ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CloseReason {
    /// Orderly, by SHUTDOWN from either side.
    Shutdown,
    /// The peer sent ABORT. `causes`: the error causes as they came, unpadded at the end.
    AbortedByPeer {
        /// Code of the first cause, 0 for none.
        code: u16,
        /// All causes.
        causes: Bytes,
        /// Whether the association had never been up.
        during_setup: bool,
    },
    /// We sent ABORT: the program's wish, or the peer broke the protocol (`code` of the cause sent).
    Aborted {
        /// Code of the cause.
        code: u16,
        /// Whether the program asked for it.
        by_user: bool,
        /// Whether the association had never been up.
        during_setup: bool,
    },
    /// The peer stayed silent for Association.Max.Retrans retransmissions, or T5 ran out.
    TimedOut {
        /// Whether the association had never been up.
        during_setup: bool,
    },
    /// ICMP said that the peer has no SCTP (or no such UDP port) while setting up.
    Refused,
}
