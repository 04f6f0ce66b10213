//! Parameters of INIT, INIT ACK, ASCONF, ASCONF-ACK and RE-CONFIG (RFC 9260 §3.2.1).

mod address;
mod decode;
mod encode;
mod list;
mod reconfig;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{AdaptationCode, AsconfSerial, ChunkType, RequestNumber, Tsn, UnknownAction};

pub(crate) use address::{address_len, read_address, write_address};
pub use list::{ParamIter, Params, RawParams};
pub use reconfig::{ReconfigTsns, StreamList};

/// Parameter type.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ParamType(pub u16);

#[allow(missing_docs, reason = "the names are those of the IANA registry")]
impl ParamType {
    pub const HEARTBEAT_INFO: Self = Self(1);
    pub const IPV4_ADDRESS: Self = Self(5);
    pub const IPV6_ADDRESS: Self = Self(6);
    pub const STATE_COOKIE: Self = Self(7);
    pub const UNRECOGNIZED: Self = Self(8);
    pub const COOKIE_PRESERVATIVE: Self = Self(9);
    pub const HOST_NAME_ADDRESS: Self = Self(11);
    pub const SUPPORTED_ADDRESS_TYPES: Self = Self(12);
    pub const OUTGOING_RESET: Self = Self(13);
    pub const INCOMING_RESET: Self = Self(14);
    pub const TSN_RESET: Self = Self(15);
    pub const RECONFIG_RESPONSE: Self = Self(16);
    pub const ADD_OUTGOING: Self = Self(17);
    pub const ADD_INCOMING: Self = Self(18);
    pub const ECN_CAPABLE: Self = Self(0x8000);
    pub const ZERO_CHECKSUM: Self = Self(0x8001);
    pub const RANDOM: Self = Self(0x8002);
    pub const CHUNK_LIST: Self = Self(0x8003);
    pub const HMAC_ALGORITHMS: Self = Self(0x8004);
    pub const PADDING: Self = Self(0x8005);
    pub const SUPPORTED_EXTENSIONS: Self = Self(0x8008);
    pub const FORWARD_TSN_SUPPORTED: Self = Self(0xc000);
    pub const ADD_ADDRESS: Self = Self(0xc001);
    pub const DELETE_ADDRESS: Self = Self(0xc002);
    pub const ERROR_CAUSE: Self = Self(0xc003);
    pub const SET_PRIMARY: Self = Self(0xc004);
    pub const SUCCESS: Self = Self(0xc005);
    pub const ADAPTATION: Self = Self(0xc006);

    /// What the two highest bits say about a parameter of a type that is not known (RFC 9260 §3.2.1).
    #[must_use]
    pub const fn unknown_action(self) -> UnknownAction {
        UnknownAction { skip: self.0 & 0x8000 != 0, report: self.0 & 0x4000 != 0 }
    }
}

/// A parameter's octets, unread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RawParam<'a> {
    /// Parameter type.
    pub kind: ParamType,
    /// Value without header and padding.
    pub value: &'a [u8],
    /// Header and value, for an "Unrecognized Parameter" report.
    pub octets: &'a [u8],
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names of the RFCs")]
#[non_exhaustive]
pub enum Param<'a> {
    HeartbeatInfo(&'a [u8]),
    Ipv4Address(Ipv4Addr),
    Ipv6Address(Ipv6Addr),
    StateCookie(&'a [u8]),
    /// Octets of the parameter that was not recognized, header included.
    Unrecognized(&'a [u8]),
    /// Suggested increment of the cookie's life, milliseconds.
    CookiePreservative(u32),
    HostNameAddress(&'a [u8]),
    /// Big-endian 16-bit address types: 5 IPv4, 6 IPv6.
    SupportedAddressTypes(&'a [u8]),
    EcnCapable,
    /// RFC 9653: error detection method identifier.
    ZeroChecksum(u32),
    /// RFC 4895 §3.1.
    Random(&'a [u8]),
    /// RFC 4895 §3.2: chunk types, one octet each.
    ChunkList(&'a [u8]),
    /// RFC 4895 §3.3: big-endian 16-bit HMAC identifiers.
    HmacAlgorithms(&'a [u8]),
    /// RFC 4820: how many octets of value.
    Padding(u16),
    /// RFC 5061 §4.2.7: chunk types, one octet each.
    SupportedExtensions(&'a [u8]),
    ForwardTsnSupported,
    Adaptation(AdaptationCode),
    /// RFC 5061 §4.2: `id` correlates request and answer.
    AddAddress {
        id: AsconfSerial,
        address: IpAddr,
    },
    DeleteAddress {
        id: AsconfSerial,
        address: IpAddr,
    },
    SetPrimary {
        id: AsconfSerial,
        address: IpAddr,
    },
    ErrorCause {
        id: AsconfSerial,
        causes: &'a [u8],
    },
    Success {
        id: AsconfSerial,
    },
    /// RFC 6525 §4. `streams`: big-endian 16-bit stream numbers; none means all.
    OutgoingReset {
        request: RequestNumber,
        response: RequestNumber,
        last_tsn: Tsn,
        streams: StreamList<'a>,
    },
    IncomingReset {
        request: RequestNumber,
        streams: StreamList<'a>,
    },
    TsnReset {
        request: RequestNumber,
    },
    ReconfigResponse {
        response: RequestNumber,
        result: u32,
        tsns: Option<ReconfigTsns>,
    },
    AddOutgoing {
        request: RequestNumber,
        streams: u16,
    },
    AddIncoming {
        request: RequestNumber,
        streams: u16,
    },
    Unknown(RawParam<'a>),
}

impl Param<'_> {
    /// Type of this parameter.
    pub fn kind(&self) -> ParamType {
        match self {
            Self::HeartbeatInfo(_) => ParamType::HEARTBEAT_INFO,
            Self::Ipv4Address(_) => ParamType::IPV4_ADDRESS,
            Self::Ipv6Address(_) => ParamType::IPV6_ADDRESS,
            Self::StateCookie(_) => ParamType::STATE_COOKIE,
            Self::Unrecognized(_) => ParamType::UNRECOGNIZED,
            Self::CookiePreservative(_) => ParamType::COOKIE_PRESERVATIVE,
            Self::HostNameAddress(_) => ParamType::HOST_NAME_ADDRESS,
            Self::SupportedAddressTypes(_) => ParamType::SUPPORTED_ADDRESS_TYPES,
            Self::EcnCapable => ParamType::ECN_CAPABLE,
            Self::ZeroChecksum(_) => ParamType::ZERO_CHECKSUM,
            Self::Random(_) => ParamType::RANDOM,
            Self::ChunkList(_) => ParamType::CHUNK_LIST,
            Self::HmacAlgorithms(_) => ParamType::HMAC_ALGORITHMS,
            Self::Padding(_) => ParamType::PADDING,
            Self::SupportedExtensions(_) => ParamType::SUPPORTED_EXTENSIONS,
            Self::ForwardTsnSupported => ParamType::FORWARD_TSN_SUPPORTED,
            Self::Adaptation(_) => ParamType::ADAPTATION,
            Self::AddAddress { .. } => ParamType::ADD_ADDRESS,
            Self::DeleteAddress { .. } => ParamType::DELETE_ADDRESS,
            Self::SetPrimary { .. } => ParamType::SET_PRIMARY,
            Self::ErrorCause { .. } => ParamType::ERROR_CAUSE,
            Self::Success { .. } => ParamType::SUCCESS,
            Self::OutgoingReset { .. } => ParamType::OUTGOING_RESET,
            Self::IncomingReset { .. } => ParamType::INCOMING_RESET,
            Self::TsnReset { .. } => ParamType::TSN_RESET,
            Self::ReconfigResponse { .. } => ParamType::RECONFIG_RESPONSE,
            Self::AddOutgoing { .. } => ParamType::ADD_OUTGOING,
            Self::AddIncoming { .. } => ParamType::ADD_INCOMING,
            Self::Unknown(raw) => raw.kind,
        }
    }
}

/// Chunk types listed in `octets`, one octet each (Supported Extensions, CHUNKS).
pub fn chunk_types(octets: &[u8]) -> impl Iterator<Item = ChunkType> + '_ {
    octets.iter().map(|&octet| ChunkType(octet))
}

/// Numbers of 16 bits listed in `octets` (Supported Address Types, HMAC-ALGO, "Missing Mandatory Parameter").
pub fn numbers(octets: &[u8]) -> impl Iterator<Item = u16> + '_ {
    octets.as_chunks().0.iter().map(|&number| u16::from_be_bytes(number))
}
