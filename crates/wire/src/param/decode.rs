//! Reading one parameter.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    Param, ParamType, RawParam, read_address,
    reconfig::{read_added_streams, read_incoming_reset, read_outgoing_reset, read_response},
};
use crate::{AdaptationCode, AsconfSerial, DecodeError, RequestNumber, reader::Reader};

impl<'a> RawParam<'a> {
    /// Reads the value by the type; a type that this crate does not know becomes [`Param::Unknown`].
    ///
    /// The value of a parameter that only announces a feature (ECN Capable, Forward-TSN-Supported) is not looked at.
    ///
    /// # Errors
    /// [`DecodeError::ParameterLength`] for a length that the type does not allow; [`DecodeError::Value`] and
    /// [`DecodeError::Length`] for what stands where an address to be added, deleted or made primary should.
    pub fn decode(&self) -> Result<Param<'a>, DecodeError> {
        let mut value = Reader::of_param(self.value);
        Ok(match self.kind {
            ParamType::HEARTBEAT_INFO => Param::HeartbeatInfo(self.value),
            ParamType::IPV4_ADDRESS => Param::Ipv4Address(Ipv4Addr::from(only(&mut value, Reader::array::<4>)?)),
            ParamType::IPV6_ADDRESS => Param::Ipv6Address(Ipv6Addr::from(only(&mut value, Reader::array::<16>)?)),
            ParamType::STATE_COOKIE => Param::StateCookie(self.value),
            ParamType::UNRECOGNIZED => Param::Unrecognized(self.value),
            ParamType::COOKIE_PRESERVATIVE => Param::CookiePreservative(only(&mut value, Reader::u32)?),
            ParamType::HOST_NAME_ADDRESS => Param::HostNameAddress(self.value),
            ParamType::SUPPORTED_ADDRESS_TYPES => Param::SupportedAddressTypes(value.elements(2)?),
            ParamType::ECN_CAPABLE => Param::EcnCapable,
            ParamType::ZERO_CHECKSUM => Param::ZeroChecksum(only(&mut value, Reader::u32)?),
            ParamType::RANDOM => Param::Random(self.value),
            ParamType::CHUNK_LIST => Param::ChunkList(self.value),
            ParamType::HMAC_ALGORITHMS => Param::HmacAlgorithms(value.elements(2)?),
            ParamType::PADDING => Param::Padding(u16::try_from(self.value.len()).unwrap_or(u16::MAX)),
            ParamType::SUPPORTED_EXTENSIONS => Param::SupportedExtensions(self.value),
            ParamType::FORWARD_TSN_SUPPORTED => Param::ForwardTsnSupported,
            ParamType::ADAPTATION => Param::Adaptation(AdaptationCode(only(&mut value, Reader::u32)?)),
            ParamType::ADD_ADDRESS => {
                let (id, address) = correlated_address(&mut value)?;
                Param::AddAddress { id, address }
            }
            ParamType::DELETE_ADDRESS => {
                let (id, address) = correlated_address(&mut value)?;
                Param::DeleteAddress { id, address }
            }
            ParamType::SET_PRIMARY => {
                let (id, address) = correlated_address(&mut value)?;
                Param::SetPrimary { id, address }
            }
            ParamType::ERROR_CAUSE => Param::ErrorCause { id: AsconfSerial(value.u32()?), causes: value.rest() },
            ParamType::SUCCESS => Param::Success { id: AsconfSerial(only(&mut value, Reader::u32)?) },
            ParamType::OUTGOING_RESET => read_outgoing_reset(&mut value)?,
            ParamType::INCOMING_RESET => read_incoming_reset(&mut value)?,
            ParamType::TSN_RESET => Param::TsnReset { request: RequestNumber(only(&mut value, Reader::u32)?) },
            ParamType::RECONFIG_RESPONSE => read_response(&mut value)?,
            ParamType::ADD_OUTGOING => {
                let (request, streams) = read_added_streams(&mut value)?;
                Param::AddOutgoing { request, streams }
            }
            ParamType::ADD_INCOMING => {
                let (request, streams) = read_added_streams(&mut value)?;
                Param::AddIncoming { request, streams }
            }
            _ => Param::Unknown(*self),
        })
    }
}

/// What `field` reads, if it is the whole value.
fn only<'a, T>(
    value: &mut Reader<'a>,
    field: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let read = field(value)?;
    value.end()?;
    Ok(read)
}

/// Correlation number and address of a request to add, delete or prefer it (RFC 5061 §4.2.1, §4.2.2, §4.2.4).
fn correlated_address(value: &mut Reader<'_>) -> Result<(AsconfSerial, IpAddr), DecodeError> {
    let id = AsconfSerial(value.u32()?);
    let address = read_address(value)?;
    value.end()?;
    Ok((id, address))
}
