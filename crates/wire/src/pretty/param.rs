//! Parameters and error causes as text.

use core::fmt;

use super::{Octets, list};
use crate::{Cause, Causes, Param, StreamList, chunk_types, numbers};

impl fmt::Display for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)?;
        match self {
            Self::EcnCapable | Self::ForwardTsnSupported => Ok(()),
            Self::Ipv4Address(address) => write!(f, " {address}"),
            Self::Ipv6Address(address) => write!(f, " {address}"),
            Self::StateCookie(value) | Self::HeartbeatInfo(value) | Self::Random(value) => {
                write!(f, " {} octets", value.len())
            }
            Self::Unrecognized(value) | Self::HostNameAddress(value) => write!(f, " {}", Octets(value)),
            Self::CookiePreservative(milliseconds) => write!(f, " {milliseconds} ms"),
            Self::SupportedAddressTypes(types) | Self::HmacAlgorithms(types) => {
                f.write_str(" ")?;
                list(f, numbers(types))
            }
            Self::ZeroChecksum(method) => write!(f, " method {method}"),
            Self::ChunkList(types) | Self::SupportedExtensions(types) => {
                f.write_str(" ")?;
                list(f, chunk_types(types))
            }
            Self::Padding(length) => write!(f, " {length} octets"),
            Self::Adaptation(code) => write!(f, " {:#x}", code.0),
            Self::AddAddress { id, address }
            | Self::DeleteAddress { id, address }
            | Self::SetPrimary { id, address } => {
                write!(f, " id {id} {address}")
            }
            Self::ErrorCause { id, causes } => {
                write!(f, " id {id} ")?;
                list(f, Causes::new(causes).flatten().map(|cause| cause.code))
            }
            Self::Success { id } => write!(f, " id {id}"),
            Self::Unknown(raw) => write!(f, " {}", Octets(raw.value)),
            reconfig => write_reconfig(f, reconfig),
        }
    }
}

fn write_reconfig(f: &mut fmt::Formatter<'_>, param: &Param<'_>) -> fmt::Result {
    match param {
        Param::OutgoingReset { request, response, last_tsn, streams } => {
            write!(f, " request {request} response {response} last tsn {last_tsn} ")?;
            write_streams(f, streams)
        }
        Param::IncomingReset { request, streams } => {
            write!(f, " request {request} ")?;
            write_streams(f, streams)
        }
        Param::TsnReset { request } => write!(f, " request {request}"),
        Param::ReconfigResponse { response, result, tsns } => {
            write!(f, " response {response} result {result}")?;
            match tsns {
                Some(tsns) => write!(f, " next tsns {} {}", tsns.sender_next, tsns.receiver_next),
                None => Ok(()),
            }
        }
        Param::AddOutgoing { request, streams } | Param::AddIncoming { request, streams } => {
            write!(f, " request {request} streams {streams}")
        }
        _ => Ok(()),
    }
}

fn write_streams(f: &mut fmt::Formatter<'_>, streams: &StreamList<'_>) -> fmt::Result {
    if streams.is_empty() {
        return f.write_str("all streams");
    }
    f.write_str("streams ")?;
    list(f, streams.iter().map(|stream| stream.0))
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)?;
        match self {
            Self::InvalidStream(stream) => write!(f, " {}", stream.0),
            Self::MissingParameter(types) => {
                f.write_str(" ")?;
                list(f, numbers(types).map(crate::ParamType))
            }
            Self::StaleCookie(microseconds) => write!(f, " {microseconds} us"),
            Self::OutOfResource | Self::InvalidParameter | Self::CookieWhileShuttingDown => Ok(()),
            Self::NoUserData(tsn) => write!(f, " tsn {tsn}"),
            Self::UnsupportedHmac(id) => write!(f, " {id}"),
            Self::UnresolvableAddress(value)
            | Self::UnrecognizedChunk(value)
            | Self::UnrecognizedParameters(value)
            | Self::RestartWithNewAddresses(value)
            | Self::UserInitiatedAbort(value)
            | Self::ProtocolViolation(value)
            | Self::Other(_, value) => write!(f, " {}", Octets(value)),
        }
    }
}
