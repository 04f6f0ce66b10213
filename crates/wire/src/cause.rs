//! Error causes of ABORT and ERROR (RFC 9260 §3.3.10, RFC 4895 §4.2, RFC 5061 §4.3).

use alloc::vec::Vec;

use crate::{DecodeError, StreamId, Tsn};

/// Cause code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CauseCode(pub u16);

#[allow(missing_docs, reason = "the names are those of the IANA registry")]
impl CauseCode {
    pub const INVALID_STREAM: Self = Self(1);
    pub const MISSING_PARAMETER: Self = Self(2);
    pub const STALE_COOKIE: Self = Self(3);
    pub const OUT_OF_RESOURCE: Self = Self(4);
    pub const UNRESOLVABLE_ADDRESS: Self = Self(5);
    pub const UNRECOGNIZED_CHUNK: Self = Self(6);
    pub const INVALID_PARAMETER: Self = Self(7);
    pub const UNRECOGNIZED_PARAMETERS: Self = Self(8);
    pub const NO_USER_DATA: Self = Self(9);
    pub const COOKIE_WHILE_SHUTTING_DOWN: Self = Self(10);
    pub const RESTART_WITH_NEW_ADDRESSES: Self = Self(11);
    pub const USER_INITIATED_ABORT: Self = Self(12);
    pub const PROTOCOL_VIOLATION: Self = Self(13);
    pub const DELETE_LAST_ADDRESS: Self = Self(0xa0);
    pub const ASCONF_RESOURCE: Self = Self(0xa1);
    pub const DELETE_SOURCE_ADDRESS: Self = Self(0xa2);
    pub const ILLEGAL_ASCONF_ACK: Self = Self(0xa3);
    pub const NO_AUTHORIZATION: Self = Self(0xa4);
    pub const UNSUPPORTED_HMAC: Self = Self(0x105);
}

/// One error cause.
#[derive(Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of the RFCs")]
#[non_exhaustive]
pub enum Cause<'a> {
    InvalidStream(StreamId),
    /// Big-endian 16-bit parameter types.
    MissingParameter(&'a [u8]),
    /// Microseconds beyond the cookie's life.
    StaleCookie(u32),
    OutOfResource,
    UnresolvableAddress(&'a [u8]),
    UnrecognizedChunk(&'a [u8]),
    InvalidParameter,
    UnrecognizedParameters(&'a [u8]),
    NoUserData(Tsn),
    CookieWhileShuttingDown,
    RestartWithNewAddresses(&'a [u8]),
    UserInitiatedAbort(&'a [u8]),
    ProtocolViolation(&'a [u8]),
    UnsupportedHmac(u16),
    /// Any other, with its value.
    Other(CauseCode, &'a [u8]),
}

impl Cause<'_> {
    /// Code of this cause.
    pub fn code(&self) -> CauseCode {
        todo!()
    }

    /// Appends the cause with its header and padding.
    pub fn encode(&self, _to: &mut Vec<u8>) {
        todo!()
    }
}

/// One cause's octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RawCause<'a> {
    /// Cause code.
    pub code: CauseCode,
    /// Value without header and padding.
    pub value: &'a [u8],
    /// Header and value.
    pub octets: &'a [u8],
}

impl<'a> RawCause<'a> {
    /// Reads the value by the code.
    ///
    /// # Errors
    /// [`DecodeError::ParameterLength`].
    pub fn decode(&self) -> Result<Cause<'a>, DecodeError> {
        todo!()
    }
}

/// Walks the causes of an ABORT or ERROR; after an error it ends.
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    /// What is left.
    pub rest: &'a [u8],
}

impl<'a> Iterator for Causes<'a> {
    type Item = Result<RawCause<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}
