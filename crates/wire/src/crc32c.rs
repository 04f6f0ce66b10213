//! The checksum (RFC 9260 §6.8 and Appendix A): CRC32c over the packet with the field as zero, hardware-supported.

use crate::HEADER_LEN;

/// Where the checksum field stands in a packet.
const FIELD: core::ops::Range<usize> = 8..12;

/// The value that the checksum field of `packet` must have, as a big-endian number of the field's octets. The field's
/// own octets count as zero. Of octets too short for a common header, the CRC32c of all of them.
pub fn checksum(packet: &[u8]) -> u32 {
    let crc = match packet.split_first_chunk::<HEADER_LEN>() {
        Some((header, behind)) => {
            let mut header = *header;
            if let Some(field) = header.get_mut(FIELD) {
                field.fill(0);
            }
            crc32c::crc32c_append(crc32c::crc32c(&header), behind)
        }
        None => crc32c::crc32c(packet),
    };
    // RFC 9260 Appendix A: the CRC is sent with its bits mirrored within octets, which comes out as the usual
    // (reflected) CRC32c with its least significant octet first.
    crc.swap_bytes()
}

/// Whether the checksum field of `packet` is right. False when it is shorter than a common header.
pub fn is_valid(packet: &[u8]) -> bool {
    packet.len() >= HEADER_LEN && field(packet) == Some(checksum(packet))
}

/// Fills in the checksum field of `packet`, whose octets may be anything before. Does nothing when it is shorter than a
/// common header.
pub fn fill_in(packet: &mut [u8]) {
    let Some(field) = packet.get_mut(FIELD) else { return };
    field.fill(0);
    let value = crc32c::crc32c(packet).swap_bytes();
    if let Some(field) = packet.get_mut(FIELD) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

fn field(packet: &[u8]) -> Option<u32> {
    packet.get(FIELD)?.first_chunk().copied().map(u32::from_be_bytes)
}
