//! One-to-many sockets: implicit set-up, flags of a send, ids, branching off, autoclose.

mod pair;

use std::{io::IoSlice, time::Duration};

use pair::*;
use usctp_socket::{
    AssocId, AssociationChangeState, Domain, GeneralName, GeneralValue, How, InitParameters, Notification,
    NotificationKind, OptionName, OptionValue, Received, Scope, SendFlags, SendInfo, SendRequest, Socket, SocketError,
    Style,
};

const EOF: SendFlags = flags(true, false);
const ABORT: SendFlags = flags(false, true);

const fn flags(end_of_file: bool, abort: bool) -> SendFlags {
    SendFlags {
        unordered: false,
        address_over: false,
        abort,
        end_of_file,
        immediate: false,
        send_all: false,
        policy: 0,
    }
}

fn id_of(received: &Received) -> AssocId {
    received.info.expect("a message's").association
}

/// The ids of a socket's associations.
fn ids(socket: &Socket) -> Vec<AssocId> {
    match socket.option(OptionName::AssociationIds, Scope::default()) {
        Ok(OptionValue::AssociationIds(ids)) => ids,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_send_to_an_address_sets_up_and_the_answer_goes_by_id() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    assert_eq!(send_to(&client, b"hello", server()), Ok(5));
    let (octets, received) = receive(&server_socket).expect("a message");
    assert_eq!(octets, b"hello");
    let id = id_of(&received);
    assert!(id > AssocId::ALL);
    assert_eq!(send_flags(&server_socket, id, b"answer", SendFlags::default()), Ok(6));
    assert_eq!(message(&client), b"answer");
    assert_eq!(send_to(&client, b"again", server()), Ok(5));
    assert_eq!(message(&server_socket), b"again");
    assert_eq!(ids(&client).len(), 1, "the same association");
}

#[test]
fn one_socket_talks_with_several_peers() {
    let pair = Pair::new();
    let (first, server_socket) = pair.many();
    let second = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    send_to(&first, b"first", server()).expect("sent");
    send_to(&second, b"second", server()).expect("sent");
    for _ in 0..2 {
        let (octets, received) = receive(&server_socket).expect("a message");
        send_flags(&server_socket, id_of(&received), &octets, SendFlags::default()).expect("sent");
    }
    assert_eq!(message(&first), b"first");
    assert_eq!(message(&second), b"second");
    assert_eq!(ids(&server_socket).len(), 2);
}

#[test]
fn calls_that_are_not_for_this_style_are_refused() {
    let pair = Pair::new();
    let (client, listening) = pair.many();
    assert_eq!(listening.accept(true).map(|_| ()), Err(SocketError::NotSupported));
    assert_eq!(client.shutdown(How::Write), Err(SocketError::NotConnected));
    let fresh = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    assert_eq!(receive(&fresh).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(receive_now(&fresh).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(send(&fresh, b"x"), Err(SocketError::BrokenPipe));
    assert_eq!(send_flags(&fresh, AssocId(77), b"x", SendFlags::default()), Err(SocketError::BrokenPipe));
    assert_eq!(fresh.peel_off(AssocId(77)).map(|_| ()), Err(SocketError::InvalidArgument));
}

#[test]
fn connect_tells_of_what_is_there_already() {
    let pair = Pair::new();
    let (client, _server) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    assert_eq!(ids(&client), [id]);
    assert_eq!(client.connect(&[server()], false), Err(SocketError::IsConnected));
    assert_eq!(client.connect(&[at(Z, PORT + 1)], false), Err(SocketError::ConnectionRefused));
    assert_eq!(pending_error(&client), 0, "a one-to-many socket has no pending error");
    assert_eq!(send_flags(&client, id, b"x", SendFlags::default()), Ok(1));
}

#[test]
fn the_eof_flag_shuts_down_one_association() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    subscribe(&client, ASSOCIATIONS);
    subscribe(&server_socket, ASSOCIATIONS);
    send_to(&client, b"x", server()).expect("sent");
    let (state, id, _) = change(&client);
    assert_eq!(state, AssociationChangeState::Up);
    assert_eq!(send_flags(&client, id, b"x", EOF), Err(SocketError::InvalidArgument), "no data with EOF");
    assert_eq!(send_flags(&client, id, b"", EOF), Ok(0));
    assert_eq!(change(&client).0, AssociationChangeState::ShutdownComplete);
    assert_eq!(change(&server_socket).0, AssociationChangeState::Up);
    assert_eq!(message(&server_socket), b"x");
    assert!(matches!(notification(&server_socket), Notification::Shutdown { .. }));
    assert_eq!(change(&server_socket).0, AssociationChangeState::ShutdownComplete);
    assert_eq!(send_flags(&client, id, b"x", SendFlags::default()), Err(SocketError::BrokenPipe));
    assert_eq!(send_to(&client, b"new", server()), Ok(3), "by address a new one");
    assert_ne!(change(&client).1, id);
}

#[test]
fn the_abort_flag_carries_the_reason() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    subscribe(&client, ASSOCIATIONS);
    subscribe(&server_socket, ASSOCIATIONS);
    let id = client.connect(&[server()], false).expect("connected");
    assert_eq!(change(&client).0, AssociationChangeState::Up);
    assert_eq!(change(&server_socket).0, AssociationChangeState::Up);
    assert_eq!(send_flags(&client, id, b"bye", ABORT), Ok(0));
    assert_eq!(change(&client), (AssociationChangeState::Lost, id, 12));
    let (octets, received) = receive(&server_socket).expect("a notification");
    assert!(received.is_notification);
    assert_eq!(octets.len(), 27);
    assert_eq!(octets[20..], [0, 12, 0, 7, b'b', b'y', b'e']);
}

#[test]
fn unordered_messages_say_so_and_have_a_cumulative_tsn() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    send_flags(&client, id, b"a", SendFlags { unordered: true, ..SendFlags::default() }).expect("sent");
    send_flags(&client, id, b"b", SendFlags::default()).expect("sent");
    let (_, first) = receive(&server_socket).expect("a message");
    let (_, second) = receive(&server_socket).expect("a message");
    let (first, second) = (first.info.expect("info"), second.info.expect("info"));
    assert!(first.unordered && !second.unordered);
    assert_eq!(second.cumulative_tsn, 0);
    assert_eq!(second.tsn, first.tsn.wrapping_add(1));
}

#[test]
fn one_send_reaches_all_associations() {
    let pair = Pair::new();
    let (first, server_socket) = pair.many();
    let second = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    first.connect(&[server()], false).expect("connected");
    second.connect(&[server()], false).expect("connected");
    until("both are up", || ids(&server_socket).len() == 2);
    let all = SendFlags { send_all: true, ..SendFlags::default() };
    assert_eq!(send_flags(&server_socket, AssocId::NONE, b"all", all), Ok(3));
    assert_eq!(message(&first), b"all");
    assert_eq!(message(&second), b"all");
}

#[test]
fn a_branched_off_association_takes_its_messages_along() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    subscribe(&server_socket, &[NotificationKind::AssociationChange]);
    let other = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    send_to(&client, b"one", server()).expect("sent");
    send_to(&client, b"two", server()).expect("sent");
    let (state, id, _) = change(&server_socket);
    assert_eq!(state, AssociationChangeState::Up);
    until("both messages", || server_socket.readable_octets() == Ok(3));
    send_to(&other, b"stays", server()).expect("sent");
    until("the other's set-up", || ids(&server_socket).len() == 2);
    let branch = server_socket.peel_off(id).expect("branched off");
    assert_eq!(branch.style(), Style::BranchedOff);
    assert_eq!(branch.general_option(GeneralName::Type), Ok(GeneralValue::Int(5)));
    assert_eq!(message(&branch), b"one");
    assert_eq!(message(&branch), b"two");
    assert_eq!(change(&server_socket).0, AssociationChangeState::Up, "of the other one");
    assert_eq!(message(&server_socket), b"stays");
    assert_eq!(send(&branch, b"back"), Ok(4), "no id needed");
    assert_eq!(message(&client), b"back");
    send_to(&client, b"three", server()).expect("sent");
    assert_eq!(message(&branch), b"three");
    let name = branch.peer_name().expect("connected");
    assert_eq!(send_to(&server_socket, b"x", name), Err(SocketError::AddressNotAvailable));
    assert_eq!(branch.listen(1), Err(SocketError::InvalidArgument));
    assert_eq!(branch.peel_off(id).map(|_| ()), Err(SocketError::InvalidArgument));
    assert_eq!(branch.shutdown(How::Both), Ok(()));
    let readiness = branch.readiness();
    assert!(readiness.readable && readiness.writable && readiness.read_closed && readiness.hang_up);
    branch.close();
    until("the branch's association is gone", || pair.z.associations() == 1);
}

#[test]
fn an_idle_association_is_closed_after_its_time() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    server_socket.set_option(Scope::default(), &OptionValue::Autoclose(1)).expect("set");
    subscribe(&server_socket, ASSOCIATIONS);
    let begun = std::time::Instant::now();
    client.connect(&[server()], false).expect("connected");
    assert_eq!(change(&server_socket).0, AssociationChangeState::Up);
    assert_eq!(change(&server_socket).0, AssociationChangeState::ShutdownComplete);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_stalled_association_uses_up_the_sockets_one_send_buffer() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    assert_eq!(ids(&server_socket).len(), 1);
    pair.filter(|_| false);
    let info = SendInfo { association: id, ..SendInfo::default() };
    let octets = [0; 1000];
    let data = [IoSlice::new(&octets)];
    let request = SendRequest { info: Some(info), data: &data, nonblocking: true, ..SendRequest::default() };
    let mut count = 0;
    let error = loop {
        match client.send(&request) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((count, error), (84, SocketError::WouldBlock));
    assert!(!client.readiness().writable);
}

#[test]
fn a_send_can_say_how_the_set_up_is_to_be() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    subscribe(&server_socket, ASSOCIATIONS);
    let init = InitParameters { outbound_streams: 3, inbound_streams: 2, ..InitParameters::default() };
    let data = [IoSlice::new(b"x")];
    let request = SendRequest { to: Some(server()), init: Some(init), data: &data, ..SendRequest::default() };
    client.send(&request).expect("sent");
    match notification(&server_socket) {
        Notification::AssociationChange { outbound_streams, inbound_streams, .. } => {
            assert_eq!((outbound_streams, inbound_streams), (2, 3));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_association_goes_again_when_its_message_is_refused() {
    let pair = Pair::new();
    let (client, _server) = pair.many();
    let info = SendInfo { stream: 99, ..SendInfo::default() };
    let data = [IoSlice::new(b"x")];
    let request = SendRequest { to: Some(server()), info: Some(info), data: &data, ..SendRequest::default() };
    assert_eq!(client.send(&request), Err(SocketError::InvalidArgument));
    assert_eq!(pair.a.associations(), 0);
    assert_eq!(
        client.send(&SendRequest {
            to: Some(server()),
            info: Some(SendInfo { flags: EOF, ..info }),
            ..SendRequest::default()
        }),
        Err(SocketError::InvalidArgument),
        "nothing to shut down"
    );
}

#[test]
fn closing_with_unread_data_aborts_all_associations_and_without_shuts_them_down() {
    for unread in [false, true] {
        let pair = Pair::new();
        let (first, server_socket) = pair.many();
        subscribe(&first, ASSOCIATIONS);
        let second = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
        subscribe(&second, ASSOCIATIONS);
        first.connect(&[server()], false).expect("connected");
        second.connect(&[server()], false).expect("connected");
        if unread {
            send_to(&first, b"unread", server()).expect("sent");
            until("arrived", || server_socket.readable_octets() == Ok(6));
        }
        server_socket.close();
        for client in [&first, &second] {
            assert_eq!(change(client).0, AssociationChangeState::Up);
            if unread {
                assert_eq!(change(client).0, AssociationChangeState::Lost);
            } else {
                assert!(matches!(notification(client), Notification::Shutdown { .. }));
                assert_eq!(change(client).0, AssociationChangeState::ShutdownComplete);
            }
        }
    }
}

#[test]
fn while_one_message_is_delivered_in_parts_those_of_others_wait() {
    let pair = Pair::new();
    let (first, server_socket) = pair.many();
    first.set_general_option(GeneralName::SendBuffer, &GeneralValue::Int(200_000)).expect("set");
    let second = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    second.connect(&[server()], false).expect("connected");
    let large: Vec<u8> = (0..200_000_u32).map(|index| (index / 7) as u8).collect();
    send_to(&first, &large, server()).expect("sent");
    // The window is full: the first part is there, the rest is not.
    until("the first part", || server_socket.readable_octets().is_ok_and(|octets| octets > 50_000));
    send_to(&second, b"meanwhile", server()).expect("sent");
    let mut whole = Vec::new();
    let mut parts = 0;
    loop {
        let (part, received) = receive(&server_socket).expect("a part");
        whole.extend(part);
        parts += 1;
        if received.end_of_record {
            break;
        }
    }
    assert!(parts > 1);
    assert_eq!(whole, large);
    assert_eq!(message(&server_socket), b"meanwhile");
}

#[test]
fn a_privileged_port_needs_the_capability() {
    let pair = Pair::new();
    let socket = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    let without = std::thread::spawn(move || {
        let mut sets = rustix::thread::capabilities(None).expect("ours");
        sets.effective.remove(rustix::thread::CapabilitySet::NET_BIND_SERVICE);
        // Of this thread alone.
        rustix::thread::set_capabilities(None, sets).expect("fewer than before");
        (socket.bind(at(A, 80)), socket.bind(at(A, 1024)))
    });
    let (privileged, other) = without.join().expect("no panic");
    assert_eq!(privileged, Err(SocketError::AccessDenied));
    assert_eq!(other, Ok(()));
}
