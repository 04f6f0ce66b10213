//! Lengths and padding that are not as they should be, and what does not fit.

use usctp_wire::*;

use crate::{HEADER, packet_octets, read};

#[test]
fn a_packet_shorter_than_a_header_or_with_port_zero_is_refused() {
    for length in 0..12 {
        assert_eq!(Packet::decode(&[1; 12][..length]).err(), Some(DecodeError::PacketTooShort));
    }
    assert_eq!(Packet::decode(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).err(), Some(DecodeError::ZeroPort));
    assert_eq!(Packet::decode(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).err(), Some(DecodeError::ZeroPort));
    let octets = [0x13, 0x88, 0x96, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let packet = Packet::decode(&octets).unwrap();
    assert_eq!((packet.header, packet.checksum, packet.body), (HEADER, 0x0506_0708, &[9][..]));
}

/// RFC 9260 §3.2: the length leaves out the padding, which is ignored, and may be missing at the end of the packet.
#[test]
fn padding_of_chunks_is_read_liberally() {
    let expected = [Ok(Chunk::CookieEcho { cookie: &[1] }), Ok(Chunk::CookieEcho { cookie: &[2] })];
    read(&[10, 0, 0, 5, 1, 0xff, 0xff, 0xff, 10, 0, 0, 5, 2], |chunks| assert_eq!(chunks, expected));
    read(&[10, 0, 0, 5, 1, 0, 0, 0, 10, 0, 0, 5, 2, 0xff], |chunks| assert_eq!(chunks, expected));
    read(&[10, 0, 0, 5, 1, 0, 0, 0, 10, 0, 0, 5, 2, 0, 0, 0], |chunks| assert_eq!(chunks, expected));
}

/// RFC 9260 §3.2: "A robust implementation is expected to accept the chunk whether or not the final padding has been
/// included in the Chunk Length."
#[test]
fn padding_counted_in_the_length_of_a_chunk_is_accepted() {
    let fixed = [0, 0, 0, 7, 0, 1, 0, 0, 0, 10, 8, 0, 0, 0, 0, 1];
    let octets = [&[1, 0, 0, 28][..], &fixed, &[0x80, 8, 0, 5, 192, 0, 0, 0]].concat();
    read(&octets, |chunks| match &chunks[..] {
        [Ok(Chunk::Init(init))] => {
            assert_eq!(init.params, Params::Values(&[Param::SupportedExtensions(&[192])]));
            assert_eq!(chunks[0].as_ref().unwrap().len(), 25, "written again, it is not counted");
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_chunk_length_that_cannot_be_ends_the_walk() {
    for wrong in [&[11, 0, 0, 3][..], &[11, 0, 0, 0], &[11, 0, 0, 5], &[11, 0, 0xff, 0xff], &[11, 0, 0], &[11]] {
        let octets = [&[14, 0, 0, 4], wrong].concat();
        read(&octets, |chunks| {
            assert_eq!(chunks, [Ok(Chunk::ShutdownComplete { tag_reflected: false }), Err(DecodeError::Length)]);
        });
    }
}

#[test]
fn a_fixed_part_or_announced_elements_cut_short_are_an_error_and_the_next_chunk_is_read() {
    for wrong in [
        &[0, 3, 0, 15, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &[64, 3, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 16, 0, 0, 0, 7, 0, 1, 0, 0, 0, 10, 8, 0],
        &[3, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0],
        &[3, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0xff, 0xff, 0, 1, 0, 1],
        &[16, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0],
        &[7, 0, 0, 7, 0, 0, 0, 0],
        &[12, 0, 0, 4],
        &[13, 0, 0, 4],
        &[15, 0, 0, 6, 0, 0, 0, 0],
        &[128, 0, 0, 4],
        &[192, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0],
        &[194, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0],
    ] {
        let octets = [wrong, &[11, 0, 0, 4]].concat();
        read(&octets, |chunks| assert_eq!(chunks, [Err(DecodeError::ChunkTooShort), Ok(Chunk::CookieAck)]));
    }
}

#[test]
fn reserved_flags_and_what_stands_behind_fixed_fields_are_ignored() {
    read(&[11, 0xff, 0, 8, 1, 2, 3, 4], |chunks| assert_eq!(chunks, [Ok(Chunk::CookieAck)]));
    read(&[7, 0xff, 0, 12, 0, 0, 0, 1, 9, 9, 9, 9], |chunks| {
        assert_eq!(chunks, [Ok(Chunk::Shutdown { cumulative: Tsn(1) })]);
    });
    read(&[6, 0xfe, 0, 4], |chunks| assert_eq!(chunks, [Ok(Chunk::Abort { tag_reflected: false, causes: &[] })]));
}

/// No order is asked of gap blocks here, whatever they say.
#[test]
fn gap_blocks_that_make_no_sense_are_read() {
    read(
        &[3, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 9, 0, 2, 0, 0, 0xff, 0xff],
        |chunks| match &chunks[..] {
            [Ok(Chunk::Sack(sack))] => {
                let blocks: Vec<_> = sack.gaps.iter().map(|block| (block.start, block.end)).collect();
                assert_eq!(blocks, [(9, 2), (0, 0xffff)]);
            }
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn a_chunk_that_does_not_fit_is_not_written_and_a_smaller_one_still_is() {
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 12 + 15);
    assert_eq!(builder.room(), 12, "only whole words count");
    assert!(!builder.push(&Chunk::CookieEcho { cookie: &[1; 9] }));
    assert!(builder.push(&Chunk::CookieEcho { cookie: &[1; 4] }));
    assert!(!builder.push(&Chunk::Shutdown { cumulative: Tsn(0) }));
    assert!(builder.push(&Chunk::CookieAck));
    assert_eq!(builder.room(), 0);
    builder.finish_without_checksum();
    assert_eq!(buffer, packet_octets(&[10, 0, 0, 8, 1, 1, 1, 1, 11, 0, 0, 4]));
}

#[test]
fn a_limit_below_the_header_leaves_no_room() {
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 5);
    assert_eq!((builder.room(), builder.len()), (0, HEADER_LEN));
    assert!(!builder.push(&Chunk::CookieAck));
}

#[test]
fn a_chunk_longer_than_its_length_field_can_say_never_fits() {
    let (longest, too_long) = (vec![0; 65_531], vec![0; 65_532]);
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, usize::MAX);
    assert!(!builder.push(&Chunk::CookieEcho { cookie: &too_long }));
    assert!(builder.push(&Chunk::CookieEcho { cookie: &longest }));
    assert_eq!(builder.len(), HEADER_LEN + 65_536);
}
