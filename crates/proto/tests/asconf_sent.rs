//! Dynamic address reconfiguration (RFC 5061), what the engine asks of a peer: sent, lost, refused, answered wrongly.

use std::{net::IpAddr, time::Duration};

use usctp_proto::{
    Address, AssociationConfig, AssociationState, Binding, EventKind, LocalAddress, PathChange, PeerPrimaryError,
};
use usctp_wire::{AsconfSerial, Cause, CauseCode, Chunk, ChunkType, Param, Params};

use crate::{
    asconf::{begin, movable_with},
    expect::{Seen, exactly, only, silence},
    pair::{A, Pair, Settings, Z, address, pattern},
    peer::{OUR_PORT, Peer},
    sealed::{EMPTY, Vectors, checked},
};

fn config() -> AssociationConfig {
    AssociationConfig { asconf: true, ..AssociationConfig::default() }
}

/// The endpoint's addresses.
fn ours(net: usize) -> IpAddr {
    address(false, net, 1)
}

/// An endpoint bound to its first address only, and an association that the peer has begun.
fn bound_to_one() -> (Peer, Vectors) {
    let mut peer = Peer::with(config());
    peer.endpoint.unbind(peer.binding);
    let binding = Binding { port: OUR_PORT, addresses: vec![ours(0).into()], ipv4: true, ipv6: true, share: false };
    peer.binding = peer.endpoint.bind(binding, &mut |_| true).expect("free");
    peer.endpoint.configure_binding(peer.binding, config());
    peer.endpoint.listen(peer.binding, Some(10));
    let vectors = begin(&mut peer);
    (peer, vectors)
}

/// Serial number and requests of the ASCONF in `seen`, which must be authenticated.
fn asked(seen: &Seen, vectors: &Vectors) -> (AsconfSerial, IpAddr, Vec<String>) {
    assert!(checked(seen, vectors, |_| Vec::new()).is_some_and(|(_, kinds)| kinds.contains(&ChunkType::ASCONF)));
    let chunks = seen.chunks();
    let Some(Chunk::Asconf(asconf)) = chunks.iter().find(|chunk| chunk.kind() == ChunkType::ASCONF) else {
        panic!("no ASCONF in {seen}")
    };
    let of = |param| match param {
        Param::AddAddress { id, address } => format!("{} add {address}", id.0),
        Param::DeleteAddress { id, address } => format!("{} delete {address}", id.0),
        Param::SetPrimary { id, address } => format!("{} primary {address}", id.0),
        other => panic!("{other:?} in an ASCONF"),
    };
    (asconf.serial, asconf.address, asconf.params.iter().map(|param| of(param.unwrap())).collect())
}

fn acknowledge(peer: &mut Peer, vectors: &Vectors, serial: AsconfSerial, params: &[Param<'_>]) {
    peer.send_sealed(vectors, EMPTY, &[Chunk::AsconfAck { serial, params: Params::Values(params) }]);
}

fn add(peer: &mut Peer, address: IpAddr) {
    peer.endpoint.add_addresses(peer.now, peer.binding, &[address.into()]).expect("added");
}

fn remove(peer: &mut Peer, address: IpAddr) {
    peer.endpoint.remove_addresses(peer.now, peer.binding, &[address.into()]).expect("removed");
}

fn told(peer: &Peer) -> Vec<IpAddr> {
    peer.endpoint.local(peer.key()).unwrap().1.into_iter().map(|address| address.ip).collect()
}

// The program binds another address:
// Z -- ASCONF (add) --> A
// Z <-- ASCONF-ACK ---- A
#[test]
fn bound_address_is_told_and_counts_when_it_is_acknowledged() {
    // D8.1-10, R5061-5.1-A1, R5061-5.1-A2, R5061-5.1-A5, R5061-5.3-F1
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let packet = only(peer.received());
    let (serial, lookup, requests) = asked(&packet, &vectors);
    assert_eq!(serial.0, peer.first_tsn.0, "as the initial TSN");
    assert_eq!((lookup, requests), (ours(0), vec![format!("1 add {}", ours(1))]));
    assert_eq!(told(&peer), [ours(0)]);
    acknowledge(&mut peer, &vectors, serial, &[]);
    silence(&peer.received());
    assert_eq!(told(&peer), [ours(0), ours(1)]);
    remove(&mut peer, ours(0));
    let (next, lookup, requests) = asked(&only(peer.received()), &vectors);
    assert_eq!(next, serial.next());
    assert_eq!((lookup, requests), (ours(1), vec![format!("1 delete {}", ours(0))]));
    acknowledge(&mut peer, &vectors, next, &[]);
    assert_eq!(told(&peer), [ours(1)]);
}

// R5061-5.1-A3, R5061-5.1.1-C1: one at a time; what is asked meanwhile waits.
#[test]
fn only_one_is_on_its_way() {
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    peer.endpoint.set_peer_primary(peer.now, peer.key(), ours(1).into()).expect("it will be known");
    remove(&mut peer, ours(0));
    silence(&peer.received());
    acknowledge(&mut peer, &vectors, serial, &[]);
    let (next, _, requests) = asked(&only(peer.received()), &vectors);
    assert_eq!(next, serial.next());
    assert_eq!(requests, [format!("1 primary {}", ours(1)), format!("2 delete {}", ours(0))]);
    // An old answer changes nothing.
    acknowledge(&mut peer, &vectors, serial, &[]);
    silence(&peer.received());
}

// Z -- ASCONF --x
// T4: the same again, with twice the patience, until the association is given up
#[test]
fn lost_request_is_sent_again_unchanged_and_counts_as_an_error() {
    // R5061-5.1-A4, R5061-5.1-B1, R5061-5.1-B2, R5061-5.1-B3, R5061-5.1-B4, R5061-5.1-B5
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let first = only(peer.received());
    let mut waits = Vec::new();
    let mut count = 1;
    while peer.status().is_some() {
        let before = peer.now;
        for packet in peer.wait(Duration::from_secs(100)) {
            if packet.has(ChunkType::ASCONF) {
                assert_eq!(asked(&packet, &vectors), asked(&first, &vectors));
                waits.push(peer.now - before);
                count += 1;
            }
        }
        assert!(count < 50);
    }
    assert!(waits.len() >= 5 && waits[1] >= 2 * waits[0] - Duration::from_millis(1), "{waits:?}");
    let unreachable = |kind: &EventKind| matches!(kind, EventKind::PathChanged { change: PathChange::Unreachable, .. });
    assert!(peer.was_told(unreachable) && peer.closed().is_some());
}

#[test]
fn answer_ends_the_timer_and_the_errors() {
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    peer.wait(Duration::from_secs(5));
    let errors = |peer: &Peer| peer.endpoint.path(peer.key(), address(false, 0, 2).into()).unwrap().error_count;
    assert!(errors(&peer) > 0);
    acknowledge(&mut peer, &vectors, serial, &[]);
    assert_eq!(errors(&peer), 0);
    let later = peer.wait(Duration::from_secs(25));
    assert!(later.iter().all(|packet| !packet.has(ChunkType::ASCONF)));
}

#[test]
fn refused_change_does_not_happen() {
    // R5061-5.1-A6, R5061-5.1-A7, R5061-5.3-F10
    let (mut peer, vectors) = bound_to_one();
    let refused = |id, code| {
        let mut causes = Vec::new();
        Cause::Other(code, &[]).encode(&mut causes);
        (AsconfSerial(id), causes)
    };
    add(&mut peer, ours(1));
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    let (id, causes) = refused(1, CauseCode::ASCONF_RESOURCE);
    acknowledge(&mut peer, &vectors, serial, &[Param::ErrorCause { id, causes: &causes }]);
    assert_eq!(told(&peer), [ours(0)]);
    // R5061-5.3-F3b: a SET PRIMARY that is not understood is not asked again; other requests are.
    peer.endpoint.set_peer_primary(peer.now, peer.key(), ours(0).into()).unwrap();
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    let (id, causes) = refused(1, CauseCode::UNRECOGNIZED_PARAMETERS);
    acknowledge(&mut peer, &vectors, serial, &[Param::ErrorCause { id, causes: &causes }]);
    let again = peer.endpoint.set_peer_primary(peer.now, peer.key(), ours(0).into());
    assert_eq!(again, Err(PeerPrimaryError::NotAgreed));
    remove(&mut peer, ours(0));
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    // R5061-5.3-F3a: nor is an ADD or DELETE.
    acknowledge(&mut peer, &vectors, serial, &[Param::ErrorCause { id, causes: &causes }]);
    add(&mut peer, ours(0));
    silence(&peer.received());
    assert_eq!(told(&peer), [ours(0)]);
}

#[test]
fn peer_that_does_not_know_the_chunk_is_not_asked_again() {
    // R5061-5.1-A9, R5061-4.1.1-3
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let packet = only(peer.received());
    assert_eq!(asked(&packet, &vectors).2.len(), 1);
    let mut causes = Vec::new();
    Cause::UnrecognizedChunk(&[193, 0, 0, 4]).encode(&mut causes);
    peer.send(&[Chunk::Error { causes: &causes }]);
    let later = peer.wait(Duration::from_secs(20));
    assert!(later.iter().all(|packet| !packet.has(ChunkType::ASCONF)));
    remove(&mut peer, ours(0));
    silence(&peer.received());
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn answer_to_what_was_never_asked_ends_the_association() {
    // R5061-5.3-F0, R5061-4.3.4-1
    let (mut peer, vectors) = bound_to_one();
    let next = AsconfSerial(peer.first_tsn.0);
    acknowledge(&mut peer, &vectors, next.previous(), &[]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
    acknowledge(&mut peer, &vectors, next, &[]);
    assert_eq!(exactly(peer.received(), &[ChunkType::ABORT]).causes(), [CauseCode::ILLEGAL_ASCONF_ACK]);
    assert!(peer.closed().is_some());
}

#[test]
fn abort_to_an_address_that_is_being_deleted_says_nothing() {
    // R5061-5.3-F4, R5061-5.3.1-1
    let (mut peer, vectors) = bound_to_one();
    add(&mut peer, ours(1));
    let (serial, ..) = asked(&only(peer.received()), &vectors);
    acknowledge(&mut peer, &vectors, serial, &[]);
    remove(&mut peer, ours(0));
    peer.received();
    let data = peer.next_data(0, b"late");
    peer.send(&[Chunk::Data(data)]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Delivered(_))), "data to it still counts");
    peer.send(&[Chunk::Abort { tag_reflected: false, causes: &[] }]);
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn primary_can_only_be_asked_for_where_it_makes_sense() {
    // B3-26, D7.1.9-3
    let mut peer = Peer::connected();
    let ask = |peer: &mut Peer, address: Address| peer.endpoint.set_peer_primary(peer.now, peer.key(), address);
    assert_eq!(ask(&mut peer, ours(0).into()), Err(PeerPrimaryError::NotAgreed));
    let (mut peer, vectors) = movable_with(config());
    assert_eq!(ask(&mut peer, address(false, 2, 1).into()), Err(PeerPrimaryError::NotOurs));
    ask(&mut peer, ours(1).into()).unwrap();
    let (serial, _, requests) = asked(&only(peer.received()), &vectors);
    assert_eq!(requests, [format!("1 primary {}", ours(1))]);
    acknowledge(&mut peer, &vectors, serial, &[]);
    peer.endpoint.shutdown(peer.now, peer.key());
    assert_eq!(ask(&mut peer, ours(1).into()), Err(PeerPrimaryError::NotUp));
}

// B3-14: the host gets an address and loses another; where all are bound the peers are told.
#[test]
fn host_addresses_are_followed_where_the_program_wants_it() {
    for auto_asconf in [true, false] {
        let (mut peer, vectors) = movable_with(AssociationConfig { auto_asconf, ..config() });
        assert_eq!(told(&peer), [ours(0), ours(1)]);
        let local = |net: usize| LocalAddress { address: ours(net).into(), interface: net as u32 + 1 };
        peer.endpoint.handle_local_addresses(peer.now, &[local(0), local(2)]);
        if !auto_asconf {
            silence(&peer.received());
            continue;
        }
        let (serial, _, requests) = asked(&only(peer.received()), &vectors);
        assert_eq!(requests, [format!("1 add {}", ours(2)), format!("2 delete {}", ours(1))]);
        acknowledge(&mut peer, &vectors, serial, &[]);
        assert_eq!(told(&peer), [ours(0), ours(2)]);
        // R5061-5.3-F5: not the last one.
        peer.endpoint.handle_local_addresses(peer.now, &[]);
        silence(&peer.received());
        assert_eq!(told(&peer), [ours(0), ours(2)]);
    }
}

// Host A loses its first address while both ends send; the peer forgets it, and all arrives.
#[test]
fn traffic_goes_on_while_an_address_goes() {
    let mut settings = Settings::with_links(2, usctp_netsim::LinkConfig::default())
        .configured(|config| (config.asconf, config.auto_asconf) = (true, true));
    settings.seed = 5;
    let mut pair = Pair::connected(settings);
    pair.run_for(Duration::from_secs(5));
    for host in [A, Z] {
        for _ in 0..20 {
            pair.send(host, 0, pattern(5000));
        }
    }
    pair.lose_first_address(A);
    pair.run_until_acknowledged();
    let lost = pair.hosts[A].addresses[0];
    let forgotten = |kind: &EventKind| matches!(kind, EventKind::PathChanged { address, change: PathChange::Removed } if address.ip == lost);
    pair.run_until("the peer has forgotten it", |pair| pair.hosts[Z].was_told(forgotten));
    assert!([A, Z].iter().all(|host| pair.received(*host).len() == 20));
    assert_eq!(pair.hosts[Z].endpoint.peer(pair.key(Z)).unwrap().1.len(), 1);
}
