//! What was wrong with octets that did not decode.

/// Why octets could not be read as what they claim to be. The packet or chunk is dropped and counted under this reason,
/// or answered with the error cause that RFC 9260 names for it; `proto::fault` decides which.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// Fewer octets than a common header.
    PacketTooShort,
    /// A source or destination port of zero.
    ZeroPort,
    /// The checksum does not match and is not an acceptable zero (RFC 9653).
    Checksum,
    /// A chunk or parameter length below its header, or beyond the octets that are there.
    Length,
    /// A chunk whose fixed part, or what a count in it announces, is cut short.
    ChunkTooShort,
    /// A parameter of a length that its type does not allow.
    ParameterLength,
    /// A value that its field does not allow and that nothing is answered to: the initiate tag 0 of an INIT (RFC 9260
    /// §3.3.2), or another parameter where an IPv4 or IPv6 address must stand (RFC 5061 §4.1.1). Values that must be
    /// answered decode: see [`crate::Init`] and [`crate::Data`].
    Value,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::PacketTooShort => "shorter than a common header",
            Self::ZeroPort => "port 0",
            Self::Checksum => "wrong checksum",
            Self::Length => "length field below its header or beyond the end",
            Self::ChunkTooShort => "chunk cut short",
            Self::ParameterLength => "parameter of a length that its type does not allow",
            Self::Value => "value that its field does not allow",
        })
    }
}

impl core::error::Error for DecodeError {}
