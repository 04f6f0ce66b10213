//! INIT, INIT ACK, COOKIE ECHO and COOKIE ACK where they were not expected: every row of RFC 9260 §5.2.

use std::time::Duration;

use usctp_proto::{AssociationConfig, AssociationState, EventKind};
use usctp_wire::{CauseCode, Chunk, ChunkType, Init, Param, VerificationTag};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z, address},
    peer::{PEER_TAG, PEER_TSN, Peer, cookie_of, init, sack},
};

const NEW_TAG: VerificationTag = VerificationTag(0x8765_4321);

/// The peer sends an INIT with `tag`; answers the endpoint's tag and its cookie.
fn init_again(peer: &mut Peer, tag: VerificationTag) -> (VerificationTag, Vec<u8>) {
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(Init { initiate_tag: tag, ..init(&[]) })]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    assert_eq!(packet.header().tag, tag);
    let init_ack = packet.init();
    (init_ack.initiate_tag, cookie_of(&init_ack))
}

fn restarts(peer: &Peer) -> usize {
    peer.events.iter().filter(|event| matches!(event.kind, EventKind::Restarted { .. })).count()
}

// --- INIT ----------------------------------------------------------------------------------------------------------

#[test]
fn init_in_cookie_wait_is_answered_with_the_same_tag() {
    // RFC 9260 §5.2.1.
    let mut peer = Peer::connecting(AssociationConfig::default());
    let (ours, first_tsn) = (peer.tag, peer.first_tsn);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    assert_eq!((packet.init().initiate_tag, packet.init().initial_tsn), (ours, first_tsn));
    assert_eq!(peer.status().unwrap().state, AssociationState::CookieWait);
}

#[test]
fn init_in_cookie_echoed_is_answered_with_the_same_tag() {
    let mut peer = Peer::echoed(AssociationConfig::default());
    let ours = peer.tag;
    assert_eq!(init_again(&mut peer, PEER_TAG).0, ours);
    assert_eq!(peer.status().unwrap().state, AssociationState::CookieEchoed);
}

#[test]
fn init_in_cookie_echoed_that_adds_an_address_is_aborted() {
    let mut peer = Peer::echoed(AssociationConfig::default());
    let params = [Param::Ipv4Address([10, 0, 0, 2].into()), Param::Ipv4Address([10, 1, 0, 2].into())];
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&params))]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.causes(), [CauseCode::RESTART_WITH_NEW_ADDRESSES]);
    assert_eq!(peer.status().unwrap().state, AssociationState::CookieEchoed);
}

#[test]
fn init_on_an_established_association_is_answered_with_a_new_tag() {
    // RFC 9260 §5.2.2.
    let mut peer = Peer::connected();
    let ours = peer.tag;
    assert_ne!(init_again(&mut peer, NEW_TAG).0, ours);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn init_on_an_established_association_that_adds_an_address_is_aborted() {
    let mut peer = Peer::connected();
    let params = [Param::Ipv4Address([10, 0, 0, 2].into()), Param::Ipv4Address([10, 1, 0, 2].into())];
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(Init { initiate_tag: NEW_TAG, ..init(&params) })]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.header().tag, NEW_TAG);
    assert_eq!(packet.causes(), [CauseCode::RESTART_WITH_NEW_ADDRESSES]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn init_from_an_address_that_is_not_the_associations_does_not_disturb_it() {
    let mut peer = Peer::connected();
    // Another source with the same port is another peer.
    peer.send_from(address(false, 0, 66), VerificationTag(0), &[Chunk::Init(init(&[]))]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    assert_eq!(packet.destination, address(false, 0, 66));
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn init_in_shutdown_ack_sent_is_answered_with_shutdown_ack() {
    // RFC 9260 §9.2.
    let mut peer = Peer::connected();
    peer.send(&[Chunk::Shutdown { cumulative: peer.first_tsn.previous() }]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_ACK]);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(Init { initiate_tag: NEW_TAG, ..init(&[]) })]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_ACK]);
    assert_eq!(peer.status().unwrap().state, AssociationState::ShutdownAckSent);
}

// --- INIT ACK, COOKIE ACK ------------------------------------------------------------------------------------------

#[test]
fn init_ack_that_was_not_asked_for_is_dropped() {
    // RFC 9260 §5.2.3.
    for mut peer in [Peer::connected(), Peer::echoed(AssociationConfig::default())] {
        let before = peer.status().unwrap().state;
        peer.send_init_ack(NEW_TAG);
        silence(&peer.received());
        assert_eq!(peer.status().unwrap().state, before);
    }
}

#[test]
fn cookie_ack_that_was_not_asked_for_is_dropped() {
    // RFC 9260 §5.2.5.
    for mut peer in [Peer::connected(), Peer::connecting(AssociationConfig::default())] {
        let before = peer.status().unwrap().state;
        peer.send(&[Chunk::CookieAck]);
        silence(&peer.received());
        assert_eq!(peer.status().unwrap().state, before);
    }
}

// --- COOKIE ECHO: the rows of table 12 -----------------------------------------------------------------------------

// Local tag X, peer's tag X, tie-tags M M: the peer has restarted.
#[test]
fn row_a_restarts_the_association() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"before");
    peer.program_sends(b"unacknowledged");
    peer.received();
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.tag = tag;
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packet = only(peer.received());
    assert_eq!(packet.kinds()[0], ChunkType::COOKIE_ACK);
    assert_eq!(packet.header().tag, NEW_TAG);
    assert_eq!(restarts(&peer), 1);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    // Numbers begin anew, in both directions.
    peer.tsn = PEER_TSN;
    peer.send_data(0, b"after");
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(delivery) if delivery.data[0] == b"after"[..])));
}

#[test]
fn restart_resets_congestion_control() {
    let mut peer = Peer::connected();
    let path = |peer: &Peer| peer.endpoint.path(peer.key(), address(false, 0, 2).into()).unwrap();
    let initial = path(&peer).cwnd;
    for _ in 0..10 {
        peer.program_sends(&[0; 1400]);
        for packet in peer.wait(Duration::from_secs(1)) {
            if let Some(data) = packet.data().last() {
                peer.send(&[sack(data.tsn)]);
            }
        }
    }
    peer.program_sends(&[0; 1400]);
    peer.received();
    peer.wait(Duration::from_secs(5));
    assert_ne!(path(&peer).cwnd, initial);
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.tag = tag;
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    assert_eq!(path(&peer).cwnd, initial);
}

#[test]
fn restart_ends_a_shutdown_that_had_begun() {
    // RFC 9260 §5.2.4 A: "the endpoint enters the ESTABLISHED state"; what the program had asked of the old
    // incarnation may still be carried out, but neither hangs.
    let mut peer = Peer::connected();
    let key = peer.key();
    peer.endpoint.shutdown(peer.now, key);
    exactly(peer.received(), &[ChunkType::SHUTDOWN]);
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.tag = tag;
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packets = peer.received();
    assert_eq!(packets[0].kinds()[0], ChunkType::COOKIE_ACK);
    let state = peer.status().unwrap().state;
    assert!(matches!(state, AssociationState::Established | AssociationState::ShutdownSent), "{state:?}");
}

#[test]
fn restart_in_shutdown_ack_sent_is_put_off() {
    let mut peer = Peer::connected();
    let (new_tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.send(&[Chunk::Shutdown { cumulative: peer.first_tsn.previous() }]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_ACK]);
    peer.send_with_tag(new_tag, &[Chunk::CookieEcho { cookie: &cookie }]);
    let packet = only(peer.received());
    assert!(packet.has(ChunkType::SHUTDOWN_ACK) && packet.has(ChunkType::ERROR), "{packet}");
    assert_eq!(packet.causes(), [CauseCode::COOKIE_WHILE_SHUTTING_DOWN]);
    assert_eq!(restarts(&peer), 0);
}

// Local tag M, peer's tag X: both set up at once, and the peer chose a new tag after it had answered.
#[test]
fn row_b_takes_the_peers_new_tag() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    // The peer's INIT is answered with our tag; then its INIT ACK to our INIT comes with another tag of the peer's.
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    assert_eq!(tag, peer.tag);
    peer.send_init_ack(PEER_TAG);
    exactly(peer.received(), &[ChunkType::COOKIE_ECHO]);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packets = peer.received();
    assert_eq!(packets[0].kinds()[0], ChunkType::COOKIE_ACK);
    assert_eq!(packets[0].header().tag, NEW_TAG);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    assert_eq!(restarts(&peer), 0);
    peer.program_sends(b"x");
    assert_eq!(only(peer.received()).header().tag, NEW_TAG);
    // T1-cookie has been stopped.
    assert!(!peer.wait(Duration::from_secs(20)).iter().any(|packet| packet.has(ChunkType::COOKIE_ECHO)));
}

// Local tag M, peer's tag 0 (not known yet): in COOKIE-WAIT.
#[test]
fn row_b_without_a_known_tag_brings_the_association_up() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    let (_, cookie) = init_again(&mut peer, NEW_TAG);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packet = only(peer.received());
    assert_eq!((packet.kinds()[0], packet.header().tag), (ChunkType::COOKIE_ACK, NEW_TAG));
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    assert!(!peer.wait(Duration::from_secs(20)).iter().any(|packet| packet.has(ChunkType::INIT)));
}

// Local tag X, peer's tag M, no tie-tags: the cookie of an attempt that we have forgotten.
#[test]
fn row_c_drops_the_late_cookie() {
    let mut peer = Peer::listening();
    // A cookie for a listener, then the listener itself connects to that peer, which answers with the same tag.
    let cookie = peer.cookie(&[]);
    let late_tag = peer.tag;
    peer.connect();
    let packet = exactly(peer.received(), &[ChunkType::INIT]);
    peer.tag = packet.init().initiate_tag;
    peer.send_init_ack(PEER_TAG);
    exactly(peer.received(), &[ChunkType::COOKIE_ECHO]);
    peer.send_with_tag(late_tag, &[Chunk::CookieEcho { cookie: &cookie }]);
    silence(&peer.received());
    assert_eq!(peer.status().unwrap().state, AssociationState::CookieEchoed);
    // The timer goes on.
    exactly(peer.wait(Duration::from_secs(10)), &[ChunkType::COOKIE_ECHO]);
}

// Local tag M, peer's tag M: our COOKIE ACK, or the peer's, was lost.
#[test]
fn row_d_acknowledges_again_and_brings_up() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    let (_, cookie) = init_again(&mut peer, PEER_TAG);
    peer.send_init_ack(PEER_TAG);
    exactly(peer.received(), &[ChunkType::COOKIE_ECHO]);
    for _ in 0..2 {
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        let packets = peer.received();
        assert_eq!(packets[0].kinds()[0], ChunkType::COOKIE_ACK);
        assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    }
    assert_eq!(peer.events.iter().filter(|event| matches!(event.kind, EventKind::Established { .. })).count(), 1);
    assert!(!peer.wait(Duration::from_secs(20)).iter().any(|packet| packet.has(ChunkType::COOKIE_ECHO)));
}

#[test]
fn row_d_holds_even_for_a_stale_cookie() {
    // RFC 9260 §5.2.4 step 3: both tags match.
    let mut peer = Peer::listening();
    let cookie = peer.cookie(&[]);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    peer.now += Duration::from_secs(25);
    peer.wait(Duration::ZERO);
    peer.now += Duration::from_secs(61);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    assert!(peer.received().iter().any(|packet| packet.has(ChunkType::COOKIE_ACK)));
}

// Neither tag matches, and the tie-tags do not either: not in the table.
#[test]
fn cookie_of_a_former_association_is_dropped() {
    let mut peer = Peer::listening();
    let old = peer.cookie(&[]);
    let old_tag = peer.tag;
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.tag = tag;
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    peer.send_with_tag(old_tag, &[Chunk::CookieEcho { cookie: &old }]);
    silence(&peer.received());
    assert_eq!(restarts(&peer), 0);
}

#[test]
fn replayed_restart_cookie_restarts_only_once() {
    let mut peer = Peer::connected();
    let (tag, cookie) = init_again(&mut peer, NEW_TAG);
    peer.tag = tag;
    for _ in 0..3 {
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        peer.received();
    }
    assert_eq!(restarts(&peer), 1);
}

// --- both ends at once ---------------------------------------------------------------------------------------------

// A -- INIT --\ /-- INIT -- Z
#[test]
fn two_ends_that_connect_at_once_get_one_association() {
    for seed in 0..20 {
        let mut settings = Settings { seed, ..Settings::default() };
        settings.links[0].jitter = Duration::from_millis(10);
        let mut pair = Pair::new(settings);
        let binding = pair.hosts[A].binding;
        pair.hosts[A].endpoint.listen(binding, Some(10));
        pair.connect(A);
        pair.connect(Z);
        pair.run_until("both are up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
        pair.run_for(Duration::from_secs(20));
        pair.send(A, 0, &b"from A"[..]);
        pair.send(Z, 0, &b"from Z"[..]);
        pair.run_until_acknowledged();
        assert_eq!(pair.received(A)[0].octets, b"from Z");
        assert_eq!(pair.received(Z)[0].octets, b"from A");
        for host in [A, Z] {
            let events = &pair.hosts[host].events;
            let up = events.iter().filter(|event| matches!(event.kind, EventKind::Established { .. })).count();
            assert_eq!(up, 1, "associations of one end, seed {seed}");
            assert!(!pair.hosts[host].was_told(|kind| matches!(kind, EventKind::Restarted { .. })));
        }
    }
}
