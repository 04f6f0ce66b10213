//! The checksum, with values known from elsewhere.

use usctp_wire::{Chunk, Header, PacketBuilder, VerificationTag, crc32c};

/// RFC 3720 §B.4 (iSCSI, the same CRC32c) gives the CRC of 32 zeros in the order in which it is sent; the other is the
/// check value of the CRC catalogues.
#[test]
fn values_known_from_elsewhere_come_out() {
    assert_eq!(crc32c::checksum(&[0; 32]), 0xaa36_918a);
    // Shorter than a header: all of it counts.
    assert_eq!(crc32c::checksum(b"123456789").swap_bytes(), 0xe306_9283);
}

/// A packet that usrsctp sent: a SACK.
#[test]
fn the_checksum_of_a_captured_packet_is_right_and_what_we_compute() {
    let mut packet = [
        0x13, 0x8a, 0x13, 0x89, 0x10, 0x3c, 0xa9, 0x6a, 0x00, 0x96, 0x95, 0x09, 0x03, 0x00, 0x00, 0x10, 0xf7, 0x9f,
        0x5f, 0xc5, 0x00, 0x01, 0xfe, 0xfb, 0x00, 0x00, 0x00, 0x00,
    ];
    assert!(crc32c::is_valid(&packet));
    assert_eq!(crc32c::checksum(&packet), 0x0096_9509);
    packet[8..12].fill(0xff);
    assert!(!crc32c::is_valid(&packet));
    assert_eq!(crc32c::checksum(&packet), 0x0096_9509, "the field itself does not count");
    crc32c::fill_in(&mut packet);
    assert_eq!(packet[8..12], [0x00, 0x96, 0x95, 0x09]);
}

#[test]
fn octets_shorter_than_a_header_have_no_valid_checksum() {
    for length in 0..12 {
        assert!(!crc32c::is_valid(&[0; 12][..length]));
        crc32c::fill_in(&mut [0; 12][..length]);
    }
}

/// RFC 9260 Appendix A defines the CRC by polynomial division; this does it bit by bit.
#[test]
fn every_length_agrees_with_a_division_bit_by_bit() {
    let octets: Vec<u8> = (0..300_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for length in 12..octets.len() {
        let mut packet = octets[..length].to_vec();
        crc32c::fill_in(&mut packet);
        let field = u32::from_le_bytes(packet[8..12].try_into().unwrap());
        packet[8..12].fill(0);
        let mut crc = u32::MAX;
        for octet in &packet {
            crc ^= u32::from(*octet);
            for _ in 0..8 {
                crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0x82f6_3b78 };
            }
        }
        assert_eq!(field, !crc, "{length} octets");
    }
}

#[test]
fn packets_behind_each_other_in_one_buffer_have_checksums_of_their_own() {
    let header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(3) };
    let mut buffer = b"before".to_vec();
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let mut builder = PacketBuilder::new(&mut buffer, header, 100);
        assert!(builder.is_empty());
        assert!(builder.push(&Chunk::CookieAck));
        assert!(!builder.is_empty());
        lengths.push(builder.finish());
    }
    let mut dropped = PacketBuilder::new(&mut buffer, header, 100);
    dropped.push(&Chunk::ShutdownAck);
    dropped.discard();
    assert_eq!(lengths, [16, 16]);
    assert_eq!(buffer.len(), 6 + 32);
    assert!(buffer.starts_with(b"before"));
    assert!(crc32c::is_valid(&buffer[6..22]));
    assert_eq!(buffer[6..22], buffer[22..]);
}

/// RFC 9653: the sender leaves the field zero.
#[test]
fn a_packet_ended_without_checksum_has_a_zero_field() {
    let header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(3) };
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, header, 100);
    builder.push(&Chunk::CookieAck);
    assert_eq!(builder.finish_without_checksum(), 16);
    assert_eq!(buffer, [0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 11, 0, 0, 4]);
    assert!(!crc32c::is_valid(&buffer));
}
