use std::{collections::VecDeque, time::Duration};

use proptest::prelude::*;
use usctp_wire::{ForwardTsn, Header, Packet, SkippedStreams, VerificationTag};

use super::*;

const NOW: Time = Time::from_nanos(0);

fn inbound(receive_buffer: u32) -> Inbound {
    Inbound::new(InboundConfig {
        initial_tsn: Tsn(1),
        streams: 4,
        receive_buffer,
        overhead: 0,
        partial_delivery_point: 0,
        interleaving: false,
    })
}

fn chunk(tsn: u32, stream: u16, ssn: u16, flags: &str, octets: usize) -> DataChunk {
    DataChunk {
        tsn: Tsn(tsn),
        stream: StreamId(stream),
        ssn: Ssn(ssn),
        mid: Mid(0),
        fsn: Fsn(0),
        ppid: Ppid::default(),
        unordered: flags.contains('U'),
        beginning: flags.contains('B'),
        ending: flags.contains('E'),
        immediate: false,
        payload: Bytes::from(vec![u8::try_from(tsn % 251).unwrap(); octets]),
    }
}

fn put(inbound: &mut Inbound, chunk: DataChunk) -> DataVerdict {
    let octets = chunk.payload.len();
    let verdict = inbound.handle_data(chunk, octets).unwrap();
    inbound.end_of_packet(NOW, &AssociationConfig::default());
    inbound.check_invariants();
    verdict
}

fn deliveries(inbound: &mut Inbound) -> Vec<Delivery> {
    let mut all = Vec::new();
    while let Some(outcome) = inbound.poll_delivery() {
        inbound.check_invariants();
        match outcome {
            InboundOutcome::Delivered(delivery) => all.push(delivery),
            InboundOutcome::PartialDeliveryAborted { .. } => panic!("partial delivery aborted"),
        }
    }
    all
}

/// Cumulative TSN, window, gap blocks and number of duplicates of the SACK that is written.
fn sack(inbound: &mut Inbound, limit: usize) -> (Tsn, u32, Vec<(u16, u16)>, usize) {
    let mut buffer = Vec::new();
    let header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(3) };
    let mut packet = PacketBuilder::new(&mut buffer, header, limit);
    assert!(inbound.write_sack(&mut packet));
    packet.finish();
    let packet = Packet::decode(&buffer).unwrap();
    let Ok(Chunk::Sack(sack)) = packet.chunks().next().unwrap().unwrap().decode() else { panic!("not a SACK") };
    let gaps = sack.gaps.iter().map(|gap| (gap.start, gap.end)).collect();
    (sack.cumulative, sack.a_rwnd, gaps, sack.duplicates.len())
}

#[test]
fn sack_reports_gaps_duplicates_and_window() {
    let mut inbound = inbound(100_000);
    for tsn in [1, 2, 4, 6, 7, 4] {
        put(&mut inbound, chunk(tsn, 0, u16::try_from(tsn).unwrap() - 1, "BE", 100));
    }
    assert!(inbound.sack_due(NOW));
    assert_eq!(sack(&mut inbound, 1_000), (Tsn(2), 99_500, vec![(2, 2), (4, 5)], 1));
    assert!(!inbound.sack_wanted());
    assert_eq!(sack(&mut inbound, 12 + 16 + 4), (Tsn(2), 99_500, vec![(2, 2)], 0));
}

#[test]
fn sack_that_does_not_fit_stays_owed() {
    let mut inbound = inbound(100_000);
    put(&mut inbound, chunk(2, 0, 0, "BE", 100));
    let mut buffer = Vec::new();
    let header = Header { source_port: 1, destination_port: 2, tag: VerificationTag(3) };
    assert!(!inbound.write_sack(&mut PacketBuilder::new(&mut buffer, header, 12 + 12)));
    assert!(inbound.sack_due(NOW));
}

#[test]
fn closing_a_gap_is_answered_at_once() {
    let mut inbound = inbound(100_000);
    put(&mut inbound, chunk(2, 0, 1, "BE", 100));
    sack(&mut inbound, 1_000);
    put(&mut inbound, chunk(1, 0, 0, "BE", 100));
    assert!(inbound.sack_due(NOW));
    sack(&mut inbound, 1_000);
    put(&mut inbound, chunk(3, 0, 2, "BE", 100));
    assert!(!inbound.sack_due(NOW));
    assert_eq!(inbound.next_timeout(), Some(NOW + Duration::from_millis(200)));
}

#[test]
fn invalid_stream_is_acknowledged_and_thrown_away() {
    let mut inbound = inbound(100_000);
    assert_eq!(put(&mut inbound, chunk(1, 4, 0, "BE", 100)), DataVerdict::InvalidStream);
    assert_eq!((inbound.cumulative(), inbound.rwnd()), (Tsn(1), 100_000));
    assert!(deliveries(&mut inbound).is_empty());
}

#[test]
fn chunk_without_user_data_is_a_fault() {
    let fault = inbound(1_000).handle_data(chunk(1, 0, 0, "BE", 0), 16).unwrap_err();
    assert_eq!(fault, PeerFault::NoUserData(Tsn(1)));
}

#[test]
fn full_window_refuses_new_chunks_but_not_the_missing_one() {
    let mut inbound = inbound(10_000);
    for tsn in 2..12 {
        assert_eq!(put(&mut inbound, chunk(tsn, 0, u16::try_from(tsn).unwrap() - 1, "BE", 1_000)), DataVerdict::New);
    }
    assert_eq!(put(&mut inbound, chunk(12, 0, 11, "BE", 1_000)), DataVerdict::Dropped);
    assert_eq!(sack(&mut inbound, 1_000), (Tsn(0), 0, vec![(2, 11)], 0));
    assert_eq!(put(&mut inbound, chunk(1, 0, 0, "BE", 1_000)), DataVerdict::New);
    let all = deliveries(&mut inbound);
    assert_eq!(all.len(), 11);
    for delivery in all {
        inbound.release(delivery.charge);
    }
    assert!(inbound.sack_due(NOW));
    assert_eq!(sack(&mut inbound, 1_000), (Tsn(11), 10_000, vec![], 0));
}

#[test]
fn held_chunks_are_dropped_for_the_missing_one_when_nothing_else_helps() {
    let mut inbound = inbound(4_000);
    // All but the first, far beyond the window, from the front: gap fillers are taken until the grace is used up.
    put(&mut inbound, chunk(200, 0, 199, "BE", 1_000));
    for tsn in 2..200 {
        put(&mut inbound, chunk(tsn, 0, u16::try_from(tsn).unwrap() - 1, "BE", 1_000));
    }
    let held = inbound.window.held().octets;
    assert!(held <= 4_000 + 64 * 1024, "{held}");
    assert_eq!(put(&mut inbound, chunk(1, 0, 0, "BE", 1_000)), DataVerdict::New);
    let all = deliveries(&mut inbound);
    assert!(all.windows(2).all(|pair| pair[1].ssn == pair[0].ssn.next()));
    assert_eq!(all.last().map(|delivery| delivery.tsn), Some(inbound.cumulative()));
}

#[test]
fn message_larger_than_the_buffer_is_delivered_in_parts() {
    let mut inbound = inbound(10_000);
    let mut got = 0;
    for tsn in 1..=40 {
        let flags = ["", "B", "E"][usize::from(tsn == 1) + 2 * usize::from(tsn == 40)];
        assert_eq!(put(&mut inbound, chunk(tsn, 1, 0, flags, 1_000)), DataVerdict::New);
        for delivery in deliveries(&mut inbound) {
            assert_eq!(delivery.beginning, got == 0);
            got += delivery.data.len();
            assert_eq!(delivery.ending, got == 40);
            inbound.release(delivery.charge);
        }
    }
    assert_eq!(got, 40);
    put(&mut inbound, chunk(41, 1, 1, "BE", 10));
    assert_eq!(deliveries(&mut inbound).len(), 1);
}

#[test]
fn nothing_comes_between_the_parts_of_a_message() {
    let mut inbound = inbound(100_000);
    inbound.set_partial_delivery_point(100);
    put(&mut inbound, chunk(1, 0, 0, "B", 100));
    assert_eq!(deliveries(&mut inbound).len(), 1);
    put(&mut inbound, chunk(3, 1, 0, "BE", 100));
    put(&mut inbound, chunk(4, 0, 1, "BE", 100));
    put(&mut inbound, chunk(5, 2, 0, "UBE", 100));
    assert!(deliveries(&mut inbound).is_empty());
    put(&mut inbound, chunk(2, 0, 0, "E", 100));
    let order: Vec<_> = deliveries(&mut inbound).iter().map(|delivery| (delivery.tsn.0, delivery.beginning)).collect();
    assert_eq!(order[0], (2, false));
    assert_eq!(order.len(), 4);
}

#[test]
fn restart_forgets_what_was_received_but_not_what_the_program_holds() {
    let mut inbound = inbound(10_000);
    inbound.set_partial_delivery_point(1);
    put(&mut inbound, chunk(1, 0, 0, "BE", 1_000));
    put(&mut inbound, chunk(2, 0, 1, "B", 1_000));
    assert_eq!(deliveries(&mut inbound).len(), 2);
    put(&mut inbound, chunk(4, 0, 2, "BE", 1_000));
    inbound.restart(Tsn(500), 2, false);
    inbound.check_invariants();
    assert_eq!((inbound.rwnd(), inbound.cumulative(), inbound.streams()), (8_000, Tsn(499), 2));
    assert!(matches!(inbound.poll_delivery(), Some(InboundOutcome::PartialDeliveryAborted { ssn: Ssn(1), .. })));
    put(&mut inbound, chunk(500, 0, 0, "BE", 1_000));
    assert_eq!(deliveries(&mut inbound).len(), 1);
    inbound.release(3_000);
    assert_eq!(inbound.rwnd(), 10_000);
}

#[test]
fn small_payload_does_not_keep_its_packet() {
    let packet = Bytes::from(vec![0; 10_000]);
    let mut inbound = inbound(10_000);
    let mut small = chunk(1, 0, 0, "BE", 1);
    small.payload = packet.slice(20..40);
    inbound.handle_data(small, packet.len()).unwrap();
    assert!(packet.is_unique());
}

#[test]
fn skipped_messages_make_room_for_those_behind() {
    let mut inbound = inbound(10_000);
    inbound.set_partial_delivery_point(1);
    put(&mut inbound, chunk(1, 0, 0, "B", 100));
    assert_eq!(deliveries(&mut inbound).len(), 1);
    put(&mut inbound, chunk(4, 0, 2, "BE", 100));
    put(&mut inbound, chunk(6, 1, 0, "E", 100));
    let skipped = [(StreamId(0), Ssn(1)), (StreamId(9), Ssn(7))];
    let forward = ForwardTsn { cumulative: Tsn(5), skipped: SkippedStreams::Values(&skipped) };
    inbound.handle_forward_tsn(&forward).unwrap();
    inbound.end_of_packet(NOW, &AssociationConfig::default());
    inbound.check_invariants();
    assert!(inbound.sack_due(NOW));
    assert_eq!(inbound.cumulative(), Tsn(6));
    assert!(matches!(inbound.poll_delivery(), Some(InboundOutcome::PartialDeliveryAborted { ssn: Ssn(0), .. })));
    let all = deliveries(&mut inbound);
    assert_eq!(all.iter().map(|delivery| delivery.ssn.0).collect::<Vec<_>>(), [2]);
    inbound.release(200);
    assert_eq!(inbound.rwnd(), 10_000);
}

/// What a correct peer sends: messages cut into chunks, by the numbers of their fragments.
fn sent(messages: &[(u16, bool, usize)]) -> Vec<DataChunk> {
    let (mut tsn, mut ssns) = (1, [0u16; 4]);
    let mut chunks = Vec::new();
    for &(stream, unordered, fragments) in messages {
        let ssn = ssns[usize::from(stream)];
        for fragment in 0..fragments {
            let mut flags = String::new();
            flags.push_str(if unordered { "U" } else { "" });
            flags.push_str(if fragment == 0 { "B" } else { "" });
            flags.push_str(if fragment + 1 == fragments { "E" } else { "" });
            chunks.push(chunk(tsn, stream, ssn, &flags, 1 + (tsn as usize * 37) % 700));
            tsn += 1;
        }
        if !unordered {
            ssns[usize::from(stream)] = ssn.wrapping_add(1);
        }
    }
    chunks
}

/// Collects deliveries into messages and checks that parts follow each other.
#[derive(Default)]
struct Program {
    open: Option<(u32, Vec<u8>)>,
    messages: Vec<(u32, u16, bool, Vec<u8>)>,
    unreleased: VecDeque<u32>,
}

impl Program {
    fn take(&mut self, delivery: &Delivery) {
        assert_eq!(self.open.is_none(), delivery.beginning);
        let (first, mut octets) = self.open.take().unwrap_or((delivery.tsn.0, Vec::new()));
        octets.extend(delivery.data.iter().flatten());
        self.unreleased.push_back(delivery.charge);
        if delivery.ending {
            self.messages.push((first, delivery.stream.0, delivery.unordered, octets));
        } else {
            self.open = Some((first, octets));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Chunks come in any order, some twice, some only after several tries, into windows of any size; programs read
    /// early and late: every message arrives once, in order, and the window is whole again at the end.
    #[test]
    fn whatever_the_network_does_messages_arrive_once_and_in_order(
        messages in prop::collection::vec((0u16..4, any::<bool>(), 1usize..12), 1..40),
        buffer in 2_000u32..40_000,
        overhead in prop_oneof![Just(0u32), 0u32..500],
        point in prop_oneof![Just(0u32), 1u32..3000],
        fate in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 50..400),
    ) {
        let mut inbound = Inbound::new(InboundConfig {
            interleaving: false,
            initial_tsn: Tsn(1), streams: 4, receive_buffer: buffer, overhead, partial_delivery_point: point,
        });
        let chunks = sent(&messages);
        let mut program = Program::default();
        let mut fate = fate.into_iter().cycle();
        let mut steps = 0;
        loop {
            // The peer sends what is not acknowledged cumulatively, within reach.
            let first = inbound.cumulative().0 as usize;
            if first == chunks.len() && program.unreleased.is_empty() { break; }
            steps += 1;
            prop_assert!(steps < 100_000, "no progress at {first}: {inbound:?} {:?}", program.unreleased);
            let (index, mut action) = fate.next().unwrap();
            if steps % 10 == 0 {
                // The peer retransmits, the program reads.
                action = 0;
            }
            let unacknowledged = &chunks[first..];
            if !unacknowledged.is_empty() {
                let span = unacknowledged.len().min(30);
                let at = if action == 0 { 0 } else { index.index(span) };
                put(&mut inbound, unacknowledged[at].clone());
            }
            if action == 7 && first > 0 {
                prop_assert_eq!(put(&mut inbound, chunks[index.index(first)].clone()), DataVerdict::Duplicate);
            }
            for delivery in deliveries(&mut inbound) { program.take(&delivery); }
            if action < 4 && let Some(charge) = program.unreleased.pop_front() {
                inbound.release(charge);
                inbound.check_invariants();
            }
            prop_assert!(inbound.window.held().octets <= buffer + 64 * 1024 + 2_000);
        }
        prop_assert_eq!((inbound.window.held(), inbound.window.delivered()), Default::default());
        prop_assert_eq!(inbound.pending_chunks(), 0);
        prop_assert!(inbound.reassembly.is_empty());
        // Exactly once, and in order within each stream.
        let mut expected: Vec<(u32, u16, bool, Vec<u8>)> = Vec::new();
        for chunk in &chunks {
            if chunk.beginning {
                expected.push((chunk.tsn.0, chunk.stream.0, chunk.unordered, Vec::new()));
            }
            expected.last_mut().unwrap().3.extend(&chunk.payload);
        }
        for stream in 0..4 {
            let ordered = |all: &[(u32, u16, bool, Vec<u8>)]| {
                all.iter().filter(|m| m.1 == stream && !m.2).cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(ordered(&program.messages), ordered(&expected));
        }
        program.messages.sort_by_key(|message| message.0);
        prop_assert_eq!(program.messages, expected);
    }

    /// Whatever a hostile peer sends: no panic, no contradiction, and no more memory than the buffer allows.
    #[test]
    fn hostile_chunks_are_bounded(
        chunks in prop::collection::vec((0u32..3000, 0u16..6, 0u16..50, 0u8..8, 0usize..2000), 0..1500),
    ) {
        let mut inbound = inbound(20_000);
        let mut faults = 0;
        for (tsn, stream, ssn, bits, octets) in chunks {
            let mut chunk = chunk(tsn, stream, ssn, "", octets);
            (chunk.unordered, chunk.beginning, chunk.ending) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            // The association ends with the first fault; what comes behind it must do no harm either.
            faults += u32::from(inbound.handle_data(chunk, octets).is_err());
            inbound.end_of_packet(NOW, &AssociationConfig::default());
            inbound.check_invariants();
            prop_assert!(inbound.window.held().octets <= 20_000 + 64 * 1024 + 2_000);
        }
        while inbound.poll_delivery().is_some() {}
        prop_assert!(faults <= 1500);
    }
}
