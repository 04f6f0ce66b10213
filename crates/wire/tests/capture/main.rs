//! Packets that another stack sent: they are read as they were meant, and written again they are the same octets.

use usctp_wire::{Packet, PacketBuilder, RawChunk, crc32c};

#[test]
fn an_association_of_usrsctp_with_authentication_and_stream_changes() {
    replay(include_str!("auth_reconfig_forward.txt"), 44);
}

#[test]
fn an_association_of_usrsctp_with_nr_sack_that_is_aborted() {
    replay(include_str!("nr_sack_abort.txt"), 26);
}

/// Checks each pair of lines: a packet as text, and its octets.
fn replay(capture: &str, packets: usize) {
    let lines: Vec<&str> = capture.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let (pairs, []) = lines.as_chunks::<2>() else { panic!("a packet without octets") };
    assert_eq!(pairs.len(), packets);
    for [text, octets] in pairs {
        let octets = from_hex(octets);
        assert!(crc32c::is_valid(&octets), "{text}");
        let packet = Packet::decode(&octets).unwrap();
        assert_eq!(packet.to_string(), *text);
        assert_eq!(written_again(&packet), octets, "{text}");
    }
}

fn written_again(packet: &Packet<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, packet.header, 1500);
    for raw in packet.chunks() {
        let raw: RawChunk<'_> = raw.unwrap();
        assert!(builder.push(&raw.decode().unwrap()));
    }
    builder.finish();
    buffer
}

fn from_hex(text: &str) -> Vec<u8> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { panic!("half an octet") };
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
