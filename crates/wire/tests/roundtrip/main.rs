//! What is written is read back the same, and nothing that is read does harm.

mod material;

use material::{CauseMaterial, ChunkMaterial, ParamMaterial};
use proptest::prelude::*;
use usctp_wire::{
    Causes, Chunk, HEADER_LEN, Header, Packet, PacketBuilder, Param, Params, VerificationTag, crc32c, fuzz_packet,
};

fn header() -> impl Strategy<Value = Header> {
    (1u16.., 1u16.., any::<u32>()).prop_map(|(source_port, destination_port, tag)| Header {
        source_port,
        destination_port,
        tag: VerificationTag(tag),
    })
}

/// A packet of `chunks`, and how many of them fit under `limit`.
fn write(header: Header, chunks: &[Chunk<'_>], limit: usize) -> (Vec<u8>, usize) {
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, header, limit);
    let fitted = chunks.iter().take_while(|chunk| builder.push(chunk)).count();
    builder.finish();
    (buffer, fitted)
}

proptest! {
    #[test]
    fn chunks_are_read_as_they_were_written(
        header in header(),
        materials in prop::collection::vec(any::<ChunkMaterial>(), 1..5),
        limit in HEADER_LEN..4000,
    ) {
        let params: Vec<Vec<Param<'_>>> = materials.iter().map(ChunkMaterial::params).collect();
        let causes: Vec<Vec<u8>> = materials.iter().map(ChunkMaterial::causes).collect();
        let chunks: Vec<Chunk<'_>> =
            materials.iter().zip(&params).zip(&causes).map(|((material, params), causes)| material.chunk(params, causes)).collect();
        let (octets, fitted) = write(header, &chunks, limit);

        prop_assert!(octets.len() <= limit);
        prop_assert!(octets.len().is_multiple_of(4));
        prop_assert!(crc32c::is_valid(&octets));
        if let Some(rejected) = chunks.get(fitted) {
            prop_assert!(octets.len() + rejected.len().next_multiple_of(4) > limit);
        }
        let packet = Packet::decode(&octets).unwrap();
        prop_assert_eq!(packet.header, header);
        let raw: Vec<_> = packet.chunks().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(raw.len(), fitted);
        for (raw, written) in raw.iter().zip(&chunks) {
            prop_assert_eq!(raw.kind, written.kind());
            prop_assert_eq!(raw.octets.len(), written.len());
            prop_assert_eq!(&raw.decode().unwrap(), written);
        }
        fuzz_packet(&octets);
    }

    #[test]
    fn parameters_are_read_as_they_were_written(materials in prop::collection::vec(any::<ParamMaterial>(), 0..8)) {
        let params: Vec<Param<'_>> = materials.iter().map(ParamMaterial::param).collect();
        let mut octets = Vec::new();
        for param in &params {
            let before = octets.len();
            param.encode(&mut octets);
            prop_assert_eq!(octets.len() - before, param.len().next_multiple_of(4));
        }
        let read: Vec<Param<'_>> = Params::Wire(&octets).iter().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&read, &params);
        prop_assert_eq!(Params::Wire(&octets), Params::Values(&params));
        prop_assert_eq!(Params::Wire(&octets).encoded_len(), Params::Values(&params).encoded_len());
    }

    #[test]
    fn causes_are_read_as_they_were_written(materials in prop::collection::vec(any::<CauseMaterial>(), 0..8)) {
        let causes: Vec<_> = materials.iter().map(CauseMaterial::cause).collect();
        let mut octets = Vec::new();
        for cause in &causes {
            cause.encode(&mut octets);
        }
        let read: Vec<_> = Causes::new(&octets).map(|raw| raw.and_then(|raw| raw.decode())).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read, causes);
    }

    #[test]
    fn the_checksum_of_a_packet_with_any_bit_changed_is_wrong(
        header in header(),
        material in any::<ChunkMaterial>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let (params, causes) = (material.params(), material.causes());
        let (mut octets, _) = write(header, &[material.chunk(&params, &causes)], 4000);
        let bit = bit.index(octets.len() * 8);
        octets[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!crc32c::is_valid(&octets));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_octets_are_walked_to_an_end(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        fuzz_packet(&octets);
    }

    /// Random octets seldom get behind the first length; these have right lengths and wrong values.
    #[test]
    fn chunks_of_any_value_are_walked_to_an_end(
        chunks in prop::collection::vec((any::<u8>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..80)), 1..6),
    ) {
        let mut octets = vec![0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        for (kind, flags, value) in &chunks {
            octets.extend_from_slice(&[*kind % 20, *flags]);
            octets.extend_from_slice(&u16::try_from(value.len() + 4).unwrap().to_be_bytes());
            octets.extend_from_slice(value);
            octets.resize(octets.len().next_multiple_of(4), 0xff);
        }
        fuzz_packet(&octets);
    }

    #[test]
    fn a_valid_packet_with_some_octets_changed_or_cut_off_is_walked_to_an_end(
        header in header(),
        materials in prop::collection::vec(any::<ChunkMaterial>(), 1..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let params: Vec<Vec<Param<'_>>> = materials.iter().map(ChunkMaterial::params).collect();
        let causes: Vec<Vec<u8>> = materials.iter().map(ChunkMaterial::causes).collect();
        let chunks: Vec<Chunk<'_>> =
            materials.iter().zip(&params).zip(&causes).map(|((material, params), causes)| material.chunk(params, causes)).collect();
        let (mut octets, _) = write(header, &chunks, 4000);
        for (place, octet) in &changes {
            let place = place.index(octets.len());
            octets[place] = *octet;
        }
        fuzz_packet(&octets);
        octets.truncate(end.index(octets.len()));
        fuzz_packet(&octets);
    }
}
