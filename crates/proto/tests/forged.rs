//! Packets from outside the association: wrong tags, out of the blue, and how much is answered to them (RFC 9260 §8.4,
//! §8.5; RFC 5062).

use std::time::Duration;

use usctp_proto::{AssociationState, IcmpError, IcmpKind};
use usctp_wire::{Chunk, ChunkType, Header, PacketBuilder, Param, Params, VerificationTag};

use crate::{
    expect::{exactly, silence},
    pair::{LINK, address},
    peer::{OUR_PORT, PEER_PORT, PEER_TAG, PEER_TSN, Peer, data, init, sack},
};

const NO_ONE: u8 = 77;

fn established(peer: &Peer) -> bool {
    peer.status().is_some_and(|status| status.state == AssociationState::Established)
}

#[test]
fn nothing_with_the_wrong_tag_disturbs_an_association() {
    let mut peer = Peer::connected();
    let cookie = [1; 50];
    let params = [Param::StateCookie(&cookie)];
    let wrong = VerificationTag(peer.tag.0 ^ 0x8000_0000);
    let first = peer.first_tsn;
    let chunks = [
        Chunk::Data(data(PEER_TSN, 0, b"forged")),
        sack(first.plus(5)),
        Chunk::InitAck(usctp_wire::Init { params: Params::Values(&params), ..init(&[]) }),
        Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" },
        Chunk::HeartbeatAck { info: b"\x00\x01\x00\x08abcd" },
        Chunk::Abort { tag_reflected: false, causes: &[] },
        Chunk::Abort { tag_reflected: true, causes: &[] },
        Chunk::Shutdown { cumulative: first.previous() },
        Chunk::ShutdownAck,
        Chunk::ShutdownComplete { tag_reflected: false },
        Chunk::ShutdownComplete { tag_reflected: true },
        Chunk::Error { causes: &[0, 3, 0, 8, 0, 0, 0, 1] },
        Chunk::CookieEcho { cookie: &cookie },
        Chunk::CookieAck,
        Chunk::Ecne { lowest: first },
        Chunk::Cwr { lowest: first },
    ];
    for chunk in chunks {
        peer.send_with_tag(wrong, std::slice::from_ref(&chunk));
        let answers = peer.received();
        // RFC 9260 §8.4 rule 5 answers a SHUTDOWN ACK even so.
        let allowed = chunk.kind() == ChunkType::SHUTDOWN_ACK;
        assert!(answers.is_empty() || allowed, "{chunk:?} is answered");
        assert!(established(&peer), "{chunk:?}");
    }
    peer.send_data(0, b"genuine");
    peer.send_data(1, b"genuine");
    exactly(peer.received(), &[ChunkType::SACK]);
}

#[test]
fn out_of_the_blue_is_answered_as_the_rfc_says() {
    let tag = VerificationTag(0xabcd);
    let stale = [0, 3, 0, 8, 0, 0, 0, 1];
    // Chunk, and what answers it: nothing, ABORT, SHUTDOWN COMPLETE.
    let cases = [
        (Chunk::Abort { tag_reflected: false, causes: &[] }, None),
        (Chunk::ShutdownAck, Some(ChunkType::SHUTDOWN_COMPLETE)),
        (Chunk::ShutdownComplete { tag_reflected: false }, None),
        (Chunk::CookieAck, None),
        (Chunk::Error { causes: &stale }, None),
        (Chunk::Data(data(PEER_TSN, 0, b"x")), Some(ChunkType::ABORT)),
        (sack(PEER_TSN), Some(ChunkType::ABORT)),
        (Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }, Some(ChunkType::ABORT)),
        (Chunk::Shutdown { cumulative: PEER_TSN }, Some(ChunkType::ABORT)),
    ];
    for (chunk, answer) in cases {
        let mut peer = Peer::listening();
        peer.send_with_tag(tag, std::slice::from_ref(&chunk));
        let packets = peer.received();
        match answer {
            None => silence(&packets),
            Some(kind) => {
                let packet = exactly(packets, &[kind]);
                assert_eq!(packet.header().tag, tag);
                let reflected = matches!(
                    packet.chunks()[0],
                    Chunk::Abort { tag_reflected: true, .. } | Chunk::ShutdownComplete { tag_reflected: true }
                );
                assert!(reflected, "{packet}");
            }
        }
    }
}

#[test]
fn abort_bundled_out_of_the_blue_is_not_answered() {
    let mut peer = Peer::listening();
    let chunks = [Chunk::Data(data(PEER_TSN, 0, b"x")), Chunk::Abort { tag_reflected: false, causes: &[] }];
    peer.send_with_tag(VerificationTag(9), &chunks);
    silence(&peer.received());
}

#[test]
fn flood_out_of_the_blue_is_answered_at_a_bounded_rate() {
    let mut peer = Peer::listening();
    for number in 0..5000u32 {
        peer.send_with_tag(VerificationTag(number + 1), &[Chunk::Data(data(PEER_TSN, 0, b"x"))]);
    }
    let answers = peer.received().len();
    assert!(answers <= 2000, "{answers} answers");
    assert!(peer.endpoint.counters().dropped_rate_limited >= 3000);
    peer.now += Duration::from_secs(2);
    peer.send_with_tag(VerificationTag(1), &[Chunk::Data(data(PEER_TSN, 0, b"x"))]);
    exactly(peer.received(), &[ChunkType::ABORT]);
}

#[test]
fn no_answer_to_a_stranger_is_much_larger_than_the_question() {
    // RFC 5062 §9: the INIT ACK holds the cookie; that is the only amplification there is.
    let tag = VerificationTag(5);
    let cases: Vec<(VerificationTag, Chunk<'_>, usize)> = vec![
        (VerificationTag(0), Chunk::Init(init(&[])), 600),
        (tag, Chunk::Data(data(PEER_TSN, 0, b"x")), 0),
        (tag, Chunk::ShutdownAck, 0),
        (tag, Chunk::Heartbeat { info: b"\x00\x01\x00\x08abcd" }, 0),
        (tag, Chunk::CookieEcho { cookie: &[1; 100] }, 0),
    ];
    for (tag, chunk, allowance) in cases {
        let mut peer = Peer::listening();
        let mut octets = Vec::new();
        let header = Header { source_port: PEER_PORT, destination_port: OUR_PORT, tag };
        let mut builder = PacketBuilder::new(&mut octets, header, 1500);
        assert!(builder.push(&chunk));
        builder.finish();
        let question = octets.len();
        peer.send_octets(address(false, 0, NO_ONE), octets);
        let packets = peer.received();
        assert!(packets.len() <= 1);
        let answer: usize = packets.iter().map(|packet| packet.octets.len()).sum();
        assert!(answer <= question + allowance, "{answer} octets for {question}");
        assert!(packets.iter().all(|packet| packet.destination == address(false, 0, NO_ONE)));
    }
}

#[test]
fn init_with_a_thousand_parameters_is_answered_in_one_packet() {
    let mut peer = Peer::listening();
    let octets = [0xc0, 0xff, 0, 4];
    let raw = usctp_wire::RawParam { kind: usctp_wire::ParamType(0xc0ff), value: &[], octets: &octets };
    let params = vec![Param::Unknown(raw); 5000];
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&params))]);
    let packets = peer.received();
    assert!(packets.len() <= 1 && packets.iter().all(|packet| packet.octets.len() <= 1480));
}

#[test]
fn cookie_replayed_by_many_makes_one_association() {
    let mut peer = Peer::listening();
    let cookie = peer.cookie(&[]);
    let tag = peer.tag;
    for host in 2..50 {
        peer.send_from(address(false, 0, host), tag, &[Chunk::CookieEcho { cookie: &cookie }]);
    }
    assert!(peer.endpoint.counters().associations_accepted <= 1);
}

#[test]
fn icmp_that_quotes_another_tag_is_ignored() {
    for (tag, ends) in [(PEER_TAG.0 ^ 1, false), (PEER_TAG.0, true)] {
        let mut peer = Peer::echoed(usctp_proto::AssociationConfig::default());
        let mut quoted = Vec::new();
        let header = Header { source_port: OUR_PORT, destination_port: PEER_PORT, tag: VerificationTag(tag) };
        PacketBuilder::new(&mut quoted, header, 100).finish();
        let error = IcmpError {
            destination: address(false, 0, 2).into(),
            link: LINK,
            udp_port: None,
            kind: IcmpKind::ProtocolUnreachable,
            quoted: quoted.into(),
        };
        let now = peer.now;
        peer.endpoint.handle_icmp(now, error);
        peer.received();
        assert_eq!(peer.status().is_none(), ends, "tag {tag:x}");
    }
}

#[test]
fn packets_from_and_to_addresses_of_many_are_dropped() {
    for source in ["224.0.0.5", "255.255.255.255", "0.0.0.0"] {
        let mut peer = Peer::listening();
        peer.send_from(source.parse().unwrap(), VerificationTag(0), &[Chunk::Init(init(&[]))]);
        silence(&peer.received());
    }
}

#[test]
fn tags_and_first_numbers_do_not_follow_a_pattern() {
    let mut peer = Peer::listening();
    let mut tags = std::collections::BTreeSet::new();
    let mut tsns = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        peer.cookie(&[]);
        assert_ne!(peer.tag, VerificationTag(0));
        tags.insert(peer.tag.0);
        tsns.insert(peer.first_tsn.0);
    }
    assert!(tags.len() >= 999 && tsns.len() >= 990);
}
