//! Explicit congestion notification (RFC 9260 Appendix A).

use std::time::Duration;

use usctp_netsim::LinkConfig;
use usctp_proto::{AssociationConfig, Ecn};
use usctp_wire::{Chunk, ChunkType, Header, PacketBuilder, Param, ParamType};

use crate::{
    expect::only,
    pair::{A, Pair, Settings, Z, address, pattern},
    peer::{OUR_PORT, PEER_PORT, PEER_TSN, Peer, data, sack},
};

fn able() -> Peer {
    Peer::connected_with(AssociationConfig::default(), &[Param::EcnCapable])
}

fn marked(peer: &mut Peer, chunks: &[Chunk<'_>]) {
    let mut octets = Vec::new();
    let header = Header { source_port: PEER_PORT, destination_port: OUR_PORT, tag: peer.tag };
    let mut packet = PacketBuilder::new(&mut octets, header, 1500);
    assert!(chunks.iter().all(|chunk| packet.push(chunk)));
    packet.finish();
    peer.send_marked(address(false, 0, 2), octets, Ecn::Ce);
}

#[test]
fn init_offers_it_and_init_ack_agrees() {
    let peer = Peer::connecting(AssociationConfig::default());
    drop(peer);
    let mut pair = Pair::connected(Settings::default());
    for (host, kind) in [(A, ChunkType::INIT), (Z, ChunkType::INIT_ACK)] {
        let sent = pair.log.sent_with(host, kind).next().unwrap();
        let (Chunk::Init(init) | Chunk::InitAck(init)) = sent.chunks().remove(0) else { unreachable!() };
        assert!(init.params.find(ParamType::ECN_CAPABLE).is_some());
    }
    pair.send(A, 0, &b"x"[..]);
    assert!(pair.log.sent_with(A, ChunkType::DATA).all(|sent| sent.ecn == Ecn::Ect0));
}

#[test]
fn without_agreement_no_packet_is_marked_as_able() {
    let mut peer = Peer::connected();
    peer.program_sends(b"x");
    assert_eq!(only(peer.received()).ecn, Ecn::NotEct);
}

#[test]
fn mark_is_echoed_until_the_sender_has_reduced() {
    let mut peer = able();
    let data_chunk = peer.next_data(0, b"x");
    marked(&mut peer, &[Chunk::Data(data_chunk)]);
    for ssn in 1..4 {
        peer.send_data(ssn, b"y");
        let packets = peer.wait(Duration::from_millis(300));
        let packet = packets.iter().find(|packet| packet.has(ChunkType::SACK)).expect("a SACK");
        assert!(packet.chunks().contains(&Chunk::Ecne { lowest: PEER_TSN }), "{packet}");
    }
    let next = peer.next_data(4, b"z");
    peer.send(&[Chunk::Cwr { lowest: PEER_TSN }, Chunk::Data(next)]);
    let packets = peer.wait(Duration::from_millis(300));
    assert!(!packets.iter().any(|packet| packet.has(ChunkType::ECNE)));
}

#[test]
fn echo_reduces_the_window_once_per_flight_and_is_answered() {
    let mut peer = able();
    for _ in 0..100 {
        peer.program_sends(&[0; 1400]);
    }
    let path = |peer: &Peer| peer.endpoint.path(peer.key(), address(false, 0, 2).into()).unwrap();
    let out = peer.received();
    let tsn = out[0].data()[0].tsn;
    let before = path(&peer).cwnd;
    peer.send(&[Chunk::Ecne { lowest: tsn }, sack(tsn)]);
    assert!(path(&peer).cwnd <= before.max(4 * PMDCS));
    let ssthresh = path(&peer).ssthresh;
    assert_eq!(ssthresh, (before / 2).max(4 * PMDCS));
    let packets = peer.received();
    assert!(packets.iter().any(|packet| packet.has(ChunkType::CWR)), "no CWR");
    peer.send(&[Chunk::Ecne { lowest: tsn }, sack(tsn)]);
    assert_eq!(path(&peer).ssthresh, ssthresh);
    // The echo came again: so did the CWR.
    let packets = peer.wait(Duration::from_millis(10));
    assert!(packets.is_empty() || packets.iter().any(|packet| packet.has(ChunkType::CWR)));
}

#[test]
fn marking_queue_causes_no_loss() {
    let link = LinkConfig {
        rate: 1_250_000,
        queue: 150_000,
        mark_above: Some(20_000),
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    };
    let mut pair =
        Pair::connected(Settings::with_links(1, link).configured(|config| config.receive_buffer = 1_000_000));
    let began = pair.now;
    for _ in 0..300 {
        pair.send(A, 0, pattern(10_000));
    }
    pair.run_until_acknowledged();
    assert_eq!(pair.status(A).counters.retransmitted_chunks, 0);
    assert!(pair.log.sent_with(Z, ChunkType::ECNE).count() > 0);
    let rate = 3_000_000.0 / (pair.now - began).as_secs_f64();
    assert!(rate > 0.6 * 1_250_000.0, "{rate}");
}

#[test]
fn echo_for_what_was_never_sent_does_nothing() {
    let mut peer = able();
    peer.send(&[Chunk::Ecne { lowest: peer.first_tsn.plus(1_000_000) }]);
    peer.send(&[Chunk::Cwr { lowest: PEER_TSN.plus(77) }]);
    peer.send(&[Chunk::Data(data(PEER_TSN, 0, b"x"))]);
    assert!(peer.status().is_some());
}

/// What a packet of 1,500 octets holds of DATA chunks (RFC 9260 §1.6).
const PMDCS: u32 = 1500 - 20 - 12;
