//! Chunks, parameters and causes octet by octet, after the figures of the RFCs.

mod cause;
mod checksum;
mod chunk;
mod liberal;
mod param;
mod text;

use usctp_wire::{Chunk, DecodeError, HEADER_LEN, Header, Packet, PacketBuilder, VerificationTag};

const HEADER: Header = Header { source_port: 5000, destination_port: 38412, tag: VerificationTag(0x0102_0304) };

/// The octets of [`HEADER`] with a zero checksum.
const HEADER_OCTETS: [u8; HEADER_LEN] = [0x13, 0x88, 0x96, 0x0c, 1, 2, 3, 4, 0, 0, 0, 0];

/// `chunks` behind a header.
fn packet_octets(chunks: &[u8]) -> Vec<u8> {
    [&HEADER_OCTETS, chunks].concat()
}

/// What `octets`, all chunks of a packet, are read as; `f` gets the chunks up to the first error.
fn read<T>(octets: &[u8], f: impl FnOnce(Vec<Result<Chunk<'_>, DecodeError>>) -> T) -> T {
    let packet = packet_octets(octets);
    f(Packet::decode(&packet).unwrap().chunks().map(|raw| raw.and_then(|raw| raw.decode())).collect())
}

/// `chunk` is written as `octets`, padding included, and `octets` are read as `chunk`.
#[track_caller]
fn same(chunk: &Chunk<'_>, octets: &[u8]) {
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 1452);
    assert!(builder.push(chunk));
    builder.finish_without_checksum();
    assert_eq!(buffer, packet_octets(octets));
    assert_eq!(octets.len(), chunk.len().next_multiple_of(4));
    read(octets, |read| assert_eq!(read, [Ok(chunk.clone())]));
}
