//! DATA and I-DATA.

use super::CHUNK_HEADER_LEN;
use crate::{DecodeError, Fsn, Mid, Ppid, RawChunk, Ssn, StreamId, Tsn, reader::Reader, writer::Writer};

/// DATA (RFC 9260 §3.3.1; the I bit: RFC 7053 §3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct Data<'a> {
    pub tsn: Tsn,
    pub stream: StreamId,
    pub ssn: Ssn,
    pub ppid: Ppid,
    pub unordered: bool,
    pub beginning: bool,
    pub ending: bool,
    pub immediate: bool,
    /// Empty in a chunk that must be answered with "No User Data" (RFC 9260 §3.3.10.9): it decodes, for the answer
    /// names its TSN.
    pub payload: &'a [u8],
}

impl<'a> Data<'a> {
    /// Octets in front of the payload, chunk header included.
    pub const HEADER_LEN: usize = 16;

    /// Octets on the wire, chunk header included, padding not.
    pub const fn len(&self) -> usize {
        self.payload.len().saturating_add(Self::HEADER_LEN)
    }

    /// Whether there is no payload.
    pub const fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        Ok(Self {
            tsn: Tsn(value.u32()?),
            stream: StreamId(value.u16()?),
            ssn: Ssn(value.u16()?),
            ppid: Ppid(value.array()?),
            unordered: raw.flags & UNORDERED != 0,
            beginning: raw.flags & BEGINNING != 0,
            ending: raw.flags & ENDING != 0,
            immediate: raw.flags & IMMEDIATE != 0,
            payload: value.rest(),
        })
    }

    /// Writes the whole chunk, whose `length` the caller has found to fit; one copy of the header and one of the
    /// payload, for this is on every data packet's way.
    pub(crate) fn write(&self, length: u16, writer: &mut Writer<'_>) {
        let flags = flags(self.unordered, self.beginning, self.ending, self.immediate);
        let [l0, l1] = length.to_be_bytes();
        let [t0, t1, t2, t3] = self.tsn.0.to_be_bytes();
        let [i0, i1] = self.stream.0.to_be_bytes();
        let [s0, s1] = self.ssn.0.to_be_bytes();
        let [p0, p1, p2, p3] = self.ppid.0;
        writer.bytes(&[DATA, flags, l0, l1, t0, t1, t2, t3, i0, i1, s0, s1, p0, p1, p2, p3]);
        writer.bytes(self.payload);
    }
}

/// I-DATA (RFC 8260 §2.1). `ppid` counts in the first fragment, `fsn` in the others: the two share one field, and the
/// one that is not there is read as zero and not written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the field's own names")]
pub struct IData<'a> {
    pub tsn: Tsn,
    pub stream: StreamId,
    pub mid: Mid,
    pub ppid: Ppid,
    pub fsn: Fsn,
    pub unordered: bool,
    pub beginning: bool,
    pub ending: bool,
    pub immediate: bool,
    /// May be empty in a received chunk, as in [`Data`].
    pub payload: &'a [u8],
}

impl<'a> IData<'a> {
    /// Octets in front of the payload, chunk header included.
    pub const HEADER_LEN: usize = 20;

    /// Octets on the wire, chunk header included, padding not.
    pub const fn len(&self) -> usize {
        self.payload.len().saturating_add(Self::HEADER_LEN)
    }

    /// Whether there is no payload.
    pub const fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    pub(super) fn read(raw: &RawChunk<'a>) -> Result<Self, DecodeError> {
        let mut value = Reader::of_chunk(raw.value);
        let (tsn, stream, _reserved) = (Tsn(value.u32()?), StreamId(value.u16()?), value.u16()?);
        let mid = Mid(value.u32()?);
        let field = value.array()?;
        let beginning = raw.flags & BEGINNING != 0;
        // RFC 8260 §2.1: the B bit says which of the two the field holds; the first fragment's FSN is 0.
        let (ppid, fsn) =
            if beginning { (Ppid(field), Fsn(0)) } else { (Ppid::default(), Fsn(u32::from_be_bytes(field))) };
        Ok(Self {
            tsn,
            stream,
            mid,
            ppid,
            fsn,
            unordered: raw.flags & UNORDERED != 0,
            beginning,
            ending: raw.flags & ENDING != 0,
            immediate: raw.flags & IMMEDIATE != 0,
            payload: value.rest(),
        })
    }

    /// Writes the whole chunk, as [`Data::write`].
    pub(crate) fn write(&self, length: u16, writer: &mut Writer<'_>) {
        let flags = flags(self.unordered, self.beginning, self.ending, self.immediate);
        let field = if self.beginning { self.ppid.0 } else { self.fsn.0.to_be_bytes() };
        let [l0, l1] = length.to_be_bytes();
        let [t0, t1, t2, t3] = self.tsn.0.to_be_bytes();
        let [i0, i1] = self.stream.0.to_be_bytes();
        let [m0, m1, m2, m3] = self.mid.0.to_be_bytes();
        let [f0, f1, f2, f3] = field;
        writer.bytes(&[I_DATA, flags, l0, l1, t0, t1, t2, t3, i0, i1, 0, 0, m0, m1, m2, m3, f0, f1, f2, f3]);
        writer.bytes(self.payload);
    }
}

/// Flags of both chunks.
const fn flags(unordered: bool, beginning: bool, ending: bool, immediate: bool) -> u8 {
    (if unordered { UNORDERED } else { 0 })
        | (if beginning { BEGINNING } else { 0 })
        | (if ending { ENDING } else { 0 })
        | (if immediate { IMMEDIATE } else { 0 })
}

const DATA: u8 = super::ChunkType::DATA.0;
const I_DATA: u8 = super::ChunkType::I_DATA.0;
const ENDING: u8 = 0x01;
const BEGINNING: u8 = 0x02;
const UNORDERED: u8 = 0x04;
const IMMEDIATE: u8 = 0x08;

const _: () = assert!(Data::HEADER_LEN == CHUNK_HEADER_LEN + 12 && IData::HEADER_LEN == CHUNK_HEADER_LEN + 16);
