//! Messages that need not be delivered at any price: SCTP_PRINFO, its defaults, counters and reports (RFC 7496, RFC 6458).

mod pair;

use std::io::IoSlice;

use pair::*;
use usctp_socket::{
    AbandonedMessages, Domain, GeneralName, GeneralValue, Notification, NotificationKind, OptionName, OptionValue,
    PartialReliability, Scope, SendRequest, Socket, SocketError, Style,
};
use usctp_wire::{ChunkType, Packet};

const TTL: u8 = 1;
const RTX: u8 = 2;
const PRIO: u8 = 3;

fn with_policy(socket: &Socket, octets: &[u8], policy: u8, value: u32) -> Result<usize, SocketError> {
    socket.send(&SendRequest {
        reliability: Some(PartialReliability { policy, value }),
        data: &[IoSlice::new(octets)],
        nonblocking: true,
        ..SendRequest::default()
    })
}

fn supported(socket: &Socket) -> bool {
    match socket.option(OptionName::PartialReliabilitySupported, Scope::default()) {
        Ok(OptionValue::PartialReliabilitySupported(on)) => on,
        other => panic!("{other:?}"),
    }
}

fn abandoned(socket: &Socket, stream: Option<u16>, policy: Option<u8>) -> (u64, u64) {
    match socket.option(OptionName::Abandoned { stream, policy }, Scope::default()) {
        Ok(OptionValue::Abandoned(AbandonedMessages { unsent, sent, .. })) => (unsent, sent),
        other => panic!("{other:?}"),
    }
}

/// The next notification of a failure: form, sent, flags, octets.
fn failure(socket: &Socket) -> (bool, bool, u8, Vec<u8>) {
    match notification(socket) {
        Notification::SendFailed { event, sent, chunk_flags, data, error: 0, .. } => {
            (event, sent, chunk_flags, data.to_vec())
        }
        other => panic!("{other:?}"),
    }
}

const FAILURES: &[NotificationKind] = &[NotificationKind::SendFailed, NotificationKind::SendFailedEvent];

/// Client and server with short timers, and a network that loses packets with DATA in them from now on.
fn losing_data(pair: &Pair) -> (Socket, Socket) {
    let listener = pair.listener();
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    hasten(&client);
    client.connect(&[server()], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    lose_data(pair);
    (client, served)
}

fn lose_data(pair: &Pair) {
    pair.filter(|packet| {
        let chunks = Packet::decode(&packet.packet).expect("a packet");
        !chunks.chunks().flatten().any(|chunk| chunk.kind == ChunkType::DATA)
    });
}

/// B7-6: on by default; what is read of an association is what was agreed.
#[test]
fn support_is_switched_for_associations_to_come_and_read_as_agreed() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    assert!(supported(&client) && supported(&served));
    let off = OptionValue::PartialReliabilitySupported(false);
    client.set_option(Scope::default(), &off).expect("set");
    assert!(supported(&client), "agreed on already");
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    assert!(supported(&client));
    client.set_option(Scope::default(), &off).expect("set");
    assert!(!supported(&client));
}

/// B7-2, B7-4, B7-5, D5.3.1.4-3, B4-6, D5.3.1.4-8.
#[test]
fn lost_message_with_no_retransmission_allowed_comes_back_and_the_next_arrives() {
    let pair = Pair::new();
    let (client, served) = losing_data(&pair);
    subscribe(&client, FAILURES);
    let long = vec![5; 4000];
    with_policy(&client, &long, RTX, 0).expect("sent");
    for (flags, fragment) in [2, 0, 1].into_iter().zip(long.chunks(1452)) {
        for form in [false, true] {
            assert_eq!(failure(&client), (form, true, flags, fragment.to_vec()));
        }
    }
    assert_eq!(abandoned(&client, Some(0), Some(RTX)), (0, 1));
    assert_eq!(abandoned(&client, None, None), (0, 1));
    assert_eq!(abandoned(&client, None, Some(TTL)), (0, 0));
    assert_eq!(abandoned(&client, Some(1), None), (0, 0));
    let beyond = OptionName::Abandoned { stream: Some(10), policy: None };
    assert_eq!(client.option(beyond, Scope::default()), Err(SocketError::InvalidArgument));
    pair.filter(|_| true);
    send(&client, b"next").expect("sent");
    assert_eq!(message(&served), b"next");
    let fresh = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    let none = OptionName::Abandoned { stream: None, policy: None };
    assert_eq!(fresh.option(none, Scope::default()), Err(SocketError::InvalidArgument));
}

/// B2-7, D5.2.2-31: a life that ends after the first transmission.
#[test]
fn message_whose_life_ends_on_the_way_comes_back_as_sent() {
    let pair = Pair::new();
    let (client, _served) = losing_data(&pair);
    subscribe(&client, FAILURES);
    with_policy(&client, b"fleeting", TTL, 1).expect("sent");
    assert_eq!(failure(&client), (false, true, 3, b"fleeting".to_vec()));
    assert_eq!(abandoned(&client, None, Some(TTL)), (0, 1));
}

/// B3-5: the default's policy holds where a send names none.
#[test]
fn default_policy_holds_for_sends_without_one() {
    let pair = Pair::new();
    let (client, _served) = losing_data(&pair);
    subscribe(&client, &[NotificationKind::SendFailed]);
    let default = OptionValue::DefaultPartialReliability(PartialReliability { policy: RTX, value: 0 });
    client.set_option(Scope::default(), &default).expect("set");
    send(&client, b"x").expect("sent");
    assert_eq!(failure(&client), (false, true, 3, b"x".to_vec()));
}

/// B7-3: in a full buffer, and only there.
#[test]
fn full_buffer_makes_room_for_a_message_of_higher_priority() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    let size = GeneralValue::Int(10_000);
    client.set_general_option(GeneralName::SendBuffer, &size).expect("set");
    pair.filter(|_| false);
    subscribe(&client, &[NotificationKind::SendFailed]);
    let octets = [9; 1000];
    let mut taken = 0;
    while with_policy(&client, &octets, PRIO, 10) == Ok(1000) {
        taken += 1;
        assert!(taken < 100, "the buffer is never full");
    }
    assert_eq!(with_policy(&client, &octets, PRIO, 10), Err(SocketError::WouldBlock), "no higher than the others");
    assert_eq!(abandoned(&client, None, None), (0, 0));
    assert_eq!(with_policy(&client, &octets, PRIO, 0), Ok(1000));
    let (_, _, flags, data) = failure(&client);
    assert_eq!((flags, data), (3, octets.to_vec()));
    let (unsent, sent) = abandoned(&client, None, Some(PRIO));
    assert!(unsent + sent > 0, "{unsent} and {sent}");
    let plain = SendRequest { data: &[IoSlice::new(&octets)], nonblocking: true, ..Default::default() };
    assert_eq!(client.send(&plain), Ok(1000), "one that is to be delivered at any price ranks first");
}
