//! Messages of different streams that alternate: I-DATA and I-FORWARD-TSN (RFC 8260 §2).

use std::time::Duration;

use usctp_netsim::{Impairment, Loss};
use usctp_proto::{AssociationConfig, EventKind, OutgoingMessage, Reliability, StreamScheduler};
use usctp_wire::{
    CauseCode, Chunk, ChunkType, ForwardTsn, Fsn, IData, IForwardTsn, Mid, Param, Ppid, SkippedMessages,
    SkippedStreams, StreamId,
};

use crate::{
    expect::{Seen, exactly, only},
    pair::{A, Pair, Settings, Z, message, pattern},
    peer::{PEER_TSN, Peer, data, init, sack},
};

const BOTH: &[Param<'_>] = &[Param::SupportedExtensions(&[64, 194])];

fn on() -> AssociationConfig {
    AssociationConfig { interleaving: true, ..AssociationConfig::default() }
}

fn able() -> Peer {
    able_with(on())
}

fn able_with(config: AssociationConfig) -> Peer {
    let mut peer = Peer::connected_with(config, BOTH);
    assert!(peer.status().expect("up").interleaving && peer.status().expect("up").partial_reliability);
    peer.received();
    peer
}

/// An I-DATA chunk; flags as letters.
fn part<'a>(at: u32, stream: u16, mid: u32, fsn: u32, flags: &str, payload: &'a [u8]) -> IData<'a> {
    IData {
        tsn: PEER_TSN.plus(at),
        stream: StreamId(stream),
        mid: Mid(mid),
        ppid: Ppid([1, 2, 3, 4]),
        fsn: Fsn(fsn),
        unordered: flags.contains('U'),
        beginning: flags.contains('B'),
        ending: flags.contains('E'),
        immediate: false,
        payload,
    }
}

fn come(peer: &mut Peer, chunk: IData<'_>) {
    peer.send(&[Chunk::IData(chunk)]);
}

fn forward(peer: &mut Peer, at: u32, skipped: &[(u16, bool, u32)]) {
    let skipped: Vec<_> = skipped.iter().map(|&(stream, u, mid)| (StreamId(stream), u, Mid(mid))).collect();
    let skipped = SkippedMessages::Values(&skipped);
    peer.send(&[Chunk::IForwardTsn(IForwardTsn { cumulative: PEER_TSN.plus(at), skipped })]);
}

/// What was delivered: stream, MID, octets.
fn delivered(peer: &Peer) -> Vec<(u16, u32, Vec<u8>)> {
    let delivery = |event: &usctp_proto::Event| match &event.kind {
        EventKind::Delivered(delivery) => {
            Some((delivery.stream.0, delivery.mid.expect("I-DATA").0, delivery.data.concat()))
        }
        _ => None,
    };
    peer.events.iter().filter_map(delivery).collect()
}

/// Stream, MID, FSN of each chunk sent.
fn sent(packets: &[Seen]) -> Vec<(u16, u32, u32)> {
    let mut all = Vec::new();
    for packet in packets {
        for chunk in packet.chunks() {
            assert!(!matches!(chunk, Chunk::Data(_)), "{packet}");
            if let Chunk::IData(data) = chunk {
                assert_eq!(data.beginning, data.fsn == Fsn(0));
                all.push((data.stream.0, data.mid.0, data.fsn.0));
            }
        }
    }
    all
}

fn send(peer: &mut Peer, stream: u16, len: usize, unordered: bool) {
    let outgoing = OutgoingMessage { unordered, ..message(stream, vec![stream as u8; len]) };
    peer.endpoint.send(peer.now, peer.key(), outgoing).expect("sent");
}

/// B8-1, R8260-2.2.1-1, R8260-2.2.1-3.
#[test]
fn it_is_offered_only_where_it_was_asked_for() {
    let listed = |packet: &Seen| {
        let find = |param| if let Param::SupportedExtensions(types) = param { Some(types.to_vec()) } else { None };
        packet.init().params.iter().flatten().find_map(find)
    };
    for (config, expected) in [
        (AssociationConfig::default(), None),
        (on(), Some(vec![64, 194])),
        (AssociationConfig { partial_reliability: false, ..on() }, Some(vec![64])),
    ] {
        let mut peer = Peer::with(config.clone());
        peer.connect();
        assert_eq!(listed(&only(peer.received())), expected);
        for (params, answer) in [(BOTH, expected.clone()), (&[][..], None)] {
            let mut peer = Peer::with(config.clone());
            peer.send_with_tag(usctp_wire::VerificationTag(0), &[Chunk::Init(init(params))]);
            assert_eq!(listed(&only(peer.received())), answer);
        }
    }
}

/// R8260-2.1-1, R8260-2.2.2-1: B, E, FSN and MIDs, ordered and unordered counted apart.
#[test]
fn all_messages_go_in_i_data_chunks() {
    let mut peer = able();
    for (stream, len, unordered) in [(1, 3000, false), (1, 10, true), (1, 10, false), (2, 10, true)] {
        send(&mut peer, stream, len, unordered);
    }
    let packets = peer.received();
    assert!(packets.iter().all(|packet| packet.octets.len() <= 1480));
    assert_eq!(sent(&packets), [(1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 0, 0), (1, 1, 0), (2, 0, 0)]);
    // What is lost is sent again as it was.
    let again = peer.wait(Duration::from_secs(10));
    assert_eq!(sent(&again)[0], (1, 0, 0));
    peer.send(&[sack(peer.first_tsn.plus(5))]);
    assert_eq!(peer.status().expect("up").send_buffered, 0);
}

/// R8260-3.2-1, R8260-3.4-1, R8260-2.2.2-2: never two messages of one stream at a time.
#[test]
fn long_message_does_not_delay_those_of_other_streams() {
    let mut peer = able_with(AssociationConfig { scheduler: StreamScheduler::RoundRobin, ..on() });
    send(&mut peer, 1, 6000, false);
    send(&mut peer, 1, 10, false);
    send(&mut peer, 2, 3000, false);
    send(&mut peer, 3, 10, false);
    let mut all = Vec::new();
    for _ in 0..20 {
        let packets = peer.received();
        let chunks = sent(&packets);
        if chunks.is_empty() {
            break;
        }
        all.extend(chunks);
        let last = peer.first_tsn.plus(all.len() as u32 - 1);
        peer.send(&[sack(last)]);
    }
    let streams: Vec<_> = all.iter().map(|(stream, ..)| *stream).collect();
    assert_eq!(streams, [1, 2, 3, 1, 2, 1, 2, 1, 1, 1]);
    let first: Vec<_> = all.iter().filter(|(stream, ..)| *stream == 1).map(|(_, mid, fsn)| (*mid, *fsn)).collect();
    assert_eq!(first, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)]);
}

/// R8260-2.2.3-1: by stream, order, MID and FSN; TSNs say nothing.
#[test]
fn fragments_are_joined_by_their_own_numbers() {
    let mut peer = able();
    come(&mut peer, part(5, 1, 0, 2, "E", b"c"));
    come(&mut peer, part(1, 2, 0, 0, "B", b"x"));
    come(&mut peer, part(3, 1, 0, 1, "", b"b"));
    come(&mut peer, part(0, 1, 1, 0, "BE", b"second"));
    come(&mut peer, part(2, 1, 0, 1, "UE", b"2"));
    assert!(delivered(&peer).is_empty());
    come(&mut peer, part(6, 1, 0, 0, "UB", b"1"));
    come(&mut peer, part(4, 1, 0, 0, "B", b"a"));
    come(&mut peer, part(7, 2, 0, 1, "E", b"y"));
    let expected: [(u16, u32, &[u8]); 4] = [(1, 0, b"12"), (1, 0, b"abc"), (1, 1, b"second"), (2, 0, b"xy")];
    assert_eq!(delivered(&peer), expected.map(|(stream, mid, octets)| (stream, mid, octets.to_vec())));
    assert_eq!(peer.received().last().expect("a SACK").sack().cumulative, PEER_TSN.plus(7));
}

/// B8-2: parts of several streams in turn; a stream's own messages one after the other.
#[test]
fn several_streams_are_delivered_in_parts_at_once() {
    let mut peer = able_with(AssociationConfig { partial_delivery_point: 1, ..on() });
    come(&mut peer, part(0, 1, 0, 0, "B", b"a"));
    come(&mut peer, part(1, 2, 0, 0, "B", b"x"));
    come(&mut peer, part(2, 1, 0, 0, "UBE", b"waits"));
    come(&mut peer, part(3, 1, 0, 1, "", b"b"));
    come(&mut peer, part(4, 2, 0, 1, "E", b"y"));
    come(&mut peer, part(5, 1, 0, 2, "E", b"c"));
    let octets: Vec<_> = delivered(&peer).into_iter().map(|(.., octets)| octets).collect();
    assert_eq!(octets, [&b"a"[..], b"x", b"b", b"y", b"c", b"waits"]);
}

/// B8-3.
#[test]
fn ssn_of_a_delivery_is_the_lower_half_of_the_mid() {
    let mut peer = able();
    forward(&mut peer, 0, &[(0, false, 0x1_0004)]);
    come(&mut peer, part(1, 0, 0x1_0005, 0, "BE", b"x"));
    let told = |kind: &EventKind| matches!(kind, EventKind::Delivered(delivery) if delivery.ssn.0 == 5);
    assert!(peer.was_told(told));
    assert_eq!(delivered(&peer), [(0, 0x1_0005, b"x".to_vec())]);
}

/// R8260-2.2.3-2, R8260-2.3.1-4: each the wrong chunk for its association.
#[test]
fn chunks_of_the_other_kind_end_the_association() {
    let fwd = ForwardTsn { cumulative: PEER_TSN, skipped: SkippedStreams::Values(&[]) };
    let i_fwd = IForwardTsn { cumulative: PEER_TSN, skipped: SkippedMessages::Values(&[]) };
    let cases = [
        (true, Chunk::Data(data(PEER_TSN, 0, b"x"))),
        (true, Chunk::ForwardTsn(fwd)),
        (false, Chunk::IData(part(0, 0, 0, 0, "BE", b"x"))),
        (false, Chunk::IForwardTsn(i_fwd)),
    ];
    for (agreed, chunk) in cases {
        let mut peer = if agreed { able() } else { Peer::connected_with(on(), &[Param::ForwardTsnSupported]) };
        peer.received();
        peer.send(&[chunk]);
        let packet = exactly(peer.received(), &[ChunkType::ABORT]);
        assert_eq!(packet.causes(), [CauseCode::PROTOCOL_VIOLATION]);
    }
}

/// Hostile: fragments that contradict each other, or that belong nowhere.
#[test]
fn contradictions_end_the_association() {
    type Parts = &'static [(u32, u32, &'static str)];
    let cases: [Parts; 6] = [
        &[(0, 0, "B"), (1, 0, "B")],
        &[(0, 0, "")],
        &[(0, 1, ""), (1, 1, "")],
        &[(0, 2, "E"), (1, 3, "")],
        &[(0, 3, ""), (1, 2, "E")],
        &[(0, 0x8000_0001, "")],
    ];
    for parts in cases {
        let mut peer = able();
        for (at, fsn, flags) in parts {
            come(&mut peer, part(*at, 1, 0, *fsn, flags, b"x"));
        }
        assert!(peer.closed().is_some(), "{parts:?}");
    }
    let mut peer = able();
    come(&mut peer, part(0, 10, 0, 0, "BE", b"no such stream"));
    come(&mut peer, part(1, 1, 7, 0, "BE", b"early"));
    assert!(peer.closed().is_none() && delivered(&peer).is_empty());
}

/// R8260-2.3.1-1, R8260-2.3.1-2: streams with U bit and MID.
#[test]
fn what_is_given_up_is_told_by_i_forward_tsn() {
    let mut peer = able();
    for unordered in [false, true] {
        for stream in [1, 1, 2] {
            let reliability = Reliability::Retransmissions(0);
            let outgoing = OutgoingMessage { unordered, reliability, ..message(stream, &b"x"[..]) };
            peer.endpoint.send(peer.now, peer.key(), outgoing).expect("sent");
        }
    }
    peer.received();
    let packet = exactly(peer.wait(Duration::from_secs(10)), &[ChunkType::I_FORWARD_TSN]);
    let Chunk::IForwardTsn(told) = &packet.chunks()[0] else { panic!("{packet}") };
    assert_eq!(told.cumulative, peer.first_tsn.plus(5));
    let skipped: Vec<_> = told.skipped.iter().map(|(stream, unordered, mid)| (stream.0, unordered, mid.0)).collect();
    assert_eq!(skipped, [(1, false, 1), (1, true, 1), (2, false, 0), (2, true, 0)]);
    peer.send(&[sack(peer.first_tsn.plus(5))]);
    send(&mut peer, 1, 1, true);
    assert_eq!(sent(&peer.received()), [(1, 2, 0)]);
}

/// R8260-2.3.1-2: ordered and unordered alike; and what comes late of them is thrown away.
#[test]
fn what_the_peer_gives_up_makes_room_for_what_waits() {
    let mut peer = able_with(AssociationConfig { partial_delivery_point: 1, ..on() });
    let window = peer.status().expect("up").local_rwnd;
    come(&mut peer, part(0, 1, 0, 0, "B", b"begun"));
    come(&mut peer, part(2, 1, 1, 0, "BE", b"one"));
    come(&mut peer, part(3, 2, 0, 1, "UE", b"lost"));
    come(&mut peer, part(5, 1, 3, 0, "BE", b"three"));
    come(&mut peer, part(6, 2, 5, 0, "BE", b"not yet"));
    assert_eq!(delivered(&peer).len(), 1);
    forward(&mut peer, 4, &[(1, false, 2), (2, true, 0), (9, false, 7), (1, false, 0), (77, true, 1)]);
    let octets: Vec<_> = delivered(&peer).into_iter().skip(1).map(|(.., octets)| octets).collect();
    assert_eq!(octets, [&b"one"[..], b"three"]);
    assert!(peer.was_told(|kind| matches!(kind, EventKind::PartialDeliveryAborted { stream: StreamId(1), .. })));
    come(&mut peer, part(7, 2, 0, 2, "UE", b"late"));
    come(&mut peer, part(8, 1, 2, 1, "E", b"late"));
    let charged: u32 = 5 + 3 + 5 + 7;
    assert_eq!(peer.status().expect("up").local_rwnd, window - charged, "nothing else is held");
    // An old one changes nothing; a jump of half the number space spoils the peer's own data only.
    forward(&mut peer, 1, &[(1, false, 9)]);
    forward(&mut peer, 0x7fff_0000, &[(1, false, 0x7fff_ffff); 100]);
    assert!(peer.closed().is_none());
}

#[test]
fn what_waits_for_a_skipped_message_waits_for_a_partial_delivery_of_its_stream_too() {
    let mut peer = able_with(AssociationConfig { partial_delivery_point: 1, ..on() });
    come(&mut peer, part(0, 1, 0, 0, "UB", b"u"));
    come(&mut peer, part(2, 1, 1, 0, "BE", b"one"));
    forward(&mut peer, 1, &[(1, false, 1)]);
    come(&mut peer, part(3, 1, 2, 0, "BE", b"two"));
    assert_eq!(delivered(&peer).len(), 1);
    come(&mut peer, part(4, 1, 0, 1, "UE", b"v"));
    let octets: Vec<_> = delivered(&peer).into_iter().map(|(.., octets)| octets).collect();
    assert_eq!(octets, [&b"u"[..], b"v", b"one", b"two"]);
}

/// Everything arrives, whatever the scheduler, over a bad network and where only one side wants I-DATA.
#[test]
fn everything_arrives_once_over_a_bad_network() {
    let schedulers = [StreamScheduler::FirstCome, StreamScheduler::RoundRobin, StreamScheduler::WeightedFair];
    for (seed, wanted) in [(1, [true, true]), (2, [true, true]), (3, [true, true]), (4, [true, false])] {
        let mut settings = Settings { seed, ..Settings::default() }.configured(|config| {
            config.rto_min = Duration::from_millis(100);
            config.rto_initial = Duration::from_millis(300);
            config.receive_buffer = 20_000;
            config.scheduler = schedulers[seed as usize % 3];
        });
        settings.configs[A].interleaving = wanted[A];
        settings.configs[Z].interleaving = wanted[Z];
        settings.links[0].impairment =
            Impairment { loss: Loss::Random(0.1), duplication: 0.05, reordering: 0.1, ..Impairment::default() };
        let mut pair = Pair::connected(settings);
        assert_eq!(pair.status(A).interleaving, wanted[A] && wanted[Z]);
        for number in 0..60_u16 {
            let octets = pattern(1 + usize::from(number % 7) * 6_000);
            let outgoing = OutgoingMessage { unordered: number % 5 == 0, ..message(number % 4, octets) };
            pair.send_message(A, outgoing).expect("sent");
        }
        pair.run_until_acknowledged();
        assert_eq!(pair.received(Z).len(), 60);
        for stream in 0..4 {
            let of_stream = pair.received(Z).iter().filter(|message| message.stream == stream && !message.unordered);
            let lengths: Vec<_> = of_stream.map(|message| message.octets.len()).collect();
            let numbers = (0..60_u16).filter(|number| number % 4 == stream && number % 5 != 0);
            let expected: Vec<_> = numbers.map(|number| 1 + usize::from(number % 7) * 6_000).collect();
            assert_eq!(lengths, expected, "stream {stream}");
        }
        assert!(pair.received(Z).iter().all(|message| message.octets == pattern(message.octets.len())));
    }
}
