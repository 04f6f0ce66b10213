//! Type, length, value: what parameters and error causes have in common (RFC 9260 §3.2.1, §3.3.10).

use crate::{DecodeError, writer::padded};

/// One element's octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) kind: u16,
    /// Without header and padding.
    pub(crate) value: &'a [u8],
    /// With header, without padding.
    pub(crate) octets: &'a [u8],
}

/// Octets of type and length.
pub(crate) const TLV_HEADER_LEN: usize = 4;

/// Takes the next element from the front of `rest`. After an error `rest` is empty, since where the next element would
/// begin cannot be known.
///
/// The padding of the last element may be missing, as the chunk's length does not have to count it (RFC 9260 §3.2);
/// what padding holds is not looked at.
pub(crate) fn next<'a>(rest: &mut &'a [u8]) -> Option<Result<Tlv<'a>, DecodeError>> {
    let all = core::mem::take(rest);
    if all.is_empty() {
        return None;
    }
    let Some((tlv, behind)) = split(all) else { return Some(Err(DecodeError::Length)) };
    *rest = behind;
    Some(Ok(tlv))
}

fn split(all: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let &[kind_high, kind_low, length_high, length_low] = all.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let octets = all.get(..length)?;
    let value = octets.get(TLV_HEADER_LEN..)?;
    let behind = all.get(padded(length)..).unwrap_or_default();
    Some((Tlv { kind: u16::from_be_bytes([kind_high, kind_low]), value, octets }, behind))
}

/// Octets of `elements` without the padding of the last one, which a chunk's length does not count (RFC 9260 §3.2).
/// Octets that are not a sequence of elements are all counted: they are written as they are.
pub(crate) fn unpadded_len(elements: &[u8]) -> usize {
    let mut rest = elements;
    let mut end = 0;
    loop {
        let start = elements.len().saturating_sub(rest.len());
        match next(&mut rest) {
            None => return end,
            Some(Ok(tlv)) => end = start.saturating_add(tlv.octets.len()),
            Some(Err(_)) => return elements.len(),
        }
    }
}
