//! Setting up (RFC 9260 §5.1, §5.3).

use std::time::Duration;

use usctp_proto::{AssociationConfig, AssociationState, CloseReason, EventKind};
use usctp_wire::{AdaptationCode, Cause, CauseCode, Chunk, ChunkType, Init, Param, ParamType, Params, VerificationTag};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z},
    peer::{COOKIE, PEER_TAG, Peer, data, init},
};

// A -- INIT --------> Z
// A <----- INIT ACK -- Z
// A -- COOKIE ECHO -> Z
// A <--- COOKIE ACK -- Z
#[test]
fn four_packets_bring_an_association_up() {
    let mut pair = Pair::connected(Settings::default());
    pair.run_for(Duration::from_millis(100));
    let kinds =
        |host| pair.log.sent_by(host).flat_map(|sent| sent.chunks().iter().map(Chunk::kind).collect::<Vec<_>>());
    assert_eq!(kinds(A).collect::<Vec<_>>(), [ChunkType::INIT, ChunkType::COOKIE_ECHO]);
    assert_eq!(kinds(Z).collect::<Vec<_>>(), [ChunkType::INIT_ACK, ChunkType::COOKIE_ACK]);
    for (host, incoming) in [(A, false), (Z, true)] {
        assert_eq!(pair.status(host).state, AssociationState::Established);
        assert!(
            pair.hosts[host]
                .was_told(|kind| matches!(kind, EventKind::Established { incoming: told, .. } if *told == incoming))
        );
    }
}

#[test]
fn streams_are_the_lesser_of_what_one_wants_and_the_other_takes() {
    let mut settings = Settings::default();
    (settings.configs[A].outbound_streams, settings.configs[A].inbound_streams) = (20, 3);
    (settings.configs[Z].outbound_streams, settings.configs[Z].inbound_streams) = (7, 12);
    let pair = Pair::connected(settings);
    let streams = |host| (pair.status(host).outbound_streams, pair.status(host).inbound_streams);
    assert_eq!(streams(A), (12, 3));
    assert_eq!(streams(Z), (3, 12));
}

#[test]
fn adaptation_indication_is_told() {
    let mut settings = Settings::default();
    settings.configs[A].adaptation = Some(0xaaaa);
    let pair = Pair::connected(settings);
    let told = |host: usize, wanted| {
        pair.hosts[host]
            .was_told(|kind| matches!(kind, EventKind::Established { adaptation, .. } if *adaptation == wanted))
    };
    assert!(told(Z, Some(AdaptationCode(0xaaaa))) && told(A, None));
}

#[test]
fn message_queued_early_rides_on_the_cookie_echo() {
    let mut pair = Pair::new(Settings::default());
    let key = pair.connect(A);
    let message = crate::pair::message(0, &b"early"[..]);
    pair.hosts[A].endpoint.send(pair.now, key, message).unwrap();
    pair.run_until("Z has it", |pair| !pair.hosts[Z].mailbox.all().is_empty());
    let echo = pair.log.sent_with(A, ChunkType::COOKIE_ECHO).next().unwrap();
    assert!(echo.has(ChunkType::DATA));
}

// A -- INIT --------x
// T1-init runs out: INIT again, the same, after 3 s, 6 s, …
#[test]
fn lost_init_is_sent_again_with_the_same_tag_and_twice_the_patience() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    let (tag, started) = (peer.tag, peer.now);
    for expected in [3, 9, 21] {
        let packet = exactly(peer.wait(Duration::from_secs(100)), &[ChunkType::INIT]);
        assert_eq!((packet.init().initiate_tag, packet.init().initial_tsn), (tag, peer.first_tsn));
        assert_eq!(peer.now - started, Duration::from_secs(expected));
    }
}

#[test]
fn silent_peer_is_given_up_after_max_init_retransmits() {
    let config = AssociationConfig { max_init_attempts: 3, ..AssociationConfig::default() };
    let mut peer = Peer::connecting(config);
    let mut inits = 1;
    while peer.status().is_some() {
        inits += peer.wait(Duration::from_secs(100)).len();
        assert!(inits < 10);
    }
    assert_eq!(inits, 1 + 3);
    assert_eq!(peer.closed(), Some(&CloseReason::TimedOut { during_setup: true }));
}

// A <----- INIT ACK -- Z
// A -- COOKIE ECHO --x
// T1-cookie runs out: COOKIE ECHO again
#[test]
fn lost_cookie_echo_is_sent_again() {
    let mut peer = Peer::echoed(AssociationConfig::default());
    let packet = exactly(peer.wait(Duration::from_secs(10)), &[ChunkType::COOKIE_ECHO]);
    assert_eq!(packet.chunks(), [Chunk::CookieEcho { cookie: COOKIE }]);
    assert_eq!(packet.header().tag, PEER_TAG);
    peer.send(&[Chunk::CookieAck]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn second_cookie_echo_is_acknowledged_again() {
    let mut peer = Peer::with(AssociationConfig::default());
    let cookie = peer.cookie(&[]);
    for _ in 0..2 {
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    }
    assert_eq!(peer.events.iter().filter(|event| matches!(event.kind, EventKind::Established { .. })).count(), 1);
}

#[test]
fn cookie_echo_carries_data_to_the_program() {
    let mut peer = Peer::with(AssociationConfig::default());
    let cookie = peer.cookie(&[]);
    let data = peer.next_data(0, b"hello");
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }, Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(delivery) if delivery.data[0] == b"hello"[..])));
    let packet = only(peer.received());
    assert_eq!(packet.kinds()[0], ChunkType::COOKIE_ACK);
}

/// Nor does it take a place among those that wait to be accepted: D4.1.3-3.
#[test]
fn init_leaves_no_state_behind() {
    let mut peer = Peer::listening();
    for _ in 0..1000 {
        peer.cookie(&[]);
    }
    assert_eq!(peer.endpoint.poll_timeout(), None);
    assert_eq!(peer.endpoint.counters().associations_accepted, 0);
}

#[test]
fn init_without_a_listener_is_answered_with_abort() {
    let mut peer = Peer::listening();
    let binding = peer.binding;
    peer.endpoint.listen(binding, None);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.header().tag, PEER_TAG);
    assert!(matches!(packet.chunks()[0], Chunk::Abort { tag_reflected: false, .. }));
}

#[test]
fn init_that_asks_for_no_streams_is_aborted() {
    for (outbound, inbound) in [(0, 1), (1, 0)] {
        let mut peer = Peer::listening();
        let init = Init { outbound_streams: outbound, inbound_streams: inbound, ..init(&[]) };
        peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init)]);
        let packet = exactly(peer.received(), &[ChunkType::ABORT]);
        assert_eq!(packet.header().tag, PEER_TAG);
    }
}

#[test]
fn init_with_another_chunk_or_a_tag_is_not_answered() {
    let mut peer = Peer::listening();
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[])), Chunk::CookieAck]);
    silence(&peer.received());
    peer.send_with_tag(VerificationTag(5), &[Chunk::Init(init(&[]))]);
    assert!(!peer.received().iter().any(|packet| packet.has(ChunkType::INIT_ACK)));
}

#[test]
fn unknown_parameters_are_reported_if_they_wish() {
    static LONG: [u8; 1200] = [7; 1200];
    let mut peer = Peer::listening();
    // Skip and report; skip silently.
    let unknown = [raw_param(0xc0de, b"abcd"), raw_param(0x8000, b"abcd"), raw_param(0xc0df, &LONG)];
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&unknown))]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    let reported: Vec<_> = packet
        .init()
        .params
        .iter()
        .filter_map(|param| match param {
            Ok(Param::Unrecognized(octets)) => Some(octets.to_vec()),
            _ => None,
        })
        .collect();
    assert_eq!(reported.len(), 2);
    assert_eq!(reported[0], [0xc0, 0xde, 0, 8, b'a', b'b', b'c', b'd']);
    assert_eq!((&reported[1][..4], &reported[1][4..]), (&[0xc0, 0xdf, 4, 180][..], &LONG[..]));
}

#[test]
fn init_ack_without_cookie_ends_the_attempt() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    peer.send(&[Chunk::InitAck(init(&[]))]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.causes(), [CauseCode::MISSING_PARAMETER]);
    assert_eq!(packet.header().tag, PEER_TAG);
    assert!(matches!(peer.closed(), Some(CloseReason::Aborted { during_setup: true, by_user: false, .. })));
}

#[test]
fn init_ack_with_no_streams_ends_the_attempt() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    let params = [Param::StateCookie(COOKIE)];
    peer.send(&[Chunk::InitAck(Init { outbound_streams: 0, ..init(&params) })]);
    exactly(peer.received(), &[ChunkType::ABORT]);
    assert!(peer.status().is_none());
}

#[test]
fn abort_refuses_the_attempt() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    peer.send(&[Chunk::Abort { tag_reflected: false, causes: &[] }]);
    assert!(matches!(peer.closed(), Some(CloseReason::AbortedByPeer { during_setup: true, code: 0, .. })));
    silence(&peer.wait(Duration::from_secs(100)));
}

#[test]
fn cookie_is_stale_after_its_life() {
    let mut peer = Peer::listening();
    let cookie = peer.cookie(&[]);
    peer.now += Duration::from_secs(61);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packet = exactly(peer.received(), &[ChunkType::ERROR]);
    assert_eq!(packet.causes(), [CauseCode::STALE_COOKIE]);
    assert_eq!(packet.header().tag, PEER_TAG);
    assert!(peer.association.is_none());
    assert_eq!(peer.endpoint.counters().stale_cookies, 1);
}

#[test]
fn stale_cookie_error_leads_to_a_new_init() {
    let mut peer = Peer::echoed(AssociationConfig::default());
    let mut causes = Vec::new();
    Cause::StaleCookie(1000).encode(&mut causes);
    peer.send(&[Chunk::Error { causes: &causes }]);
    let packet = exactly(peer.wait(Duration::from_secs(10)), &[ChunkType::INIT]);
    assert!(packet.init().params.find(ParamType::COOKIE_PRESERVATIVE).is_some());
    assert_eq!(packet.init().initiate_tag, peer.tag);
}

#[test]
fn stale_cookie_error_means_nothing_once_the_association_is_up() {
    let mut peer = Peer::connected();
    let mut causes = Vec::new();
    Cause::StaleCookie(1000).encode(&mut causes);
    peer.send(&[Chunk::Error { causes: &causes }]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn altered_cookie_is_dropped_silently() {
    let mut peer = Peer::listening();
    let cookie = peer.cookie(&[]);
    for at in 0..cookie.len() {
        let mut altered = cookie.clone();
        altered[at] ^= 0x40;
        peer.send(&[Chunk::CookieEcho { cookie: &altered }]);
        assert!(peer.association.is_none(), "octet {at} is not protected");
        silence(&peer.received());
    }
    for shorter in [0, 1, 10, cookie.len() - 1] {
        peer.send(&[Chunk::CookieEcho { cookie: &cookie[..shorter] }]);
        silence(&peer.received());
    }
    assert!(peer.endpoint.counters().dropped_bad_cookie >= cookie.len() as u64);
}

#[test]
fn cookie_from_elsewhere_is_dropped() {
    let mut peer = Peer::listening();
    let cookie = peer.cookie(&[]);
    let tag = peer.tag;
    peer.send_with_tag(VerificationTag(tag.0 ^ 1), &[Chunk::CookieEcho { cookie: &cookie }]);
    assert!(peer.association.is_none());
    peer.peer_ports = 6001;
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    assert!(peer.association.is_none());
    silence(&peer.received());
}

#[test]
fn full_backlog_takes_no_more() {
    let mut peer = Peer::listening();
    let binding = peer.binding;
    let cookie = peer.cookie(&[]);
    peer.endpoint.listen(binding, Some(0));
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::ABORT]);
    assert!(peer.association.is_none());
    assert_eq!(peer.endpoint.counters().dropped_backlog, 1);
    peer.endpoint.listen(binding, Some(1));
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
}

#[test]
fn second_connect_to_the_same_peer_is_refused() {
    let mut peer = Peer::connected();
    let there = crate::pair::address(false, 0, 2).into();
    let again =
        peer.endpoint.connect(peer.now, peer.binding, &[there], crate::peer::PEER_PORT, AssociationConfig::default());
    assert_eq!(again, Err(usctp_proto::ConnectError::Exists(peer.key())));
}

#[test]
fn window_of_the_peer_below_the_minimum_is_not_accepted() {
    // RFC 9260 §3.3.2: "less than 1500 bytes".
    let mut peer = Peer::listening();
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(Init { a_rwnd: 1499, ..init(&[]) })]);
    exactly(peer.received(), &[ChunkType::ABORT]);
}

#[test]
fn data_may_follow_the_cookie_ack_in_its_packet() {
    let mut peer = Peer::echoed(AssociationConfig::default());
    let data = data(crate::peer::PEER_TSN, 0, b"x");
    peer.send(&[Chunk::CookieAck, Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
}

#[test]
fn host_name_in_init_is_aborted() {
    // RFC 9260 §3.3.2.1.4 and §5.1.2: host names are not resolved.
    let mut peer = Peer::listening();
    let params = [Param::HostNameAddress(b"example.org\0")];
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(Init { params: Params::Values(&params), ..init(&[]) })]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.causes(), [CauseCode::UNRESOLVABLE_ADDRESS]);
}

fn raw_param(kind: u16, value: &'static [u8]) -> Param<'static> {
    let octets: &'static [u8] = match kind {
        0xc0de => b"\xc0\xde\x00\x08abcd",
        _ => b"\x80\x00\x00\x08abcd",
    };
    Param::Unknown(usctp_wire::RawParam { kind: ParamType(kind), value, octets })
}
