//! Dynamic address reconfiguration (RFC 5061), what a peer asks of the engine: every request and every refusal.

use std::{net::IpAddr, time::Duration};

use usctp_proto::{AssociationConfig, AssociationState, EventKind, PathChange, PathState};
use usctp_wire::{Asconf, AsconfSerial, CauseCode, Causes, Chunk, ChunkType, Param, Params, RawParam, VerificationTag};

use crate::{
    expect::{Seen, exactly, only, silence},
    pair::{A, Pair, Settings, Z, address, pattern},
    peer::{PEER_TSN, Peer, init},
    sealed::{EMPTY, Vectors, With, checked, packet, params},
};

/// Where the peer is, and where it could be.
fn here() -> IpAddr {
    address(false, 0, 2)
}

fn there() -> IpAddr {
    address(false, 1, 2)
}

fn config() -> AssociationConfig {
    AssociationConfig { asconf: true, ..AssociationConfig::default() }
}

/// An association that the peer has begun, with ASCONF.
fn movable() -> (Peer, Vectors) {
    movable_with(config())
}

pub(crate) fn movable_with(config: AssociationConfig) -> (Peer, Vectors) {
    let mut peer = Peer::with(config);
    let vectors = begin(&mut peer);
    (peer, vectors)
}

/// The peer begins an association with the listening endpoint.
pub(crate) fn begin(peer: &mut Peer) -> Vectors {
    let offer = [&[Param::SupportedExtensions(&[15, 193, 128])], &params(&[193, 128], &[0, 1])[..]].concat();
    let (vectors, cookie) = peer.sealed_cookie(&offer);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    vectors
}

const FIRST: AsconfSerial = AsconfSerial(PEER_TSN.0);

fn asconf<'a>(serial: AsconfSerial, params: &'a [Param<'a>]) -> Chunk<'a> {
    Chunk::Asconf(Asconf { serial, address: here(), params: Params::Values(params) })
}

const fn add(id: u32, address: IpAddr) -> Param<'static> {
    Param::AddAddress { id: AsconfSerial(id), address }
}

const fn delete(id: u32, address: IpAddr) -> Param<'static> {
    Param::DeleteAddress { id: AsconfSerial(id), address }
}

const fn primary(id: u32, address: IpAddr) -> Param<'static> {
    Param::SetPrimary { id: AsconfSerial(id), address }
}

/// Serial number and results of the ASCONF-ACK in `seen`, which must be authenticated: of each its id, and the code of the
/// cause, 0 for success.
fn answer(seen: &Seen, vectors: &Vectors) -> (u32, Vec<(u32, u16)>) {
    assert_eq!(checked(seen, vectors, |_| Vec::new()).map(|(_, kinds)| kinds[0]), Some(ChunkType::ASCONF_ACK));
    let chunks = seen.chunks();
    let Some(Chunk::AsconfAck { serial, params }) = chunks.iter().find(|chunk| chunk.kind() == ChunkType::ASCONF_ACK)
    else {
        panic!("no ASCONF-ACK in {seen}")
    };
    let of = |param| match param {
        Param::Success { id } => (id.0, 0),
        Param::ErrorCause { id, causes } => (id.0, Causes::new(causes).next().unwrap().unwrap().code.0),
        other => panic!("{other:?} in an ASCONF-ACK"),
    };
    (serial.0, params.iter().map(|param| of(param.unwrap())).collect())
}

/// Sends one ASCONF with these requests; what was answered.
fn ask(peer: &mut Peer, vectors: &Vectors, serial: AsconfSerial, params: &[Param<'_>]) -> Vec<(u32, u16)> {
    peer.send_sealed(vectors, EMPTY, &[asconf(serial, params)]);
    let packets = peer.received();
    let (told, results) = answer(&packets[0], vectors);
    assert_eq!(told, serial.0);
    assert_eq!(packets[0].destination, here());
    results
}

fn path_changes(peer: &Peer) -> Vec<(IpAddr, PathChange)> {
    let of = |kind: &EventKind| match kind {
        EventKind::PathChanged { address, change } => Some((address.ip, *change)),
        _ => None,
    };
    peer.events.iter().filter_map(|event| of(&event.kind)).collect()
}

fn peers(peer: &Peer) -> Vec<IpAddr> {
    peer.endpoint.peer(peer.key()).unwrap().1.into_iter().map(|address| address.ip).collect()
}

// --- agreeing ------------------------------------------------------------------------------------------------------------

#[test]
fn asconf_is_offered_with_auth_and_lists_its_chunks() {
    // R5061-4.2.7-1, R5061-4.1.1-1
    let peer = Peer::connecting(config());
    assert!(!peer.endpoint.does_asconf(peer.key()));
    let mut peer = Peer::with(config());
    peer.connect();
    let packet = exactly(peer.received(), &[ChunkType::INIT]);
    let init = packet.init();
    let find = |wanted: fn(&Param<'_>) -> bool| init.params.iter().flatten().filter(wanted).count();
    assert_eq!(find(|param| *param == Param::SupportedExtensions(&[15, 193, 128])), 1);
    assert_eq!(find(|param| *param == Param::ChunkList(&[128, 193])), 1);
    let (peer, vectors) = movable();
    assert!(peer.endpoint.does_asconf(peer.key()) && !vectors.endpoint.is_empty());
}

// A peer that has no AUTH has no ASCONF either: its ASCONF is an unknown chunk, and reported.
#[test]
fn without_auth_or_with_one_side_alone_there_is_no_asconf() {
    for (config, offer) in [
        (config(), vec![Param::SupportedExtensions(&[193, 128])]),
        (AssociationConfig::default(), vec![Param::SupportedExtensions(&[15, 193, 128])]),
    ] {
        let mut peer = Peer::connected_with(config, &offer);
        assert!(!peer.endpoint.does_asconf(peer.key()));
        peer.send(&[asconf(FIRST, &[add(1, there())])]);
        let packet = exactly(peer.received(), &[ChunkType::ERROR]);
        assert_eq!(packet.causes(), [CauseCode::UNRECOGNIZED_CHUNK]);
        assert_eq!(peers(&peer), [here()]);
    }
    for with in [A, Z] {
        let mut settings = Settings::default();
        settings.configs[with].asconf = true;
        let mut pair = Pair::connected(settings);
        pair.send(A, 0, pattern(100));
        pair.run_until_acknowledged();
        assert!([A, Z].iter().all(|host| !pair.hosts[*host].endpoint.does_asconf(pair.key(*host))));
    }
}

#[test]
fn asconf_that_is_not_authenticated_is_dropped_with_all_behind_it() {
    // R5061-4.1.1-2, R5061-5.2-D5, attack A1
    let (mut peer, vectors) = movable();
    peer.send(&[asconf(FIRST, &[add(1, there())]), Chunk::Heartbeat { info: &[0, 1, 0, 4] }]);
    peer.send_sealed(&vectors, With::secret(b"wrong"), &[asconf(FIRST, &[add(1, there())])]);
    peer.send(&[Chunk::AsconfAck { serial: FIRST, params: Params::NONE }, Chunk::Heartbeat { info: &[0, 1, 0, 4] }]);
    silence(&peer.received());
    assert_eq!((peers(&peer), peer.unauthenticated()), (vec![here()], 3));
}

// --- ADD -----------------------------------------------------------------------------------------------------------------

// A -- ASCONF (add X) --> Z
// A <---- ASCONF-ACK ---- Z
// X <---- HEARTBEAT ----- Z   and no data before it is answered
#[test]
fn added_address_is_confirmed_before_it_is_used() {
    // D5.3.1.2-7, R5061-5.3-F1, R5061-5.3-F14
    let (mut peer, vectors) = movable();
    peer.send_sealed(&vectors, EMPTY, &[asconf(FIRST, &[add(7, there())])]);
    let packets = peer.wait(Duration::from_secs(1));
    assert_eq!(answer(&packets[0], &vectors), (FIRST.0, vec![]), "complete success");
    let probe =
        packets.iter().chain(&peer.wait(Duration::from_secs(1))).find(|packet| packet.destination == there()).cloned();
    let probe = probe.expect("a HEARTBEAT to the new address");
    assert_eq!(probe.kinds(), [ChunkType::HEARTBEAT]);
    assert_eq!(path_changes(&peer), [(there(), PathChange::Added)]);
    let state = |peer: &Peer| peer.endpoint.path(peer.key(), there().into()).unwrap().state;
    assert_eq!(state(&peer), PathState::Unconfirmed);
    peer.program_sends(b"data");
    assert!(peer.received().iter().all(|packet| packet.destination == here()));
    peer.answer_heartbeats(&probe);
    assert_eq!(state(&peer), PathState::Active);
    assert_eq!(path_changes(&peer).last(), Some(&(there(), PathChange::Confirmed)));
    // Again is no harm.
    assert_eq!(ask(&mut peer, &vectors, FIRST.next(), &[add(1, there())]), []);
    assert_eq!(peers(&peer).len(), 2);
}

#[test]
fn addresses_that_no_peer_can_have_are_refused() {
    // R5061-4.2.1-1
    let (mut peer, vectors) = movable();
    let odd = [[224, 0, 0, 1], [255, 255, 255, 255], [127, 0, 0, 1]].map(IpAddr::from);
    let requests: Vec<_> = odd.into_iter().zip(1..).map(|(address, id)| add(id, address)).collect();
    let results = ask(&mut peer, &vectors, FIRST, &requests);
    assert_eq!(results[0], (1, CauseCode::UNRESOLVABLE_ADDRESS.0));
    // R5061-5.3-F11: what follows a refusal is refused.
    assert_eq!(results[1..], [(2, CauseCode::ASCONF_RESOURCE.0), (3, CauseCode::ASCONF_RESOURCE.0)]);
    // An address that no link reaches.
    let results = ask(&mut peer, &vectors, FIRST.next(), &[add(9, IpAddr::from([172, 16, 0, 1]))]);
    assert_eq!(results, [(9, CauseCode::ASCONF_RESOURCE.0)]);
    assert_eq!(peers(&peer), [here()]);
}

#[test]
fn more_addresses_than_are_kept_are_refused() {
    // R5061-5.3-F9, R5061-5.3-F11
    let (mut peer, vectors) = movable();
    let many: Vec<_> = (3..40).map(|host| add(u32::from(host), address(false, 0, host))).collect();
    let mut requests = many.clone();
    requests.push(delete(90, address(false, 0, 3)));
    requests.push(primary(91, address(false, 0, 4)));
    let results = ask(&mut peer, &vectors, FIRST, &requests);
    let kept = peers(&peer).len();
    assert_eq!(kept, 32);
    assert!(results[..many.len() - (kept - 1)].iter().all(|(_, code)| *code == CauseCode::ASCONF_RESOURCE.0));
    let of = |id| results.iter().find(|(told, _)| *told == id).map(|(_, code)| *code);
    assert_eq!(of(90), Some(CauseCode::ASCONF_RESOURCE.0), "a DELETE after a refused ADD");
    assert_eq!(of(91), Some(0), "SET PRIMARY is told to have succeeded, behind a refusal");
}

// --- DELETE --------------------------------------------------------------------------------------------------------------

#[test]
fn deleted_address_is_gone() {
    // D5.3.1.2-6, R5061-5.3-F12, R5061-5.3-F13
    let (mut peer, vectors) = movable();
    let confirm = |peer: &mut Peer| {
        let packets = peer.wait(Duration::from_secs(1));
        packets.iter().for_each(|packet| peer.answer_heartbeats(packet));
    };
    ask(&mut peer, &vectors, FIRST, &[add(1, there()), primary(2, there())]);
    confirm(&mut peer);
    peer.events.clear();
    assert_eq!(ask(&mut peer, &vectors, FIRST.next(), &[delete(3, there())]), []);
    assert_eq!(path_changes(&peer), [(here(), PathChange::MadePrimary), (there(), PathChange::Removed)]);
    assert_eq!(peers(&peer), [here()]);
    // What comes from it now belongs to nobody.
    let data = peer.next_data(0, b"late");
    let tag = peer.tag;
    peer.send_from(there(), tag, &[Chunk::Data(data)]);
    let packet = exactly(peer.received(), &[ChunkType::ABORT]);
    assert_eq!(packet.destination, there());
    assert_eq!(peer.status().unwrap().state, AssociationState::Established);
}

#[test]
fn data_on_its_way_to_a_deleted_address_goes_elsewhere() {
    let (mut peer, vectors) = movable();
    ask(&mut peer, &vectors, FIRST, &[add(1, there()), primary(2, there())]);
    let packets = peer.wait(Duration::from_secs(1));
    packets.iter().for_each(|packet| peer.answer_heartbeats(packet));
    peer.program_sends(b"to there");
    assert_eq!(only(peer.received()).destination, there());
    peer.send_sealed(&vectors, EMPTY, &[asconf(FIRST.next(), &[delete(3, there())])]);
    let again = peer.received().into_iter().find(|packet| packet.has(ChunkType::DATA));
    assert_eq!(again.expect("sent again at once").destination, here());
}

#[test]
fn last_address_and_the_source_are_not_deleted() {
    // R5061-5.3-F7, R5061-5.3-F8, R5061-4.3.1-1, R5061-4.3.3-1
    let (mut peer, vectors) = movable();
    let (last, source) = (CauseCode::DELETE_LAST_ADDRESS.0, CauseCode::DELETE_SOURCE_ADDRESS.0);
    assert_eq!(ask(&mut peer, &vectors, FIRST, &[delete(4, here())]), [(4, last)]);
    assert_eq!(ask(&mut peer, &vectors, FIRST.plus(1), &[add(1, there()), delete(5, here())]), [(5, source)]);
    // One that is none of the peer's.
    let unknown = CauseCode::UNRESOLVABLE_ADDRESS.0;
    assert_eq!(ask(&mut peer, &vectors, FIRST.plus(2), &[delete(6, address(false, 2, 9))]), [(6, unknown)]);
    assert_eq!(peers(&peer), [here(), there()]);
    // The cause carries the whole request.
    peer.send_sealed(&vectors, EMPTY, &[asconf(FIRST.plus(3), &[delete(5, here())])]);
    let packets = peer.received();
    let mut request = Vec::new();
    delete(5, here()).encode(&mut request);
    assert!(packets[0].octets.windows(request.len()).any(|octets| octets == request));
}

// --- wildcards and SET PRIMARY -------------------------------------------------------------------------------------------

// A (at X, which Z does not know) -- ASCONF (look up by the old address; add 0.0.0.0, delete 0.0.0.0) --> Z
// X <-------------------------------------------------------------------------------- ASCONF-ACK ------- Z
#[test]
fn peer_that_has_moved_is_found_by_the_address_in_the_chunk() {
    // R5061-5.2-D1, R5061-5.2-D2, R5061-5.2-E6, R5061-5.3.2-1, R5061-4.2.1-2, R5061-4.2.2-1
    let (mut peer, vectors) = movable();
    let any = IpAddr::from([0, 0, 0, 0]);
    let requests = [add(1, any), delete(2, any), primary(3, any)];
    let chunk = [asconf(FIRST, &requests)];
    // With another tag, or another key, it is nobody's (attack V5).
    let mut stranger = packet(&vectors, VerificationTag(7), &[], EMPTY, &chunk);
    peer.send_octets(there(), stranger);
    assert_eq!(exactly(peer.received(), &[ChunkType::ABORT]).destination, there());
    stranger = packet(&vectors, peer.tag, &[], With::secret(b"no"), &chunk);
    peer.send_octets(there(), stranger);
    silence(&peer.received());
    // Other chunks from there do not count, whatever stands behind them.
    let heartbeat = [Chunk::Heartbeat { info: &[0, 1, 0, 4] }];
    let octets = packet(&vectors, peer.tag, &heartbeat, EMPTY, &chunk);
    peer.send_octets(there(), octets);
    silence(&peer.received());
    assert_eq!(peers(&peer), [here()]);
    let octets = packet(&vectors, peer.tag, &[], EMPTY, &chunk);
    peer.send_octets(there(), octets);
    let packets = peer.received();
    assert_eq!(answer(&packets[0], &vectors), (FIRST.0, vec![]));
    assert_eq!((packets[0].destination, peers(&peer)), (there(), vec![there()]));
}

#[test]
fn primary_is_changed_on_request_if_it_is_the_peers() {
    // D7.1.9-1, R5061-5.4-1, R5061-5.4-2
    let (mut peer, vectors) = movable();
    let unknown = CauseCode::UNRESOLVABLE_ADDRESS.0;
    assert_eq!(ask(&mut peer, &vectors, FIRST, &[primary(1, there()), add(2, there())]), [(1, unknown), (2, 0)]);
    assert_eq!(peer.endpoint.peer(peer.key()).unwrap().1[0].ip, here());
    assert_eq!(ask(&mut peer, &vectors, FIRST.next(), &[primary(3, there())]), []);
    assert_eq!(peer.endpoint.peer(peer.key()).unwrap().1[0].ip, there());
    assert!(path_changes(&peer).contains(&(there(), PathChange::MadePrimary)));
}

// --- order and repetition ------------------------------------------------------------------------------------------------

#[test]
fn answer_is_repeated_and_nothing_is_done_twice_or_out_of_order() {
    // R5061-5.2-E1, R5061-5.2-E2, R5061-5.2-E5, attack A1
    let (mut peer, vectors) = movable();
    ask(&mut peer, &vectors, FIRST, &[add(1, there()), add(2, IpAddr::from([224, 0, 0, 1]))]);
    let results = [(2, CauseCode::UNRESOLVABLE_ADDRESS.0)];
    // Whatever it holds this time.
    assert_eq!(ask(&mut peer, &vectors, FIRST, &[delete(9, there())]), results);
    assert_eq!(peers(&peer).len(), 2);
    for serial in [FIRST.plus(2), FIRST.plus(1 << 30), FIRST.previous(), FIRST.minus(1000)] {
        peer.send_sealed(&vectors, EMPTY, &[asconf(serial, &[delete(9, there())])]);
        assert!(peer.received().iter().all(|packet| !packet.has(ChunkType::ASCONF_ACK)));
    }
    assert_eq!(peers(&peer).len(), 2);
    // Two in one packet: two answers in one packet, in order.
    let (one, two) = ([delete(1, there())], [add(1, there())]);
    peer.send_sealed(&vectors, EMPTY, &[asconf(FIRST.plus(1), &one), asconf(FIRST.plus(2), &two)]);
    let packets = peer.received();
    let kinds = checked(&packets[0], &vectors, |_| Vec::new()).unwrap().1;
    assert_eq!(kinds, [ChunkType::ASCONF_ACK, ChunkType::ASCONF_ACK]);
    assert_eq!(peers(&peer).len(), 2);
}

#[test]
fn unknown_parameters_are_reported_by_their_bits() {
    // R5061-5.2-V2, R5061-5.2-V3
    let (mut peer, vectors) = movable();
    let value = [0, 0, 0, 42, 1, 2, 3, 4];
    let raw = |kind| RawParam { kind: usctp_wire::ParamType(kind), value: &value, octets: &[] };
    let reported = CauseCode::UNRECOGNIZED_PARAMETERS.0;
    for (number, kind, results, adds) in [
        (0, 0xc0ff, vec![(42, reported), (1, 0)], true),
        (1, 0x80ff, vec![], true),
        (2, 0x40ff, vec![(42, reported)], false),
        (3, 0x00ff, vec![], false),
    ] {
        let host = 10 + number as u8;
        let requests = [Param::Unknown(raw(kind)), add(1, address(false, 0, host))];
        assert_eq!(ask(&mut peer, &vectors, FIRST.plus(number), &requests), results, "{kind:x}");
        assert_eq!(peers(&peer).contains(&address(false, 0, host)), adds, "{kind:x}");
    }
    // Nothing at all is nothing to refuse.
    assert_eq!(ask(&mut peer, &vectors, FIRST.plus(4), &[]), []);
}

#[test]
fn malformed_request_ends_the_association_that_it_comes_from() {
    let (mut peer, vectors) = movable();
    // An address of three octets.
    let value = [0, 0, 0, 1, 0, 5, 0, 7, 1, 2, 3, 0];
    let raw = RawParam { kind: usctp_wire::ParamType::ADD_ADDRESS, value: &value, octets: &[] };
    peer.send_sealed(&vectors, EMPTY, &[asconf(FIRST, &[Param::Unknown(raw)])]);
    assert_eq!(only(peer.received()).causes(), [CauseCode::PROTOCOL_VIOLATION]);
    assert!(peer.closed().is_some());
}

#[test]
fn restart_begins_the_serial_numbers_anew() {
    // R5061-5.1-A2
    let (mut peer, vectors) = movable();
    ask(&mut peer, &vectors, FIRST, &[]);
    let offer = [&[Param::SupportedExtensions(&[15, 193, 128])], &params(&[193, 128], &[0, 1])[..]].concat();
    let mut again = init(&offer);
    again.initiate_tag = VerificationTag(99);
    peer.send_with_tag(VerificationTag(0), &[Chunk::Init(again)]);
    let packet = exactly(peer.received(), &[ChunkType::INIT_ACK]);
    let init_ack = packet.init();
    peer.tag = init_ack.initiate_tag;
    let vectors = Vectors { endpoint: crate::sealed::vector(&init_ack.params), ..vectors };
    let cookie = crate::peer::cookie_of(&init_ack);
    peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
    exactly(peer.received(), &[ChunkType::COOKIE_ACK]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::Restarted { .. })));
    assert_eq!(ask(&mut peer, &vectors, FIRST, &[add(1, there())]), []);
    assert_eq!(peers(&peer).len(), 2);
}
