//! ASCONF.

use core::net::IpAddr;

use crate::{
    AsconfSerial, DecodeError, Params, RawChunk,
    param::{address_len, read_address, write_address},
    reader::Reader,
    writer::Writer,
};

/// ASCONF (RFC 5061 §4.1.1).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Asconf<'a> {
    pub serial: AsconfSerial,
    /// The address parameter by which the association may be looked up.
    pub address: IpAddr,
    pub params: Params<'a>,
}

impl<'a> Asconf<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let serial = AsconfSerial(value.u32()?);
        let address = read_address(&mut value)?;
        Ok(Self { serial, address, params: Params::Wire(value.rest()) })
    }

    pub(super) fn value_len(&self) -> usize {
        self.params.encoded_len().saturating_add(address_len(self.address)).saturating_add(4)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.serial.0);
        write_address(self.address, writer);
        self.params.write(writer);
    }
}
