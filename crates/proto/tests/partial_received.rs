//! A peer gives messages up: the receiver's side of partial reliability (RFC 3758 §3.6).

use std::time::Duration;

use usctp_netsim::{Impairment, Loss};
use usctp_proto::{AssociationConfig, EventKind, OutgoingMessage, Reliability};
use usctp_wire::{CauseCode, Chunk, ChunkType, Data, ForwardTsn, Param, SkippedStreams, Ssn, StreamId, Tsn};

use crate::{
    expect::{exactly, silence},
    pair::{A, Pair, Settings, Z, message, pattern},
    peer::{PEER_TSN, Peer, data},
};

fn able() -> Peer {
    able_with(AssociationConfig::default())
}

fn able_with(config: AssociationConfig) -> Peer {
    let mut peer = Peer::connected_with(config, &[Param::ForwardTsnSupported]);
    silence(&peer.received());
    peer
}

fn forward(peer: &mut Peer, cumulative: Tsn, skipped: &[(u16, u16)]) {
    let skipped: Vec<_> = skipped.iter().map(|&(stream, ssn)| (StreamId(stream), Ssn(ssn))).collect();
    let skipped = SkippedStreams::Values(&skipped);
    peer.send(&[Chunk::ForwardTsn(ForwardTsn { cumulative, skipped })]);
}

/// Stream, number and first octet of what was delivered.
fn delivered(peer: &Peer) -> Vec<(u16, u16, u8)> {
    let delivery = |event: &usctp_proto::Event| match &event.kind {
        EventKind::Delivered(delivery) => Some((delivery.stream.0, delivery.ssn.0, delivery.data[0][0])),
        _ => None,
    };
    peer.events.iter().filter_map(delivery).collect()
}

/// R3758-3.6-1, R3758-3.6-2, R3758-3.6-6: the point moves on, and over what has come behind it.
#[test]
fn cumulative_tsn_moves_over_what_was_skipped_and_what_waited_is_delivered() {
    let mut peer = able();
    let first = PEER_TSN;
    peer.send(&[Chunk::Data(data(first.plus(2), 2, b"c"))]);
    peer.send(&[Chunk::Data(data(first.plus(4), 4, b"e"))]);
    peer.received();
    assert!(delivered(&peer).is_empty());
    forward(&mut peer, first.plus(1), &[(0, 1)]);
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    let sack = packet.sack();
    assert_eq!((sack.cumulative, sack.gaps.len()), (first.plus(2), 1), "the rest is still missing");
    assert_eq!(delivered(&peer), [(0, 2, b'c')]);
    forward(&mut peer, first.plus(3), &[(0, 3)]);
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    assert_eq!((packet.sack().cumulative, packet.sack().gaps.len()), (first.plus(4), 0));
    assert_eq!(delivered(&peer).len(), 2);
}

/// R3758-3.6-3: and nothing moves back.
#[test]
fn old_forward_tsn_is_only_answered() {
    let mut peer = able();
    peer.send_data(0, b"a");
    peer.send_data(1, b"b");
    peer.received();
    for tsn in [PEER_TSN, PEER_TSN.plus(1), PEER_TSN.minus(7)] {
        forward(&mut peer, tsn, &[(0, 9)]);
        let packet = exactly(peer.received(), &[ChunkType::SACK]);
        assert_eq!(packet.sack().cumulative, PEER_TSN.plus(1));
    }
    peer.send_data(2, b"c");
    assert_eq!(delivered(&peer).len(), 3, "the stream was not skipped");
}

/// R3758-3.6-4.
#[test]
fn forward_tsn_is_acknowledged_like_data() {
    let mut peer = able();
    // The first of all is not delayed.
    peer.send_data(0, b"x");
    exactly(peer.received(), &[ChunkType::SACK]);
    forward(&mut peer, PEER_TSN.plus(1), &[(0, 1)]);
    silence(&peer.received());
    let packet = exactly(peer.wait(Duration::from_millis(200)), &[ChunkType::SACK]);
    assert_eq!(packet.sack().cumulative, PEER_TSN.plus(1));
    peer.tsn = PEER_TSN.plus(3);
    forward(&mut peer, PEER_TSN.plus(2), &[(0, 2)]);
    peer.send_data(3, b"x");
    exactly(peer.received(), &[ChunkType::SACK]);
}

/// R3758-3.6-9: what comes after it was skipped is a duplicate.
#[test]
fn skipped_chunk_that_comes_late_is_a_duplicate() {
    let mut peer = able();
    forward(&mut peer, PEER_TSN.plus(1), &[(0, 1)]);
    peer.wait(Duration::from_secs(1));
    peer.send(&[Chunk::Data(data(PEER_TSN, 0, b"late"))]);
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    assert_eq!(packet.sack().duplicates.iter().collect::<Vec<_>>(), [PEER_TSN]);
    assert!(delivered(&peer).is_empty());
}

/// R3758-3.6-7: fragments whose rest will not come are thrown away, and the window opens again.
#[test]
fn message_partly_received_is_thrown_away() {
    let mut peer = able();
    let window = peer.status().expect("up").local_rwnd;
    let part = |at: u32, flags: (bool, bool)| Data {
        beginning: flags.0,
        ending: flags.1,
        ..data(PEER_TSN.plus(at), 0, &[b'p'; 1000])
    };
    peer.send(&[Chunk::Data(part(0, (true, false)))]);
    peer.send(&[Chunk::Data(part(2, (false, true)))]);
    assert!(peer.status().expect("up").local_rwnd < window);
    forward(&mut peer, PEER_TSN.plus(2), &[(0, 0)]);
    assert_eq!(peer.status().expect("up").local_rwnd, window);
    peer.send(&[Chunk::Data(data(PEER_TSN.plus(3), 1, b"next"))]);
    assert_eq!(delivered(&peer), [(0, 1, b'n')]);
}

/// R3758-3.6-8.
#[test]
fn partial_delivery_that_the_peer_gives_up_is_aborted() {
    let mut peer = able_with(AssociationConfig { partial_delivery_point: 500, ..AssociationConfig::default() });
    let part = Data { ending: false, ..data(PEER_TSN, 0, &[b'p'; 1000]) };
    peer.send(&[Chunk::Data(part)]);
    assert_eq!(delivered(&peer), [(0, 0, b'p')]);
    forward(&mut peer, PEER_TSN.plus(1), &[(0, 0)]);
    let aborted = |kind: &EventKind| {
        matches!(kind, EventKind::PartialDeliveryAborted { stream: StreamId(0), ssn: Ssn(0), unordered: false })
    };
    assert!(peer.was_told(aborted));
    peer.send(&[Chunk::Data(data(PEER_TSN.plus(2), 1, b"next"))]);
    assert_eq!(delivered(&peer).len(), 2);
}

/// Hostile: streams that do not exist, the same stream many times, a jump of half the number space.
#[test]
fn absurd_forward_tsns_do_no_harm() {
    let mut peer = able();
    forward(&mut peer, PEER_TSN, &[(65_535, 1), (10, 65_535), (0, 0), (0, 0), (0, 40_000)]);
    peer.tsn = PEER_TSN.next();
    peer.send_data(1, b"after");
    assert_eq!(delivered(&peer), [(0, 1, b'a')], "the highest number of stream 0 by RFC 1982 §3.2 is 0");
    // All that a jump spoils is the peer's own data.
    forward(&mut peer, PEER_TSN.plus(0x7fff_ffff), &[]);
    peer.received();
    peer.tsn = PEER_TSN.plus(0x8000_0000);
    peer.send_data(2, b"far");
    assert_eq!(delivered(&peer).len(), 2);
    // Half the space and more ahead is behind.
    forward(&mut peer, PEER_TSN.plus(1), &[(0, 7)]);
    peer.send_data(3, b"more");
    assert_eq!(delivered(&peer).len(), 3);
    assert!(peer.closed().is_none());
}

/// R3758-3.3.1-2, R3758-3.3.2-3: an ERROR, and nothing moves.
#[test]
fn forward_tsn_that_was_not_agreed_on_is_an_unknown_chunk() {
    let off = AssociationConfig { partial_reliability: false, ..AssociationConfig::default() };
    for (config, params) in [(off, &[Param::ForwardTsnSupported][..]), (AssociationConfig::default(), &[][..])] {
        let mut peer = Peer::connected_with(config, params);
        forward(&mut peer, PEER_TSN, &[(0, 0)]);
        let packet = exactly(peer.received(), &[ChunkType::ERROR]);
        assert_eq!(packet.causes(), [CauseCode::UNRECOGNIZED_CHUNK]);
        peer.send_data(0, b"first");
        assert_eq!(delivered(&peer).len(), 1);
    }
}

/// Each message arrives, or its sender is told; with every policy, over a network that loses, doubles and reorders.
#[test]
fn every_message_arrives_or_is_reported() {
    for (seed, agreed) in [(1, [true, true]), (2, [true, true]), (3, [true, false]), (4, [false, true])] {
        let mut settings = Settings { seed, ..Settings::default() }.configured(|config| {
            config.rto_min = Duration::from_millis(100);
            config.rto_initial = Duration::from_millis(300);
        });
        settings.links[0].impairment =
            Impairment { loss: Loss::Random(0.2), duplication: 0.05, reordering: 0.1, ..Impairment::default() };
        settings.configs[A].partial_reliability = agreed[A];
        settings.configs[Z].partial_reliability = agreed[Z];
        let mut pair = Pair::connected(settings);
        assert_eq!(pair.status(A).partial_reliability, agreed[A] && agreed[Z]);
        for number in 0..300_u32 {
            let reliability = match number % 4 {
                0 => Reliability::Full,
                1 => Reliability::Timed,
                2 => Reliability::Retransmissions(number % 3),
                _ => Reliability::Priority(number),
            };
            let expires = (number % 4 == 1).then(|| pair.now + Duration::from_millis(50));
            let mut octets = number.to_be_bytes().to_vec();
            octets.extend(pattern(100 + number as usize * 20));
            let outgoing = OutgoingMessage { reliability, expires, ..message((number % 3) as u16, octets) };
            pair.send_message(A, outgoing).expect("sent");
            if number % 50 == 49 {
                let (now, key) = (pair.now, pair.key(A));
                pair.hosts[A].endpoint.make_room(now, key, 2000, 10);
                pair.drain();
            }
            pair.run_for(Duration::from_millis(10));
        }
        pair.run_until_acknowledged();
        pair.shutdown(A);
        pair.run_to_the_end();
        let mut arrived = vec![0; 300];
        for message in pair.received(Z) {
            let number = u32::from_be_bytes(*message.octets.first_chunk().expect("a number"));
            arrived[number as usize] += 1;
        }
        let mut failed = vec![0; 300];
        for event in &pair.hosts[A].events {
            if let EventKind::SendFailed(failure) = &event.kind {
                failed[failure.message.0 as usize] += 1;
                assert!(failure.sent || arrived[failure.message.0 as usize] == 0, "delivered though never sent");
            }
        }
        for number in 0..300 {
            assert!(arrived[number] <= 1 && failed[number] <= 1, "message {number}");
            assert!(arrived[number] + failed[number] > 0, "message {number} is gone without a word");
            assert!(number % 4 != 0 || failed[number] == 0, "message {number} was to be delivered at any price");
        }
        let given_up: usize = failed.iter().sum();
        assert!(given_up > 0 && (agreed[A] && agreed[Z] || given_up <= 75), "{given_up} given up");
    }
}
