//! Queueing, fragments, bundling, Nagle, lifetimes, accounting.

use super::*;

#[test]
fn a_message_is_cut_to_the_path_and_small_ones_share_a_packet() {
    let mut rig = Rig::new();
    rig.send(3000);
    rig.send(10);
    rig.send(20);
    let packets = rig.packets();
    let sizes: Vec<Vec<_>> = packets.iter().map(|packet| packet.iter().map(|sent| sent.len).collect()).collect();
    assert_eq!(sizes, [vec![1452], vec![1452], vec![96, 10, 20]]);
    let numbers: Vec<_> = packets.iter().flatten().map(|sent| (sent.tsn, sent.ssn)).collect();
    assert_eq!(numbers, [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2)]);
}

#[test]
fn the_program_s_maximum_is_kept_and_the_narrowest_path_counts() {
    let mut rig = Rig::with(2, 1_000_000);
    rig.path(1).too_big(Time::ZERO, 1000);
    rig.send(2000);
    assert_eq!(rig.packets()[0][0].len, 952);
    rig.config.max_segment = 500;
    rig.send(2000);
    let sizes: Vec<_> = rig.packets().into_iter().flatten().map(|sent| sent.len).collect();
    assert_eq!(sizes, [500; 4]);
}

#[test]
fn the_congestion_window_may_be_exceeded_by_one_packet() {
    let mut rig = Rig::new();
    rig.send(20_000);
    // 4380 octets: after two packets (2936) a third is begun, which passes it; then nothing.
    assert_eq!(rig.packets().len(), 3);
    assert_eq!(rig.path(0).flight, 3 * 1468);
}

#[test]
fn a_burst_is_limited_and_each_sack_allows_another() {
    let mut rig = Rig::new();
    rig.config.max_burst = 1;
    rig.send(20_000);
    assert_eq!(rig.tsns(), [0]);
    rig.pass(Duration::from_millis(1));
    rig.sack(1, &[]);
    assert_eq!(rig.tsns(), [1]);
}

#[test]
fn small_messages_wait_while_something_is_unacknowledged() {
    let mut rig = Rig::new();
    rig.config.no_delay = false;
    rig.send(10);
    assert_eq!(rig.tsns(), [0]);
    rig.send(10);
    rig.send(10);
    assert!(rig.packets().is_empty());
    rig.sack(1, &[]);
    assert_eq!(rig.packets().len(), 1, "both in one packet");
    for _ in 0..60 {
        rig.send(10);
    }
    assert_eq!(rig.packets().len(), 1, "a full packet does not wait; its rest does");
}

#[test]
fn the_last_fragment_of_a_large_message_does_not_wait() {
    let mut rig = Rig::new();
    rig.config.no_delay = false;
    rig.send(1500);
    assert_eq!(rig.tsns(), [0, 1]);
}

#[test]
fn nothing_waits_once_the_program_has_ended() {
    let mut rig = Rig::new();
    rig.config.no_delay = false;
    rig.send(10);
    rig.packets();
    rig.send(10);
    rig.out.drain();
    let packets = rig.packets();
    assert!(packets[0][0].immediate, "and its end asks for a SACK at once");
}

#[test]
fn what_waits_rides_in_a_packet_that_goes_anyway() {
    let mut rig = Rig::new();
    rig.config.no_delay = false;
    rig.send(10);
    rig.packets();
    rig.send(10);
    let mut buffer = Vec::new();
    let mut builder = PacketBuilder::new(&mut buffer, HEADER, 1480);
    builder.push(&Chunk::CookieAck);
    assert_eq!(rig.out.fill(rig.now, PathId(0), &mut rig.paths, &rig.config, &mut builder), 1);
}

#[test]
fn the_immediate_bit_stands_on_the_last_fragment() {
    let mut rig = Rig::new();
    rig.send_message(OutgoingMessage { immediate: true, ..Rig::message(2000) }, None);
    let bits: Vec<_> = rig.packets().into_iter().flatten().map(|sent| sent.immediate).collect();
    assert_eq!(bits, [false, true]);
}

#[test]
fn unordered_messages_take_no_sequence_number() {
    let mut rig = Rig::new();
    rig.send(1);
    rig.send_message(OutgoingMessage { unordered: true, ..Rig::message(1) }, None);
    rig.send(1);
    rig.send_message(OutgoingMessage { stream: StreamId(2), ..Rig::message(1) }, None);
    let numbers: Vec<_> = rig.packets().into_iter().flatten().map(|sent| (sent.stream, sent.ssn)).collect();
    assert_eq!(numbers, [(1, 0), (1, 0), (1, 1), (2, 0)]);
}

#[test]
fn a_message_that_expires_takes_no_sequence_number_and_comes_back_whole() {
    let mut rig = Rig::new();
    rig.send(5000);
    rig.packets();
    rig.send_message(OutgoingMessage { expires: Some(rig.now), ..Rig::message(3000) }, None);
    rig.send(1);
    rig.out.expire(rig.now);
    let failures = rig.failures();
    assert_eq!(failures.len(), 1);
    let failure = &failures[0];
    assert_eq!((failure.payload.len(), failure.chunk_flags, failure.sent, failure.context), (3000, 3, false, 77));
    rig.sack(3, &[]);
    let rest: Vec<_> = rig.packets().into_iter().flatten().collect();
    assert_eq!(rest.last().unwrap().ssn, 1);
}

#[test]
fn a_message_begun_in_time_is_completed() {
    let mut rig = Rig::new();
    rig.send_message(OutgoingMessage { expires: Some(rig.now + RTO), ..Rig::message(20_000) }, None);
    rig.packets();
    rig.pass(2 * RTO);
    assert_eq!(rig.out.next_timeout(), None);
    rig.out.handle_timeout(rig.now, &mut rig.paths);
    assert!(rig.failures().is_empty());
}

#[test]
fn streams_beyond_those_agreed_are_refused_or_fail() {
    let mut rig = Rig::new();
    let beyond = OutgoingMessage { stream: StreamId(10), ..Rig::message(1) };
    assert_eq!(rig.out.send(rig.now, beyond, None, 1452), Err(SendError::InvalidStream));
    rig.send_message(OutgoingMessage { stream: StreamId(9), ..Rig::message(1) }, None);
    rig.send(1);
    rig.out.set_streams(5);
    let failures = rig.failures();
    assert_eq!((failures.len(), failures[0].error, failures[0].stream), (1, 1, StreamId(9)));
    assert_eq!(rig.tsns(), [0]);
}

#[test]
fn the_send_buffer_returns_to_zero_however_the_message_was_cut() {
    let mut rig = Rig::new();
    rig.out.set_overhead(1000);
    assert_eq!(rig.out.send_charge(3000, 1452), 6000);
    rig.send(3000);
    assert_eq!(rig.out.buffered(), 6000);
    // Cut smaller than it was charged for.
    rig.path(0).too_big(Time::ZERO, 600);
    let count = rig.tsns().len() as u32;
    assert_eq!(count, 6);
    rig.sack(count, &[]);
    assert_eq!(rig.out.buffered(), 0);
    let released: Vec<_> = rig.outcomes();
    assert!(matches!(released[..], [OutboundOutcome::SendSpace { released: 6000 }, OutboundOutcome::SenderDry]));
}

#[test]
fn the_sender_is_dry_when_all_is_acknowledged_and_not_before() {
    let mut rig = Rig::new();
    assert!(rig.outcomes().is_empty());
    rig.send(1);
    rig.send(1);
    rig.packets();
    rig.sack(1, &[]);
    assert!(matches!(rig.outcomes()[..], [OutboundOutcome::SendSpace { released: 1 }]));
    rig.sack(2, &[]);
    rig.send(1);
    assert!(matches!(rig.outcomes()[..], [OutboundOutcome::SendSpace { released: 1 }]), "there is more by now");
}

#[test]
fn all_that_fails_comes_back_each_message_whole() {
    let mut rig = Rig::new();
    rig.send(6000);
    rig.send(10);
    rig.packets();
    rig.out.fail_all(12, &mut rig.paths);
    rig.check();
    let failures = rig.failures();
    let shape: Vec<_> = failures.iter().map(|f| (f.sent, f.chunk_flags, f.payload.len(), f.error)).collect();
    assert_eq!(
        shape,
        // D5.3.1.4-8: one report for each message, with its data as it was given.
        [(true, 3, 6000, 12), (false, 3, 10, 12)]
    );
    assert_eq!(rig.out.buffered(), 0);
}

#[test]
fn a_restart_begins_everything_anew() {
    let mut rig = Rig::new();
    rig.send(20_000);
    rig.packets();
    let config = OutboundConfig { initial_tsn: INITIAL, streams: 3, peer_rwnd: 5000, overhead: 0 };
    rig.out.restart(&config, &mut rig.paths, &rig.config);
    rig.check();
    assert_eq!((rig.failures().len(), rig.cwnd(0)), (1, 4380));
    rig.send(1);
    assert_eq!(rig.packets()[0][0], Sent { path: 0, tsn: 0, stream: 1, ssn: 0, len: 1, immediate: false });
}

#[test]
fn a_small_window_gets_chunks_of_half_its_size() {
    let mut rig = Rig::with(1, 2000);
    rig.send(5000);
    let sizes: Vec<_> = rig.packets().into_iter().flatten().map(|sent| sent.len).collect();
    assert_eq!(sizes, [1000, 1000]);
}

#[test]
fn a_message_that_may_not_be_cut_goes_alone_when_the_path_has_become_narrower() {
    let mut rig = Rig::new();
    rig.config.disable_fragments = true;
    rig.send(1400);
    rig.path(0).too_big(Time::ZERO, 1000);
    assert_eq!(rig.packets()[0][0].len, 1400);
    assert_eq!(rig.largest, 12 + 16 + 1400);
}

#[test]
fn a_chunk_larger_than_the_path_has_become_is_repeated_whole() {
    let mut rig = Rig::new();
    rig.send(1452);
    rig.packets();
    rig.path(0).too_big(Time::from_nanos(1), 1000);
    rig.largest = 0;
    rig.run_out(0);
    assert_eq!(rig.tsns(), [0]);
    assert_eq!(rig.largest, 1480);
    rig.send(1452);
    rig.sack(1, &[]);
    rig.largest = 0;
    rig.packets();
    assert_eq!(rig.largest, 980, "new chunks are cut to fit");
}

#[test]
fn a_message_queued_before_fragments_were_forbidden_is_still_cut() {
    let mut rig = Rig::new();
    rig.send(3000);
    rig.config.disable_fragments = true;
    assert!(rig.paths.takes(1452, &rig.config) && !rig.paths.takes(1453, &rig.config));
    assert_eq!(rig.tsns(), [0, 1, 2]);
}

#[test]
fn what_was_too_big_goes_again_at_once_and_the_window_stays() {
    let mut rig = Rig::new();
    rig.send(4000);
    rig.packets();
    let before = rig.cwnd(0);
    assert!(rig.path(0).too_big(Time::from_nanos(1), 1400));
    rig.out.on_packet_too_big(PathId(0), &mut rig.paths);
    rig.check();
    assert_eq!(rig.tsns(), [0, 1, 2]);
    assert_eq!((rig.cwnd(0), rig.largest), (before, 1480));
}

#[test]
fn the_parts_of_an_idle_association_are_small() {
    assert!(size_of::<Outbound>() <= 512, "{}", size_of::<Outbound>());
    assert!(size_of::<SentChunk>() <= 80, "{}", size_of::<SentChunk>());
}
