//! Chunks: one struct per type, the enum over them, and what to do with an unknown one (RFC 9260 §3.2).

use crate::{AsconfSerial, Fsn, KeyId, Mid, Params, Ppid, RawChunk, Ssn, StreamId, Tsn, VerificationTag};

/// Chunk type. Types that this crate does not know are carried as numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ChunkType(pub u8);

#[allow(missing_docs, reason = "the names are those of the IANA registry")]
impl ChunkType {
    pub const DATA: Self = Self(0);
    pub const INIT: Self = Self(1);
    pub const INIT_ACK: Self = Self(2);
    pub const SACK: Self = Self(3);
    pub const HEARTBEAT: Self = Self(4);
    pub const HEARTBEAT_ACK: Self = Self(5);
    pub const ABORT: Self = Self(6);
    pub const SHUTDOWN: Self = Self(7);
    pub const SHUTDOWN_ACK: Self = Self(8);
    pub const ERROR: Self = Self(9);
    pub const COOKIE_ECHO: Self = Self(10);
    pub const COOKIE_ACK: Self = Self(11);
    pub const ECNE: Self = Self(12);
    pub const CWR: Self = Self(13);
    pub const SHUTDOWN_COMPLETE: Self = Self(14);
    pub const AUTH: Self = Self(15);
    /// NR-SACK, as FreeBSD speaks it (draft-natarajan-tsvwg-sctp-nrsack).
    pub const NR_SACK: Self = Self(16);
    pub const I_DATA: Self = Self(64);
    pub const ASCONF_ACK: Self = Self(128);
    pub const RE_CONFIG: Self = Self(130);
    pub const PAD: Self = Self(132);
    pub const FORWARD_TSN: Self = Self(192);
    pub const ASCONF: Self = Self(193);
    pub const I_FORWARD_TSN: Self = Self(194);

    /// What the two highest bits say about a chunk of a type that is not known (RFC 9260 §3.2).
    #[must_use]
    pub const fn unknown_action(self) -> UnknownAction {
        UnknownAction { skip: self.0 & 0x80 != 0, report: self.0 & 0x40 != 0 }
    }
}

/// What to do with a chunk or parameter of an unknown type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownAction {
    /// Go on behind it; otherwise stop and leave out the rest of the packet (of the parameters).
    pub skip: bool,
    /// Report it to the sender.
    pub report: bool,
}

/// One chunk, borrowed from the octets it was read from.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is named after its struct")]
#[non_exhaustive]
pub enum Chunk<'a> {
    Data(Data<'a>),
    IData(IData<'a>),
    Init(Init<'a>),
    InitAck(Init<'a>),
    Sack(Sack<'a>),
    NrSack(NrSack<'a>),
    /// Value: one Heartbeat Info parameter, opaque to the peer; the octets of the whole parameter, to be echoed.
    Heartbeat { info: &'a [u8] },
    /// The parameter of the HEARTBEAT, octet for octet.
    HeartbeatAck { info: &'a [u8] },
    /// `tag_reflected`: the T bit. `causes`: see [`crate::Causes`].
    Abort { tag_reflected: bool, causes: &'a [u8] },
    Error { causes: &'a [u8] },
    Shutdown { cumulative: Tsn },
    ShutdownAck,
    ShutdownComplete { tag_reflected: bool },
    CookieEcho { cookie: &'a [u8] },
    CookieAck,
    /// ECNE (RFC 9260 Appendix A).
    Ecne { lowest: Tsn },
    Cwr { lowest: Tsn },
    Auth(Auth<'a>),
    Asconf(Asconf<'a>),
    AsconfAck { serial: AsconfSerial, params: Params<'a> },
    /// One or two RE-CONFIG parameters (RFC 6525 §3.1).
    ReConfig { params: Params<'a> },
    ForwardTsn(ForwardTsn<'a>),
    IForwardTsn(IForwardTsn<'a>),
    /// `padding`: how many octets of value; they are written as zeros and not read.
    Pad { padding: u16 },
    Unknown(RawChunk<'a>),
}

impl Chunk<'_> {
    /// Type of this chunk.
    pub fn kind(&self) -> ChunkType {
        todo!()
    }

    /// Octets on the wire, chunk header included, padding not.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Never: a chunk has at least its header.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// DATA (RFC 9260 §3.3.1; the I bit: RFC 7053 §3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Data<'a> {
    pub tsn: Tsn,
    pub stream: StreamId,
    pub ssn: Ssn,
    pub ppid: Ppid,
    pub unordered: bool,
    pub beginning: bool,
    pub ending: bool,
    pub immediate: bool,
    /// Never empty in a decoded chunk... except that the empty one is reported by the receiver as "No User Data".
    pub payload: &'a [u8],
}

/// I-DATA (RFC 8260 §2.1). `ppid` counts in the first fragment, `fsn` in the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct IData<'a> {
    pub tsn: Tsn,
    pub stream: StreamId,
    pub mid: Mid,
    pub ppid: Ppid,
    pub fsn: Fsn,
    pub unordered: bool,
    pub beginning: bool,
    pub ending: bool,
    pub immediate: bool,
    pub payload: &'a [u8],
}

/// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Init<'a> {
    pub initiate_tag: VerificationTag,
    /// Advertised receiver window credit, octets.
    pub a_rwnd: u32,
    pub outbound_streams: u16,
    pub inbound_streams: u16,
    pub initial_tsn: Tsn,
    pub params: Params<'a>,
}

/// SACK (RFC 9260 §3.3.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Sack<'a> {
    pub cumulative: Tsn,
    /// Octets.
    pub a_rwnd: u32,
    pub gaps: GapBlocks<'a>,
    pub duplicates: Duplicates<'a>,
}

/// NR-SACK as FreeBSD sends it: gap blocks that may and that may not be reneged on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct NrSack<'a> {
    pub cumulative: Tsn,
    pub a_rwnd: u32,
    pub gaps: GapBlocks<'a>,
    pub non_renegable: GapBlocks<'a>,
    pub duplicates: Duplicates<'a>,
}

/// One gap ack block: offsets from the cumulative TSN, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct GapBlock {
    pub start: u16,
    pub end: u16,
}

/// Gap ack blocks: as read (big-endian octets), or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum GapBlocks<'a> {
    Wire(&'a [u8]),
    Values(&'a [GapBlock]),
}

impl<'a> GapBlocks<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In the order of the chunk, unchecked: a peer may send blocks that overlap, touch, stand out of order or have
    /// their end before their start.
    pub fn iter(&self) -> impl Iterator<Item = GapBlock> + use<'a> {
        todo!() as core::iter::Empty<GapBlock>
    }
}

impl PartialEq for GapBlocks<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for GapBlocks<'_> {}

/// Duplicate TSNs: as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Duplicates<'a> {
    Wire(&'a [u8]),
    Values(&'a [Tsn]),
}

impl<'a> Duplicates<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In the order of the chunk.
    pub fn iter(&self) -> impl Iterator<Item = Tsn> + use<'a> {
        todo!() as core::iter::Empty<Tsn>
    }
}

impl PartialEq for Duplicates<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for Duplicates<'_> {}

/// AUTH (RFC 4895 §4.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Auth<'a> {
    pub key: KeyId,
    /// HMAC identifier: 1 SHA-1, 3 SHA-256.
    pub hmac_id: u16,
    pub hmac: &'a [u8],
}

/// ASCONF (RFC 5061 §4.1.1).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Asconf<'a> {
    pub serial: AsconfSerial,
    /// The address parameter by which the association may be looked up.
    pub address: core::net::IpAddr,
    pub params: Params<'a>,
}

/// FORWARD TSN (RFC 3758 §3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct ForwardTsn<'a> {
    pub cumulative: Tsn,
    pub skipped: SkippedStreams<'a>,
}

/// I-FORWARD-TSN (RFC 8260 §2.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct IForwardTsn<'a> {
    pub cumulative: Tsn,
    pub skipped: SkippedMessages<'a>,
}

/// Streams and the last SSN skipped on each: as read, or a slice to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "see the type")]
pub enum SkippedStreams<'a> {
    Wire(&'a [u8]),
    Values(&'a [(StreamId, Ssn)]),
}

/// Streams and the last MID skipped on each (`true`: unordered): as read, or a slice to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "see the type")]
pub enum SkippedMessages<'a> {
    Wire(&'a [u8]),
    Values(&'a [(StreamId, bool, Mid)]),
}
