//! INIT and INIT ACK.

use crate::{ChunkType, DecodeError, Params, RawChunk, Tsn, VerificationTag, reader::Reader, writer::Writer};

/// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3).
///
/// Values that an endpoint must answer with an ABORT decode, for the answer needs the initiate tag: no outbound or no
/// inbound streams, a window below 1,500 octets, and in an INIT ACK the tag 0, which ends the association being set up.
/// Only an INIT with the tag 0 is [`DecodeError::Value`]: it is discarded silently (RFC 9260 §3.3.2).
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

impl<'a> Init<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let init = Self {
            initiate_tag: VerificationTag(value.u32()?),
            a_rwnd: value.u32()?,
            outbound_streams: value.u16()?,
            inbound_streams: value.u16()?,
            initial_tsn: Tsn(value.u32()?),
            params: Params::Wire(value.rest()),
        };
        if raw.kind == ChunkType::INIT && init.initiate_tag == VerificationTag(0) {
            return Err(DecodeError::Value);
        }
        Ok(init)
    }

    pub(super) fn value_len(&self) -> usize {
        self.params.encoded_len().saturating_add(16)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.initiate_tag.0);
        writer.u32(self.a_rwnd);
        writer.u16(self.outbound_streams);
        writer.u16(self.inbound_streams);
        writer.u32(self.initial_tsn.0);
        self.params.write(writer);
    }
}
