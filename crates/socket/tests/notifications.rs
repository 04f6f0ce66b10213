//! Notifications: which come, in which order, with which content.

mod pair;

use std::io::IoSlice;

use pair::*;
use usctp_socket::{
    AssocId, AssociationChangeState, Domain, GeneralName, GeneralValue, Notification, NotificationKind, OptionName,
    OptionValue, ReceiveFlags, Scope, SendInfo, SendRequest, SocketError, Style,
};

const ALL: &[NotificationKind] = &NotificationKind::ALL;

#[test]
fn none_come_to_one_who_has_not_asked() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&client, b"x").expect("sent");
    assert_eq!(message(&served), b"x");
    client.close();
    assert_eq!(receive(&served).map(|(octets, _)| octets.len()), Ok(0));
}

#[test]
fn a_set_up_tells_up_then_adaptation_then_that_there_is_no_authentication() {
    let pair = Pair::new();
    let listener = pair.listener();
    listener.set_option(Scope::default(), &OptionValue::AdaptationLayer(0x0102_0304)).expect("set");
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    subscribe(&client, ALL);
    client.connect(&[server()], false).expect("connected");
    let (octets, received) = receive(&client).expect("a notification");
    assert!(received.is_notification && received.end_of_record && received.info.is_none());
    assert_eq!(received.from, Some(server()));
    let Some(Notification::AssociationChange { association, state, error, outbound_streams, inbound_streams, info }) =
        received.notification
    else {
        panic!("another notification")
    };
    assert_eq!((state, error, outbound_streams, inbound_streams), (AssociationChangeState::Up, 0, 10, 10));
    assert!(info.is_empty());
    assert_eq!(octets[..12], [1, 0x80, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(notification(&client), Notification::Adaptation { association, code: 0x0102_0304 });
    assert_eq!(
        notification(&client),
        Notification::Authentication { association, key: 0, alternate_key: 0, indication: 2 }
    );
}

#[test]
fn the_peers_end_tells_shutdown_then_complete() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    subscribe(&served, ASSOCIATIONS);
    send(&client, b"last").expect("sent");
    client.close();
    assert_eq!(message(&served), b"last");
    assert!(matches!(notification(&served), Notification::Shutdown { .. }));
    until("complete", || pair.z.associations() == 0);
    let (state, _, error) = change(&served);
    assert_eq!((state, error), (AssociationChangeState::ShutdownComplete, 0));
    assert_eq!(receive(&served).map(|(octets, _)| octets.len()), Ok(0), "then the end");
}

#[test]
fn an_end_by_this_side_tells_complete_alone() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    subscribe(&client, ASSOCIATIONS);
    client.shutdown(usctp_socket::How::Write).expect("begun");
    assert_eq!(change(&client).0, AssociationChangeState::ShutdownComplete);
}

#[test]
fn a_refused_set_up_tells_that_it_cannot_start_with_id_0_then_the_errno() {
    let pair = Pair::new();
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    subscribe(&client, ASSOCIATIONS);
    assert_eq!(client.connect(&[server()], false), Err(SocketError::ConnectionRefused));
    assert_eq!(change(&client), (AssociationChangeState::CannotStart, AssocId::NONE, 0));
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::ConnectionRefused));
}

#[test]
fn a_silent_peer_loses_the_association_and_gives_each_message_back() {
    let pair = Pair::new();
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    hasten(&client);
    let _listener = pair.listener();
    client.connect(&[server()], false).expect("connected");
    subscribe(
        &client,
        &[NotificationKind::AssociationChange, NotificationKind::SendFailed, NotificationKind::SendFailedEvent],
    );
    pair.filter(|_| false);
    let info = SendInfo { stream: 3, ppid: 9, context: 77, ..SendInfo::default() };
    let octets: Vec<u8> = (0..5000_u32).map(|index| index as u8).collect();
    let data = [IoSlice::new(&octets)];
    client.send(&SendRequest { info: Some(info), data: &data, ..SendRequest::default() }).expect("sent");
    let (state, id, error) = change(&client);
    assert_eq!((state, error), (AssociationChangeState::Lost, 0));
    // B4-6: both forms, the old one first. D5.3.1.4-8, B4-5: in the personality `linux` one for each fragment.
    let mut rest = &octets[..];
    for expected_flags in [2, 0, 0, 1] {
        let (fragment, behind) = rest.split_at(rest.len().min(1452));
        rest = behind;
        for form in [false, true] {
            match notification(&client) {
                Notification::SendFailed {
                    association, event, stream, ppid, context, data, chunk_flags, sent, ..
                } => {
                    assert_eq!((association, stream, ppid, context), (id, 3, 9, 77));
                    assert_eq!((event, chunk_flags, sent), (form, expected_flags, true));
                    assert_eq!(data, fragment);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::TimedOut));
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(send(&client, b"x"), Err(SocketError::BrokenPipe));
}

#[test]
fn an_abort_without_reason_has_one_empty_cause() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    subscribe(&served, ASSOCIATIONS);
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 0 }).expect("set");
    client.close();
    let (octets, _) = receive(&served).expect("a notification");
    assert_eq!(octets.len(), 24);
    assert_eq!(octets[8..12], [1, 0, 0, 12]);
    assert_eq!(octets[20..], [0, 12, 0, 4]);
    assert_eq!(receive(&served).map(|_| ()), Err(SocketError::ConnectionReset));
}

#[test]
fn a_notification_is_read_in_parts_like_a_message() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    subscribe(&client, ASSOCIATIONS);
    served.close();
    until("told", || client.readable_octets() == Ok(12));
    let wait = ReceiveFlags::default();
    let peek = ReceiveFlags { peek: true, ..wait };
    let (peeked, received) = receive_up_to(&client, 100, peek).expect("all of it");
    assert!(received.notification.is_some() && received.end_of_record);
    let (first, received) = receive_up_to(&client, 5, wait).expect("a part");
    assert!(received.is_notification && received.notification.is_some() && !received.end_of_record);
    let (rest, received) = receive_up_to(&client, 100, wait).expect("the rest");
    assert!(received.is_notification && received.notification.is_none() && received.end_of_record);
    assert_eq!([first, rest].concat(), peeked);
}

#[test]
fn sender_dry_is_told_at_once_where_nothing_is_queued_and_again_when_it_is_so_again() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    subscribe(&client, &[NotificationKind::SenderDry]);
    assert!(matches!(notification(&client), Notification::SenderDry { .. }));
    send(&client, b"x").expect("sent");
    assert_eq!(message(&served), b"x");
    assert!(matches!(notification(&client), Notification::SenderDry { .. }));
}

#[test]
fn one_association_can_have_its_own_subscription() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    let scope = Scope { association: id, address: None };
    let kind = NotificationKind::AssociationChange;
    client.set_option(scope, &OptionValue::Event(kind, true)).expect("set");
    assert_eq!(client.option(OptionName::Event(kind), scope), Ok(OptionValue::Event(kind, true)));
    assert_eq!(client.option(OptionName::Event(kind), Scope::default()), Ok(OptionValue::Event(kind, false)));
    server_socket.close();
    assert_eq!(change(&client), (AssociationChangeState::ShutdownComplete, id, 0));
}

#[test]
fn ancillary_items_are_given_to_those_who_ask() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    served.set_option(Scope::default(), &OptionValue::ReceiveInfo(true)).expect("set");
    served.set_option(Scope::default(), &OptionValue::NextInfo(true)).expect("set");
    served.set_option(Scope::default(), &OptionValue::Context(5)).expect("set");
    client.set_option(Scope::default(), &OptionValue::NoDelay(true)).expect("set");
    let info = SendInfo { stream: 4, ppid: 0x0a0b_0c0d, ..SendInfo::default() };
    for octets in [&b"one"[..], b"three"] {
        let data = [IoSlice::new(octets)];
        client.send(&SendRequest { info: Some(info), data: &data, ..SendRequest::default() }).expect("sent");
    }
    until("the first", || served.readable_octets() == Ok(3));
    // The second one is there when a peek of the first can tell of it.
    let peek = ReceiveFlags { peek: true, ..ReceiveFlags::default() };
    until("the second", || receive_up_to(&served, 1, peek).is_ok_and(|(_, received)| received.next.is_some()));
    let (_, received) = receive(&served).expect("a message");
    assert!(received.wants.receive_info && received.wants.next_info && !received.wants.send_receive_info);
    let got = received.info.expect("asked for");
    assert_eq!((got.stream, got.ssn, got.ppid, got.context), (4, 0, 0x0a0b_0c0d, 5));
    let next = received.next.expect("there is one more");
    assert_eq!((next.stream, next.length, next.notification, next.ppid), (4, 5, false, 0x0a0b_0c0d));
    let (_, received) = receive(&served).expect("a message");
    assert_eq!(received.next, None);
    assert_eq!(received.info.map(|info| info.ssn), Some(1));
}
