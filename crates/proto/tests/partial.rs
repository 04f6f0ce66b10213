//! Messages given up, and the peer told so: the sender's side of partial reliability (RFC 3758 §3.5, RFC 7496).

use std::time::Duration;

use bytes::Bytes;
use usctp_proto::{Abandoned, AssociationConfig, Event, EventKind, OutgoingMessage, Reliability, SendFailure};
use usctp_wire::{
    Chunk, ChunkType, Duplicates, ForwardTsn, GapBlock, GapBlocks, Init, Param, Params, Sack, Ssn, StreamId, Tsn,
};

use crate::{
    expect::{Seen, exactly, only, silence},
    pair::message,
    peer::{COOKIE, PEER_TAG, Peer, init, sack},
};

const SECOND: Duration = Duration::from_secs(1);

/// An association with a peer that can do it.
fn able() -> Peer {
    able_with(AssociationConfig::default())
}

fn able_with(config: AssociationConfig) -> Peer {
    let mut peer = Peer::connected_with(config, &[Param::ForwardTsnSupported]);
    assert!(peer.status().expect("up").partial_reliability);
    silence(&peer.received());
    peer
}

fn send(peer: &mut Peer, stream: u16, len: usize, reliability: Reliability) {
    let message = OutgoingMessage { reliability, ..message(stream, vec![7; len]) };
    peer.endpoint.send(peer.now, peer.key(), message).expect("sent");
}

fn send_for(peer: &mut Peer, stream: u16, len: usize, life: Duration) {
    let expires = Some(peer.now + life);
    let message = OutgoingMessage { expires, reliability: Reliability::Timed, ..message(stream, vec![7; len]) };
    peer.endpoint.send(peer.now, peer.key(), message).expect("sent");
}

fn forward(packet: &Seen) -> (Tsn, Vec<(u16, u16)>) {
    let find = |chunk| if let Chunk::ForwardTsn(forward) = chunk { Some(forward) } else { None };
    let ForwardTsn { cumulative, skipped } =
        packet.chunks().into_iter().find_map(find).unwrap_or_else(|| panic!("no FORWARD TSN in {packet}"));
    (cumulative, skipped.iter().map(|(stream, ssn)| (stream.0, ssn.0)).collect())
}

fn failures(peer: &Peer) -> Vec<&SendFailure> {
    fn failure(event: &Event) -> Option<&SendFailure> {
        if let EventKind::SendFailed(failure) = &event.kind { Some(failure) } else { None }
    }
    peer.events.iter().filter_map(failure).collect()
}

fn tsns(packets: &[Seen]) -> Vec<Tsn> {
    packets.iter().flat_map(|packet| packet.data().iter().map(|data| data.tsn).collect::<Vec<_>>()).collect()
}

/// What is sent for `limit`, each packet as it comes.
fn all_within(peer: &mut Peer, limit: Duration) -> Vec<Seen> {
    let end = peer.now + limit;
    let mut all = Vec::new();
    while peer.now < end {
        all.extend(peer.wait(end.saturating_since(peer.now)));
    }
    all
}

fn abandoned(peer: &Peer, stream: Option<u16>, reliability: Reliability) -> Abandoned {
    let all = peer.endpoint.abandoned(peer.key(), stream.map(StreamId)).expect("up");
    all[reliability.index().expect("a policy")]
}

fn sack_gap(peer: &mut Peer, cumulative: Tsn, start: u16, end: u16) {
    let gaps = [GapBlock { start, end }];
    let gaps = GapBlocks::Values(&gaps);
    peer.send(&[Chunk::Sack(Sack { cumulative, a_rwnd: 100_000, gaps, duplicates: Duplicates::NONE })]);
}

/// B7-6, R3758-3.3.1-1, R3758-3.3.2-4.
#[test]
fn support_is_announced_in_init_and_in_the_answer_to_one_that_announces_it() {
    let mut peer = Peer::with(AssociationConfig::default());
    peer.connect();
    let packet = only(peer.received());
    assert!(packet.init().params.iter().flatten().any(|param| param == Param::ForwardTsnSupported));
    for (announced, on) in [(true, true), (true, false), (false, true)] {
        let mut peer = Peer::with(AssociationConfig { partial_reliability: on, ..AssociationConfig::default() });
        let params: &[Param<'_>] = if announced { &[Param::ForwardTsnSupported] } else { &[] };
        peer.send_with_tag(usctp_wire::VerificationTag(0), &[Chunk::Init(init(params))]);
        let packet = only(peer.received());
        let answer: Vec<_> = packet.init().params.iter().flatten().collect();
        assert_eq!(answer.contains(&Param::ForwardTsnSupported), announced && on, "{packet}");
        // R3758-3.3.2-1: where it is off the parameter is one that is not known.
        let unrecognized = answer.contains(&Param::Unrecognized(&[0xc0, 0, 0, 4]));
        assert_eq!(unrecognized, announced && !on, "{packet}");
    }
}

/// B7-6, R3758-3.3.1-2, R3758-3.3.2-2.
#[test]
fn where_it_is_off_init_does_not_offer_it_and_the_parameter_is_not_known() {
    let mut peer = Peer::with(AssociationConfig { partial_reliability: false, ..AssociationConfig::default() });
    peer.connect();
    let packet = only(peer.received());
    assert!(!packet.init().params.iter().flatten().any(|param| param == Param::ForwardTsnSupported));
    (peer.tag, peer.first_tsn) = (packet.init().initiate_tag, packet.init().initial_tsn);
    let params = [Param::StateCookie(COOKIE), Param::ForwardTsnSupported];
    peer.send(&[Chunk::InitAck(Init { initiate_tag: PEER_TAG, params: Params::Values(&params), ..init(&[]) })]);
    let packet = exactly(peer.received(), &[ChunkType::COOKIE_ECHO, ChunkType::ERROR]);
    assert_eq!(packet.causes(), [usctp_wire::CauseCode::UNRECOGNIZED_PARAMETERS]);
}

/// R3758-3.4-1, R3758-3.5-A1, R3758-3.5-C2, R3758-4.1-TR4, D5.3.1.4-3, B7-2 with the lifetime.
#[test]
fn what_is_lost_when_its_life_is_over_is_not_sent_again_but_forwarded() {
    let mut peer = able();
    send_for(&mut peer, 3, 500, SECOND);
    let first = peer.first_tsn;
    assert_eq!(tsns(&peer.received()), [first]);
    let packet = exactly(peer.wait(10 * SECOND), &[ChunkType::FORWARD_TSN]);
    assert_eq!(forward(&packet), (first, vec![(3, 0)]));
    let failed = failures(&peer);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].sent && failed[0].chunk_flags == 3 && failed[0].payload == vec![7; 500]);
    assert_eq!(abandoned(&peer, None, Reliability::Timed), Abandoned { unsent: 0, sent: 1 });
    assert_eq!(peer.status().expect("up").send_buffered, 0, "R3758-3.5-A2: it counts as acknowledged");
    peer.send(&[sack(first)]);
    silence(&peer.wait(20 * SECOND));
    send(&mut peer, 3, 10, Reliability::Full);
    assert_eq!(peer.received()[0].data()[0].ssn, Ssn(1));
}

/// R3758-4.1-TR3: what has no TSN yet needs no FORWARD TSN.
#[test]
fn what_was_never_sent_expires_without_a_word_to_the_peer() {
    let mut peer = able();
    for _ in 0..6 {
        send(&mut peer, 0, 1400, Reliability::Full);
    }
    let sent = tsns(&peer.received()).len();
    send_for(&mut peer, 0, 1400, SECOND / 10);
    silence(&peer.wait(SECOND / 2));
    assert!(failures(&peer).iter().all(|failure| !failure.sent) && failures(&peer).len() == 1, "sent {sent}");
    assert_eq!(abandoned(&peer, Some(0), Reliability::Timed), Abandoned { unsent: 1, sent: 0 });
}

/// R3758-3.5-C5, R3758-3.5-A5: and silence counts as it does for data.
#[test]
fn lost_forward_tsn_is_sent_again_until_the_peer_is_given_up() {
    let mut peer = able();
    send(&mut peer, 0, 100, Reliability::Retransmissions(0));
    let first = peer.first_tsn;
    peer.received();
    for _ in 0..3 {
        let packet = exactly(peer.wait(100 * SECOND), &[ChunkType::FORWARD_TSN]);
        assert_eq!(forward(&packet).0, first);
    }
    let rest = all_within(&mut peer, 2000 * SECOND);
    assert!(
        !rest.is_empty() && peer.closed().is_some(),
        "the association ends like one whose data is not acknowledged"
    );
}

/// B7-2, R7496-3.1-1.
#[test]
fn limited_retransmissions_are_counted_for_each_chunk() {
    for limit in 0..3 {
        let mut peer = able();
        send(&mut peer, 0, 100, Reliability::Retransmissions(limit));
        assert_eq!(tsns(&peer.received()).len(), 1);
        for _ in 0..limit {
            exactly(peer.wait(100 * SECOND), &[ChunkType::DATA]);
            assert!(failures(&peer).is_empty());
        }
        exactly(peer.wait(100 * SECOND), &[ChunkType::FORWARD_TSN]);
        let policy = Reliability::Retransmissions(limit);
        assert_eq!(abandoned(&peer, Some(0), policy), Abandoned { unsent: 0, sent: 1 });
        assert_eq!(abandoned(&peer, Some(1), policy), Abandoned::default());
    }
}

/// R3758-3.5-A3, D5.3.1.4-8, B4-5: the message comes back whole, once.
#[test]
fn with_one_chunk_all_of_its_message_is_given_up() {
    let mut peer = able();
    send(&mut peer, 2, 4000, Reliability::Retransmissions(0));
    send(&mut peer, 2, 10, Reliability::Full);
    let first = peer.first_tsn;
    assert!(tsns(&peer.received()).len() >= 3);
    // The second of three chunks is lost.
    sack_gap(&mut peer, first, 2, 2);
    let packets = all_within(&mut peer, 10 * SECOND);
    let told = packets.iter().find(|packet| packet.has(ChunkType::FORWARD_TSN)).expect("a FORWARD TSN");
    assert_eq!(forward(told), (first.plus(2), vec![(2, 0)]));
    let failed = failures(&peer);
    assert_eq!((failed.len(), failed[0].chunk_flags, failed[0].payload.len()), (1, 1, 4000 - 1452), "the tail");
}

/// R3758-3.5-A3 where no TSN of the message is unacknowledged: one that is never sent stands for the rest.
#[test]
fn rest_of_a_message_is_forwarded_although_all_that_was_sent_has_arrived() {
    let mut peer = able();
    let expires = Some(peer.now + SECOND / 2);
    let long = OutgoingMessage { expires, reliability: Reliability::Timed, ..message(1, vec![1; 20_000]) };
    peer.endpoint.send(peer.now, peer.key(), long).expect("sent");
    send(&mut peer, 1, 10, Reliability::Full);
    let last = *tsns(&peer.received()).last().expect("data");
    // All of it has arrived, and the peer takes no more.
    peer.send(&[Chunk::Sack(Sack {
        cumulative: last,
        a_rwnd: 0,
        gaps: GapBlocks::NONE,
        duplicates: Duplicates::NONE,
    })]);
    let packet = exactly(peer.wait(SECOND), &[ChunkType::FORWARD_TSN]);
    assert_eq!(forward(&packet), (last.next(), vec![(1, 0)]));
    peer.send(&[sack(last.next())]);
    let packet = exactly(peer.received(), &[ChunkType::DATA]);
    assert_eq!((packet.data()[0].tsn, packet.data()[0].ssn), (last.plus(2), Ssn(1)));
    let failed = failures(&peer);
    assert_eq!((failed.len(), failed[0].chunk_flags, failed[0].sent), (1, 1, true));
}

/// B7-3, R7496-3.2-1.
#[test]
fn messages_of_lower_priority_give_way_the_lowest_first() {
    let mut peer = able_with(AssociationConfig { no_delay: true, max_burst: 0, ..AssociationConfig::default() });
    let priority = Reliability::Priority;
    for value in [10, 30, 20] {
        send(&mut peer, value as u16 / 10, 1400, priority(value));
    }
    let sent = tsns(&peer.received());
    assert_eq!(sent.len(), 3);
    send(&mut peer, 5, 1000, Reliability::Full);
    peer.received();
    send(&mut peer, 4, 1000, priority(25));
    let (now, key) = (peer.now, peer.key());
    assert_eq!(peer.endpoint.make_room(now, key, 1, 30), 0, "none is lower");
    assert_eq!(peer.endpoint.make_room(now, key, 100, 20), 1400);
    assert_eq!(peer.endpoint.make_room(now, key, 100, 20), 1000);
    peer.received();
    let failed: Vec<_> = failures(&peer).iter().map(|failure| (failure.stream.0, failure.sent)).collect();
    assert_eq!(failed, [(3, true), (4, false)]);
    assert_eq!(abandoned(&peer, None, priority(0)), Abandoned { unsent: 1, sent: 1 });
    // The first has arrived; the second is forwarded with the rest.
    peer.send(&[sack(sent[0])]);
    let packets = peer.received();
    assert_eq!(forward(&packets[0]), (sent[1], vec![(3, 0)]));
    assert_eq!(peer.endpoint.make_room(now, key, 10_000, 0), 1400, "the last with a priority");
}

/// R3758-3.3.2-6, R3758-3.3.3-1: no FORWARD TSN for a peer that does not know it.
#[test]
fn without_agreement_everything_begun_is_sent_until_it_arrives() {
    for (params, on) in [(&[][..], true), (&[Param::ForwardTsnSupported][..], false)] {
        let config = AssociationConfig { partial_reliability: on, ..AssociationConfig::default() };
        let mut peer = Peer::connected_with(config, params);
        assert!(!peer.status().expect("up").partial_reliability);
        send_for(&mut peer, 0, 100, SECOND);
        send(&mut peer, 0, 100, Reliability::Retransmissions(0));
        send(&mut peer, 0, 100, Reliability::Priority(9));
        assert_eq!(peer.endpoint.make_room(peer.now, peer.key(), 100, 0), 0);
        let last = *tsns(&peer.received()).last().expect("data");
        for _ in 0..4 {
            let packet = only(peer.wait(100 * SECOND));
            assert!(packet.kinds().iter().all(|kind| *kind == ChunkType::DATA), "{packet}");
        }
        peer.send(&[sack(last)]);
        assert!(failures(&peer).is_empty());
    }
}

/// R3758-3.5-C4.
#[test]
fn forward_tsn_that_would_not_fit_a_packet_goes_less_far() {
    let config = AssociationConfig { outbound_streams: 1000, max_burst: 0, ..AssociationConfig::default() };
    let mut peer = Peer::with(config);
    let params = [Param::ForwardTsnSupported];
    peer.send_with_tag(
        usctp_wire::VerificationTag(0),
        &[Chunk::Init(Init { inbound_streams: 1000, a_rwnd: 1_000_000, ..init(&params) })],
    );
    let packet = only(peer.received());
    let ack = packet.init();
    (peer.tag, peer.first_tsn) = (ack.initiate_tag, ack.initial_tsn);
    let cookie = crate::peer::cookie_of(&ack);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    peer.received();
    for stream in 0..1000 {
        send(&mut peer, stream, 1, Reliability::Retransmissions(0));
    }
    let mut acknowledged = peer.first_tsn.previous();
    let end = peer.first_tsn.plus(999);
    let mut told = 0;
    for _ in 0..1000 {
        for packet in peer.wait(100 * SECOND) {
            assert!(packet.octets.len() <= 1480, "{} octets", packet.octets.len());
            if packet.has(ChunkType::FORWARD_TSN) {
                let (point, skipped) = forward(&packet);
                assert!(point.is_after(acknowledged) && skipped.len() <= 365);
                acknowledged = point;
                told += 1;
            }
        }
        if acknowledged == end {
            break;
        }
        peer.send(&[sack(acknowledged)]);
    }
    assert_eq!(acknowledged, end);
    assert!(told >= 3, "{told} FORWARD TSNs for a thousand streams");
    assert_eq!(failures(&peer).len(), 1000);
}

/// R3758-3.5-F2: not one for each SACK; R3758-3.5-F4: an old SACK is one behind the cumulative TSN, not the point.
#[test]
fn the_same_forward_tsn_is_not_repeated_within_a_round_trip() {
    let mut peer = able();
    // A round trip of 200 ms is measured.
    send(&mut peer, 0, 10, Reliability::Full);
    peer.received();
    peer.now += SECOND / 5;
    peer.send(&[sack(peer.first_tsn)]);
    send(&mut peer, 0, 10, Reliability::Retransmissions(0));
    peer.received();
    exactly(peer.wait(10 * SECOND), &[ChunkType::FORWARD_TSN]);
    for _ in 0..5 {
        peer.now += SECOND / 50;
        peer.send(&[sack(peer.first_tsn)]);
        silence(&peer.received());
    }
    peer.now += SECOND / 5;
    peer.send(&[sack(peer.first_tsn)]);
    exactly(peer.received(), &[ChunkType::FORWARD_TSN]);
}

/// R3758-3.5-F5: giving up does not hide that the network loses packets.
#[test]
fn chunk_given_up_on_its_way_still_counts_as_lost() {
    let mut peer = able_with(AssociationConfig { no_delay: true, max_burst: 0, ..AssociationConfig::default() });
    // The window grows well beyond what a cut leaves at least.
    for _ in 0..60 {
        send(&mut peer, 2, 1400, Reliability::Full);
    }
    let mut packets = peer.received();
    while !packets.is_empty() {
        peer.now += SECOND / 50;
        let last = *tsns(&packets).last().expect("data");
        peer.send(&[sack(last)]);
        packets = peer.received();
    }
    send(&mut peer, 0, 1400, Reliability::Priority(9));
    for _ in 0..3 {
        send(&mut peer, 1, 10, Reliability::Full);
    }
    let sent = tsns(&peer.received());
    assert_eq!(sent.len(), 4);
    let there = crate::pair::address(false, 0, 2).into();
    let cwnd = |peer: &Peer| peer.endpoint.path(peer.key(), there).expect("a path").cwnd;
    let before = cwnd(&peer);
    let (now, key) = (peer.now, peer.key());
    assert_eq!(peer.endpoint.make_room(now, key, 1, 0), 1400);
    let first = sent[0].previous();
    for end in [2, 3, 4] {
        assert!(cwnd(&peer) >= before);
        sack_gap(&mut peer, first, 2, end);
    }
    assert!(cwnd(&peer) < before, "cut once the third SACK reports it missing");
    assert!(tsns(&peer.received()).is_empty(), "and nothing is sent again");
}

/// The end waits for the peer to have been told (RFC 9260 §9.2).
#[test]
fn shutdown_waits_for_the_forward_tsn_to_be_acknowledged() {
    let mut peer = able();
    send(&mut peer, 0, 10, Reliability::Retransmissions(0));
    peer.received();
    let (now, key) = (peer.now, peer.key());
    peer.endpoint.shutdown(now, key);
    exactly(peer.wait(10 * SECOND), &[ChunkType::FORWARD_TSN]);
    peer.send(&[sack(peer.first_tsn)]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN]);
}

/// R3758-3.5-F1 and the reports of the end: what was given up is reported once, at that time.
#[test]
fn abort_reports_what_was_given_up_only_once() {
    let mut peer = able();
    send(&mut peer, 0, 10, Reliability::Retransmissions(0));
    send(&mut peer, 0, 10, Reliability::Full);
    peer.received();
    peer.wait(10 * SECOND);
    peer.endpoint.abort(peer.now, peer.key(), Bytes::new());
    peer.received();
    let mut reported: Vec<_> = failures(&peer).iter().map(|failure| failure.message.0).collect();
    reported.sort_unstable();
    assert_eq!(reported, [0, 1]);
}
