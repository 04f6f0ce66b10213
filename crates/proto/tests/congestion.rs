//! Congestion control (RFC 9260 §7.2).

use std::time::Duration;

use usctp_netsim::LinkConfig;
use usctp_proto::{AssociationConfig, PathStatus};
use usctp_wire::{Chunk, Duplicates, GapBlock, GapBlocks, Sack, Tsn};

use crate::{
    pair::{A, Pair, Settings, address, pattern},
    peer::{Peer, sack},
};

/// What a packet of 1,500 octets holds of DATA chunks (RFC 9260 §1.6).
const PMDCS: u32 = 1500 - 20 - 12;
/// Octets of a chunk with 1,400 octets of payload.
const CHUNK: u32 = 1416;

fn path(peer: &Peer) -> PathStatus {
    peer.endpoint.path(peer.key(), address(false, 0, 2).into()).unwrap()
}

fn sent(peer: &mut Peer) -> Vec<Tsn> {
    peer.received().iter().flat_map(|packet| packet.data().iter().map(|data| data.tsn).collect::<Vec<_>>()).collect()
}

fn busy(chunks: usize) -> Peer {
    let mut peer = Peer::connected_with(AssociationConfig { max_burst: 0, ..AssociationConfig::default() }, &[]);
    for _ in 0..chunks {
        peer.program_sends(&[0; 1400]);
    }
    peer
}

#[test]
fn first_flight_is_the_initial_window() {
    // RFC 9260 §7.2.1: min(4 PMDCS, max(2 PMDCS, 4404)).
    let mut peer = busy(50);
    let (cwnd, mtu) = (path(&peer).cwnd, path(&peer).mtu);
    assert!(mtu == 1500 && (4380..=4404).contains(&cwnd), "cwnd {cwnd}");
    let out = sent(&mut peer).len();
    assert!((3..=4).contains(&out), "{out} chunks");
}

#[test]
fn slow_start_grows_by_what_is_acknowledged_up_to_one_mtu_per_sack() {
    let mut peer = busy(50);
    let out = sent(&mut peer);
    let before = path(&peer).cwnd;
    peer.send(&[sack(out[0])]);
    let after_one = path(&peer).cwnd;
    assert_eq!(after_one - before, CHUNK);
    let out = [out, sent(&mut peer)].concat();
    peer.send(&[sack(*out.last().unwrap())]);
    assert!(path(&peer).cwnd - after_one <= PMDCS);
}

#[test]
fn window_that_is_not_used_does_not_grow() {
    // RFC 9260 §7.2.1: only when the current window is being fully utilized.
    let mut peer = Peer::connected();
    let before = path(&peer).cwnd;
    for _ in 0..20 {
        peer.program_sends(&[0; 100]);
        let out = sent(&mut peer);
        peer.now += Duration::from_millis(10);
        peer.send(&[sack(*out.last().unwrap())]);
    }
    assert_eq!(path(&peer).cwnd, before);
}

#[test]
fn fast_retransmit_halves_the_window_once() {
    let mut peer = busy(100);
    let mut out = sent(&mut peer);
    while out.len() < 12 {
        peer.now += Duration::from_millis(10);
        peer.send(&[sack(*out.last().unwrap())]);
        out = sent(&mut peer);
    }
    let base = out[0].previous();
    let mut cuts = Vec::new();
    for end in 2..=8 {
        let before = path(&peer);
        let gaps = [GapBlock { start: 2, end }];
        let gaps = GapBlocks::Values(&gaps);
        peer.send(&[Chunk::Sack(Sack { cumulative: base, a_rwnd: 100_000, gaps, duplicates: Duplicates::NONE })]);
        peer.received();
        let after = path(&peer);
        if after.ssthresh != before.ssthresh {
            // It may have grown by what this SACK acknowledged, before it was cut.
            let half = |cwnd: u32| (cwnd / 2).max(4 * PMDCS);
            assert!((half(before.cwnd)..=half(before.cwnd + PMDCS)).contains(&after.ssthresh));
            assert_eq!(after.cwnd, after.ssthresh);
            cuts.push(end);
        }
    }
    assert_eq!(cuts, [4], "the third report");
}

#[test]
fn timeout_begins_again_with_one_mtu() {
    let mut peer = busy(100);
    let out = sent(&mut peer);
    peer.send(&[sack(*out.last().unwrap())]);
    sent(&mut peer);
    let before = path(&peer).cwnd;
    let again = peer.wait(Duration::from_secs(100));
    assert_eq!(again.len(), 1);
    assert_eq!((path(&peer).cwnd, path(&peer).ssthresh), (PMDCS, (before / 2).max(4 * PMDCS)));
}

#[test]
fn idle_path_loses_its_window() {
    // RFC 9260 §7.2.1: the window of a path without data shrinks once per RTO.
    let mut pair = Pair::connected(Settings::default());
    for _ in 0..50 {
        pair.send(A, 0, pattern(10_000));
    }
    pair.run_until_acknowledged();
    let grown = pair.path(A, 0).cwnd;
    assert!(grown > 20_000);
    pair.run_for(Duration::from_secs(120));
    pair.send(A, 0, &b"x"[..]);
    let idle = pair.path(A, 0).cwnd;
    assert!(idle <= grown / 2 && idle >= 4 * PMDCS - 1600, "{idle} after {grown}");
}

#[test]
fn burst_after_a_sack_is_limited() {
    // RFC 9260 §6.1 D: Max.Burst.
    let mut peer = Peer::connected();
    for _ in 0..200 {
        peer.program_sends(&[0; 1400]);
    }
    let mut out: std::collections::VecDeque<_> = sent(&mut peer).into();
    for _ in 0..30 {
        peer.now += Duration::from_millis(10);
        let Some(next) = out.pop_front() else { break };
        peer.send(&[sack(next)]);
        let burst = sent(&mut peer);
        assert!(burst.len() <= 4, "a burst of {} packets", burst.len());
        out.extend(burst);
    }
}

#[test]
fn bottleneck_with_a_short_queue_is_kept_busy() {
    let link = LinkConfig { rate: 1_250_000, queue: 50_000, delay: Duration::from_millis(20), ..LinkConfig::default() };
    let mut pair = Pair::connected(Settings::with_links(1, link).configured(|config| {
        config.receive_buffer = 500_000;
        config.rto_min = Duration::from_millis(200);
    }));
    let began = pair.now;
    for _ in 0..500 {
        pair.send(A, 0, pattern(10_000));
    }
    pair.run_until_acknowledged();
    let rate = 5_000_000.0 / (pair.now - began).as_secs_f64();
    assert!(rate > 0.7 * 1_250_000.0, "{rate} octets per second of 1,250,000");
}

#[test]
fn ack_splitting_gains_nothing() {
    // A receiver that acknowledges each chunk many times gets one step per SACK that advances, not more.
    let mut peer = busy(100);
    let out = sent(&mut peer);
    let before = path(&peer).cwnd;
    for _ in 0..50 {
        peer.send(&[sack(out[0])]);
    }
    assert!(path(&peer).cwnd <= before + PMDCS);
}
