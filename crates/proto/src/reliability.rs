//! How much is done to deliver a message (RFC 3758, RFC 7496).

/// How much is done to deliver a message. What goes beyond [`Self::Full`] counts only where both sides have agreed on partial
/// reliability; without it every message is sent reliably once it has been begun.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reliability {
    /// Until it is delivered, or its life is over ([`crate::OutgoingMessage::expires`]).
    #[default]
    Full,
    /// Until its life is over (RFC 3758 §4.1); as [`Self::Full`], but counted among [`Abandoned`].
    Timed,
    /// Until one of its chunks would be sent again more often than so (RFC 7496 §3.1).
    Retransmissions(u32),
    /// Until the send buffer is needed for a message with a smaller value (RFC 7496 §3.2).
    Priority(u32),
}

impl Reliability {
    /// Place in the answer of [`crate::Endpoint::abandoned`]; [`Self::Full`] has none.
    #[must_use]
    pub const fn index(self) -> Option<usize> {
        match self {
            Self::Full => None,
            Self::Timed => Some(0),
            Self::Retransmissions(_) => Some(1),
            Self::Priority(_) => Some(2),
        }
    }
}

/// Messages given up by one policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Abandoned {
    /// Before any part of them was sent.
    pub unsent: u64,
    /// After a part of them was sent.
    pub sent: u64,
}
