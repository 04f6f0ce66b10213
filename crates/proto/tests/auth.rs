//! Authenticated chunks (RFC 4895): agreed on at the beginning, demanded of the peer, sent as the peer demands.

use std::time::Duration;

use usctp_proto::{AssociationConfig, AssociationState, CloseReason, EventKind};
use usctp_wire::{CauseCode, Chunk, ChunkType, Init, Param, ParamType, Params, VerificationTag};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z, address, pattern},
    peer::{COOKIE, PEER_TAG, Peer, init, sack},
    sealed::{BODY, EMPTY, SHA1, SHA256, Vectors, With, checked, config, packet, params, reseal, vector},
};

const DATA: ChunkType = ChunkType::DATA;

fn offer_of(init: &Init<'_>) -> [bool; 3] {
    [ParamType::RANDOM, ParamType::CHUNK_LIST, ParamType::HMAC_ALGORITHMS].map(|kind| init.params.find(kind).is_some())
}

/// Both ends do AUTH and list `chunks`.
fn sealed_pair(chunks: &[ChunkType], change: impl Fn(&mut AssociationConfig)) -> Settings {
    let mut config = config(chunks, b"a secret of both");
    change(&mut config);
    Settings { configs: [config.clone(), config], ..Settings::default() }
}

// --- agreeing ------------------------------------------------------------------------------------------------------------

#[test]
fn init_offers_a_random_number_the_list_and_the_algorithms_once() {
    // R4895-3.1-2, R4895-3.2-2, R4895-3.3-2, R4895-6.1-1, R4895-6.1-2, R4895-6.1-7
    let mut randoms = Vec::new();
    for seed in [1, 2] {
        let mut peer = Peer::with(config(&[DATA, ChunkType::SACK], b""));
        (0..seed).for_each(|_| peer.connect_anew());
        let packet = exactly(peer.received(), &[ChunkType::INIT]);
        let init = packet.init();
        let kinds = [ParamType::RANDOM, ParamType::CHUNK_LIST, ParamType::HMAC_ALGORITHMS];
        let count = |kind| init.params.iter().flatten().filter(|param| param.kind() == kind).count();
        assert_eq!(kinds.map(count), [1, 1, 1], "each once");
        let Some(Param::Random(random)) = init.params.find(ParamType::RANDOM) else { panic!("no RANDOM") };
        assert_eq!(random.len(), 32);
        randoms.push(random.to_vec());
        assert_eq!(init.params.find(ParamType::CHUNK_LIST), Some(Param::ChunkList(&[0, 3])));
        assert_eq!(init.params.find(ParamType::HMAC_ALGORITHMS), Some(Param::HmacAlgorithms(&[0, 1])));
    }
    assert_ne!(randoms[0], randoms[1], "a new random number for each association");
}

#[test]
fn auth_is_off_unless_the_program_asks_for_it() {
    let mut peer = Peer::connecting(AssociationConfig::default());
    peer.connect_again_is_offered(false);
    // A listener that does not do it ignores the offer, and its AUTH chunks count as unknown: they end the packet.
    let (vectors, cookie) = {
        peer = Peer::with(AssociationConfig::default());
        peer.sealed_cookie(&params(&[0], &[0, 1]))
    };
    assert!(vectors.endpoint.is_empty());
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    peer.received();
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Established { authenticated: false, .. })));
    assert_eq!(peer.endpoint.peer_auth_chunks(peer.key()), None);
    let data = peer.next_data(0, b"behind");
    peer.send_sealed(&vectors, EMPTY, &[Chunk::Data(data)]);
    silence(&peer.wait(Duration::from_secs(1)));
    // The same with COOKIE ECHO: what was not agreed on cannot vouch for it (attack C7).
    let (vectors, cookie) = {
        peer = Peer::with(AssociationConfig::default());
        peer.sealed_cookie(&params(&[0], &[0, 1]))
    };
    peer.send_sealed(&vectors, EMPTY, &[Chunk::CookieEcho { cookie: &cookie }]);
    silence(&peer.received());
    assert_eq!(peer.association, None);
}

impl Peer {
    /// Gives the association up that there may be, and connects.
    fn connect_anew(&mut self) {
        if let Some(key) = self.association.take() {
            self.endpoint.forget(key);
        }
        self.connect();
    }

    /// Whether an INIT of the endpoint offers AUTH.
    fn connect_again_is_offered(&mut self, expected: bool) {
        self.now += Duration::from_secs(3);
        self.endpoint.handle_timeout(self.now);
        let packet = exactly(self.received(), &[ChunkType::INIT]);
        assert_eq!(offer_of(&packet.init())[0], expected);
    }
}

#[test]
fn init_ack_offers_only_to_a_peer_that_offers() {
    let mut peer = Peer::with(config(&[DATA], b""));
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    assert_eq!(offer_of(&only(peer.received()).init()), [false; 3]);
    // CHUNKS without RANDOM, RANDOM alone, or HMAC-ALGO alone are no offer (attack A2).
    for part in params(&[0], &[0, 1]) {
        peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[part]))]);
        assert_eq!(offer_of(&only(peer.received()).init()), [false; 3]);
    }
    let offer = params(&[], &[0, 1]);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&offer))]);
    assert_eq!(offer_of(&only(peer.received()).init()), [true; 3]);
}

#[test]
fn random_number_of_another_length_ends_the_set_up() {
    // R4895-6.1-3, R4895-6.1-4
    for len in [0, 31, 33, 200] {
        let random = vec![7; len];
        let offer = [Param::Random(&random), Param::HmacAlgorithms(&[0, 1])];
        let mut peer = Peer::with(config(&[], b""));
        peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&offer))]);
        let packet = exactly(peer.received(), &[ChunkType::ABORT]);
        assert_eq!(packet.causes(), [CauseCode::PROTOCOL_VIOLATION]);

        let mut peer = Peer::connecting(config(&[], b""));
        let all = [&[Param::StateCookie(COOKIE)], &offer[..]].concat();
        peer.send(&[Chunk::InitAck(Init { initiate_tag: PEER_TAG, params: Params::Values(&all), ..init(&[]) })]);
        let packet = exactly(peer.received(), &[ChunkType::ABORT]);
        assert_eq!(packet.causes(), [CauseCode::PROTOCOL_VIOLATION]);
        assert!(matches!(peer.closed(), Some(CloseReason::Aborted { during_setup: true, .. })));

        // Who does not do AUTH does not look at it.
        let mut peer = Peer::with(AssociationConfig::default());
        peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&offer))]);
        exactly(peer.received(), &[ChunkType::INIT_ACK]);
    }
}

#[test]
fn one_side_without_auth_leaves_both_without() {
    for with in [A, Z] {
        let mut settings = Settings::default();
        settings.configs[with] = config(&[DATA, ChunkType::COOKIE_ECHO], b"secret");
        let mut pair = Pair::connected(settings);
        for host in [A, Z] {
            let told = |kind: &EventKind| matches!(kind, EventKind::Established { authenticated: false, .. });
            assert!(pair.hosts[host].was_told(told));
            pair.send(host, 0, pattern(5000));
        }
        pair.run_until_acknowledged();
        assert!([A, Z].iter().all(|host| pair.received(*host).len() == 1));
        assert!(pair.log.sent_with(A, ChunkType::AUTH).next().is_none());
    }
}

#[test]
fn first_listed_algorithm_that_is_known_is_used() {
    // R4895-6.1-8: unknown ones are passed over; R4895-6.1-9: SHA-1 is always there.
    for (list, expected) in [(&[0, 9, 0, 3, 0, 1][..], SHA256), (&[0, 1, 0, 3], SHA1), (&[0, 2, 0, 1], SHA1)] {
        let mut peer = Peer::with(config(&[], b""));
        let (vectors, cookie) = peer.sealed_cookie(&params(&[0], list));
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        peer.received();
        peer.program_sends(b"x");
        let packet = only(peer.received());
        assert_eq!(packet.kinds(), [ChunkType::AUTH, DATA]);
        let Chunk::Auth(auth) = &packet.chunks()[0] else { unreachable!() };
        assert_eq!(auth.hmac_id, expected);
        assert_eq!(checked(&packet, &vectors, |_| Vec::new()), Some((0, vec![DATA])));
    }
    // None that is known: AUTH is left aside.
    let mut peer = Peer::with(config(&[DATA], b""));
    let (_, cookie) = peer.sealed_cookie(&params(&[0], &[0, 2, 0, 9]));
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    peer.received();
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Established { authenticated: false, .. })));
}

// --- receiving -----------------------------------------------------------------------------------------------------------

// A -- DATA ----------> Z: not counted
// A -- AUTH, DATA ----> Z: counted
#[test]
fn listed_chunk_without_auth_is_dropped_and_the_others_of_its_packet_are_not() {
    // D7.1.18-7, R4895-6.3-1
    let (mut peer, vectors) = Peer::sealed(config(&[DATA], b"key"), &[]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Established { authenticated: true, .. })));
    let data = peer.next_data(0, b"payload");
    peer.send(&[Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] }, Chunk::Data(data)]);
    exactly(peer.wait(Duration::from_secs(1)), &[ChunkType::HEARTBEAT_ACK]);
    assert_eq!(peer.unauthenticated(), 1);
    // In front of AUTH it is not authenticated either.
    let octets = packet(&vectors, peer.tag, &[Chunk::Data(data)], With::secret(b"key"), &[]);
    peer.send_octets(address(false, 0, 2), octets);
    silence(&peer.wait(Duration::from_secs(1)));
    assert_eq!(peer.unauthenticated(), 2);
    peer.send_sealed(&vectors, With::secret(b"key"), &[Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
    exactly(peer.wait(Duration::from_secs(1)), &[ChunkType::SACK]);
    assert_eq!(peer.unauthenticated(), 2);
}

#[test]
fn nothing_behind_a_wrong_auth_chunk_counts() {
    // R4895-6.3-4, R4895-6.3-6, R4895-6.3-8: attack A2.
    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &[]);
    let heartbeat = Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] };
    let good = packet(&vectors, peer.tag, &[], With::secret(b"key"), std::slice::from_ref(&heartbeat));
    let tag = peer.tag;
    let sealed = |with| packet(&vectors, tag, &[], with, std::slice::from_ref(&heartbeat));
    let mut wrong =
        vec![sealed(With::secret(b"another key")), sealed(EMPTY), sealed(With { key: 9, ..With::secret(b"key") })];
    // One bit of each octet behind the common header: the header of AUTH but its flags and type, the MAC, the chunk.
    for at in (BODY + 2..good.len()).filter(|at| ![BODY + 2, BODY + 3].contains(at)) {
        let mut octets = good.clone();
        octets[at] ^= 0x10;
        wrong.push(octets);
    }
    // A MAC cut short, and none at all.
    for keep in [0, 4, 16] {
        let mut octets = good.clone();
        octets.drain(BODY + 8 + keep..BODY + 28);
        octets[BODY + 3] = 8 + keep as u8;
        wrong.push(octets);
    }
    let count = wrong.len() as u64;
    for mut octets in wrong {
        usctp_wire::crc32c::fill_in(&mut octets);
        peer.send_octets(address(false, 0, 2), octets);
        let answers = peer.received();
        // A changed algorithm is reported, everything else is silence; the HEARTBEAT never counts.
        assert!(answers.iter().all(|packet| packet.kinds() == [ChunkType::ERROR]), "{answers:?}");
    }
    assert_eq!(peer.unauthenticated(), count);
    peer.send_octets(address(false, 0, 2), good);
    exactly(peer.received(), &[ChunkType::HEARTBEAT_ACK]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn second_auth_chunk_ends_the_packet() {
    // R4895-5.1-5
    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &[]);
    let heartbeat = Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] };
    let second = packet(&vectors, peer.tag, &[], With::secret(b"key"), std::slice::from_ref(&heartbeat));
    let second = usctp_wire::Packet::decode(&second).unwrap();
    let behind: Vec<_> = second.chunks().map(|raw| raw.unwrap().decode().unwrap()).collect();
    peer.send_sealed(&vectors, With::secret(b"key"), &behind);
    silence(&peer.received());
    assert_eq!(peer.unauthenticated(), 1);
    // Nothing behind AUTH is nothing to do.
    peer.send_sealed(&vectors, With::secret(b"key"), &[]);
    silence(&peer.received());
    assert_eq!(peer.unauthenticated(), 1);
}

#[test]
fn flags_of_auth_are_ignored() {
    // R4895-5.1-2
    let (mut peer, vectors) = Peer::sealed(config(&[DATA], b"key"), &[]);
    let data = peer.next_data(0, b"payload");
    let mut octets = packet(&vectors, peer.tag, &[], With::secret(b"key"), &[Chunk::Data(data)]);
    octets[BODY + 1] = 0xff;
    octets[BODY + 8..BODY + 28].fill(0);
    reseal(&mut octets, BODY, &vectors, With::secret(b"key"));
    peer.send_octets(address(false, 0, 2), octets);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
}

// A -- AUTH (SHA-256), DATA --> Z
// A <-- ERROR (unsupported) --- Z
#[test]
fn algorithm_that_was_not_listed_is_reported() {
    // R4895-4.1-1, R4895-6.3-2, R4895-6.3-3
    let (mut peer, vectors) = Peer::sealed(config(&[DATA], b"key"), &[]);
    let data = peer.next_data(0, b"payload");
    for algorithm in [0, 2, SHA256, 77] {
        peer.send_sealed(&vectors, With { algorithm, ..With::secret(b"key") }, &[Chunk::Data(data)]);
        let packet = exactly(peer.received(), &[ChunkType::ERROR]);
        let [high, low] = algorithm.to_be_bytes();
        let chunks = packet.chunks();
        let Chunk::Error { causes } = &chunks[0] else { unreachable!() };
        assert_eq!(*causes, [1, 5, 0, 6, high, low], "without the padding of the last cause");
    }
    assert!(!peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
    assert_eq!(peer.unauthenticated(), 4);
}

#[test]
fn abort_that_must_be_authenticated_ends_nothing_without() {
    let (mut peer, vectors) = Peer::sealed(config(&[ChunkType::ABORT], b"key"), &[]);
    peer.send(&[Chunk::Abort { tag_reflected: false, causes: &[] }]);
    // With the T bit and the tag that goes with it, too.
    peer.send_with_tag(PEER_TAG, &[Chunk::Abort { tag_reflected: true, causes: &[] }]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    assert_eq!(peer.unauthenticated(), 2);
    // RFC 4895 §6.3: the tag rules look through AUTH.
    let abort = [Chunk::Abort { tag_reflected: true, causes: &[] }];
    let octets = packet(&vectors, PEER_TAG, &[], With::secret(b"key"), &abort);
    peer.send_octets(address(false, 0, 2), octets);
    assert!(matches!(peer.closed(), Some(CloseReason::AbortedByPeer { .. })));
}

#[test]
fn broken_chunk_that_is_not_authenticated_is_not_even_read() {
    // R4895-6.3-9: DATA without payload would end the association.
    let (mut peer, vectors) = Peer::sealed(config(&[DATA], b"key"), &[]);
    let data = peer.next_data(0, b"");
    peer.send(&[Chunk::Data(data)]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    peer.send_sealed(&vectors, With::secret(b"key"), &[Chunk::Data(data)]);
    assert!(matches!(peer.closed(), Some(CloseReason::Aborted { .. })));
}

#[test]
fn auth_out_of_the_blue_is_as_if_it_were_not_there() {
    // R4895-6.3-13, R4895-6.3-14
    let mut peer = Peer::with(config(&[], b"key"));
    peer.tag = VerificationTag(77);
    let none = Vectors { peer: Vec::new(), endpoint: Vec::new() };
    peer.send_sealed(&none, EMPTY, &[Chunk::ShutdownAck]);
    assert_eq!(exactly(peer.received(), &[ChunkType::SHUTDOWN_COMPLETE]).header().tag, VerificationTag(77));
    peer.send_sealed(&none, EMPTY, &[Chunk::Abort { tag_reflected: false, causes: &[] }]);
    silence(&peer.received());
    peer.send_sealed(&none, EMPTY, &[sack(crate::peer::PEER_TSN)]);
    exactly(peer.received(), &[ChunkType::ABORT]);
    peer.send_sealed(&none, EMPTY, &[]);
    silence(&peer.received());
}

// --- sending -------------------------------------------------------------------------------------------------------------

// A -- SACK, AUTH, DATA --> Z
#[test]
fn auth_stands_in_front_of_the_first_chunk_that_the_peer_lists() {
    // R4895-6.2-1, R4895-6.2-3, R4895-6.2-5
    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &[0]);
    let data = peer.next_data(0, b"question");
    peer.send(&[Chunk::Data(data)]);
    peer.program_sends(b"answer");
    let packet = only(peer.received());
    assert_eq!(packet.kinds(), [ChunkType::SACK, ChunkType::AUTH, DATA]);
    assert_eq!(checked(&packet, &vectors, |_| b"key".to_vec()), Some((0, vec![DATA])));
    // What is not listed goes without.
    peer.send(&[sack(peer.first_tsn), Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] }]);
    exactly(peer.received(), &[ChunkType::HEARTBEAT_ACK]);
}

#[test]
fn control_chunks_are_authenticated_where_the_peer_lists_them() {
    let listed = [3, 5, 6, 7, 1, 2, 14, 15];
    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &listed);
    assert_eq!(peer.endpoint.peer_auth_chunks(peer.key()).unwrap(), [3, 5, 6, 7].map(ChunkType));
    peer.send(&[Chunk::Heartbeat { info: &[0, 1, 0, 8, 1, 2, 3, 4] }]);
    let packet = only(peer.received());
    assert_eq!(checked(&packet, &vectors, |_| b"key".to_vec()), Some((0, vec![ChunkType::HEARTBEAT_ACK])));
    peer.endpoint.shutdown(peer.now, peer.key());
    let packet = only(peer.received());
    assert_eq!(checked(&packet, &vectors, |_| b"key".to_vec()), Some((0, vec![ChunkType::SHUTDOWN])));
    // R4895-3.2-4: SHUTDOWN COMPLETE cannot be authenticated, though it was listed.
    peer.send(&[Chunk::ShutdownAck]);
    exactly(peer.received(), &[ChunkType::SHUTDOWN_COMPLETE]);

    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &listed);
    peer.endpoint.abort(peer.now, peer.key(), Default::default());
    let packet = only(peer.received());
    assert_eq!(checked(&packet, &vectors, |_| b"key".to_vec()), Some((0, vec![ChunkType::ABORT])));
}

#[test]
fn full_packets_have_room_for_auth_and_so_do_retransmissions() {
    let (mut peer, vectors) = Peer::sealed(config(&[], b"key"), &[0]);
    peer.program_sends(&pattern(10_000));
    let mut first = peer.received();
    let again = peer.wait(Duration::from_secs(5));
    assert!(!first.is_empty() && !again.is_empty());
    first.extend(again);
    for packet in &first {
        assert!(packet.octets.len() <= 1480, "{packet}");
        assert_eq!(checked(packet, &vectors, |_| b"key".to_vec()).map(|(key, _)| key), Some(0));
    }
    assert!(first.iter().any(|packet| packet.octets.len() > 1480 - 20), "packets are filled");
}

#[test]
fn everything_can_be_authenticated_in_both_directions_under_loss() {
    for algorithms in [&[1][..], &[3, 1]] {
        let all: Vec<_> = (0..=255).filter(|kind| ![1, 2, 14, 15].contains(kind)).map(ChunkType).collect();
        let mut settings = sealed_pair(&all, |config| config.auth.set_algorithms(algorithms).unwrap());
        settings.links[0].impairment.loss = usctp_netsim::Loss::Random(0.05);
        let mut pair = Pair::connected(settings);
        for host in [A, Z] {
            for _ in 0..20 {
                pair.send(host, 0, pattern(8000));
            }
        }
        pair.run_until_acknowledged();
        assert!([A, Z].iter().all(|host| pair.received(*host).len() == 20));
        pair.shutdown(A);
        pair.run_to_the_end();
        assert_eq!(
            [A, Z].map(|host| pair.closed(host).cloned()),
            [Some(CloseReason::Shutdown), Some(CloseReason::Shutdown)]
        );
        for sent in pair.log.sent_by(A).chain(pair.log.sent_by(Z)) {
            let first = sent.chunks()[0].kind();
            let never = [ChunkType::INIT, ChunkType::INIT_ACK, ChunkType::SHUTDOWN_COMPLETE];
            assert!(first == ChunkType::AUTH || never.contains(&first), "{first:?}");
        }
        assert_eq!([A, Z].map(|host| pair.hosts[host].endpoint.counters().dropped_unauthenticated), [0, 0]);
    }
}

#[test]
fn different_secrets_let_nothing_through() {
    // D7.1.19-3
    let mut settings = sealed_pair(&[DATA], |_| {});
    settings.configs[Z] = config(&[DATA], b"another secret");
    let mut pair = Pair::connected(settings);
    pair.send(A, 0, pattern(100));
    pair.run_for(Duration::from_secs(10));
    assert!(pair.received(Z).is_empty());
    assert!(pair.hosts[Z].endpoint.counters().dropped_unauthenticated > 2, "it was sent again");
}

// --- COOKIE ECHO ---------------------------------------------------------------------------------------------------------

#[test]
fn listed_cookie_echo_makes_an_association_only_when_authentic() {
    // R4895-6.3-10, R4895-6.3-11: without any state of the listener.
    let mut peer = Peer::with(config(&[ChunkType::COOKIE_ECHO, DATA], b"key"));
    let (vectors, cookie) = peer.sealed_cookie(&params(&[], &[0, 1]));
    let echo = Chunk::CookieEcho { cookie: &cookie };
    let data = peer.next_data(0, b"early");
    peer.send(std::slice::from_ref(&echo));
    peer.send_sealed(&vectors, With::secret(b"wrong"), std::slice::from_ref(&echo));
    peer.send_sealed(&vectors, With { key: 4, ..With::secret(b"key") }, std::slice::from_ref(&echo));
    silence(&peer.received());
    assert_eq!((peer.unauthenticated(), peer.association), (3, None));
    peer.send_sealed(&vectors, With { algorithm: SHA256, ..With::secret(b"key") }, std::slice::from_ref(&echo));
    assert_eq!(exactly(peer.received(), &[ChunkType::ERROR]).causes(), [CauseCode::UNSUPPORTED_HMAC]);
    peer.send_sealed(&vectors, With::secret(b"key"), &[echo, Chunk::Data(data)]);
    assert_eq!(only(peer.received()).kinds()[0], ChunkType::COOKIE_ACK);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))), "what stands behind is authenticated too");
}

#[test]
fn our_cookie_echo_is_authenticated_where_the_peer_lists_it() {
    let (mut peer, vectors, echo) = Peer::sealed_echo(config(&[], b"key"), &[10]);
    assert_eq!(checked(&echo, &vectors, |_| b"key".to_vec()), Some((0, vec![ChunkType::COOKIE_ECHO])));
    let again = only(peer.wait(Duration::from_secs(10)));
    assert_eq!(checked(&again, &vectors, |_| b"key".to_vec()), Some((0, vec![ChunkType::COOKIE_ECHO])));
    let (_, _, echo) = Peer::sealed_echo(config(&[], b"key"), &[0]);
    assert_eq!(echo.kinds(), [ChunkType::COOKIE_ECHO]);
}

// A restarted peer:
// A -- INIT ----------------> Z
// A <------------- INIT ACK - Z
// A -- COOKIE ECHO ---------> Z: dropped, whatever key of the new association authenticates it
// A -- AUTH (old), COOKIE --> Z: restarted
#[test]
fn restart_must_know_the_key_of_the_old_association_where_cookie_echo_is_listed() {
    // R4895-6.3-12, R4895-6.3-15
    let mut peer = Peer::with(config(&[ChunkType::COOKIE_ECHO, DATA], b"key"));
    let (old, cookie) = peer.sealed_cookie(&params(&[], &[0, 1]));
    peer.send_sealed(&old, With::secret(b"key"), &[Chunk::CookieEcho { cookie: &cookie }]);
    peer.received();
    let fresh = [Param::Random(&[9; 32]), Param::HmacAlgorithms(&[0, 1])];
    let again = Init { initiate_tag: VerificationTag(4711), params: Params::Values(&fresh), ..init(&[]) };
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(again)]);
    let answer = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    let init_ack = answer.init();
    let new = Vectors { peer: vector(&Params::Values(&fresh)), endpoint: vector(&init_ack.params) };
    assert_ne!(new.endpoint, old.endpoint, "the random number goes with the tag");
    peer.tag = init_ack.initiate_tag;
    let cookie = crate::peer::cookie_of(&init_ack);
    let echo = [Chunk::CookieEcho { cookie: &cookie }];
    peer.send(&echo);
    peer.send_sealed(&new, With::secret(b"key"), &echo);
    silence(&peer.received());
    assert!(!peer.was_told(|kind| matches!(kind, EventKind::Restarted { .. })));
    peer.send_sealed(&old, With::secret(b"key"), &echo);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Restarted { .. })));
    // From now on the new keys.
    peer.tsn = crate::peer::PEER_TSN;
    let data = peer.next_data(0, b"new life");
    peer.send_sealed(&old, With::secret(b"key"), &[Chunk::Data(data)]);
    assert!(!peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
    peer.send_sealed(&new, With::secret(b"key"), &[Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))));
}

#[test]
fn both_sides_at_once_agree_on_the_same_keys() {
    // R4895-6.1-5
    let mut settings = sealed_pair(&[DATA, ChunkType::SACK, ChunkType::COOKIE_ECHO], |_| {});
    settings.configs[Z].auth.set_algorithms(&[3, 1]).unwrap();
    let mut pair = Pair::new(settings);
    pair.connect(A);
    pair.connect(Z);
    pair.run_until("both ends are up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
    for host in [A, Z] {
        pair.send(host, 0, pattern(3000));
    }
    pair.run_until_acknowledged();
    assert!([A, Z].iter().all(|host| pair.received(*host).len() == 1));
    assert_eq!([A, Z].map(|host| pair.hosts[host].endpoint.counters().dropped_unauthenticated), [0, 0]);
}
