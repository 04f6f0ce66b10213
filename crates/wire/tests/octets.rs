//! Packets octet by octet.

use usctp_wire::*;

const HEADER: Header = Header { source_port: 5000, destination_port: 38412, tag: VerificationTag(0x0102_0304) };

/// The chunks' octets of a packet that holds `chunk`.
fn chunk_octets(chunk: &Chunk<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut packet = PacketBuilder::new(&mut buffer, HEADER, 1452);
    assert!(packet.push(chunk));
    packet.finish();
    assert!(crc32c::is_valid(&buffer));
    buffer.split_off(HEADER_LEN)
}

#[test]
fn a_data_chunk_is_padded_but_its_length_is_not() {
    let data = Data {
        tsn: Tsn(0x0a0b_0c0d),
        stream: StreamId(3),
        ssn: Ssn(9),
        ppid: Ppid([0, 0, 0, 60]),
        unordered: false,
        beginning: true,
        ending: true,
        immediate: true,
        payload: b"hello",
    };
    let octets = chunk_octets(&Chunk::Data(data));
    assert_eq!(
        octets,
        [0, 0x0b, 0, 21, 0x0a, 0x0b, 0x0c, 0x0d, 0, 3, 0, 9, 0, 0, 0, 60, b'h', b'e', b'l', b'l', b'o', 0, 0, 0]
    );
    let mut whole = vec![0x13, 0x88, 0x96, 0x0c, 1, 2, 3, 4, 0, 0, 0, 0];
    whole.extend(octets);
    let packet = Packet::decode(&whole).unwrap();
    let mut chunks = packet.chunks();
    assert_eq!(chunks.next().unwrap().unwrap().decode(), Ok(Chunk::Data(data)));
    assert!(chunks.next().is_none());
}

#[test]
fn an_init_has_padding_between_its_parameters_and_none_counted_behind_the_last() {
    let params = [Param::SupportedExtensions(&[192, 130, 15]), Param::ChunkList(&[193])];
    let init = Init {
        initiate_tag: VerificationTag(7),
        a_rwnd: 65536,
        outbound_streams: 10,
        inbound_streams: 2048,
        initial_tsn: Tsn(1),
        params: Params::Values(&params),
    };
    let octets = chunk_octets(&Chunk::Init(init.clone()));
    assert_eq!(
        octets,
        [
            1, 0, 0, 33, 0, 0, 0, 7, 0, 1, 0, 0, 0, 10, 8, 0, 0, 0, 0, 1, // fixed part
            0x80, 8, 0, 7, 192, 130, 15, 0, // padded
            0x80, 3, 0, 5, 193, 0, 0, 0
        ]
    );
    let raw = RawChunk { kind: ChunkType::INIT, flags: 0, value: &octets[4..33], octets: &octets[..33] };
    assert_eq!(raw.decode(), Ok(Chunk::Init(init)));
}
