//! A cursor over received octets that cannot run past their end.

use crate::DecodeError;

/// Reads numbers and slices from the front of `rest`; what is missing is the one error the reader was made with, so
/// that a chunk cut short and a parameter cut short are told apart where the reading begins, not at each field.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    missing: DecodeError,
}

impl<'a> Reader<'a> {
    /// Reads the fixed part of a chunk.
    pub(crate) const fn of_chunk(octets: &'a [u8]) -> Self {
        Self { rest: octets, missing: DecodeError::ChunkTooShort }
    }

    /// Reads the value of a parameter or of an error cause.
    pub(crate) const fn of_param(octets: &'a [u8]) -> Self {
        Self { rest: octets, missing: DecodeError::ParameterLength }
    }

    /// The next `N` octets.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (first, rest) = self.rest.split_first_chunk().ok_or(self.missing)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next number of 16 bits.
    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next number of 32 bits.
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next `count` octets.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.missing)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Everything that is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Everything that is left, if it is whole elements of `size` octets.
    pub(crate) fn elements(&self, size: usize) -> Result<&'a [u8], DecodeError> {
        if self.rest.len().is_multiple_of(size) { Ok(self.rest) } else { Err(self.missing) }
    }

    /// Ends the reading of a value that has only the fields read so far.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.missing) }
    }
}
