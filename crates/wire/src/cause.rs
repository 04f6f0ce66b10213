//! Error causes of ABORT and ERROR (RFC 9260 §3.3.10, RFC 4895 §4.1, RFC 5061 §4.3).

use alloc::vec::Vec;

use crate::{
    DecodeError, StreamId, Tsn,
    reader::Reader,
    tlv::{self, TLV_HEADER_LEN},
    writer::Writer,
};

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
        match self {
            Self::InvalidStream(_) => CauseCode::INVALID_STREAM,
            Self::MissingParameter(_) => CauseCode::MISSING_PARAMETER,
            Self::StaleCookie(_) => CauseCode::STALE_COOKIE,
            Self::OutOfResource => CauseCode::OUT_OF_RESOURCE,
            Self::UnresolvableAddress(_) => CauseCode::UNRESOLVABLE_ADDRESS,
            Self::UnrecognizedChunk(_) => CauseCode::UNRECOGNIZED_CHUNK,
            Self::InvalidParameter => CauseCode::INVALID_PARAMETER,
            Self::UnrecognizedParameters(_) => CauseCode::UNRECOGNIZED_PARAMETERS,
            Self::NoUserData(_) => CauseCode::NO_USER_DATA,
            Self::CookieWhileShuttingDown => CauseCode::COOKIE_WHILE_SHUTTING_DOWN,
            Self::RestartWithNewAddresses(_) => CauseCode::RESTART_WITH_NEW_ADDRESSES,
            Self::UserInitiatedAbort(_) => CauseCode::USER_INITIATED_ABORT,
            Self::ProtocolViolation(_) => CauseCode::PROTOCOL_VIOLATION,
            Self::UnsupportedHmac(_) => CauseCode::UNSUPPORTED_HMAC,
            Self::Other(code, _) => *code,
        }
    }

    /// Octets of the cause with its header, without padding.
    pub fn len(&self) -> usize {
        let value = match self {
            Self::InvalidStream(_) | Self::StaleCookie(_) | Self::NoUserData(_) => 4,
            Self::MissingParameter(types) => types.len().saturating_add(4),
            Self::OutOfResource | Self::InvalidParameter | Self::CookieWhileShuttingDown => 0,
            Self::UnsupportedHmac(_) => 2,
            Self::UnresolvableAddress(value)
            | Self::UnrecognizedChunk(value)
            | Self::UnrecognizedParameters(value)
            | Self::RestartWithNewAddresses(value)
            | Self::UserInitiatedAbort(value)
            | Self::ProtocolViolation(value)
            | Self::Other(_, value) => value.len(),
        };
        value.saturating_add(TLV_HEADER_LEN)
    }

    /// Never: a cause has at least its header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Appends the cause with its header and padding. An ABORT or ERROR of several causes is these appended one after
    /// another; the chunk's length leaves out the padding of the last (RFC 9260 §3.2).
    ///
    /// A cause whose length its field of 16 bits cannot hold (a report of a chunk of nearly that length) is cut to
    /// 65,532 octets.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let start = to.len();
        let mut writer = Writer::new(to);
        writer.tlv(self.code().0, |writer| self.write_value(writer));
        let written = to.len().saturating_sub(start);
        Writer::new(to).pad(written);
    }

    fn write_value(&self, writer: &mut Writer<'_>) {
        match self {
            Self::InvalidStream(stream) => {
                writer.u16(stream.0);
                writer.u16(0);
            }
            Self::MissingParameter(types) => {
                writer.u32(u32::try_from(types.len() / 2).unwrap_or(u32::MAX));
                writer.bytes(types);
            }
            Self::StaleCookie(microseconds) => writer.u32(*microseconds),
            Self::NoUserData(tsn) => writer.u32(tsn.0),
            Self::OutOfResource | Self::InvalidParameter | Self::CookieWhileShuttingDown => {}
            Self::UnsupportedHmac(id) => writer.u16(*id),
            Self::UnresolvableAddress(value)
            | Self::UnrecognizedChunk(value)
            | Self::UnrecognizedParameters(value)
            | Self::RestartWithNewAddresses(value)
            | Self::UserInitiatedAbort(value)
            | Self::ProtocolViolation(value)
            | Self::Other(_, value) => writer.bytes(value),
        }
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
    /// Reads the value by the code. Octets behind the fields of a cause are not looked at, since some stacks put text
    /// there; the value of a cause without fields likewise.
    ///
    /// # Errors
    /// [`DecodeError::ParameterLength`] when fields are not all there.
    pub fn decode(&self) -> Result<Cause<'a>, DecodeError> {
        let mut value = Reader::of_param(self.value);
        Ok(match self.code {
            CauseCode::INVALID_STREAM => Cause::InvalidStream(StreamId(value.u16()?)),
            CauseCode::MISSING_PARAMETER => {
                let count = usize::try_from(value.u32()?).map_err(|_| DecodeError::ParameterLength)?;
                Cause::MissingParameter(value.take(count.saturating_mul(2))?)
            }
            CauseCode::STALE_COOKIE => Cause::StaleCookie(value.u32()?),
            CauseCode::OUT_OF_RESOURCE => Cause::OutOfResource,
            CauseCode::UNRESOLVABLE_ADDRESS => Cause::UnresolvableAddress(self.value),
            CauseCode::UNRECOGNIZED_CHUNK => Cause::UnrecognizedChunk(self.value),
            CauseCode::INVALID_PARAMETER => Cause::InvalidParameter,
            CauseCode::UNRECOGNIZED_PARAMETERS => Cause::UnrecognizedParameters(self.value),
            CauseCode::NO_USER_DATA => Cause::NoUserData(Tsn(value.u32()?)),
            CauseCode::COOKIE_WHILE_SHUTTING_DOWN => Cause::CookieWhileShuttingDown,
            CauseCode::RESTART_WITH_NEW_ADDRESSES => Cause::RestartWithNewAddresses(self.value),
            CauseCode::USER_INITIATED_ABORT => Cause::UserInitiatedAbort(self.value),
            CauseCode::PROTOCOL_VIOLATION => Cause::ProtocolViolation(self.value),
            CauseCode::UNSUPPORTED_HMAC => Cause::UnsupportedHmac(value.u16()?),
            code => Cause::Other(code, self.value),
        })
    }
}

/// Walks the causes of an ABORT or ERROR; after an error it ends.
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    /// What is left.
    pub rest: &'a [u8],
}

impl<'a> Causes<'a> {
    /// Walks `causes`, the value of an ABORT or ERROR.
    #[must_use]
    pub const fn new(causes: &'a [u8]) -> Self {
        Self { rest: causes }
    }
}

impl<'a> Iterator for Causes<'a> {
    type Item = Result<RawCause<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = tlv::next(&mut self.rest)?;
        Some(next.map(|tlv| RawCause { code: CauseCode(tlv.kind), value: tlv.value, octets: tlv.octets }))
    }
}

impl core::iter::FusedIterator for Causes<'_> {}
