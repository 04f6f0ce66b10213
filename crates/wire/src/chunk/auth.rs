//! AUTH.

use crate::{DecodeError, KeyId, RawChunk, reader::Reader, writer::Writer};

/// AUTH (RFC 4895 §5.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Auth<'a> {
    pub key: KeyId,
    /// HMAC identifier: 1 SHA-1, 3 SHA-256.
    pub hmac_id: u16,
    pub hmac: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Octets in front of the HMAC, chunk header included.
    pub const HEADER_LEN: usize = 8;

    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        Ok(Self { key: KeyId(value.u16()?), hmac_id: value.u16()?, hmac: value.rest() })
    }

    pub(super) fn value_len(&self) -> usize {
        self.hmac.len().saturating_add(4)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u16(self.key.0);
        writer.u16(self.hmac_id);
        writer.bytes(self.hmac);
    }
}
