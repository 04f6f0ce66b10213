//! Writing one parameter.

use alloc::vec::Vec;

use super::{Param, address_len, write_address};
use crate::{
    tlv::{TLV_HEADER_LEN, unpadded_len},
    writer::Writer,
};

impl Param<'_> {
    /// Octets of the parameter with its header, without padding.
    pub fn len(&self) -> usize {
        let value = match self {
            Self::EcnCapable | Self::ForwardTsnSupported => 0,
            Self::Ipv4Address(_)
            | Self::CookiePreservative(_)
            | Self::ZeroChecksum(_)
            | Self::Adaptation(_)
            | Self::Success { .. }
            | Self::TsnReset { .. } => 4,
            Self::AddOutgoing { .. } | Self::AddIncoming { .. } => 8,
            Self::Ipv6Address(_) => 16,
            Self::Padding(length) => usize::from(*length),
            Self::AddAddress { address, .. }
            | Self::DeleteAddress { address, .. }
            | Self::SetPrimary { address, .. } => address_len(*address).saturating_add(4),
            Self::ErrorCause { causes, .. } => unpadded_len(causes).saturating_add(4),
            Self::OutgoingReset { streams, .. } => streams.encoded_len().saturating_add(12),
            Self::IncomingReset { streams, .. } => streams.encoded_len().saturating_add(4),
            Self::ReconfigResponse { tsns: None, .. } => 8,
            Self::ReconfigResponse { tsns: Some(_), .. } => 16,
            Self::HeartbeatInfo(value)
            | Self::StateCookie(value)
            | Self::Unrecognized(value)
            | Self::HostNameAddress(value)
            | Self::SupportedAddressTypes(value)
            | Self::Random(value)
            | Self::ChunkList(value)
            | Self::HmacAlgorithms(value)
            | Self::SupportedExtensions(value) => value.len(),
            Self::Unknown(raw) => raw.value.len(),
        };
        value.saturating_add(TLV_HEADER_LEN)
    }

    /// Never: a parameter has at least its header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Appends the parameter with its header and padding, as in the value of a HEARTBEAT. One whose length its field of
    /// 16 bits cannot hold is cut to 65,532 octets.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let start = to.len();
        self.write(&mut Writer::new(to));
        let written = to.len().saturating_sub(start);
        Writer::new(to).pad(written);
    }

    /// Writes the parameter without padding.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.tlv(self.kind().0, |writer| self.write_value(writer));
    }

    fn write_value(&self, writer: &mut Writer<'_>) {
        match self {
            Self::EcnCapable | Self::ForwardTsnSupported => {}
            Self::Ipv4Address(address) => writer.bytes(&address.octets()),
            Self::Ipv6Address(address) => writer.bytes(&address.octets()),
            Self::CookiePreservative(milliseconds) => writer.u32(*milliseconds),
            Self::ZeroChecksum(method) => writer.u32(*method),
            Self::Adaptation(code) => writer.u32(code.0),
            Self::Padding(length) => writer.zeros(usize::from(*length)),
            Self::HeartbeatInfo(value)
            | Self::StateCookie(value)
            | Self::Unrecognized(value)
            | Self::HostNameAddress(value)
            | Self::SupportedAddressTypes(value)
            | Self::Random(value)
            | Self::ChunkList(value)
            | Self::HmacAlgorithms(value)
            | Self::SupportedExtensions(value) => writer.bytes(value),
            Self::Unknown(raw) => writer.bytes(raw.value),
            Self::AddAddress { id, address }
            | Self::DeleteAddress { id, address }
            | Self::SetPrimary { id, address } => {
                writer.u32(id.0);
                write_address(*address, writer);
            }
            Self::ErrorCause { id, causes } => {
                writer.u32(id.0);
                writer.bytes(causes.get(..unpadded_len(causes)).unwrap_or(causes));
            }
            Self::Success { id } => writer.u32(id.0),
            _ => self.write_reconfig_value(writer),
        }
    }

    /// The parameters of RE-CONFIG (RFC 6525 §4).
    fn write_reconfig_value(&self, writer: &mut Writer<'_>) {
        match self {
            Self::OutgoingReset { request, response, last_tsn, streams } => {
                writer.u32(request.0);
                writer.u32(response.0);
                writer.u32(last_tsn.0);
                streams.write(writer);
            }
            Self::IncomingReset { request, streams } => {
                writer.u32(request.0);
                streams.write(writer);
            }
            Self::TsnReset { request } => writer.u32(request.0),
            Self::ReconfigResponse { response, result, tsns } => {
                writer.u32(response.0);
                writer.u32(*result);
                if let Some(tsns) = tsns {
                    writer.u32(tsns.sender_next.0);
                    writer.u32(tsns.receiver_next.0);
                }
            }
            Self::AddOutgoing { request, streams } | Self::AddIncoming { request, streams } => {
                writer.u32(request.0);
                writer.u16(*streams);
                writer.u16(0);
            }
            _ => {}
        }
    }
}
