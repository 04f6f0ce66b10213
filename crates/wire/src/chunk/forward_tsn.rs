//! FORWARD TSN and I-FORWARD-TSN.

use crate::{DecodeError, Mid, RawChunk, Ssn, StreamId, Tsn, reader::Reader, writer::Writer};

/// FORWARD TSN (RFC 3758 §3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct ForwardTsn<'a> {
    pub cumulative: Tsn,
    pub skipped: SkippedStreams<'a>,
}

impl<'a> ForwardTsn<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        Ok(Self { cumulative: Tsn(value.u32()?), skipped: SkippedStreams::Wire(value.elements(4)?) })
    }

    pub(super) fn value_len(&self) -> usize {
        self.skipped.len().saturating_mul(4).saturating_add(4)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.cumulative.0);
        for (stream, ssn) in self.skipped.iter() {
            writer.u16(stream.0);
            writer.u16(ssn.0);
        }
    }
}

/// I-FORWARD-TSN (RFC 8260 §2.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct IForwardTsn<'a> {
    pub cumulative: Tsn,
    pub skipped: SkippedMessages<'a>,
}

impl<'a> IForwardTsn<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        Ok(Self { cumulative: Tsn(value.u32()?), skipped: SkippedMessages::Wire(value.elements(8)?) })
    }

    pub(super) fn value_len(&self) -> usize {
        self.skipped.len().saturating_mul(8).saturating_add(4)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.cumulative.0);
        for (stream, unordered, mid) in self.skipped.iter() {
            writer.u16(stream.0);
            writer.u16(if unordered { UNORDERED } else { 0 });
            writer.u32(mid.0);
        }
    }
}

/// The U bit; the 15 in front of it are reserved (RFC 8260 §2.3.1).
const UNORDERED: u16 = 1;

/// Streams and the last SSN skipped on each: as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum SkippedStreams<'a> {
    Wire(&'a [u8]),
    Values(&'a [(StreamId, Ssn)]),
}

impl<'a> SkippedStreams<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Wire(octets) => octets.len() / 4,
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In the order of the chunk; a peer may list a stream twice.
    pub fn iter(&self) -> impl Iterator<Item = (StreamId, Ssn)> + use<'a> {
        let (wire, values): (&'a [[u8; 4]], &'a [(StreamId, Ssn)]) = match *self {
            Self::Wire(octets) => (octets.as_chunks().0, &[]),
            Self::Values(values) => (&[], values),
        };
        let wire = wire
            .iter()
            .map(|&[i0, i1, s0, s1]| (StreamId(u16::from_be_bytes([i0, i1])), Ssn(u16::from_be_bytes([s0, s1]))));
        wire.chain(values.iter().copied())
    }
}

impl PartialEq for SkippedStreams<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for SkippedStreams<'_> {}

/// Streams and the last MID skipped on each (`true`: unordered): as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum SkippedMessages<'a> {
    Wire(&'a [u8]),
    Values(&'a [(StreamId, bool, Mid)]),
}

impl<'a> SkippedMessages<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Wire(octets) => octets.len() / 8,
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In the order of the chunk; a peer may list a stream twice.
    pub fn iter(&self) -> impl Iterator<Item = (StreamId, bool, Mid)> + use<'a> {
        let (wire, values) = match *self {
            Self::Wire(octets) => (octets.as_chunks().0, Default::default()),
            Self::Values(values) => (Default::default(), values),
        };
        let wire = wire.iter().map(|&[i0, i1, f0, f1, m0, m1, m2, m3]| {
            let unordered = u16::from_be_bytes([f0, f1]) & UNORDERED != 0;
            (StreamId(u16::from_be_bytes([i0, i1])), unordered, Mid(u32::from_be_bytes([m0, m1, m2, m3])))
        });
        wire.chain(values.iter().copied())
    }
}

impl PartialEq for SkippedMessages<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for SkippedMessages<'_> {}
