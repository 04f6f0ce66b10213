//! Identifiers of the protocol: numbers that are compared for equality only.

/// Stream identifier (RFC 9260 §3.3.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId(pub u16);

/// Payload Protocol Identifier: four octets in the order of the wire. SCTP never interprets or swaps them
/// (RFC 9260 §3.3.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Ppid(pub [u8; 4]);

/// Verification tag (RFC 9260 §3.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct VerificationTag(pub u32);

/// Adaptation layer indication (RFC 5061 §4.2.6).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct AdaptationCode(pub u32);

/// Identifier of a shared key (RFC 4895 §4.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct KeyId(pub u16);
