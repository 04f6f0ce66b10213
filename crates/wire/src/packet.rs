//! A packet: the common header and the chunks behind it (RFC 9260 §3).

use alloc::vec::Vec;

use crate::{Chunk, ChunkType, DecodeError, VerificationTag};

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
    pub fn decode(_octets: &'a [u8]) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The chunks in order. After an error the iterator ends.
    pub fn chunks(&self) -> Chunks<'a> {
        Chunks { rest: self.body }
    }
}

/// Walks the chunks of a packet; each item is the chunk's octets with type and length checked, its value not yet read.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<RawChunk<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
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
    /// Any [`DecodeError`] but those of the packet.
    pub fn decode(&self) -> Result<Chunk<'a>, DecodeError> {
        todo!()
    }
}

/// Writes one packet: a header, then chunks while they fit under a limit.
///
/// The packet is appended to a caller's buffer, so that several packets of one size can stand behind each other for
/// segmentation offload.
#[derive(Debug)]
pub struct PacketBuilder<'b> {
    buffer: &'b mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'b> PacketBuilder<'b> {
    /// Begins a packet of at most `limit` octets, header included, at the end of `buffer`.
    pub fn new(_buffer: &'b mut Vec<u8>, _header: Header, _limit: usize) -> Self {
        todo!()
    }

    /// Octets that still fit, already rounded down to a multiple of four.
    pub fn room(&self) -> usize {
        todo!()
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
    /// is the caller's choice of `limit`: nothing is ever cut.
    pub fn push(&mut self, _chunk: &Chunk<'_>) -> bool {
        todo!()
    }

    /// Appends a DATA chunk whose payload is given by reference; the fast path of [`Self::push`].
    pub fn push_data(&mut self, _data: &crate::Data<'_>) -> bool {
        todo!()
    }

    /// The octets of the packet so far (for an HMAC over it, RFC 4895 §6.2).
    pub fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..]
    }

    /// Ends the packet: fills in the CRC32c and returns the packet's length in octets.
    pub fn finish(self) -> usize {
        todo!()
    }

    /// Ends the packet with a zero checksum (RFC 9653) and returns its length in octets.
    pub fn finish_without_checksum(self) -> usize {
        todo!()
    }

    /// Takes the packet back out of the buffer.
    pub fn discard(self) {
        self.buffer.truncate(self.start);
    }
}
