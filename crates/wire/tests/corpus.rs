//! Replays the corpus of the fuzz target `packet`.

#![allow(clippy::disallowed_methods, reason = "the corpus is in files")]

use std::{fs, path::PathBuf};

use usctp_wire::{Chunk, ChunkType, Packet, crc32c, fuzz_packet};

fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/packet");
    let mut inputs: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_input_is_walked_to_an_end() {
    let inputs = corpus();
    assert!(inputs.len() > 50, "the seeds are there");
    for (name, octets) in inputs {
        println!("{name}");
        fuzz_packet(&octets);
    }
}

#[test]
fn the_seeds_are_valid_packets_with_every_kind_of_chunk() {
    let mut kinds = Vec::new();
    for (name, octets) in corpus().iter().filter(|(name, _)| name.starts_with("valid-") || name.starts_with("usrsctp-"))
    {
        assert!(crc32c::is_valid(octets), "{name}");
        for raw in Packet::decode(octets).unwrap().chunks() {
            let chunk = raw.unwrap().decode().unwrap();
            assert!(!chunk.to_string().contains("(length") && !chunk.to_string().contains("(parameter"), "{name}");
            kinds.push(chunk.kind());
            if let Chunk::Init(init) = chunk {
                assert!(init.params.iter().all(|param| param.is_ok()), "{name}");
            }
        }
    }
    let missing: Vec<_> =
        (0..=u8::MAX).map(ChunkType).filter(|kind| kind.name().is_some() && !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "no seed for {missing:?}");
}
