//! Which stream has its turn, by each scheduler, with and without messages that alternate (RFC 8260 §3).

use bytes::Bytes;
use usctp_wire::{Ppid, StreamId};

use super::*;
use crate::{MessageId, OutgoingMessage};

fn queue(kind: StreamScheduler, interleaves: bool) -> SendQueue {
    let mut queue = SendQueue { interleaves, ..SendQueue::default() };
    queue.set_scheduler(kind);
    queue
}

fn push(queue: &mut SendQueue, id: u64, stream: u16, len: usize) {
    let message = OutgoingMessage {
        stream: StreamId(stream),
        ppid: Ppid::default(),
        unordered: false,
        immediate: false,
        context: 0,
        expires: None,
        reliability: Reliability::Full,
        destination: None,
        auth_key: None,
        payload: Bytes::from(vec![0; len]),
    };
    queue.push(QueuedMessage::new(MessageId(id), message, None, 1452, 0));
}

/// Sends one chunk of at most 100 octets; its stream.
fn send(queue: &mut SendQueue) -> Option<u16> {
    let message = queue.begin_turn()?;
    let stream = message.stream.0;
    let size = message.cut(100, 0).payload.len();
    queue.end_turn(size);
    Some(stream)
}

fn all(queue: &mut SendQueue) -> Vec<u16> {
    let sent = std::iter::from_fn(|| send(queue)).collect();
    assert!(queue.is_empty() && queue.octets() == 0 && queue.scheduler.len() == 0);
    sent
}

#[test]
fn round_robin_takes_a_message_or_a_chunk_of_each_stream() {
    for (interleaves, expected) in [(false, [1, 1, 2, 2, 3, 1, 1]), (true, [1, 2, 3, 1, 2, 1, 1])] {
        let mut queue = queue(StreamScheduler::RoundRobin, interleaves);
        for (id, stream, len) in [(0, 1, 200), (1, 1, 200), (2, 2, 200), (3, 3, 10)] {
            push(&mut queue, id, stream, len);
        }
        assert_eq!(all(&mut queue), expected, "interleaves: {interleaves}");
    }
}

#[test]
fn round_robin_per_packet_keeps_to_one_stream_in_a_packet() {
    let mut queue = queue(StreamScheduler::RoundRobinPacket, true);
    for id in 0..6 {
        push(&mut queue, id, (id % 2) as u16, 10);
    }
    assert_eq!([send(&mut queue), send(&mut queue)], [Some(0), Some(0)]);
    queue.end_packet();
    assert_eq!([send(&mut queue), send(&mut queue), send(&mut queue)], [Some(1), Some(1), Some(1)]);
    assert!(queue.head().is_none(), "nothing of another stream goes into this packet");
    queue.end_packet();
    assert_eq!(all(&mut queue), [0]);
}

/// B8-5.
#[test]
fn lower_value_goes_first_and_only_interrupts_messages_that_may_alternate() {
    for (interleaves, expected) in [(false, [5, 5, 5, 0, 4, 5]), (true, [5, 0, 4, 5, 5, 5])] {
        let mut queue = queue(StreamScheduler::Priority, interleaves);
        queue.set_value(5, 2);
        queue.set_value(4, 1);
        push(&mut queue, 0, 5, 300);
        assert_eq!(send(&mut queue), Some(5));
        push(&mut queue, 1, 4, 10);
        push(&mut queue, 2, 0, 10);
        push(&mut queue, 3, 5, 10);
        assert_eq!(all(&mut queue), expected[1..], "interleaves: {interleaves}");
    }
    let mut queue = queue(StreamScheduler::Priority, false);
    push(&mut queue, 0, 1, 10);
    push(&mut queue, 1, 2, 10);
    queue.set_value(1, 9);
    assert_eq!(all(&mut queue), [2, 1], "a value counts at once");
}

#[test]
fn fair_bandwidth_counts_octets_and_not_messages() {
    let mut queue = queue(StreamScheduler::FairBandwidth, true);
    for id in 0..100 {
        push(&mut queue, id, 1, 100);
        push(&mut queue, 100 + id, 2, 13);
    }
    let first: Vec<_> = (0..80).filter_map(|_| send(&mut queue)).collect();
    // A chunk of 116 octets for four of 29.
    assert_eq!(first.iter().filter(|stream| **stream == 1).count(), 16);
}

/// B8-5: shares as weights.
#[test]
fn weights_are_shares_of_the_octets() {
    let mut queue = queue(StreamScheduler::WeightedFair, true);
    queue.set_value(2, 3);
    queue.set_value(3, 6);
    for id in 0..300 {
        push(&mut queue, id, (id % 3) as u16 + 1, 100);
    }
    let first: Vec<_> = (0..100).filter_map(|_| send(&mut queue)).collect();
    let count = |stream| first.iter().filter(|sent| **sent == stream).count();
    assert_eq!([count(1), count(2), count(3)], [10, 30, 60]);
}

#[test]
fn stream_gains_nothing_by_pauses() {
    let mut queue = queue(StreamScheduler::FairBandwidth, true);
    for id in 0..50 {
        push(&mut queue, id, 1, 100);
    }
    let mut served = 0;
    for id in 50..100 {
        // Stream 2 never has more than one message.
        if queue.messages.iter().all(|(_, message)| message.stream.0 == 1) {
            push(&mut queue, id, 2, 100);
        }
        served += usize::from(send(&mut queue) == Some(2));
    }
    assert!((24..=26).contains(&served), "{served} of 50");
    // And one that comes late has no claim on what was sent before.
    for id in 100..150 {
        push(&mut queue, id, 3, 100);
    }
    let late = (0..10).filter(|_| send(&mut queue) == Some(3)).count();
    assert!(late <= 6, "{late} of 10");
}

/// B8-4: also in the middle of a message.
#[test]
fn scheduler_can_be_changed_while_messages_wait() {
    for interleaves in [false, true] {
        let mut queue = queue(StreamScheduler::FirstCome, interleaves);
        push(&mut queue, 0, 1, 300);
        push(&mut queue, 1, 1, 100);
        push(&mut queue, 2, 2, 100);
        assert_eq!(send(&mut queue), Some(1));
        queue.set_scheduler(StreamScheduler::RoundRobin);
        let expected = if interleaves { [1, 2, 1, 1] } else { [1, 1, 2, 1] };
        queue.set_scheduler(StreamScheduler::RoundRobin);
        assert_eq!(all(&mut queue), expected);
        for kind in [
            StreamScheduler::Priority,
            StreamScheduler::WeightedFair,
            StreamScheduler::FairBandwidth,
            StreamScheduler::RoundRobinPacket,
            StreamScheduler::FirstCome,
        ] {
            push(&mut queue, 9, 7, 250);
            send(&mut queue);
            queue.set_scheduler(kind);
            assert_eq!(all(&mut queue), [7, 7]);
        }
    }
}

/// The cost of a decision follows from the streams that wait, and what is gone leaves nothing behind.
#[test]
fn all_streams_may_wait_at_once() {
    for kind in [StreamScheduler::RoundRobin, StreamScheduler::Priority, StreamScheduler::WeightedFair] {
        let mut queue = queue(kind, true);
        for stream in 0..=u16::MAX {
            push(&mut queue, stream.into(), stream, 150);
        }
        let sent = all(&mut queue);
        assert_eq!(sent.len(), 2 * 65_536);
    }
    let mut queue = queue(StreamScheduler::RoundRobin, true);
    for id in 0..1000 {
        push(&mut queue, id, (id % 5) as u16, 10);
    }
    assert_eq!(queue.take_all(|message| message.stream.0 != 3).len(), 800);
    assert_eq!(queue.scheduler.len(), 200);
    assert_eq!(all(&mut queue).len(), 200);
}
