//! The size of packets (RFC 9260 §7.3, RFC 8899).

use std::time::Duration;

use usctp_netsim::LinkConfig;
use usctp_wire::{Chunk, ChunkType, Header, PacketBuilder};

use crate::{
    expect::only,
    pair::{A, LINK, PORTS, Pair, Settings, Z, address, pattern},
    peer::{OUR_PORT, PEER_PORT, PEER_TAG, Peer},
};
use usctp_proto::{IcmpError, IcmpKind};

fn narrow(mtu: usize, tells: bool) -> Settings {
    let link = LinkConfig { mtu, tells_too_big: tells, ..LinkConfig::default() };
    Settings::with_links(1, link).configured(|config| {
        config.rto_min = Duration::from_millis(200);
        config.rto_initial = Duration::from_millis(500);
    })
}

#[test]
fn router_that_says_too_big_is_believed() {
    let mut pair = Pair::connected(narrow(1000, true));
    pair.send(A, 0, pattern(20_000));
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z)[0].octets, pattern(20_000));
    assert_eq!(pair.path(A, 0).mtu, 1000);
    assert_eq!(pair.status(A).fragmentation_point, 1000 - 20 - 12 - 16);
}

#[test]
fn path_that_becomes_narrow_in_the_middle_is_followed() {
    for mtu in [1400, 1280, 900, 576] {
        let mut pair = Pair::connected(narrow(1500, true));
        pair.send(A, 0, pattern(20_000));
        pair.run_for(Duration::from_millis(60));
        pair.configure_link(0, |link| link.mtu = mtu);
        for _ in 0..10 {
            pair.send(A, 0, pattern(20_000));
        }
        pair.run_until_acknowledged();
        assert_eq!(pair.received(Z).len(), 11);
        assert!(pair.received(Z).iter().all(|message| message.octets == pattern(20_000)));
    }
}

#[test]
fn own_interface_that_becomes_narrow_is_followed() {
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, pattern(10_000));
    pair.run_until_acknowledged();
    let (now, there) = (pair.now, pair.hosts[Z].addresses[0]);
    pair.hosts[A].endpoint.handle_send_too_big(now, there.into(), 1200);
    assert_eq!(pair.path(A, 0).mtu, 1200);
    pair.log.clear();
    pair.send(A, 0, pattern(10_000));
    pair.run_until_acknowledged();
    assert!(pair.log.sent_by(A).all(|sent| sent.octets.len() + 20 <= 1200));
}

#[test]
fn chunks_already_cut_larger_than_the_path_still_get_through() {
    // They cannot be cut again: they go in packets that routers may fragment (RFC 9260 §7.3).
    let mut pair = Pair::connected(narrow(1500, true));
    for _ in 0..5 {
        pair.send(A, 0, pattern(1400));
    }
    pair.configure_link(0, |link| link.mtu = 1000);
    for _ in 0..5 {
        pair.send(A, 0, pattern(1400));
    }
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 10);
}

#[test]
fn packet_too_big_for_someone_else_is_not_believed() {
    let mut peer = Peer::connected();
    let error = |tag: u32, from: u16, to: u16| {
        let mut quoted = Vec::new();
        let header = Header { source_port: from, destination_port: to, tag: usctp_wire::VerificationTag(tag) };
        PacketBuilder::new(&mut quoted, header, 100).finish();
        IcmpError {
            destination: address(false, 0, 2).into(),
            link: LINK,
            udp_port: None,
            kind: IcmpKind::PacketTooBig(600),
            quoted: quoted.into(),
        }
    };
    let mtu = |peer: &Peer| peer.endpoint.path(peer.key(), address(false, 0, 2).into()).unwrap().mtu;
    let now = peer.now;
    peer.endpoint.handle_icmp(now, error(PEER_TAG.0 ^ 1, OUR_PORT, PEER_PORT));
    peer.endpoint.handle_icmp(now, error(PEER_TAG.0, OUR_PORT, PORTS[0]));
    let mut short = error(PEER_TAG.0, OUR_PORT, PEER_PORT);
    short.quoted.truncate(7);
    peer.endpoint.handle_icmp(now, short);
    assert_eq!(mtu(&peer), 1500);
    // And one that is ours, but says less than any path may: no further down than the least.
    let mut tiny = error(PEER_TAG.0, OUR_PORT, PEER_PORT);
    tiny.kind = IcmpKind::PacketTooBig(10);
    peer.endpoint.handle_icmp(now, tiny);
    assert!(mtu(&peer) >= 512, "{}", mtu(&peer));
}

#[test]
fn narrow_path_that_becomes_wide_is_noticed() {
    let mut pair = Pair::connected(narrow(1000, true));
    pair.send(A, 0, pattern(20_000));
    pair.run_until_acknowledged();
    assert_eq!(pair.path(A, 0).mtu, 1000);
    pair.configure_link(0, |link| link.mtu = 1500);
    pair.run_for(Duration::from_secs(1500));
    pair.send(A, 0, pattern(20_000));
    pair.run_until_acknowledged();
    pair.run_for(Duration::from_secs(100));
    assert_eq!(pair.path(A, 0).mtu, 1500);
}

#[test]
fn fixed_mtu_is_kept_to() {
    let mut settings = Settings::default();
    settings.configs[A].path.mtu_discovery = false;
    settings.configs[A].path.mtu = 800;
    let mut pair = Pair::connected(settings);
    pair.send(A, 0, pattern(10_000));
    pair.run_until_acknowledged();
    assert!(pair.log.sent_by(A).all(|sent| sent.octets.len() + 20 <= 800));
}

#[test]
fn max_segment_bounds_chunks_but_not_packets() {
    let mut settings = Settings::default();
    settings.configs[A].max_segment = 500;
    let mut pair = Pair::connected(settings);
    pair.send(A, 0, pattern(10_000));
    pair.run_until_acknowledged();
    let mut largest = 0;
    for sent in pair.log.sent_with(A, ChunkType::DATA) {
        largest = largest.max(sent.octets.len());
        for chunk in sent.chunks() {
            assert!(!matches!(chunk, Chunk::Data(data) if data.payload.len() > 500));
        }
    }
    assert!(largest > 1000);
}

#[test]
fn jumbo_frames_are_used() {
    let link = LinkConfig { mtu: 9000, ..LinkConfig::default() };
    let mut pair = Pair::connected(Settings { interface_mtu: 9000, ..Settings::with_links(1, link) });
    pair.send(A, 0, pattern(100_000));
    pair.run_until_acknowledged();
    assert!(pair.log.sent_with(A, ChunkType::DATA).any(|sent| sent.octets.len() + 20 > 8900));
    assert_eq!(pair.received(Z)[0].octets, pattern(100_000));
}

#[test]
fn control_packets_fit_the_smallest_path_too() {
    let mut peer = Peer::connecting(usctp_proto::AssociationConfig::default());
    peer.send_init_ack(PEER_TAG);
    assert!(only(peer.received()).octets.len() + 20 <= 576);
}
