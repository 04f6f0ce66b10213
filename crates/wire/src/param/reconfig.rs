//! Parts of the parameters of RE-CONFIG (RFC 6525 §4).

use crate::{DecodeError, Param, RequestNumber, StreamId, Tsn, reader::Reader, writer::Writer};

/// Stream numbers of a reset request: as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum StreamList<'a> {
    Wire(&'a [u8]),
    Values(&'a [StreamId]),
}

impl<'a> StreamList<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Wire(octets) => octets.len() / 2,
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there is none, which means all streams.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In the order of the parameter.
    pub fn iter(&self) -> impl Iterator<Item = StreamId> + use<'a> {
        let (wire, values): (&'a [[u8; 2]], &'a [StreamId]) = match *self {
            Self::Wire(octets) => (octets.as_chunks().0, &[]),
            Self::Values(values) => (&[], values),
        };
        wire.iter().map(|&number| StreamId(u16::from_be_bytes(number))).chain(values.iter().copied())
    }

    pub(crate) fn encoded_len(&self) -> usize {
        self.len().saturating_mul(2)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        for stream in self.iter() {
            writer.u16(stream.0);
        }
    }
}

impl PartialEq for StreamList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for StreamList<'_> {}

/// The two TSNs in the answer to a TSN reset (RFC 6525 §4.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct ReconfigTsns {
    pub sender_next: Tsn,
    pub receiver_next: Tsn,
}

pub(super) fn read_outgoing_reset<'a>(value: &mut Reader<'a>) -> Result<Param<'a>, DecodeError> {
    Ok(Param::OutgoingReset {
        request: RequestNumber(value.u32()?),
        response: RequestNumber(value.u32()?),
        last_tsn: Tsn(value.u32()?),
        streams: StreamList::Wire(value.elements(2)?),
    })
}

pub(super) fn read_incoming_reset<'a>(value: &mut Reader<'a>) -> Result<Param<'a>, DecodeError> {
    Ok(Param::IncomingReset { request: RequestNumber(value.u32()?), streams: StreamList::Wire(value.elements(2)?) })
}

pub(super) fn read_response<'a>(value: &mut Reader<'a>) -> Result<Param<'a>, DecodeError> {
    let response = RequestNumber(value.u32()?);
    let result = value.u32()?;
    // RFC 6525 §4.4: both TSNs or none.
    let tsns = if value.rest().is_empty() {
        None
    } else {
        Some(ReconfigTsns { sender_next: Tsn(value.u32()?), receiver_next: Tsn(value.u32()?) })
    };
    value.end()?;
    Ok(Param::ReconfigResponse { response, result, tsns })
}

/// Request number and number of streams, of both requests for more streams (RFC 6525 §4.5, §4.6).
pub(super) fn read_added_streams(value: &mut Reader<'_>) -> Result<(RequestNumber, u16), DecodeError> {
    let (request, streams, _reserved) = (RequestNumber(value.u32()?), value.u16()?, value.u16()?);
    value.end()?;
    Ok((request, streams))
}
