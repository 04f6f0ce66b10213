use std::time::Duration;

use bytes::Bytes;
use usctp_wire::{Ppid, StreamId};

use super::*;
use crate::{MessageId, OutgoingMessage};

fn message(id: u64, len: usize, expires: Option<Time>) -> QueuedMessage {
    let message = OutgoingMessage {
        stream: StreamId(0),
        ppid: Ppid::default(),
        unordered: false,
        immediate: false,
        context: 0,
        expires,
        reliability: Reliability::Full,
        destination: None,
        payload: Bytes::from(vec![0; len]),
        auth_key: None,
    };
    QueuedMessage::new(MessageId(id), message, None, 1452, 0)
}

const fn at(second: u64) -> Time {
    Time::from_nanos(second * 1_000_000_000)
}

fn send_head(queue: &mut SendQueue, point: u32) -> Option<u64> {
    let message = queue.begin_turn()?;
    let id = message.id.0;
    let size = message.cut(point, 0).payload.len();
    queue.end_turn(size);
    Some(id)
}

#[test]
fn messages_go_in_the_order_of_the_calls_each_to_its_end() {
    let mut queue = SendQueue::default();
    for id in 0..3 {
        queue.push(message(id, 250, None));
    }
    let sent: Vec<_> = std::iter::from_fn(|| send_head(&mut queue, 100)).collect();
    assert_eq!(sent, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert!(queue.is_empty());
    assert_eq!(queue.octets(), 0);
}

#[test]
fn a_lifetime_ends_for_what_was_not_begun() {
    let mut queue = SendQueue::default();
    queue.push(message(0, 250, Some(at(1))));
    queue.push(message(1, 10, Some(at(2))));
    queue.push(message(2, 10, None));
    assert_eq!(send_head(&mut queue, 100), Some(0));
    assert_eq!(queue.next_timeout(), Some(at(2)));
    assert!(queue.expired(at(1)).is_none());
    assert_eq!(queue.expired(at(9)).map(|message| message.id.0), Some(1));
    assert!(queue.expired(at(9)).is_none());
    let sent: Vec<_> = std::iter::from_fn(|| send_head(&mut queue, 100)).collect();
    assert_eq!(sent, [0, 0, 2]);
    assert_eq!((queue.octets(), queue.next_timeout()), (0, None));
}

#[test]
fn thousands_that_expire_behind_a_waiting_one_leave_nothing() {
    let mut queue = SendQueue::default();
    queue.push(message(0, 10, None));
    for id in 1..10_000 {
        queue.push(message(id, 10, Some(at(0))));
        assert!(queue.expired(at(0) + Duration::from_secs(1)).is_some());
    }
    assert_eq!(queue.len(), 1);
    assert!(queue.scheduler_len() < 100, "{}", queue.scheduler_len());
    assert_eq!(send_head(&mut queue, 100), Some(0));
    assert_eq!(send_head(&mut queue, 100), None);
}

#[test]
fn a_slot_used_again_is_not_taken_for_the_one_that_expired() {
    let mut queue = SendQueue::default();
    queue.push(message(0, 10, None));
    queue.push(message(1, 10, Some(at(0))));
    queue.push(message(2, 10, None));
    queue.expired(at(1)).unwrap();
    queue.push(message(3, 10, None));
    let sent: Vec<_> = std::iter::from_fn(|| send_head(&mut queue, 100)).collect();
    assert_eq!(sent, [0, 2, 3]);
}

#[test]
fn all_are_taken_in_order_and_a_begun_one_with_its_rest() {
    let mut queue = SendQueue::default();
    for id in 0..3 {
        queue.push(message(id, 250, Some(at(5))));
    }
    send_head(&mut queue, 100);
    let taken = queue.take_all(|_| true);
    assert_eq!(
        taken.iter().map(|message| (message.id.0, message.rest.len())).collect::<Vec<_>>(),
        [(0, 150), (1, 250), (2, 250)]
    );
    assert_eq!((queue.octets(), queue.next_timeout(), queue.head().is_none()), (0, None, true));
}

impl SendQueue {
    fn scheduler_len(&self) -> usize {
        self.scheduler.len()
    }
}
