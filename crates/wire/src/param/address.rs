//! Address parameters within other parameters and in front of ASCONF (RFC 5061 §4.1.1, §4.2.1).

use core::net::IpAddr;

use crate::{
    DecodeError, Param, ParamType, RawParam,
    reader::Reader,
    tlv::{self, TLV_HEADER_LEN},
    writer::Writer,
};

/// Octets of the parameter that holds `address`.
pub(crate) const fn address_len(address: IpAddr) -> usize {
    match address {
        IpAddr::V4(_) => TLV_HEADER_LEN + 4,
        IpAddr::V6(_) => TLV_HEADER_LEN + 16,
    }
}

/// Takes an IPv4 or IPv6 Address parameter from the front of `reader`. Any other type, which RFC 5061 allows in none of
/// these places, is [`DecodeError::Value`].
pub(crate) fn read_address(reader: &mut Reader<'_>) -> Result<IpAddr, DecodeError> {
    let mut rest = reader.rest();
    let tlv = tlv::next(&mut rest).unwrap_or(Err(DecodeError::Length))?;
    reader.take(tlv.octets.len())?;
    match (RawParam { kind: ParamType(tlv.kind), value: tlv.value, octets: tlv.octets }).decode()? {
        Param::Ipv4Address(address) => Ok(IpAddr::V4(address)),
        Param::Ipv6Address(address) => Ok(IpAddr::V6(address)),
        _ => Err(DecodeError::Value),
    }
}

/// Writes the parameter that holds `address`; it needs no padding.
pub(crate) fn write_address(address: IpAddr, writer: &mut Writer<'_>) {
    match address {
        IpAddr::V4(address) => Param::Ipv4Address(address).write(writer),
        IpAddr::V6(address) => Param::Ipv6Address(address).write(writer),
    }
}
