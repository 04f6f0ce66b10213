//! SCTP in UDP (RFC 6951): the peer's UDP port belongs to the path, and is learnt only from packets with the right tag.

use usctp_proto::{AssociationConfig, IcmpError, IcmpKind};
use usctp_wire::{Chunk, ChunkType, Header, PacketBuilder, VerificationTag};

use crate::{
    expect::{exactly, only},
    pair::{LINK, address},
    peer::{OUR_PORT, PEER_PORT, PEER_TAG, Peer, init},
};

/// An association that a peer behind a NAT has begun.
fn behind_nat(udp_port: u16) -> Peer {
    let mut peer = Peer::listening();
    peer.udp_port = Some(udp_port);
    let cookie = peer.cookie(&[]);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packet = exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    assert_eq!(packet.carrier.udp_port, Some(udp_port));
    peer
}

#[test]
fn answers_go_back_to_the_udp_port() {
    let mut peer = Peer::listening();
    peer.udp_port = Some(40_000);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    assert_eq!(exactly(peer.received(), &[ChunkType::INIT_ACK]).carrier.udp_port, Some(40_000));
    peer.send_with_tag(VerificationTag(9), &[Chunk::ShutdownAck]);
    assert_eq!(only(peer.received()).carrier.udp_port, Some(40_000));
}

#[test]
fn data_goes_to_the_udp_port_and_packets_are_eight_octets_smaller() {
    let mut peer = behind_nat(40_000);
    peer.program_sends(&[0; 3000]);
    let packets = peer.received();
    assert!(packets.iter().all(|packet| packet.carrier.udp_port == Some(40_000)));
    assert_eq!(packets.iter().map(|packet| packet.octets.len()).max(), Some(1500 - 20 - 8));
}

#[test]
fn nat_that_chooses_another_port_is_followed() {
    let mut peer = behind_nat(40_000);
    peer.udp_port = Some(40_001);
    peer.send(&[Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }]);
    assert_eq!(only(peer.received()).carrier.udp_port, Some(40_001));
    peer.program_sends(b"x");
    assert_eq!(only(peer.received()).carrier.udp_port, Some(40_001));
}

#[test]
fn port_of_a_packet_with_the_wrong_tag_is_not_believed() {
    let mut peer = behind_nat(40_000);
    let tag = peer.tag;
    peer.udp_port = Some(666);
    peer.send_with_tag(VerificationTag(tag.0 ^ 1), &[Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }]);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    for packet in peer.received() {
        assert!(packet.has(ChunkType::INIT_ACK), "{packet}");
    }
    peer.program_sends(b"x");
    assert_eq!(only(peer.received()).carrier.udp_port, Some(40_000));
}

#[test]
fn program_chooses_the_peers_udp_port() {
    let mut config = AssociationConfig::default();
    config.path.udp_port = Some(9899);
    let mut peer = Peer::with(config);
    peer.connect();
    assert_eq!(exactly(peer.received(), &[ChunkType::INIT]).carrier.udp_port, Some(9899));
}

#[test]
fn closed_udp_port_refuses_the_attempt_at_once() {
    let mut config = AssociationConfig::default();
    config.path.udp_port = Some(9899);
    let mut peer = Peer::with(config);
    let key = peer.connect();
    let init = exactly(peer.received(), &[ChunkType::INIT]);
    let error = IcmpError {
        destination: address(false, 0, 2).into(),
        link: LINK,
        udp_port: Some(9899),
        kind: IcmpKind::ProtocolUnreachable,
        quoted: init.octets.into(),
    };
    peer.endpoint.handle_icmp(peer.now, error);
    peer.received();
    assert!(peer.endpoint.status(key).is_none());
    assert_eq!(peer.closed(), Some(&usctp_proto::CloseReason::Refused));
}

#[test]
fn closed_udp_port_of_someone_else_refuses_nothing() {
    let mut config = AssociationConfig::default();
    config.path.udp_port = Some(9899);
    let mut peer = Peer::with(config);
    let key = peer.connect();
    peer.received();
    let mut quoted = Vec::new();
    let header = Header { source_port: OUR_PORT, destination_port: PEER_PORT, tag: PEER_TAG };
    PacketBuilder::new(&mut quoted, header, 100).finish();
    let error = IcmpError {
        destination: address(false, 0, 2).into(),
        link: LINK,
        udp_port: Some(9899),
        kind: IcmpKind::ProtocolUnreachable,
        quoted: quoted.into(),
    };
    peer.endpoint.handle_icmp(peer.now, error);
    peer.received();
    assert!(peer.endpoint.status(key).is_some());
}
