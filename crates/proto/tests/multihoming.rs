//! Several paths (RFC 9260 §6.4, §8.2–§8.3).

use std::time::Duration;

use usctp_netsim::LinkConfig;
use usctp_proto::{CloseReason, EventKind, OutgoingMessage, PathChange, PathState};
use usctp_wire::{Chunk, ChunkType, Param, ParamType, VerificationTag};

use crate::{
    expect::{exactly, only},
    pair::{A, Pair, Settings, Z, address, message, pattern},
    peer::{Peer, init},
};

fn two_paths() -> Settings {
    Settings::with_links(2, LinkConfig::default()).configured(|config| {
        config.rto_min = Duration::from_millis(300);
        config.rto_initial = Duration::from_secs(1);
        config.path.heartbeat_interval = Duration::from_secs(5);
        config.path.max_retransmissions = 2;
    })
}

fn changes(pair: &Pair, host: usize) -> Vec<(usize, PathChange)> {
    let net = |address: std::net::IpAddr| (0..3).find(|&net| (1..=2).any(|h| self::address(false, net, h) == address));
    let change = |event: &usctp_proto::Event| match event.kind {
        EventKind::PathChanged { address, change } => Some((net(address.ip).unwrap(), change)),
        _ => None,
    };
    pair.hosts[host].events.iter().filter_map(change).collect()
}

#[test]
fn addresses_are_exchanged_and_confirmed() {
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    for host in [A, Z] {
        let key = pair.key(host);
        let (port, peer) = pair.hosts[host].endpoint.peer(key).unwrap();
        assert_eq!(port, crate::pair::PORTS[1 - host]);
        assert_eq!(peer.len(), 2);
        for link in 0..2 {
            let path = pair.path(host, link);
            assert!(path.confirmed && path.state == PathState::Active, "{path:?}");
        }
        assert_eq!(pair.status(host).primary.ip, pair.hosts[1 - host].addresses[0]);
    }
    // RFC 9260 §5.4: what the program names is trusted at once, what the peer claims is not.
    assert!(changes(&pair, Z).contains(&(1, PathChange::Confirmed)));
    assert!(pair.log.sent_with(Z, ChunkType::HEARTBEAT).next().is_some());
}

#[test]
fn no_data_goes_to_an_address_that_is_not_confirmed() {
    // RFC 9260 §5.4. The second address never answers.
    let mut settings = two_paths();
    settings.links[1].impairment.loss = usctp_netsim::Loss::Random(1.0);
    let mut pair = Pair::connected(settings);
    pair.run_for(Duration::from_secs(1));
    pair.set_up(0, false);
    // Z has the second address from A's INIT only.
    pair.send(Z, 0, pattern(3000));
    pair.run_for(Duration::from_secs(10));
    let second = pair.hosts[A].addresses[1];
    assert!(pair.log.sent_with(Z, ChunkType::DATA).all(|sent| sent.destination != second));
    assert!(pair.log.sent_with(Z, ChunkType::HEARTBEAT).any(|sent| sent.destination == second));
}

#[test]
fn failed_primary_is_replaced_and_comes_back() {
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    pair.set_up(0, false);
    for _ in 0..20 {
        pair.send(A, 0, pattern(2000));
    }
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 20);
    pair.run_for(Duration::from_secs(30));
    assert_eq!(pair.path(A, 0).state, PathState::Inactive);
    assert_eq!(pair.path(A, 1).state, PathState::Active);
    assert!(changes(&pair, A).contains(&(0, PathChange::Unreachable)));
    pair.set_up(0, true);
    pair.run_for(Duration::from_secs(130));
    assert_eq!(pair.path(A, 0).state, PathState::Active);
    assert!(changes(&pair, A).contains(&(0, PathChange::Available)));
    pair.log.clear();
    pair.send(A, 0, &b"back"[..]);
    let primary = pair.hosts[Z].addresses[0];
    assert!(pair.log.sent_with(A, ChunkType::DATA).all(|sent| sent.destination == primary));
    assert_eq!(pair.log.sent_with(A, ChunkType::DATA).count(), 1);
    assert!(pair.closed(A).is_none());
}

#[test]
fn lost_data_is_sent_again_on_the_other_path() {
    // RFC 9260 §6.4.1.
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    pair.log.clear();
    pair.set_up(0, false);
    pair.send(A, 0, &b"x"[..]);
    pair.run_until_acknowledged();
    let there: Vec<_> = pair.log.sent_with(A, ChunkType::DATA).map(|sent| sent.destination).collect();
    assert_eq!(there, pair.hosts[Z].addresses);
}

#[test]
fn all_paths_down_ends_the_association() {
    let mut pair = Pair::connected(two_paths().configured(|config| config.max_retransmissions = 6));
    pair.run_for(Duration::from_secs(2));
    pair.set_up(0, false);
    pair.set_up(1, false);
    pair.send(A, 0, &b"anyone?"[..]);
    pair.run_until("A has closed", |pair| pair.closed(A).is_some());
    assert_eq!(pair.closed(A), Some(&CloseReason::TimedOut { during_setup: false }));
}

#[test]
fn heartbeats_find_a_dead_path_and_end_an_idle_association() {
    let mut pair = Pair::connected(two_paths().configured(|config| config.max_retransmissions = 4));
    pair.run_for(Duration::from_secs(2));
    pair.set_up(1, false);
    pair.run_for(Duration::from_secs(60));
    assert_eq!(pair.path(A, 1).state, PathState::Inactive);
    assert!(pair.closed(A).is_none());
    pair.set_up(0, false);
    pair.run_for(Duration::from_secs(200));
    assert_eq!(pair.closed(A), Some(&CloseReason::TimedOut { during_setup: false }));
}

#[test]
fn answers_go_back_where_the_question_came_from() {
    // RFC 9260 §6.4: a SACK goes to the source of the packet that it answers.
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    pair.log.clear();
    let second = pair.hosts[Z].addresses[1];
    let sent = OutgoingMessage { destination: Some(second.into()), ..message(0, pattern(5000)) };
    pair.send_message(A, sent).unwrap();
    pair.run_until_acknowledged();
    assert!(pair.log.sent_with(A, ChunkType::DATA).all(|sent| sent.destination == second));
    let back = pair.hosts[A].addresses[1];
    let sacks: Vec<_> = pair.log.sent_with(Z, ChunkType::SACK).map(|sent| sent.destination).collect();
    assert!(!sacks.is_empty() && sacks.iter().all(|&to| to == back), "{sacks:?}");
}

#[test]
fn primary_can_be_changed() {
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    let (now, key, second) = (pair.now, pair.key(A), pair.hosts[Z].addresses[1]);
    assert!(pair.hosts[A].endpoint.set_primary(now, key, second.into()));
    assert!(!pair.hosts[A].endpoint.set_primary(now, key, address(false, 7, 7).into()));
    pair.log.clear();
    pair.send(A, 0, &b"x"[..]);
    assert!(pair.log.sent_with(A, ChunkType::DATA).all(|sent| sent.destination == second));
    assert_eq!(pair.status(A).primary.ip, second);
}

#[test]
fn setting_up_tries_the_other_address() {
    // RFC 9260 §5.1: the INIT is retransmitted to an alternate address.
    let mut pair = Pair::new(two_paths());
    pair.set_up(0, false);
    pair.connect(A);
    pair.run_until("up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
    pair.send(A, 0, &b"x"[..]);
    pair.run_until_acknowledged();
}

#[test]
fn heartbeat_is_echoed_octet_for_octet() {
    let mut peer = Peer::connected();
    let info = b"\x00\x01\x00\x0bsecret\x00";
    peer.send(&[Chunk::Heartbeat { info }]);
    let packet = exactly(peer.received(), &[ChunkType::HEARTBEAT_ACK]);
    let chunks = packet.chunks();
    let Chunk::HeartbeatAck { info: echoed } = &chunks[0] else { unreachable!() };
    assert_eq!(echoed[..11], info[..11]);
}

/// RFC 9260 §3.2: a chunk's length counts no padding behind its last parameter.
#[test]
fn heartbeat_counts_no_padding_of_its_parameter() {
    let mut peer = Peer::connected();
    let (now, key) = (peer.now, peer.key());
    assert!(peer.endpoint.heartbeat(now, key, address(false, 0, 2).into()));
    let packet = only(peer.received());
    let chunks = packet.chunks();
    let [Chunk::Heartbeat { info }] = chunks[..] else { panic!("{chunks:?}") };
    assert_eq!(usize::from(u16::from_be_bytes([info[2], info[3]])), info.len());
}

#[test]
fn forged_heartbeat_ack_confirms_nothing() {
    let mut peer = Peer::with(usctp_proto::AssociationConfig::default());
    let params = [Param::Ipv4Address([10, 0, 0, 2].into()), Param::Ipv4Address([10, 1, 0, 2].into())];
    let cookie = peer.cookie(&params);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    let packets = peer.wait(Duration::from_secs(5));
    assert!(!packets.is_empty());
    let second = address(false, 1, 2);
    let mut heartbeats: Vec<_> = packets;
    for _ in 0..10 {
        if heartbeats.iter().any(|packet| packet.has(ChunkType::HEARTBEAT)) {
            break;
        }
        heartbeats = peer.wait(Duration::from_secs(10));
    }
    let heartbeat = heartbeats.iter().find(|packet| packet.has(ChunkType::HEARTBEAT)).expect("a HEARTBEAT");
    assert_eq!(heartbeat.destination, second);
    let chunks = heartbeat.chunks();
    let Some(Chunk::Heartbeat { info }) = chunks.iter().find(|chunk| chunk.kind() == ChunkType::HEARTBEAT) else {
        unreachable!()
    };
    let confirmed = |peer: &Peer| peer.endpoint.path(peer.key(), second.into()).unwrap().confirmed;
    // The parameter's padding says nothing.
    for at in 0..13 {
        let mut forged = info.to_vec();
        forged[at] ^= 1;
        peer.send(&[Chunk::HeartbeatAck { info: &forged }]);
    }
    for len in 0..13 {
        peer.send(&[Chunk::HeartbeatAck { info: &info[..len] }]);
    }
    assert!(!confirmed(&peer));
    peer.send(&[Chunk::HeartbeatAck { info }]);
    assert!(confirmed(&peer));
}

#[test]
fn addresses_that_are_no_ones_are_not_taken_from_an_init() {
    let mut peer = Peer::listening();
    let params = [
        Param::Ipv4Address([10, 0, 0, 2].into()),
        Param::Ipv4Address([224, 0, 0, 1].into()),
        Param::Ipv4Address([255, 255, 255, 255].into()),
        Param::Ipv4Address([0, 0, 0, 0].into()),
        Param::Ipv6Address("ff02::1".parse().unwrap()),
    ];
    let cookie = peer.cookie(&params);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    only(peer.received());
    let key = peer.key();
    assert_eq!(peer.endpoint.peer(key).unwrap().1, [address(false, 0, 2).into()]);
}

#[test]
fn init_tells_all_our_addresses() {
    let mut peer = Peer::listening();
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(init(&[]))]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    let kinds: Vec<_> = packet.init().params.iter().map(|param| param.unwrap().kind()).collect();
    assert_eq!(kinds.iter().filter(|&&kind| kind == ParamType::IPV4_ADDRESS).count(), 2, "{kinds:?}");
}

#[test]
fn heartbeat_on_demand_goes_at_once() {
    let mut peer = Peer::connected();
    let (now, key) = (peer.now, peer.key());
    assert!(peer.endpoint.heartbeat(now, key, address(false, 0, 2).into()));
    assert!(only(peer.received()).has(ChunkType::HEARTBEAT));
    assert!(!peer.endpoint.heartbeat(now, key, address(false, 0, 3).into()));
}

#[test]
fn address_of_ours_that_is_gone_is_no_source_any_more() {
    let mut pair = Pair::connected(two_paths());
    pair.run_for(Duration::from_secs(2));
    let first = pair.hosts[A].addresses[0];
    pair.lose_first_address(A);
    pair.log.clear();
    for _ in 0..5 {
        pair.send(A, 0, pattern(2000));
    }
    pair.run_until_acknowledged();
    assert!(pair.log.sent_by(A).all(|sent| sent.source != first));
    assert_eq!(pair.received(Z).len(), 5);
}
