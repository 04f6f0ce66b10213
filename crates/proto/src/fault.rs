//! What a peer did wrong, and the one mapping of it to an error cause.

use usctp_wire::{Cause, CauseCode, Tsn};

/// A peer broke the protocol so that the association cannot go on: it is aborted with [`Self::cause`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PeerFault {
    /// A DATA chunk without user data (RFC 9260 §6.2).
    NoUserData(Tsn),
    /// A SACK acknowledged what was never sent.
    AcknowledgedUnsent(Tsn),
    /// Fragments of one message that contradict each other (RFC 9260 §6.9).
    BadFragment(Tsn),
    /// A parameter or chunk whose value its field does not allow (RFC 9260 §3.3.10.7).
    #[allow(dead_code, reason = "no chunk of the base protocol needs it yet")]
    InvalidParameter,
    /// An ASCONF-ACK for what was never asked (RFC 5061 §5.3 F0).
    IllegalAsconfAck,
    /// Anything else that only a broken or hostile peer does; the text goes into the cause.
    Violation(&'static str),
}

impl PeerFault {
    /// The cause of the ABORT.
    pub(crate) fn cause(&self) -> Cause<'static> {
        match *self {
            Self::NoUserData(tsn) => Cause::NoUserData(tsn),
            Self::AcknowledgedUnsent(_) => Cause::ProtocolViolation(b"acknowledged a TSN that was not sent"),
            Self::BadFragment(_) => Cause::ProtocolViolation(b"fragments contradict each other"),
            Self::InvalidParameter => Cause::InvalidParameter,
            Self::IllegalAsconfAck => Cause::Other(CauseCode::ILLEGAL_ASCONF_ACK, &[]),
            Self::Violation(what) => Cause::ProtocolViolation(what.as_bytes()),
        }
    }
}
