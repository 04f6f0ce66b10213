//! Chunks: one struct per type, the enum over them, and what to do with an unknown one (RFC 9260 §3.2).

mod asconf;
mod auth;
mod codec;
mod data;
mod forward_tsn;
mod init;
mod sack;

use crate::{AsconfSerial, Params, RawChunk, Tsn};

pub use asconf::Asconf;
pub use auth::Auth;
pub use data::{Data, IData};
pub use forward_tsn::{ForwardTsn, IForwardTsn, SkippedMessages, SkippedStreams};
pub use init::Init;
pub use sack::{Duplicates, GapBlock, GapBlocks, NrSack, Sack};

/// Octets of a chunk header: type, flags, length.
pub(crate) const CHUNK_HEADER_LEN: usize = 4;

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
    Heartbeat {
        info: &'a [u8],
    },
    /// The parameter of the HEARTBEAT, octet for octet.
    HeartbeatAck {
        info: &'a [u8],
    },
    /// `tag_reflected`: the T bit. `causes`: see [`crate::Causes`].
    Abort {
        tag_reflected: bool,
        causes: &'a [u8],
    },
    Error {
        causes: &'a [u8],
    },
    Shutdown {
        cumulative: Tsn,
    },
    ShutdownAck,
    ShutdownComplete {
        tag_reflected: bool,
    },
    CookieEcho {
        cookie: &'a [u8],
    },
    CookieAck,
    /// ECNE (RFC 9260 Appendix A).
    Ecne {
        lowest: Tsn,
    },
    Cwr {
        lowest: Tsn,
    },
    Auth(Auth<'a>),
    Asconf(Asconf<'a>),
    AsconfAck {
        serial: AsconfSerial,
        params: Params<'a>,
    },
    /// One or two RE-CONFIG parameters (RFC 6525 §3.1).
    ReConfig {
        params: Params<'a>,
    },
    ForwardTsn(ForwardTsn<'a>),
    IForwardTsn(IForwardTsn<'a>),
    /// `padding`: how many octets of value; they are written as zeros and not read.
    Pad {
        padding: u16,
    },
    Unknown(RawChunk<'a>),
}

impl Chunk<'_> {
    /// Type of this chunk.
    pub fn kind(&self) -> ChunkType {
        match self {
            Self::Data(_) => ChunkType::DATA,
            Self::IData(_) => ChunkType::I_DATA,
            Self::Init(_) => ChunkType::INIT,
            Self::InitAck(_) => ChunkType::INIT_ACK,
            Self::Sack(_) => ChunkType::SACK,
            Self::NrSack(_) => ChunkType::NR_SACK,
            Self::Heartbeat { .. } => ChunkType::HEARTBEAT,
            Self::HeartbeatAck { .. } => ChunkType::HEARTBEAT_ACK,
            Self::Abort { .. } => ChunkType::ABORT,
            Self::Error { .. } => ChunkType::ERROR,
            Self::Shutdown { .. } => ChunkType::SHUTDOWN,
            Self::ShutdownAck => ChunkType::SHUTDOWN_ACK,
            Self::ShutdownComplete { .. } => ChunkType::SHUTDOWN_COMPLETE,
            Self::CookieEcho { .. } => ChunkType::COOKIE_ECHO,
            Self::CookieAck => ChunkType::COOKIE_ACK,
            Self::Ecne { .. } => ChunkType::ECNE,
            Self::Cwr { .. } => ChunkType::CWR,
            Self::Auth(_) => ChunkType::AUTH,
            Self::Asconf(_) => ChunkType::ASCONF,
            Self::AsconfAck { .. } => ChunkType::ASCONF_ACK,
            Self::ReConfig { .. } => ChunkType::RE_CONFIG,
            Self::ForwardTsn(_) => ChunkType::FORWARD_TSN,
            Self::IForwardTsn(_) => ChunkType::I_FORWARD_TSN,
            Self::Pad { .. } => ChunkType::PAD,
            Self::Unknown(raw) => raw.kind,
        }
    }
}
