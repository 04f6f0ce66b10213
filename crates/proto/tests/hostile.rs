//! A peer that means harm: malformed packets, contradictions, floods.

use std::time::Duration;

use usctp_netsim::{Rng, Seed};
use usctp_proto::{AssociationConfig, AssociationState, CloseReason, EventKind};
use usctp_wire::{
    CauseCode, Chunk, ChunkType, Data, Duplicates, GapBlock, GapBlocks, Header, PacketBuilder, RawChunk, Sack, Ssn,
    StreamId, Tsn,
};

use crate::{
    expect::{exactly, only, silence},
    pair::{address, pattern},
    peer::{OUR_PORT, PEER_PORT, PEER_TSN, Peer, data, sack},
};

/// A packet with this body behind a right header and checksum.
fn packet(peer: &Peer, body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    let header = Header { source_port: PEER_PORT, destination_port: OUR_PORT, tag: peer.tag };
    PacketBuilder::new(&mut octets, header, 100).finish();
    octets.extend_from_slice(body);
    usctp_wire::crc32c::fill_in(&mut octets);
    octets
}

fn up(peer: &Peer) -> bool {
    peer.status().is_some_and(|status| status.state == AssociationState::Established)
}

// --- malformed -----------------------------------------------------------------------------------------------------

#[test]
fn chunk_lengths_that_cannot_be_do_no_harm() {
    for length in [0u16, 1, 2, 3, 5, 15, 17, 200, 0xffff] {
        for kind in 0..=255u8 {
            // A chunk that ends an association when it is read is tried elsewhere.
            if [ChunkType::ABORT.0].contains(&kind) {
                continue;
            }
            let mut peer = Peer::connected();
            let [high, low] = length.to_be_bytes();
            let mut body = vec![kind, 0, high, low];
            body.extend([0; 12]);
            let octets = packet(&peer, &body);
            peer.send_octets(address(false, 0, 2), octets);
            peer.received();
            peer.wait(Duration::from_secs(1));
        }
    }
}

#[test]
fn packets_cut_short_and_wrong_checksums_are_counted_and_dropped() {
    let mut peer = Peer::connected();
    let octets = packet(&peer, b"\x0e\x00\x00\x04");
    for len in 0..12 {
        peer.send_octets(address(false, 0, 2), octets[..len].to_vec());
    }
    assert_eq!(peer.endpoint.counters().dropped_too_short, 12);
    let mut wrong = octets;
    wrong[8] ^= 1;
    peer.send_octets(address(false, 0, 2), wrong);
    assert_eq!(peer.endpoint.counters().dropped_checksum, 1);
    silence(&peer.received());
}

#[test]
fn unknown_chunks_are_skipped_or_end_the_packet_and_reported_or_not() {
    // RFC 9260 §3.2: the two highest bits.
    for (kind, goes_on, reported) in
        [(0x3f, false, false), (0x7f, false, true), (0xbf, true, false), (0xff, true, true)]
    {
        let mut peer = Peer::connected();
        let octets = [kind, 0, 0, 8, 1, 2, 3, 4];
        let raw = RawChunk { kind: ChunkType(kind), flags: 0, value: &octets[4..], octets: &octets };
        let behind = data(PEER_TSN, 0, b"behind");
        peer.send(&[Chunk::Unknown(raw), Chunk::Data(behind)]);
        assert_eq!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))), goes_on, "{kind:#x}");
        let packets = peer.received();
        let error = packets.iter().find(|packet| packet.has(ChunkType::ERROR));
        assert_eq!(error.is_some(), reported, "{kind:#x}");
        if let Some(error) = error {
            assert_eq!(error.causes(), [CauseCode::UNRECOGNIZED_CHUNK]);
        }
        assert!(up(&peer));
    }
}

#[test]
fn random_octets_behind_a_right_header_do_no_harm() {
    let mut rng = Rng::new(Seed(99));
    for _ in 0..300 {
        let mut peer = Peer::connected();
        for _ in 0..20 {
            let mut body = Vec::new();
            for _ in 0..rng.between(1..5) {
                let len = rng.between(0..60) as u16;
                let kind = *rng.choose(&[0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 64, 130, 192, 193, 0x7e, 0xfe]);
                let claimed = if rng.chance(0.9) { len + 4 } else { rng.number() as u16 };
                body.extend([kind, rng.number() as u8 & 0x0f]);
                body.extend(claimed.to_be_bytes());
                body.extend((0..len.next_multiple_of(4)).map(|_| rng.number() as u8));
            }
            let octets = packet(&peer, &body);
            let before = peer.now;
            peer.send_octets(address(false, 0, 2), octets);
            let answers: usize = peer.received().len();
            assert!(answers <= 3, "{answers} packets for one");
            peer.now = before + Duration::from_millis(rng.between(0..3000));
            peer.wait(Duration::ZERO);
        }
    }
}

#[test]
fn damaged_packets_of_a_real_conversation_do_no_harm() {
    // Each packet that a peer might send, with each octet changed: right checksum, wrong contents.
    let mut rng = Rng::new(Seed(5));
    let gaps = [GapBlock { start: 2, end: 3 }];
    let causes = [0, 1, 0, 8, 0, 3, 0, 0];
    let bodies: Vec<Vec<u8>> = [
        Chunk::Data(data(PEER_TSN, 0, b"payload")),
        Chunk::Sack(Sack {
            cumulative: Tsn(1),
            a_rwnd: 5,
            gaps: GapBlocks::Values(&gaps),
            duplicates: Duplicates::Values(&[Tsn(1)]),
        }),
        Chunk::Error { causes: &causes },
        Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" },
        Chunk::Init(crate::peer::init(&[])),
        Chunk::CookieEcho { cookie: &[7; 100] },
        Chunk::Shutdown { cumulative: Tsn(0) },
    ]
    .iter()
    .map(|chunk| {
        let mut octets = Vec::new();
        let header = Header { source_port: PEER_PORT, destination_port: OUR_PORT, tag: usctp_wire::VerificationTag(0) };
        let mut builder = PacketBuilder::new(&mut octets, header, 1500);
        assert!(builder.push(chunk));
        builder.finish();
        octets.split_off(12)
    })
    .collect();
    for body in bodies {
        for at in 0..body.len() {
            let mut peer = Peer::connected();
            peer.program_sends(&[0; 3000]);
            peer.received();
            let mut changed = body.clone();
            changed[at] = rng.number() as u8;
            let octets = packet(&peer, &changed);
            peer.send_octets(address(false, 0, 2), octets);
            peer.wait(Duration::from_secs(1));
        }
    }
}

// --- contradictions ------------------------------------------------------------------------------------------------

#[test]
fn data_without_user_data_is_aborted() {
    let mut peer = Peer::connected();
    peer.send(&[Chunk::Data(data(PEER_TSN, 0, b""))]);
    let packet = only(peer.received());
    assert_eq!(packet.causes(), [CauseCode::NO_USER_DATA]);
    assert!(peer.status().is_none());
}

#[test]
fn sack_of_what_was_never_sent_is_aborted() {
    // RFC 5062 §5.2: optimistic acknowledgements end the association.
    for ahead in [0, 1, 1000] {
        let mut peer = Peer::connected();
        peer.send(&[sack(peer.first_tsn.plus(ahead))]);
        exactly(peer.received(), &[ChunkType::ABORT]);
        assert!(matches!(peer.closed(), Some(CloseReason::Aborted { by_user: false, .. })));
    }
}

#[test]
fn gap_blocks_that_cannot_be_do_no_harm() {
    let blocks = [(0, 0), (5, 2), (1, 1), (1, 65_535), (65_535, 65_535), (3, 4)];
    for &(start, end) in &blocks {
        let mut peer = Peer::connected();
        for _ in 0..3 {
            peer.program_sends(&[0; 1400]);
        }
        peer.received();
        let gaps = [GapBlock { start, end }, GapBlock { start: 1, end: 2 }, GapBlock { start, end }];
        let sack = Sack {
            cumulative: peer.first_tsn.previous(),
            a_rwnd: 100_000,
            gaps: GapBlocks::Values(&gaps),
            duplicates: Duplicates::NONE,
        };
        peer.send(&[Chunk::Sack(sack)]);
        peer.wait(Duration::from_secs(1));
        // Either it is ignored or the association is aborted; what is acknowledged beyond doubt stays so.
        if peer.status().is_some() {
            peer.send(&[crate::peer::sack(peer.first_tsn.plus(1))]);
            assert!(up(&peer));
        }
    }
}

#[test]
fn old_sack_is_ignored() {
    let mut peer = Peer::connected();
    peer.program_sends(b"x");
    peer.received();
    peer.send(&[sack(peer.first_tsn)]);
    peer.send(&[sack(peer.first_tsn.minus(5))]);
    assert!(up(&peer));
    assert_eq!(peer.status().unwrap().unacknowledged_chunks, 0);
}

#[test]
fn fragments_that_contradict_each_other_are_aborted() {
    let mut peer = Peer::connected();
    let beginning = Data { ending: false, ..peer.next_data(0, b"one") };
    let another = peer.next_data(1, b"two");
    peer.send(&[Chunk::Data(beginning), Chunk::Data(another)]);
    let packets = peer.received();
    assert!(packets.iter().any(|packet| packet.has(ChunkType::ABORT)));
    assert!(peer.status().is_none());
}

#[test]
fn stream_sequence_number_used_twice_is_aborted() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"x");
    peer.send_data(0, b"y");
    assert!(peer.received().iter().any(|packet| packet.has(ChunkType::ABORT)));
}

// --- floods --------------------------------------------------------------------------------------------------------

#[test]
fn fragments_that_never_end_are_bounded() {
    let mut peer = Peer::connected();
    for number in 0..20_000u32 {
        // One octet each, never two that belong together.
        let fragment = Data {
            stream: StreamId((number % 10) as u16),
            beginning: true,
            ending: false,
            ..data(PEER_TSN.plus(number * 2), (number / 10) as u16, b"x")
        };
        peer.send(&[Chunk::Data(fragment)]);
        peer.received();
    }
    let status = peer.status().expect("the association is up");
    assert!(status.pending_chunks < 2000, "{} chunks held", status.pending_chunks);
}

#[test]
fn duplicates_are_answered_once_each_and_not_remembered() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"x");
    peer.received();
    for _ in 0..1000 {
        let again = data(PEER_TSN, 0, b"x");
        let chunks = vec![Chunk::Data(again); 40];
        peer.send(&chunks);
        let packet = exactly(peer.received(), &[ChunkType::SACK]);
        assert!(packet.octets.len() < 400);
    }
}

#[test]
fn heartbeats_are_answered_one_for_one_at_most() {
    let mut peer = Peer::connected();
    let heartbeats = vec![Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }; 100];
    peer.send(&heartbeats);
    let answers: usize = peer
        .received()
        .iter()
        .map(|packet| packet.kinds().iter().filter(|&&kind| kind == ChunkType::HEARTBEAT_ACK).count())
        .sum();
    assert!((1..=100).contains(&answers));
    // Nothing is stored for later without bound.
    for _ in 0..1000 {
        peer.send(&heartbeats);
    }
    let octets: usize = peer.received().iter().map(|packet| packet.octets.len()).sum();
    assert!(octets < 100_000, "{octets} octets of answers were kept");
}

#[test]
fn unknown_chunks_in_masses_are_not_all_reported() {
    let mut peer = Peer::connected();
    let octets = [0xff, 0, 0, 4];
    let raw = RawChunk { kind: ChunkType(0xff), flags: 0, value: &[], octets: &octets };
    for _ in 0..100 {
        peer.send(&vec![Chunk::Unknown(raw); 300]);
    }
    let octets: usize = peer.received().iter().map(|packet| packet.octets.len()).sum();
    assert!(octets < 50_000, "{octets} octets of reports");
}

#[test]
fn ever_more_streams_and_numbers_cost_no_more_than_the_window() {
    let config = AssociationConfig { receive_buffer: 50_000, ..AssociationConfig::default() };
    let mut peer = Peer::connected_with(config, &[]);
    for number in 0..10_000u32 {
        let waiting = Data {
            stream: StreamId((number % 10) as u16),
            ssn: Ssn((number % 30_000) as u16 + 1),
            ..data(PEER_TSN.plus(number), 0, b"waits")
        };
        peer.send(&[Chunk::Data(waiting)]);
        if peer.status().is_none() {
            return;
        }
    }
    assert!(peer.status().unwrap().pending_chunks < 1000);
}

#[test]
fn peer_with_a_tiny_window_cannot_make_us_send_tiny_chunks() {
    let mut peer = Peer::connected();
    peer.program_sends(&pattern(10_000));
    let first = only_first(&mut peer);
    let mut small = 0;
    let mut cumulative = first;
    for _ in 0..20 {
        peer.send(&[Chunk::Sack(Sack { cumulative, a_rwnd: 10, gaps: GapBlocks::NONE, duplicates: Duplicates::NONE })]);
        for packet in peer.wait(Duration::from_secs(70)) {
            for data in packet.data() {
                small += usize::from(data.payload.len() < 100);
                cumulative = if data.tsn.is_after(cumulative) { data.tsn } else { cumulative };
            }
        }
    }
    assert!(small <= 1, "{small} tiny chunks");
}

fn only_first(peer: &mut Peer) -> Tsn {
    peer.received().iter().flat_map(|packet| packet.data().iter().map(|d| d.tsn).collect::<Vec<_>>()).last().unwrap()
}
