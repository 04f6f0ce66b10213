//! Messages from end to end (RFC 9260 §6.1, §6.5–§6.10).

use std::time::Duration;

use usctp_proto::{AssociationConfig, EventKind, OutgoingMessage, SendError, Time};
use usctp_wire::{Chunk, ChunkType, Ssn, StreamId};

use crate::{
    expect::{exactly, only, silence},
    pair::{A, Pair, Settings, Z, message, pattern},
    peer::{PEER_TSN, Peer, sack},
};

#[test]
fn messages_of_all_sizes_arrive_as_they_were() {
    let mut pair = Pair::connected(Settings::default());
    let sizes = [1, 2, 3, 4, 5, 1000, 1451, 1452, 1453, 1456, 2904, 10_000, 100_000];
    for &octets in &sizes {
        pair.send(A, 3, pattern(octets));
    }
    pair.run_until_acknowledged();
    let received = pair.received(Z);
    assert_eq!(received.iter().map(|message| message.octets.len()).collect::<Vec<_>>(), sizes);
    for message in received {
        assert_eq!(message.octets, pattern(message.octets.len()));
        assert_eq!((message.stream, message.ppid, message.unordered), (3, 7, false));
    }
}

#[test]
fn long_message_is_cut_into_chunks_that_fit_the_path() {
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, pattern(10_000));
    pair.run_until_acknowledged();
    let mut flags = Vec::new();
    for sent in pair.log.sent_with(A, ChunkType::DATA) {
        assert!(sent.octets.len() + 20 <= 1500);
        for chunk in sent.chunks() {
            if let Chunk::Data(data) = chunk {
                assert_eq!(data.ssn, Ssn(0));
                flags.push((data.beginning, data.ending));
            }
        }
    }
    assert_eq!(flags.len(), 10_000usize.div_ceil(1452));
    assert!(flags[0] == (true, false) && *flags.last().unwrap() == (false, true));
    assert!(flags[1..flags.len() - 1].iter().all(|&flags| flags == (false, false)));
}

#[test]
fn small_messages_share_packets() {
    let mut pair = Pair::connected(Settings::default());
    // The first goes at once; by Nagle's rule the rest waits and is bundled.
    for number in 0..50 {
        pair.send(A, 0, vec![number; 100]);
    }
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 50);
    assert!(pair.received(Z).iter().enumerate().all(|(at, message)| message.octets == vec![at as u8; 100]));
    let packets = pair.log.sent_with(A, ChunkType::DATA).count();
    assert!(packets <= 8, "{packets} packets");
}

#[test]
fn without_nagle_a_small_message_goes_at_once() {
    let mut pair = Pair::connected(Settings::default().configured(|config| config.no_delay = true));
    for _ in 0..3 {
        pair.send(A, 0, vec![0; 10]);
    }
    assert_eq!(pair.log.sent_with(A, ChunkType::DATA).count(), 3);
}

#[test]
fn nagle_keeps_a_second_small_message_back_until_the_first_is_acknowledged() {
    let mut peer = Peer::connected();
    peer.program_sends(b"first");
    let tsn = only(peer.received()).data()[0].tsn;
    peer.program_sends(b"second");
    silence(&peer.received());
    peer.send(&[sack(tsn)]);
    assert_eq!(only(peer.received()).data()[0].payload, b"second");
}

/// A sender that is out of send buffer cannot make the packet any fuller: on a path of large packets it would wait for
/// the peer's delayed SACK, each time.
#[test]
fn nagle_holds_nothing_back_from_a_sender_without_room() {
    let mut peer = Peer::connected();
    peer.program_sends(b"first");
    only(peer.received());
    peer.program_sends(b"second");
    peer.program_sends(b"third");
    silence(&peer.received());
    peer.program_waits_for_room();
    let packet = only(peer.received());
    let payloads: Vec<_> = packet.data().iter().map(|data| data.payload.to_vec()).collect();
    assert_eq!(payloads, [b"second".to_vec(), b"third".to_vec()]);
    // And the last of them asks for a SACK at once, without which the sender could not go on.
    assert_eq!(packet.data().iter().map(|data| data.immediate).collect::<Vec<_>>(), [false, true]);
    // Only those: what comes when there is room again may wait.
    peer.program_sends(b"fourth");
    silence(&peer.received());
    peer.send(&[sack(packet.data()[1].tsn)]);
    assert_eq!(only(peer.received()).data()[0].payload, b"fourth");
}

#[test]
fn streams_are_numbered_each_for_itself() {
    let mut pair = Pair::connected(Settings::default());
    for _ in 0..3 {
        for stream in [0, 9, 4] {
            pair.send(A, stream, vec![stream as u8; 10]);
        }
    }
    pair.run_until_acknowledged();
    for stream in [0, 4, 9] {
        let numbers: Vec<_> =
            pair.received(Z).iter().filter(|message| message.stream == stream).map(|message| message.ssn).collect();
        assert_eq!(numbers, [0, 1, 2]);
    }
}

#[test]
fn unordered_messages_do_not_wait() {
    let mut peer = Peer::connected();
    let late = peer.next_data(0, b"late");
    let mut unordered = peer.next_data(0, b"unordered");
    unordered.unordered = true;
    let ordered = peer.next_data(1, b"ordered");
    peer.send(&[Chunk::Data(unordered), Chunk::Data(ordered)]);
    assert_eq!(delivered(&peer), [b"unordered".to_vec()]);
    peer.send(&[Chunk::Data(late)]);
    assert_eq!(delivered(&peer), [b"unordered".to_vec(), b"late".to_vec(), b"ordered".to_vec()]);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut settings = Settings::default();
    settings.configs[A].disable_fragments = true;
    let mut pair = Pair::connected(settings);
    assert_eq!(pair.send_message(A, message(10, &b"x"[..])), Err(SendError::InvalidStream));
    assert_eq!(pair.send_message(A, message(0, vec![0; 1453])), Err(SendError::TooLong));
    let elsewhere = crate::pair::address(false, 9, 9).into();
    let astray = OutgoingMessage { destination: Some(elsewhere), ..message(0, &b"x"[..]) };
    assert_eq!(pair.send_message(A, astray), Err(SendError::InvalidAddress));
    assert!(pair.send_message(A, message(0, vec![0; 1452])).is_ok());
}

#[test]
fn send_space_is_given_back_to_the_octet() {
    let mut pair = Pair::connected(Settings::default().configured(|config| config.send_overhead = 100));
    let key = pair.key(A);
    let charges: Vec<_> =
        [1, 1452, 1453, 50_000].into_iter().map(|len| pair.hosts[A].endpoint.send_charge(key, len)).collect();
    assert_eq!(charges, [101, 1552, 1653, 50_000 + 100 * 50_000usize.div_ceil(1452)]);
    for len in [1, 1452, 1453, 50_000] {
        pair.send(A, 0, vec![0; len]);
    }
    assert!(pair.status(A).send_buffered > 0);
    pair.run_until_acknowledged();
    assert!(pair.hosts[A].was_told(|kind| matches!(kind, EventKind::SenderDry)));
    assert_eq!(pair.status(A).send_buffered, 0);
}

#[test]
fn first_and_each_second_packet_after_it_are_acknowledged_at_once_and_a_lone_one_after_200_ms() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"one");
    assert_eq!(exactly(peer.received(), &[ChunkType::SACK]).sack().cumulative, PEER_TSN);
    peer.send_data(1, b"two");
    silence(&peer.received());
    peer.send_data(2, b"three");
    assert_eq!(exactly(peer.received(), &[ChunkType::SACK]).sack().cumulative, PEER_TSN.plus(2));
    peer.send_data(3, b"four");
    let began = peer.now;
    assert_eq!(exactly(peer.wait(Duration::from_secs(1)), &[ChunkType::SACK]).sack().cumulative, PEER_TSN.plus(3));
    assert_eq!(peer.now - began, Duration::from_millis(200));
}

#[test]
fn i_bit_is_answered_at_once() {
    let mut peer = Peer::connected();
    let mut data = peer.next_data(0, b"x");
    data.immediate = true;
    peer.send(&[Chunk::Data(data)]);
    exactly(peer.received(), &[ChunkType::SACK]);
}

#[test]
fn i_bit_is_set_when_the_program_asks() {
    let mut peer = Peer::connected();
    let key = peer.key();
    let message = OutgoingMessage { immediate: true, ..message(0, &b"x"[..]) };
    peer.endpoint.send(peer.now, key, message).unwrap();
    assert!(only(peer.received()).data()[0].immediate);
}

#[test]
fn sack_rides_along_with_data() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"question");
    peer.program_sends(b"answer");
    exactly(peer.received(), &[ChunkType::SACK, ChunkType::DATA]);
    silence(&peer.wait(Duration::from_millis(300)));
}

#[test]
fn duplicate_is_reported_at_once() {
    let mut peer = Peer::connected();
    peer.send_data(0, b"x");
    peer.send(&[Chunk::Data(crate::peer::data(PEER_TSN, 0, b"x"))]);
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    assert_eq!(packet.sack().duplicates.iter().collect::<Vec<_>>(), [PEER_TSN]);
    assert_eq!(delivered(&peer).len(), 1);
}

#[test]
fn gap_is_reported_at_once() {
    let mut peer = Peer::connected();
    peer.tsn = PEER_TSN.plus(2);
    peer.send_data(2, b"x");
    let packet = exactly(peer.received(), &[ChunkType::SACK]);
    assert_eq!(packet.sack().cumulative, PEER_TSN.previous());
    assert_eq!(packet.sack().gaps.iter().map(|gap| (gap.start, gap.end)).collect::<Vec<_>>(), [(3, 3)]);
}

#[test]
fn invalid_stream_is_reported_and_acknowledged() {
    let mut peer = Peer::connected_with(AssociationConfig { inbound_streams: 5, ..AssociationConfig::default() }, &[]);
    let mut data = peer.next_data(0, b"x");
    data.stream = StreamId(5);
    peer.send(&[Chunk::Data(data)]);
    let packets = peer.wait(Duration::from_millis(300));
    let error = packets.iter().find(|packet| packet.has(ChunkType::ERROR)).expect("an ERROR");
    assert_eq!(error.causes(), [usctp_wire::CauseCode::INVALID_STREAM]);
    let packets = if packets.iter().any(|packet| packet.has(ChunkType::SACK)) {
        packets
    } else {
        peer.wait(Duration::from_millis(300))
    };
    assert!(packets.iter().any(|packet| packet.has(ChunkType::SACK) && packet.sack().cumulative == PEER_TSN));
    assert!(delivered(&peer).is_empty());
}

#[test]
fn message_that_expires_before_it_is_begun_is_not_sent() {
    let mut peer = Peer::connected();
    // Fill the window so that the second one waits.
    peer.program_sends(&[0; 1400]);
    let first = only(peer.received());
    let key = peer.key();
    for _ in 0..10 {
        peer.program_sends(&[0; 1400]);
    }
    let expires = Some(peer.now + Duration::from_millis(100));
    let id = peer.endpoint.send(peer.now, key, OutgoingMessage { expires, ..message(0, &b"fleeting"[..]) }).unwrap();
    let mut all = vec![first];
    all.extend(peer.received());
    peer.now += Duration::from_millis(500);
    for _ in 0..20 {
        let last = all.iter().flat_map(|packet| packet.data().iter().map(|data| data.tsn).collect::<Vec<_>>()).last();
        peer.send(&[sack(last.unwrap())]);
        all.extend(peer.received());
    }
    assert!(!all.iter().any(|packet| packet.data().iter().any(|data| data.payload == b"fleeting")));
    assert!(
        peer.was_told(|kind| matches!(kind, EventKind::SendFailed(failure) if failure.message == id && !failure.sent))
    );
}

#[test]
fn many_streams_share_fairly_enough_to_finish() {
    let settings = Settings::default().configured(|config| config.outbound_streams = 1000);
    let mut pair = Pair::connected(settings);
    for stream in 0..1000 {
        pair.send(A, stream, pattern(500));
    }
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 1000);
}

#[test]
fn both_directions_at_once() {
    let mut pair = Pair::connected(Settings::default());
    for _ in 0..200 {
        pair.send(A, 1, pattern(3000));
        pair.send(Z, 2, pattern(2000));
    }
    pair.run_until_acknowledged();
    assert!(pair.received(Z).iter().all(|message| message.octets == pattern(3000)));
    assert!(pair.received(A).iter().all(|message| message.octets == pattern(2000)));
    assert_eq!((pair.received(Z).len(), pair.received(A).len()), (200, 200));
}

#[test]
fn megabytes_over_a_fast_link_take_few_packets_more_than_needed() {
    let mut settings = Settings::default().configured(|config| config.receive_buffer = 1_000_000);
    settings.links[0].rate = 12_500_000;
    settings.links[0].queue = 1_000_000;
    settings.links[0].delay = Duration::from_millis(1);
    let mut pair = Pair::connected(settings);
    let began = pair.now;
    for _ in 0..100 {
        pair.send(A, 0, pattern(100_000));
    }
    pair.run_until_acknowledged();
    let seconds = (pair.now - began).as_secs_f64();
    // 10 MB at 12.5 MB/s: 0.8 s, and not more than half as much again.
    assert!(seconds < 1.2, "{seconds} s");
    let packets = pair.log.sent_with(A, ChunkType::DATA).count();
    assert!(packets < 7200, "{packets} packets");
}

#[test]
fn idle_association_sends_heartbeats_and_nothing_else() {
    let mut pair = Pair::connected(Settings::default());
    pair.run_for(Duration::from_secs(1));
    pair.log.clear();
    pair.run_for(Duration::from_secs(300));
    for host in [A, Z] {
        for sent in pair.log.sent_by(host) {
            for chunk in sent.chunks() {
                assert!(
                    matches!(chunk, Chunk::Heartbeat { .. } | Chunk::HeartbeatAck { .. } | Chunk::Pad { .. }),
                    "{sent}"
                );
            }
        }
        let heartbeats = pair.log.sent_with(host, ChunkType::HEARTBEAT).count();
        assert!((6..=25).contains(&heartbeats), "{heartbeats} heartbeats in 300 s");
    }
}

#[test]
fn ipv6_carries_as_well() {
    let mut pair = Pair::connected(Settings { ipv6: true, ..Settings::default() });
    pair.send(A, 0, pattern(50_000));
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z)[0].octets, pattern(50_000));
    assert!(pair.log.sent_by(A).all(|sent| sent.octets.len() + 40 <= 1500));
}

#[test]
fn tsns_and_ssns_wrap() {
    let mut pair = Pair::connected(Settings::default().configured(|config| config.no_delay = true));
    for number in 0..70_000u32 {
        pair.send(A, 0, number.to_be_bytes().to_vec());
        if number % 100 == 0 {
            pair.run_until_acknowledged();
            pair.log.clear();
        }
    }
    pair.run_until_acknowledged();
    let received = pair.received(Z);
    assert_eq!(received.len(), 70_000);
    assert!(received.iter().enumerate().all(|(at, message)| message.octets == (at as u32).to_be_bytes()));
}

#[test]
fn time_may_jump() {
    // A host that slept: every timer is far overdue, and nothing is sent more than once for it.
    let mut pair = Pair::connected(Settings::default());
    pair.send(A, 0, &b"x"[..]);
    pair.run_until_acknowledged();
    pair.now = Time::ZERO + Duration::from_secs(1_000_000);
    pair.log.clear();
    for host in [A, Z] {
        let now = pair.now;
        pair.hosts[host].endpoint.handle_timeout(now);
    }
    pair.drain();
    assert!(pair.log.sent_by(A).count() <= 2 && pair.log.sent_by(Z).count() <= 2);
    pair.send(A, 0, &b"y"[..]);
    pair.run_until_acknowledged();
    assert_eq!(pair.received(Z).len(), 2);
}

fn delivered(peer: &Peer) -> Vec<Vec<u8>> {
    let payload = |event: &usctp_proto::Event| match &event.kind {
        EventKind::Delivered(delivery) => Some(delivery.data.iter().flatten().copied().collect()),
        _ => None,
    };
    peer.events.iter().filter_map(payload).collect()
}
