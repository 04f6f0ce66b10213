//! SACK and NR-SACK, their gap blocks and duplicates.

use crate::{DecodeError, RawChunk, Tsn, reader::Reader, writer::Writer};

/// SACK (RFC 9260 §3.3.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Sack<'a> {
    pub cumulative: Tsn,
    /// Octets.
    pub a_rwnd: u32,
    pub gaps: GapBlocks<'a>,
    pub duplicates: Duplicates<'a>,
}

impl<'a> Sack<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let (cumulative, a_rwnd) = (Tsn(value.u32()?), value.u32()?);
        let (gaps, duplicates) = (value.u16()?, value.u16()?);
        Ok(Self {
            cumulative,
            a_rwnd,
            gaps: read_gaps(&mut value, gaps)?,
            duplicates: read_tsns(&mut value, duplicates)?,
        })
    }

    pub(super) fn value_len(&self) -> usize {
        self.gaps.len().saturating_add(self.duplicates.len()).saturating_mul(4).saturating_add(12)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.cumulative.0);
        writer.u32(self.a_rwnd);
        writer.u16(count(self.gaps.len()));
        writer.u16(count(self.duplicates.len()));
        self.gaps.write(writer);
        self.duplicates.write(writer);
    }
}

/// NR-SACK as FreeBSD sends it: gap blocks that may and that may not be reneged on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct NrSack<'a> {
    pub cumulative: Tsn,
    pub a_rwnd: u32,
    pub gaps: GapBlocks<'a>,
    pub non_renegable: GapBlocks<'a>,
    pub duplicates: Duplicates<'a>,
}

impl<'a> NrSack<'a> {
    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let (cumulative, a_rwnd) = (Tsn(value.u32()?), value.u32()?);
        let (gaps, non_renegable) = (value.u16()?, value.u16()?);
        let (duplicates, _reserved) = (value.u16()?, value.u16()?);
        Ok(Self {
            cumulative,
            a_rwnd,
            gaps: read_gaps(&mut value, gaps)?,
            non_renegable: read_gaps(&mut value, non_renegable)?,
            duplicates: read_tsns(&mut value, duplicates)?,
        })
    }

    pub(super) fn value_len(&self) -> usize {
        let elements = self.gaps.len().saturating_add(self.non_renegable.len()).saturating_add(self.duplicates.len());
        elements.saturating_mul(4).saturating_add(16)
    }

    pub(super) fn write_value(&self, writer: &mut Writer<'_>) {
        writer.u32(self.cumulative.0);
        writer.u32(self.a_rwnd);
        writer.u16(count(self.gaps.len()));
        writer.u16(count(self.non_renegable.len()));
        writer.u16(count(self.duplicates.len()));
        writer.u16(0);
        self.gaps.write(writer);
        self.non_renegable.write(writer);
        self.duplicates.write(writer);
    }
}

/// One gap ack block: offsets from the cumulative TSN, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct GapBlock {
    pub start: u16,
    pub end: u16,
}

/// Gap ack blocks: as read (big-endian octets), or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum GapBlocks<'a> {
    Wire(&'a [u8]),
    Values(&'a [GapBlock]),
}

impl<'a> GapBlocks<'a> {
    /// No blocks.
    pub const NONE: Self = Self::Values(&[]);

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

    /// In the order of the chunk, unchecked: a peer may send blocks that overlap, touch, stand out of order or have
    /// their end before their start.
    pub fn iter(&self) -> impl Iterator<Item = GapBlock> + use<'a> {
        let (wire, values): (&'a [[u8; 4]], &'a [GapBlock]) = match *self {
            Self::Wire(octets) => (octets.as_chunks().0, &[]),
            Self::Values(values) => (&[], values),
        };
        let wire = wire.iter().map(|&[s0, s1, e0, e1]| GapBlock {
            start: u16::from_be_bytes([s0, s1]),
            end: u16::from_be_bytes([e0, e1]),
        });
        wire.chain(values.iter().copied())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for block in self.iter() {
            writer.u16(block.start);
            writer.u16(block.end);
        }
    }
}

impl PartialEq for GapBlocks<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for GapBlocks<'_> {}

/// Duplicate TSNs: as read, or a slice to be written.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Duplicates<'a> {
    Wire(&'a [u8]),
    Values(&'a [Tsn]),
}

impl<'a> Duplicates<'a> {
    /// No duplicates.
    pub const NONE: Self = Self::Values(&[]);

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

    /// In the order of the chunk.
    pub fn iter(&self) -> impl Iterator<Item = Tsn> + use<'a> {
        let (wire, values): (&'a [[u8; 4]], &'a [Tsn]) = match *self {
            Self::Wire(octets) => (octets.as_chunks().0, &[]),
            Self::Values(values) => (&[], values),
        };
        wire.iter().map(|&tsn| Tsn(u32::from_be_bytes(tsn))).chain(values.iter().copied())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for tsn in self.iter() {
            writer.u32(tsn.0);
        }
    }
}

impl PartialEq for Duplicates<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
impl Eq for Duplicates<'_> {}

fn read_gaps<'a>(value: &mut Reader<'a>, count: u16) -> Result<GapBlocks<'a>, DecodeError> {
    value.take(usize::from(count).saturating_mul(4)).map(GapBlocks::Wire)
}

fn read_tsns<'a>(value: &mut Reader<'a>, count: u16) -> Result<Duplicates<'a>, DecodeError> {
    value.take(usize::from(count).saturating_mul(4)).map(Duplicates::Wire)
}

/// Every chunk that is written has at most 65,535 octets, so its elements of four octets can be counted.
fn count(elements: usize) -> u16 {
    u16::try_from(elements).unwrap_or(u16::MAX)
}
