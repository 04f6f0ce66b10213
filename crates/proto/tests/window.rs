//! The receive window: closed, opened, and never silly (RFC 9260 §6.1, §6.2).

use std::time::Duration;

use usctp_proto::AssociationConfig;
use usctp_wire::{Chunk, ChunkType, Duplicates, GapBlocks, Sack, Tsn};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z, pattern},
    peer::Peer,
};

fn sack_with(cumulative: Tsn, a_rwnd: u32) -> Chunk<'static> {
    Chunk::Sack(Sack { cumulative, a_rwnd, gaps: GapBlocks::NONE, duplicates: Duplicates::NONE })
}

#[test]
fn program_that_does_not_read_stops_its_peer_and_reading_starts_it_again() {
    let mut settings = Settings::default();
    settings.configs[Z].receive_buffer = 20_000;
    let mut pair = Pair::connected(settings);
    pair.hosts[Z].reads = false;
    for number in 0..100 {
        pair.send(A, 0, vec![number; 1000]);
    }
    pair.run_for(Duration::from_secs(300));
    let held = pair.received(Z).len();
    assert!((20..=22).contains(&held), "{held} messages held");
    assert!(pair.closed(A).is_none(), "a closed window is no failure");
    while !pair.hosts[Z].mailbox.unreleased.is_empty() {
        let count = pair.hosts[Z].mailbox.unreleased.len();
        pair.read(Z, count);
        pair.run_for(Duration::from_millis(500));
    }
    assert_eq!(pair.received(Z).len(), 100);
    assert_eq!(pair.status(Z).local_rwnd, 20_000);
}

// A -- DATA ----------> Z   (window closed)
// A <---- SACK rwnd 0 -- Z
// A -- one DATA ------> Z   after T3 or at once, as long as it takes
#[test]
fn closed_window_is_probed_with_one_chunk_for_as_long_as_it_is_answered() {
    let mut peer = Peer::connected();
    peer.program_sends(&[1; 1000]);
    let tsn = only(peer.received()).data()[0].tsn;
    peer.program_sends(&[2; 1000]);
    peer.program_sends(&[3; 1000]);
    peer.received();
    peer.send(&[sack_with(tsn, 0)]);
    let mut probes = 0;
    for _ in 0..40 {
        for packet in peer.wait(Duration::from_secs(60)) {
            for data in packet.data() {
                assert_eq!(data.tsn, tsn.next(), "only the probe");
                probes += 1;
            }
            peer.answer_heartbeats(&packet);
            peer.send(&[sack_with(tsn, 0)]);
        }
    }
    assert!(probes >= 20, "{probes} probes");
    assert!(peer.status().is_some(), "a peer that answers is not dead");
    peer.send(&[sack_with(tsn, 100_000)]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        for packet in peer.wait(Duration::from_secs(61)) {
            seen.extend(packet.data().iter().map(|data| data.tsn));
            if let Some(&last) = seen.iter().max_by_key(|seen| seen.distance_from(tsn)) {
                peer.send(&[sack_with(last, 100_000)]);
            }
        }
    }
    assert!(seen.contains(&tsn.plus(2)), "the rest goes once the window is open");
}

#[test]
fn window_that_opens_is_told() {
    let mut peer =
        Peer::connected_with(AssociationConfig { receive_buffer: 10_000, ..AssociationConfig::default() }, &[]);
    for ssn in 0..10 {
        peer.send_data(ssn, &[0; 1000]);
    }
    let last = peer.received().pop().expect("a SACK").sack().a_rwnd;
    assert_eq!(last, 0);
    let (now, key) = (peer.now, peer.key());
    peer.endpoint.release(now, key, 1000);
    silence(&peer.received());
    peer.endpoint.release(now, key, 4000);
    assert_eq!(exactly(peer.received(), &[ChunkType::SACK]).sack().a_rwnd, 5000);
    peer.endpoint.release(now, key, 5000);
    assert_eq!(exactly(peer.received(), &[ChunkType::SACK]).sack().a_rwnd, 10_000);
}

#[test]
fn small_reads_do_not_open_a_silly_window() {
    let mut peer =
        Peer::connected_with(AssociationConfig { receive_buffer: 10_000, ..AssociationConfig::default() }, &[]);
    for ssn in 0..10 {
        peer.send_data(ssn, &[0; 1000]);
    }
    peer.received();
    let (now, key) = (peer.now, peer.key());
    let mut windows = Vec::new();
    for _ in 0..1000 {
        peer.endpoint.release(now, key, 10);
        windows.extend(peer.received().iter().map(|packet| packet.sack().a_rwnd));
    }
    assert!(windows.len() <= 4, "window updates: {windows:?}");
    assert!(windows.iter().all(|&window| window >= 1500));
}

#[test]
fn data_beyond_a_closed_window_is_dropped_and_answered() {
    let mut peer =
        Peer::connected_with(AssociationConfig { receive_buffer: 3000, ..AssociationConfig::default() }, &[]);
    for ssn in 0..3 {
        peer.send_data(ssn, &[0; 1000]);
    }
    peer.received();
    let before = peer.tsn.previous();
    peer.send_data(3, &[0; 1000]);
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    assert_eq!((packet.sack().cumulative, packet.sack().a_rwnd), (before, 0));
    assert!(packet.sack().gaps.is_empty());
}

#[test]
fn message_larger_than_the_window_gets_through_in_parts() {
    let mut settings = Settings::default();
    settings.configs[Z].receive_buffer = 20_000;
    let mut pair = Pair::connected(settings);
    pair.send(A, 0, pattern(200_000));
    pair.send(A, 0, pattern(10));
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z)[0].octets, pattern(200_000));
    assert!(pair.received(Z)[0].parts > 1);
    assert_eq!(pair.received(Z)[1].octets, pattern(10));
    assert_eq!(pair.status(Z).local_rwnd, 20_000);
}

#[test]
fn message_that_fits_the_buffer_comes_whole() {
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, pattern(100_000));
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z)[0].parts, 1);
}

#[test]
fn window_announced_small_is_kept_to() {
    let mut peer = Peer::connected();
    // The peer's first window is 100,000 octets; now it has room for three chunks.
    peer.program_sends(&[0; 1000]);
    let tsn = only(peer.received()).data()[0].tsn;
    peer.send(&[sack_with(tsn, 3000)]);
    for _ in 0..20 {
        peer.program_sends(&[0; 1000]);
    }
    let sent: usize = peer
        .received()
        .iter()
        .flat_map(|packet| packet.data().iter().map(|d| d.payload.len()).collect::<Vec<_>>())
        .sum();
    assert!(sent <= 3000, "{sent} octets into a window of 3000");
}

#[test]
fn lost_window_update_does_not_stop_the_association() {
    let mut settings = Settings::default();
    settings.configs[Z].receive_buffer = 5000;
    let mut pair = Pair::connected(settings);
    pair.hosts[Z].reads = false;
    for _ in 0..20 {
        pair.send(A, 0, vec![0; 1000]);
    }
    pair.run_for(Duration::from_secs(20));
    pair.set_up(0, false);
    let count = pair.hosts[Z].mailbox.unreleased.len();
    pair.read(Z, count);
    pair.hosts[Z].reads = true;
    pair.run_for(Duration::from_millis(100));
    pair.set_up(0, true);
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 20);
}
