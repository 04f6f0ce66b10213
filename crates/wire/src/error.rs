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
    /// A chunk whose fixed part is cut short.
    ChunkTooShort,
    /// A parameter of a length that its type does not allow.
    ParameterLength,
    /// A value that its field does not allow (a zero initiate tag, no streams, gap blocks out of order, …).
    Value,
}
