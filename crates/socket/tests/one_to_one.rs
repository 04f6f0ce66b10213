//! One-to-one sockets: every state, and what calls answer in it.

mod pair;

use std::time::{Duration, Instant};

use pair::*;
use usctp_socket::{
    AssocId, Domain, GeneralName, GeneralValue, How, OptionName, ReceiveFlags, Scope, SendFlags, SendRequest, Socket,
    SocketError, Style,
};

fn fresh(pair: &Pair) -> Socket {
    pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket")
}

#[test]
fn messages_go_both_ways_and_keep_their_borders() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    assert_eq!(send(&client, b"one"), Ok(3));
    assert_eq!(send(&client, b"two more"), Ok(8));
    assert_eq!(message(&served), b"one");
    assert_eq!(message(&served), b"two more");
    assert_eq!(send(&served, b"back"), Ok(4));
    let (octets, received) = receive(&client).expect("a message");
    assert_eq!(octets, b"back");
    assert!(received.end_of_record);
    assert_eq!(received.from, Some(server()));
    assert_eq!(received.info.map(|info| info.stream), Some(0));
}

#[test]
fn large_messages_of_many_sizes_arrive_whole_and_in_order() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let sender = std::thread::spawn(move || {
        for size in [1, 100, 1452, 1453, 5000, 65_536, 100_000, 3] {
            let octets: Vec<u8> = (0..size).map(|index| (index * 7) as u8).collect();
            assert_eq!(send(&client, &octets), Ok(size));
        }
        client
    });
    for size in [1, 100, 1452, 1453, 5000, 65_536, 100_000, 3] {
        let mut whole = Vec::new();
        loop {
            let (part, received) = receive(&served).expect("a part");
            whole.extend(part);
            if received.end_of_record {
                break;
            }
        }
        assert_eq!(whole.len(), size);
        assert!(whole.iter().enumerate().all(|(index, octet)| *octet == (index * 7) as u8));
    }
    sender.join().expect("no panic");
}

#[test]
fn names_are_those_of_the_path() {
    let pair = Pair::new();
    let listener = pair.listener();
    assert_eq!(listener.local_name(), Ok(at("0.0.0.0", PORT)));
    assert_eq!(listener.peer_name(), Err(SocketError::NotConnected));
    let client = fresh(&pair);
    assert_eq!(client.local_name(), Ok(at("0.0.0.0", 0)));
    client.connect(&[server()], false).expect("connected");
    let (served, from) = listener.accept(false).expect("accepted");
    let name = client.local_name().expect("bound");
    assert_eq!(name.ip(), ip(A));
    assert!(name.port() >= 49152);
    assert_eq!(from, name);
    assert_eq!(served.peer_name(), Ok(name));
    assert_eq!(served.local_name(), Ok(server()));
    assert_eq!(client.peer_name(), Ok(server()));
    assert_eq!(client.peer_addresses(AssocId::NONE).map(|all| all[0]), Ok(server()));
    assert_eq!(listener.local_name(), Ok(at("0.0.0.0", PORT)));
}

#[test]
fn a_fresh_socket_is_not_connected() {
    let pair = Pair::new();
    let socket = fresh(&pair);
    assert_eq!(receive(&socket).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(send(&socket, b"x"), Err(SocketError::BrokenPipe));
    assert_eq!(pending_error(&socket), 0);
    assert_eq!(socket.accept(true).map(|_| ()), Err(SocketError::InvalidArgument));
    assert_eq!(socket.shutdown(How::Write), Err(SocketError::NotConnected));
    assert_eq!(socket.peer_addresses(AssocId::NONE), Err(SocketError::InvalidArgument));
    assert_eq!(socket.local_addresses(AssocId::NONE), Ok(vec![]));
}

#[test]
fn a_listening_socket_only_accepts() {
    let pair = Pair::new();
    let listener = pair.listener();
    assert_eq!(receive(&listener).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(send(&listener, b"x"), Err(SocketError::BrokenPipe));
    assert_eq!(listener.connect(&[at(A, 1)], true), Err(SocketError::IsConnected));
    assert_eq!(listener.accept(true).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(listener.listen(-1), Ok(()));
    assert_eq!(listener.general_option(GeneralName::AcceptConnections), Ok(GeneralValue::Int(1)));
    assert_eq!(listener.listen(0), Ok(()));
    assert_eq!(listener.accept(true).map(|_| ()), Err(SocketError::InvalidArgument));
}

#[test]
fn a_refused_connect_says_so_and_once_more() {
    let pair = Pair::new();
    let socket = fresh(&pair);
    assert_eq!(socket.connect(&[server()], false), Err(SocketError::ConnectionRefused));
    assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::ConnectionRefused));
    assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::WouldBlock));
    // The same descriptor connects again.
    let _listener = pair.listener();
    assert!(socket.connect(&[server()], false).is_ok());
}

#[test]
fn a_refused_non_blocking_connect_leaves_the_error_for_one_call() {
    let pair = Pair::new();
    for ask in 0..3 {
        let socket = fresh(&pair);
        let result = socket.connect(&[server()], true);
        assert!(matches!(result, Err(SocketError::InProgress { .. })), "{result:?}");
        until("refused", || socket.readiness().error);
        match ask {
            0 => assert_eq!(pending_error(&socket), SocketError::ConnectionRefused.errno()),
            1 => assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::ConnectionRefused)),
            _ => assert_eq!(send(&socket, b"x"), Err(SocketError::ConnectionRefused)),
        }
        assert_eq!(pending_error(&socket), 0);
        assert_eq!(send(&socket, b"x"), Err(SocketError::BrokenPipe));
        assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::WouldBlock));
    }
}

#[test]
fn a_connect_that_nobody_answers_times_out() {
    let pair = Pair::new();
    pair.filter(|_| false);
    let socket = fresh(&pair);
    hasten(&socket);
    assert_eq!(socket.connect(&[server()], false), Err(SocketError::TimedOut));
    assert_eq!(pending_error(&socket), SocketError::TimedOut.errno());
}

#[test]
fn while_connecting_sends_are_refused_and_receives_wait() {
    let pair = Pair::new();
    pair.filter(|_| false);
    let socket = fresh(&pair);
    assert!(matches!(socket.connect(&[server()], true), Err(SocketError::InProgress { .. })));
    assert_eq!(send(&socket, b"x"), Err(SocketError::BrokenPipe));
    assert_eq!(receive_now(&socket).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(socket.connect(&[server()], true), Err(SocketError::Already));
    assert_eq!(socket.peer_name(), Err(SocketError::NotConnected));
    // To the same address: queued.
    assert_eq!(send_to(&socket, b"x", server()), Ok(1));
    assert_eq!(pending_error(&socket), 0);
}

#[test]
fn a_second_connect_says_that_there_is_one() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    assert_eq!(client.connect(&[server()], false), Err(SocketError::IsConnected));
    assert_eq!(served.connect(&[at(A, 9)], false), Err(SocketError::IsConnected));
    assert_eq!(send_to(&client, b"x", at(Z, 1)), Err(SocketError::AddressNotAvailable));
}

#[test]
fn bad_peers_are_refused_before_anything_is_sent() {
    let pair = Pair::new();
    for bad in [at("0.0.0.0", PORT), at("224.0.0.1", PORT), at("255.255.255.255", PORT), at("fd00::2", PORT)] {
        assert_eq!(fresh(&pair).connect(&[bad], true), Err(SocketError::InvalidArgument), "{bad}");
    }
    assert_eq!(fresh(&pair).connect(&[], true), Err(SocketError::InvalidArgument));
    assert_eq!(fresh(&pair).connect(&[at(Z, 0)], true), Err(SocketError::ConnectionRefused));
    assert_eq!(fresh(&pair).connect(&[at("0.0.0.0", 0)], true), Err(SocketError::InvalidArgument));
    assert_eq!(
        fresh(&pair).connect(&[server(), at("10.0.0.3", 1)], true),
        Err(SocketError::InvalidArgument),
        "two ports"
    );
}

#[test]
fn the_peers_close_is_the_end_of_file_after_the_data() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&client, b"last").expect("sent");
    client.close();
    assert_eq!(message(&served), b"last");
    let (octets, received) = receive(&served).expect("the end");
    assert!(octets.is_empty() && received.from.is_none() && !received.end_of_record);
    assert_eq!(receive(&served).map(|(octets, _)| octets.len()), Ok(0));
    until("gone", || pair.z.associations() == 0);
    assert_eq!(send(&served, b"x"), Err(SocketError::BrokenPipe));
    assert_eq!(served.connect(&[at(A, 1)], true), Err(SocketError::IsConnected));
    assert_eq!(served.option(OptionName::Status, Scope::default()), Err(SocketError::InvalidArgument));
    assert!(served.peer_name().is_ok());
    assert_eq!(pending_error(&served), 0);
}

#[test]
fn own_shut_wr_lets_data_come_until_it_is_over() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&served, b"for you").expect("sent");
    until("arrived", || client.readable_octets() == Ok(7));
    assert_eq!(client.shutdown(How::Write), Ok(()));
    let result = send(&client, b"x");
    assert!(matches!(result, Err(SocketError::Shutdown | SocketError::BrokenPipe)), "{result:?}");
    assert_eq!(message(&client), b"for you");
    until("over", || pair.a.associations() == 0);
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(receive_now(&client).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(send(&client, b"x"), Err(SocketError::BrokenPipe));
}

#[test]
fn own_shut_rd_ends_reading_but_not_sending() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    assert_eq!(client.shutdown(How::Read), Ok(()));
    assert_eq!(receive(&client).map(|(octets, _)| octets.len()), Ok(0));
    assert_eq!(send(&served, b"nobody reads this"), Ok(17));
    assert_eq!(send(&client, b"works"), Ok(5));
    assert_eq!(message(&served), b"works");
    assert_eq!(receive(&client).map(|(octets, _)| octets.len()), Ok(0));
}

#[test]
fn an_abort_is_told_once_after_the_data() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&client, b"before").expect("sent");
    until("arrived", || served.readable_octets() == Ok(6));
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 0 }).expect("set");
    client.close();
    until("aborted", || pair.z.associations() == 0);
    assert_eq!(message(&served), b"before");
    assert_eq!(receive(&served).map(|_| ()), Err(SocketError::ConnectionReset));
    assert_eq!(receive(&served).map(|_| ()), Err(SocketError::NotConnected));
    assert_eq!(receive_now(&served).map(|_| ()), Err(SocketError::WouldBlock));
    assert_eq!(send(&served, b"x"), Err(SocketError::BrokenPipe));
}

#[test]
fn an_abort_is_told_to_the_sender_first_who_asks_first() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 0 }).expect("set");
    client.close();
    until("aborted", || pair.z.associations() == 0);
    assert_eq!(send(&served, b"x"), Err(SocketError::ConnectionReset));
    assert_eq!(send(&served, b"x"), Err(SocketError::BrokenPipe));
}

#[test]
fn close_with_unread_data_aborts() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&client, b"unread").expect("sent");
    until("arrived", || served.readable_octets() == Ok(6));
    served.close();
    assert_eq!(receive(&client).map(|_| ()), Err(SocketError::ConnectionReset));
}

#[test]
fn close_with_linger_waits_for_the_peer_but_not_longer_than_asked() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 1 }).expect("set");
    served.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 5 }).expect("set");
    send(&served, b"x").expect("sent");
    assert_eq!(message(&client), b"x");
    served.close();
    assert_eq!(pair.z.associations(), 0, "gone when close returns");
    let (client, _served) = {
        drop(client);
        until("gone", || pair.a.associations() == 0);
        let again = Pair::new();
        let sockets = again.connected();
        again.filter(|_| false);
        sockets
    };
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 1 }).expect("set");
    let begun = Instant::now();
    client.close();
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(990) && took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn every_call_on_a_closed_socket_says_so() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    client.close();
    assert_eq!(send(&client, b"x"), Err(SocketError::Closed));
    assert_eq!(receive_now(&client).map(|_| ()), Err(SocketError::Closed));
    assert_eq!(client.local_name(), Err(SocketError::Closed));
    assert_eq!(client.connect(&[server()], true), Err(SocketError::Closed));
    client.close();
}

#[test]
fn what_ended_before_it_was_accepted_is_accepted_with_its_data() {
    let pair = Pair::new();
    let listener = pair.listener();
    let client = fresh(&pair);
    client.connect(&[server()], false).expect("connected");
    send(&client, b"hello").expect("sent");
    client.close();
    until("gone", || pair.a.associations() == 0);
    let (served, _) = listener.accept(false).expect("accepted");
    assert_eq!(message(&served), b"hello");
    assert_eq!(receive(&served).map(|(octets, _)| octets.len()), Ok(0));
    assert_eq!(served.peer_name(), Err(SocketError::NotConnected));
    drop((served, listener));
    until("no association left", || pair.z.associations() == 0);
}

#[test]
fn the_accept_queue_holds_one_more_than_the_backlog() {
    let pair = Pair::new();
    let listener = pair.listener();
    listener.listen(1).expect("listening");
    let clients: Vec<_> = (0..3).map(|_| fresh(&pair)).collect();
    for client in &clients {
        let _ = client.connect(&[server()], true);
    }
    until("two are up", || clients.iter().filter(|client| client.readiness().writable).count() == 2);
    until("one is refused", || clients.iter().filter(|client| client.readiness().error).count() == 1);
    let (first, _) = listener.accept(false).expect("accepted");
    fresh(&pair).connect(&[server()], false).expect("there is room again");
    drop(first);
}

#[test]
fn a_short_buffer_gives_parts_and_the_record_ends_with_the_last() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    send(&client, b"0123456789").expect("sent");
    send(&client, b"next").expect("sent");
    let wait = ReceiveFlags::default();
    let peek = ReceiveFlags { peek: true, ..wait };
    let (part, received) = receive_up_to(&served, 4, peek).expect("a part");
    assert_eq!((&part[..], received.end_of_record), (&b"0123"[..], false));
    let (part, first) = receive_up_to(&served, 4, wait).expect("a part");
    assert_eq!((&part[..], first.end_of_record), (&b"0123"[..], false));
    assert_eq!(served.readable_octets(), Ok(6));
    let (part, received) = receive_up_to(&served, 6, peek).expect("a part");
    assert_eq!((&part[..], received.end_of_record), (&b"456789"[..], true));
    let (part, last) = receive_up_to(&served, 100, wait).expect("a part");
    assert_eq!((&part[..], last.end_of_record), (&b"456789"[..], true));
    assert_eq!(first.info, last.info);
    assert_eq!(message(&served), b"next");
}

#[test]
fn a_receive_of_no_octets_waits_for_a_message_and_leaves_it() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    assert_eq!(receive_up_to(&served, 0, NOW).map(|_| ()), Err(SocketError::WouldBlock));
    send(&client, b"x").expect("sent");
    let (octets, received) = receive_up_to(&served, 0, ReceiveFlags::default()).expect("nothing");
    assert!(octets.is_empty() && !received.end_of_record && received.info.is_some());
    assert_eq!(message(&served), b"x");
}

#[test]
fn sends_that_make_no_sense_are_refused() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    assert_eq!(send(&client, b""), Err(SocketError::InvalidArgument));
    assert_eq!(client.send(&SendRequest::default()), Err(SocketError::InvalidArgument));
    let eof = SendFlags { end_of_file: true, ..SendFlags::default() };
    let abort = SendFlags { abort: true, ..SendFlags::default() };
    let over = SendFlags { address_over: true, ..SendFlags::default() };
    assert_eq!(send_flags(&client, AssocId::NONE, b"", eof), Err(SocketError::InvalidArgument));
    assert_eq!(send_flags(&client, AssocId::NONE, b"", abort), Err(SocketError::InvalidArgument));
    assert_eq!(send_flags(&client, AssocId::NONE, b"x", over), Err(SocketError::InvalidArgument));
    assert_eq!(send(&client, &vec![0; 300_000]), Err(SocketError::MessageSize));
    let info = usctp_socket::SendInfo { stream: 10, ..usctp_socket::SendInfo::default() };
    let data = [std::io::IoSlice::new(b"x")];
    let request = SendRequest { info: Some(info), data: &data, ..SendRequest::default() };
    assert_eq!(client.send(&request), Err(SocketError::InvalidArgument), "beyond the ten streams agreed");
}

#[test]
fn the_send_buffer_holds_as_many_messages_as_linuxs() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    pair.filter(|_| false);
    assert_eq!(fill(&client, &[0; 1000]), 84);
    assert!(!client.readiness().writable);
}

#[test]
fn v6_sockets_speak_both_families_and_map_the_addresses() {
    let pair = Pair::new();
    let listener = pair.z.socket(Domain::Inet6, Style::OneToOne).expect("a socket");
    listener.bind(at("::", PORT)).expect("bound");
    listener.listen(5).expect("listening");
    let client = fresh(&pair);
    client.connect(&[server()], false).expect("connected over IPv4");
    let (served, from) = listener.accept(false).expect("accepted");
    assert_eq!(from.ip(), ip("::ffff:10.0.0.1"));
    assert_eq!(served.local_name().map(|name| name.ip()), Ok(ip("::ffff:10.0.0.2")));
    let client6 = pair.a.socket(Domain::Inet6, Style::OneToOne).expect("a socket");
    client6.connect(&[at("fd00::2", PORT)], false).expect("connected over IPv6");
    let (_served6, from) = listener.accept(false).expect("accepted");
    assert_eq!(from.ip(), ip("fd00::1"));
    let mapped = pair.a.socket(Domain::Inet6, Style::OneToOne).expect("a socket");
    mapped.connect(&[at("::ffff:10.0.0.2", PORT)], false).expect("connected to a mapped address");
    send(&mapped, b"x").expect("sent");
}

#[test]
fn ports_are_shared_only_by_those_who_say_so() {
    let pair = Pair::new();
    let listener = pair.listener();
    let other = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    assert_eq!(other.bind(at("0.0.0.0", PORT)), Err(SocketError::AddressInUse));
    assert_eq!(other.bind(at(Z, PORT)), Err(SocketError::AddressInUse));
    assert_eq!(other.bind(at("10.9.9.9", 0)), Err(SocketError::AddressNotAvailable));
    other.set_general_option(GeneralName::ReuseAddress, &GeneralValue::Int(1)).expect("set");
    listener.set_general_option(GeneralName::ReuseAddress, &GeneralValue::Int(1)).expect("set");
    assert_eq!(other.bind(at("0.0.0.0", PORT)), Err(SocketError::AddressInUse), "one that listens does not share");
    listener.listen(0).expect("not any more");
    assert_eq!(other.bind(at("0.0.0.0", PORT)), Ok(()));
    assert_eq!(other.bind(at(Z, PORT)), Err(SocketError::InvalidArgument), "once only");
    listener.close();
    other.close();
    let third = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    assert_eq!(third.bind(at("0.0.0.0", PORT)), Ok(()), "free again");
}

#[test]
fn bindx_adds_and_removes_but_never_the_last() {
    let pair = Pair::new();
    let hub = usctp_link::MemoryHub::new();
    let host = stack(&hub, &["10.0.0.1", "10.0.1.1", "fd00::1"], 3);
    drop(pair);
    let socket = host.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    assert_eq!(socket.bind_add(&[]), Err(SocketError::InvalidArgument));
    assert_eq!(socket.bind_add(&[at("10.0.0.1", 7000)]), Ok(()));
    assert_eq!(socket.bind_remove(&[at("10.0.0.1", 7000)]), Err(SocketError::Busy));
    assert_eq!(socket.bind_add(&[at("10.0.1.1", 7001)]), Err(SocketError::InvalidArgument), "another port");
    assert_eq!(socket.bind_add(&[at("10.0.0.1", 7000)]), Err(SocketError::InvalidArgument), "bound already");
    assert_eq!(socket.bind_add(&[at("10.0.1.1", 0)]), Ok(()), "port 0 is the one bound");
    assert_eq!(socket.local_addresses(AssocId::NONE), Ok(vec![at("10.0.0.1", 7000), at("10.0.1.1", 7000)]));
    assert_eq!(socket.bind_remove(&[at("10.9.9.9", 7000)]), Err(SocketError::InvalidArgument));
    assert_eq!(socket.bind_remove(&[at("10.0.0.1", 7000)]), Ok(()));
    assert_eq!(socket.local_addresses(AssocId::NONE), Ok(vec![at("10.0.1.1", 7000)]));
}

#[test]
fn two_sockets_of_one_stack_are_associated_with_each_other() {
    let pair = Pair::new();
    let listener = pair.listener();
    let client = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    client.connect(&[server()], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    send(&client, b"to myself").expect("sent");
    assert_eq!(message(&served), b"to myself");
}

#[test]
fn finish_delivers_what_is_queued() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    for _ in 0..20 {
        send(&client, &[7; 1000]).expect("sent");
    }
    pair.a.finish();
    assert_eq!(pair.a.associations(), 0);
    for _ in 0..20 {
        assert_eq!(message(&served).len(), 1000);
    }
    assert_eq!(receive(&served).map(|(octets, _)| octets.len()), Ok(0));
}
