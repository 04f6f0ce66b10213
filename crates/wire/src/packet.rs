//! A packet: the common header and the chunks behind it (RFC 9260 §3).

use alloc::vec::Vec;

use crate::{
    Chunk, ChunkType, Data, DecodeError, VerificationTag,
    chunk::CHUNK_HEADER_LEN,
    crc32c,
    reader::Reader,
    writer::{Writer, padded},
};

/// Octets of the common header.
pub const HEADER_LEN: usize = 12;

/// The common header (RFC 9260 §3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The tag that the receiver chose; 0 for an INIT.
    pub tag: VerificationTag,
}

/// A received packet whose common header has been read. Chunks are read as they are walked.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The common header.
    pub header: Header,
    /// The checksum field, as it stands in the packet.
    pub checksum: u32,
    /// Everything behind the common header.
    pub body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the common header. The checksum is not looked at: see [`crate::crc32c`].
    ///
    /// # Errors
    /// [`DecodeError::PacketTooShort`], [`DecodeError::ZeroPort`].
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, body) = octets.split_first_chunk::<HEADER_LEN>().ok_or(DecodeError::PacketTooShort)?;
        let mut fields = Reader::of_chunk(header);
        let header =
            Header { source_port: fields.u16()?, destination_port: fields.u16()?, tag: VerificationTag(fields.u32()?) };
        // RFC 9260 §3.1: port 0 must not be used, in either field.
        if header.source_port == 0 || header.destination_port == 0 {
            return Err(DecodeError::ZeroPort);
        }
        Ok(Self { header, checksum: fields.u32()?, body })
    }

    /// The chunks in order. After an error the iterator ends.
    pub fn chunks(&self) -> Chunks<'a> {
        Chunks { rest: self.body }
    }
}

/// Walks the chunks of a packet; each item is the chunk's octets with type and length checked, its value not yet read.
///
/// The last chunk's padding may be missing, and what padding holds is not looked at (RFC 9260 §3.2). One to three
/// octets behind the last chunk are no chunk: [`DecodeError::Length`].
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// The octets of the chunks not walked yet, to the end of the packet. Taken before the step that yields an AUTH
    /// chunk, these are what its HMAC covers (RFC 4895 §6.2), with the HMAC field as zero.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<RawChunk<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let all = core::mem::take(&mut self.rest);
        if all.is_empty() {
            return None;
        }
        let Some((chunk, behind)) = split_chunk(all) else { return Some(Err(DecodeError::Length)) };
        self.rest = behind;
        Some(Ok(chunk))
    }
}

impl core::iter::FusedIterator for Chunks<'_> {}

fn split_chunk(all: &[u8]) -> Option<(RawChunk<'_>, &[u8])> {
    let &[kind, flags, length_high, length_low] = all.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let octets = all.get(..length)?;
    let value = octets.get(CHUNK_HEADER_LEN..)?;
    let behind = all.get(padded(length)..).unwrap_or_default();
    Some((RawChunk { kind: ChunkType(kind), flags, value, octets }, behind))
}

/// One chunk's octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RawChunk<'a> {
    /// Chunk type.
    pub kind: ChunkType,
    /// Chunk flags.
    pub flags: u8,
    /// Octets behind the chunk header, without padding.
    pub value: &'a [u8],
    /// The whole chunk with its header, without padding: what "Unrecognized Chunk Type" reports.
    pub octets: &'a [u8],
}

impl<'a> RawChunk<'a> {
    /// Reads the value by the chunk's type; a type that this crate does not know becomes [`Chunk::Unknown`].
    ///
    /// # Errors
    /// [`DecodeError::ChunkTooShort`] for a fixed part, or elements announced by a count, that are not all there;
    /// [`DecodeError::Value`] for an INIT with the tag 0, or an ASCONF without an address. Parameters and causes are
    /// read as they are walked, so their errors come later.
    pub fn decode(&self) -> Result<Chunk<'a>, DecodeError> {
        Chunk::read(self)
    }
}

/// Writes one packet: a header, then chunks while they fit under a limit.
///
/// The packet is appended to a caller's buffer, so that several packets of one size can stand behind each other for
/// segmentation offload. Where a packet is neither finished nor discarded, it stays in the buffer with a checksum of 0.
#[derive(Debug)]
pub struct PacketBuilder<'b> {
    buffer: &'b mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'b> PacketBuilder<'b> {
    /// Begins a packet of at most `limit` octets, header included, at the end of `buffer`. The header is written
    /// whatever the limit.
    pub fn new(buffer: &'b mut Vec<u8>, header: Header, limit: usize) -> Self {
        let start = buffer.len();
        let [s0, s1] = header.source_port.to_be_bytes();
        let [d0, d1] = header.destination_port.to_be_bytes();
        let [t0, t1, t2, t3] = header.tag.0.to_be_bytes();
        buffer.extend_from_slice(&[s0, s1, d0, d1, t0, t1, t2, t3, 0, 0, 0, 0]);
        Self { buffer, start, limit }
    }

    /// Octets that still fit, already rounded down to a multiple of four.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.len()) & !3
    }

    /// Octets written so far, header included.
    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Whether no chunk has been written.
    pub fn is_empty(&self) -> bool {
        self.len() <= HEADER_LEN
    }

    /// Appends `chunk` with its padding if it fits; says whether it did. A packet that is too small for even one chunk
    /// is the caller's choice of `limit`: nothing is ever cut. A chunk beyond 65,535 octets never fits.
    pub fn push(&mut self, chunk: &Chunk<'_>) -> bool {
        let Some(length) = self.fitting(chunk.len()) else { return false };
        self.buffer.reserve(padded(usize::from(length)));
        let mut writer = Writer::new(self.buffer);
        chunk.write(length, &mut writer);
        writer.pad(usize::from(length));
        true
    }

    /// Appends a DATA chunk whose payload is given by reference; the fast path of [`Self::push`].
    pub fn push_data(&mut self, data: &Data<'_>) -> bool {
        let Some(length) = self.fitting(data.len()) else { return false };
        self.buffer.reserve(padded(usize::from(length)));
        let mut writer = Writer::new(self.buffer);
        data.write(length, &mut writer);
        writer.pad(usize::from(length));
        true
    }

    /// `length` of a chunk as its field holds it, if the chunk with its padding still fits.
    fn fitting(&self, length: usize) -> Option<u16> {
        u16::try_from(length).ok().filter(|_| padded(length) <= self.room())
    }

    /// The octets of the packet so far (for an HMAC over it, RFC 4895 §6.2).
    pub fn octets_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..).unwrap_or_default()
    }

    /// Ends the packet: fills in the CRC32c and returns the packet's length in octets.
    pub fn finish(mut self) -> usize {
        crc32c::fill_in(self.octets_mut());
        self.len()
    }

    /// Ends the packet with a zero checksum (RFC 9653) and returns its length in octets.
    pub fn finish_without_checksum(self) -> usize {
        self.len()
    }

    /// Takes the packet back out of the buffer.
    pub fn discard(self) {
        self.buffer.truncate(self.start);
    }
}
