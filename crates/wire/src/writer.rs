//! Writing at the end of a caller's buffer: numbers in network order, and elements whose length is patched in
//! afterwards.

use alloc::vec::Vec;

/// Appends to a buffer that may already hold other packets; nothing in front of where it began is touched.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    to: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    pub(crate) const fn new(to: &'b mut Vec<u8>) -> Self {
        Self { to }
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, octets: &[u8]) {
        self.to.extend_from_slice(octets);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.to.resize(self.to.len().saturating_add(count), 0);
    }

    /// Writes a parameter or error cause: type, length, what `value` writes. Without padding, which belongs between
    /// elements and behind a chunk, but is in no length (RFC 9260 §3.2.1).
    ///
    /// A length that its field cannot hold is cut to the largest multiple of four that it can: an element is then
    /// shorter than its maker wanted, but what follows it can be read.
    pub(crate) fn tlv(&mut self, kind: u16, value: impl FnOnce(&mut Writer<'_>)) {
        let start = self.to.len();
        self.u16(kind);
        self.u16(0);
        value(&mut Writer { to: self.to });
        let length = match u16::try_from(self.to.len().saturating_sub(start)) {
            Ok(length) => length,
            Err(_) => LARGEST_CUT,
        };
        self.to.truncate(start.saturating_add(usize::from(length)));
        if let Some(field) = self.to.get_mut(start.saturating_add(2)..).and_then(<[u8]>::first_chunk_mut) {
            *field = length.to_be_bytes();
        }
    }

    /// Zeros up to a multiple of four octets behind something of `length` octets (RFC 9260 §3.2).
    pub(crate) fn pad(&mut self, length: usize) {
        self.zeros(padded(length).saturating_sub(length));
    }
}

/// The largest multiple of four in a length field of 16 bits.
const LARGEST_CUT: u16 = u16::MAX - 3;

/// `length` rounded up to a multiple of four (RFC 9260 §3.2); saturates, so a length that is out of bounds stays so.
pub(crate) const fn padded(length: usize) -> usize {
    length.saturating_add(3) & !3
}
