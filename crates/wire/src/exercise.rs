//! What the fuzz target and the replay of its corpus do with a packet.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::{Causes, Chunk, Header, Init, Packet, PacketBuilder, Param, Params, crc32c};

/// Reads all of `octets` in every way this crate offers, writes what it read, and reads that again.
///
/// # Panics
/// When this crate breaks a promise: a walk that is longer than its octets allow, a length that is not what is written,
/// or octets that are read differently after they were written. Reading and writing themselves never panic.
#[doc(hidden)]
pub fn fuzz_packet(octets: &[u8]) {
    let _ = crc32c::is_valid(octets);
    let Ok(packet) = Packet::decode(octets) else { return };
    assert!(packet.chunks().count() <= octets.len() / 4 + 1);
    let mut text = Sink;
    let _ = write!(text, "{packet} {packet:#}");

    for chunk in packet.chunks().flatten().filter_map(|raw| raw.decode().ok()) {
        walk(&chunk);
        rewrite_chunk(packet.header, &chunk);
        match &chunk {
            Chunk::Init(Init { params, .. }) | Chunk::InitAck(Init { params, .. }) => {
                rewrite_params(packet.header, params);
            }
            Chunk::AsconfAck { params, .. } | Chunk::ReConfig { params } => rewrite_params(packet.header, params),
            Chunk::Asconf(asconf) => rewrite_params(packet.header, &asconf.params),
            _ => {}
        }
    }
}

/// Looks at every element of `chunk`.
fn walk(chunk: &Chunk<'_>) {
    match chunk {
        Chunk::Abort { causes, .. } | Chunk::Error { causes } => walk_causes(causes),
        Chunk::Sack(sack) => {
            assert_eq!(sack.gaps.iter().count(), sack.gaps.len());
            assert_eq!(sack.duplicates.iter().count(), sack.duplicates.len());
        }
        Chunk::NrSack(sack) => {
            assert_eq!(sack.gaps.iter().count(), sack.gaps.len());
            assert_eq!(sack.non_renegable.iter().count(), sack.non_renegable.len());
            assert_eq!(sack.duplicates.iter().count(), sack.duplicates.len());
        }
        Chunk::ForwardTsn(forward) => assert_eq!(forward.skipped.iter().count(), forward.skipped.len()),
        Chunk::IForwardTsn(forward) => assert_eq!(forward.skipped.iter().count(), forward.skipped.len()),
        _ => {}
    }
}

/// Each cause is written as it was read, where it has no octets behind its fields.
fn walk_causes(causes: &[u8]) {
    assert!(Causes::new(causes).count() <= causes.len() / 4 + 1);
    for cause in Causes::new(causes).flatten().filter_map(|raw| raw.decode().ok()) {
        let mut written = Vec::new();
        cause.encode(&mut written);
        assert_eq!(written.len(), cause.len().next_multiple_of(4));
        let read: Vec<_> = Causes::new(&written).map(|raw| raw.and_then(|raw| raw.decode())).collect();
        assert_eq!(read, [Ok(cause)]);
    }
}

/// Writes `chunk`, reads it, and writes that: the octets must be the same. (The chunk read first may have more: padding
/// counted in its length, reserved fields that are not zero.)
fn rewrite_chunk(header: Header, chunk: &Chunk<'_>) {
    let written = write_packet(header, chunk);
    let packet = Packet::decode(&written).expect("a packet just written has a header");
    let chunks: Vec<_> = packet.chunks().collect();
    let [Ok(raw)] = chunks.as_slice() else { panic!("one chunk was written, {chunks:?} read") };
    assert_eq!(raw.octets.len(), chunk.len());
    let again = raw.decode().expect("a chunk just written decodes");
    if !matches!(chunk, Chunk::Abort { .. } | Chunk::Error { .. }) {
        assert_eq!(&again, chunk);
    }
    assert_eq!(write_packet(header, &again), written);
}

/// As [`rewrite_chunk`] for parameters as values: each is written from what it means.
fn rewrite_params(header: Header, params: &Params<'_>) {
    assert_eq!(params.iter().count(), params.raw().count());
    let values: Vec<Param<'_>> = params.iter().flatten().collect();
    let written = write_packet(header, &Chunk::ReConfig { params: Params::Values(&values) });
    let packet = Packet::decode(&written).expect("a packet just written has a header");
    let Some(Ok(Chunk::ReConfig { params })) = packet.chunks().flatten().map(|raw| raw.decode()).next() else {
        panic!("a RE-CONFIG was written");
    };
    let again: Result<Vec<_>, _> = params.iter().collect();
    let again = again.expect("parameters just written decode");
    assert_eq!(again.len(), values.len());
    assert_eq!(write_packet(header, &Chunk::ReConfig { params: Params::Values(&again) }), written);
}

fn write_packet(header: Header, chunk: &Chunk<'_>) -> Vec<u8> {
    let mut written = Vec::new();
    let mut builder = PacketBuilder::new(&mut written, header, usize::MAX);
    assert!(builder.push(chunk), "what was read fits into a chunk");
    let length = builder.finish();
    assert_eq!(length, written.len());
    assert!(crc32c::is_valid(&written));
    written
}

/// Takes text and keeps nothing.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, _text: &str) -> fmt::Result {
        Ok(())
    }
}
