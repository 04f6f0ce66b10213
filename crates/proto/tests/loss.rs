//! What is lost is sent again (RFC 9260 §6.3.3, §7.2.4).

use std::time::Duration;

use usctp_netsim::{Impairment, LinkConfig, Loss};
use usctp_proto::{AssociationConfig, CloseReason};
use usctp_wire::{Chunk, ChunkType, Duplicates, GapBlock, GapBlocks, Sack, Tsn};

use crate::{
    expect::{Seen, only, silence},
    pair::{A, Pair, Settings, Z, pattern},
    peer::{Peer, sack},
};

fn lossy(seed: u64, impairment: Impairment) -> Settings {
    let mut settings = Settings { seed, ..Settings::default() }.configured(|config| {
        config.rto_min = Duration::from_millis(200);
        config.rto_initial = Duration::from_millis(500);
    });
    settings.links[0].impairment = impairment;
    settings
}

fn gaps_of(blocks: &[(u16, u16)]) -> Vec<GapBlock> {
    blocks.iter().map(|&(start, end)| GapBlock { start, end }).collect()
}

fn sack_gaps(peer: &mut Peer, cumulative: Tsn, blocks: &[(u16, u16)]) {
    let gaps = gaps_of(blocks);
    let gaps = GapBlocks::Values(&gaps);
    peer.send(&[Chunk::Sack(Sack { cumulative, a_rwnd: 100_000, gaps, duplicates: Duplicates::NONE })]);
}

fn tsns(packets: &[Seen]) -> Vec<Tsn> {
    packets.iter().flat_map(|packet| packet.data().iter().map(|data| data.tsn).collect::<Vec<_>>()).collect()
}

/// Sends full chunks and acknowledges them until `count` are out at once.
fn with_in_flight(count: usize) -> (Peer, Vec<Tsn>) {
    let mut peer = Peer::connected_with(AssociationConfig { max_burst: 0, ..AssociationConfig::default() }, &[]);
    for _ in 0..60 {
        peer.program_sends(&[0; 1400]);
    }
    loop {
        let out = tsns(&peer.received());
        if out.len() >= count {
            return (peer, out);
        }
        peer.now += Duration::from_millis(20);
        let last = *out.last().expect("something is sent");
        peer.send(&[sack(last)]);
    }
}

#[test]
fn everything_arrives_over_a_link_that_loses_a_tenth() {
    for seed in 0..10 {
        let mut pair = Pair::new(lossy(seed, Impairment { loss: Loss::Random(0.1), ..Impairment::default() }));
        pair.connect(A);
        pair.run_until("up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
        for _ in 0..100 {
            pair.send(A, 0, pattern(5000));
        }
        pair.run_until_acknowledged();
        assert_eq!(pair.received(Z).len(), 100);
        assert!(pair.received(Z).iter().all(|message| message.octets == pattern(5000)));
    }
}

#[test]
fn everything_arrives_once_over_a_link_that_does_everything_wrong() {
    for seed in 0..10 {
        let impairment = Impairment {
            loss: Loss::Burst { begin: 0.01, end: 0.3 },
            duplication: 0.05,
            reordering: 0.1,
            held_back: Duration::from_millis(50),
            corruption: 0.02,
        };
        let mut pair = Pair::new(lossy(seed, impairment));
        pair.connect(A);
        pair.run_until("up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
        for number in 0..200u16 {
            pair.send(A, number % 5, pattern(usize::from(number) * 20 + 1));
            pair.send(Z, number % 5, pattern(usize::from(number) + 1));
        }
        pair.run_until_acknowledged();
        for (host, factor) in [(Z, 20), (A, 1)] {
            assert_eq!(pair.received(host).len(), 200);
            for stream in 0..5 {
                let got: Vec<_> =
                    pair.received(host).iter().filter(|m| m.stream == stream).map(|m| m.octets.len()).collect();
                let expected: Vec<_> =
                    (0..200).filter(|n| n % 5 == stream).map(|n| usize::from(n) * factor + 1).collect();
                assert_eq!(got, expected);
            }
        }
    }
}

// A -- DATA 1 --x
// A -- DATA 2, 3, 4 --> Z
// A <-- SACK 0 [2], [2-3], [2-4]: the third report
// A -- DATA 1 --> Z
#[test]
fn third_report_of_a_gap_sends_the_missing_chunk_at_once() {
    let (mut peer, out) = with_in_flight(5);
    let base = out[0].previous();
    peer.now += Duration::from_millis(20);
    sack_gaps(&mut peer, base, &[(2, 2)]);
    sack_gaps(&mut peer, base, &[(2, 3)]);
    assert!(!tsns(&peer.received()).contains(&out[0]));
    sack_gaps(&mut peer, base, &[(2, 4)]);
    assert_eq!(tsns(&peer.received()).first(), Some(&out[0]));
    // Only once: another loss of the same chunk is for T3-rtx to find.
    sack_gaps(&mut peer, base, &[(2, 5)]);
    assert!(!tsns(&peer.received()).contains(&out[0]));
}

#[test]
fn repeated_sack_is_no_new_report() {
    // RFC 9260 §7.2.4: only the highest newly acknowledged TSN counts misses.
    let (mut peer, out) = with_in_flight(5);
    for _ in 0..5 {
        sack_gaps(&mut peer, out[0].previous(), &[(2, 2)]);
    }
    assert!(!tsns(&peer.received()).contains(&out[0]));
}

#[test]
fn timer_sends_the_earliest_again_and_doubles() {
    let mut peer = Peer::connected();
    peer.program_sends(&[0; 1000]);
    let tsn = only(peer.received()).data()[0].tsn;
    let mut previous = peer.now;
    let mut waits = Vec::new();
    for _ in 0..4 {
        assert_eq!(tsns(&peer.wait(Duration::from_secs(100))), [tsn]);
        waits.push((peer.now - previous).as_millis());
        previous = peer.now;
    }
    assert!(waits.windows(2).all(|pair| pair[1] == pair[0] * 2), "{waits:?}");
}

#[test]
fn timer_is_restarted_when_the_earliest_is_acknowledged_and_stopped_with_the_last() {
    let mut peer = Peer::connected_with(AssociationConfig { no_delay: true, ..AssociationConfig::default() }, &[]);
    peer.program_sends(b"one");
    peer.program_sends(b"two");
    let out = tsns(&peer.received());
    assert_eq!(out.len(), 2);
    let rto = peer.endpoint.path(peer.key(), crate::pair::address(false, 0, 2).into()).unwrap().rto;
    peer.now += rto - Duration::from_millis(1);
    peer.send(&[sack(out[0])]);
    silence(&peer.wait(Duration::from_millis(500)));
    peer.send(&[sack(out[1])]);
    assert!(tsns(&peer.wait(Duration::from_secs(25))).is_empty());
}

#[test]
fn retransmissions_are_bundled_into_one_packet_after_the_timer() {
    // RFC 9260 §6.3.3 E3: as many of the earliest as fit into one packet.
    let mut peer = Peer::connected_with(AssociationConfig { no_delay: true, ..AssociationConfig::default() }, &[]);
    for _ in 0..6 {
        peer.program_sends(&[0; 400]);
    }
    let out = tsns(&peer.received());
    let again = peer.wait(Duration::from_secs(10));
    assert_eq!(tsns(&again)[..3], out[..3]);
    assert_eq!(again.len(), 1);
}

#[test]
fn silence_ends_the_association_after_association_max_retrans() {
    let config = AssociationConfig { max_retransmissions: 4, ..AssociationConfig::default() };
    let mut peer = Peer::connected_with(config, &[]);
    peer.program_sends(b"anyone?");
    let mut sent = 0;
    while peer.status().is_some() {
        sent += peer.wait(Duration::from_secs(100)).iter().filter(|packet| packet.has(ChunkType::DATA)).count();
    }
    assert_eq!(sent, 1 + 4);
    assert_eq!(peer.closed(), Some(&CloseReason::TimedOut { during_setup: false }));
}

#[test]
fn retransmitted_chunk_gives_no_rtt() {
    // Karn's rule, RFC 9260 §6.3.1 C5.
    let mut peer = Peer::connected();
    peer.program_sends(b"x");
    let tsn = only(peer.received()).data()[0].tsn;
    peer.wait(Duration::from_secs(10));
    let path = |peer: &Peer| peer.endpoint.path(peer.key(), crate::pair::address(false, 0, 2).into()).unwrap();
    let before = path(&peer).srtt;
    peer.now += Duration::from_secs(2);
    peer.send(&[sack(tsn)]);
    assert_eq!(path(&peer).srtt, before);
}

#[test]
fn reneged_chunk_is_sent_again() {
    let (mut peer, out) = with_in_flight(5);
    let base = out[0].previous();
    sack_gaps(&mut peer, base, &[(2, 5)]);
    peer.received();
    // The peer takes it back: only the first is acknowledged, and nothing beyond.
    peer.send(&[sack(out[0])]);
    let mut seen = Vec::new();
    let mut acknowledged = out[0];
    for _ in 0..20 {
        seen.extend(tsns(&peer.wait(Duration::from_secs(10))));
        while seen.contains(&acknowledged.next()) {
            acknowledged = acknowledged.next();
        }
        peer.send(&[sack(acknowledged)]);
    }
    for tsn in &out[1..] {
        assert!(seen.contains(tsn), "{tsn:?} was taken back and not sent again");
    }
}

#[test]
fn reordering_alone_causes_few_retransmissions() {
    let link = LinkConfig {
        impairment: Impairment { reordering: 0.01, held_back: Duration::from_millis(1), ..Impairment::default() },
        ..LinkConfig::default()
    };
    let mut pair = Pair::connected(Settings::with_links(1, link));
    for _ in 0..100 {
        pair.send(A, 0, pattern(10_000));
    }
    pair.run_until_acknowledged();
    let retransmitted = pair.status(A).counters.retransmitted_chunks;
    assert!(retransmitted < 20, "{retransmitted} retransmissions without a loss");
}
