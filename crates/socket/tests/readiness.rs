//! The descriptor of a socket polls as a kernel SCTP socket would, in every state, with poll and with epoll.
#![allow(unsafe_code, reason = "the descriptor is handed out as a number, as to a C program")]

mod pair;

use std::os::fd::{FromRawFd, OwnedFd};

use pair::*;
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use usctp_socket::{Domain, GeneralName, GeneralValue, How, NotificationKind, Socket, SocketError, Style};

/// A socket with its descriptor, which stays in one edge-triggered epoll.
struct Watched {
    socket: Socket,
    descriptor: OwnedFd,
    epoll: OwnedFd,
}

impl Watched {
    fn new(socket: Socket) -> Self {
        let number = socket.attach_readiness_fd().expect("a descriptor");
        // SAFETY: just made, and ours.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
        let events = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(&epoll, &descriptor, epoll::EventData::new_u64(1), events).expect("added");
        Self { socket, descriptor, epoll }
    }

    fn bits(&self) -> String {
        let wanted = PollFlags::IN | PollFlags::PRI | PollFlags::OUT | PollFlags::RDHUP;
        let mut fds = [PollFd::new(&self.descriptor, wanted)];
        poll(&mut fds, Some(&Timespec::default())).expect("poll");
        let got = fds[0].revents();
        [
            (PollFlags::IN, "in "),
            (PollFlags::OUT, "out "),
            (PollFlags::ERR, "err "),
            (PollFlags::RDHUP, "rdhup "),
            (PollFlags::HUP, "hup "),
            (PollFlags::PRI, "pri "),
        ]
        .into_iter()
        .filter(|(flag, _)| got.contains(*flag))
        .map(|(_, name)| name)
        .collect::<String>()
        .trim_end()
        .to_owned()
    }

    #[track_caller]
    fn becomes(&self, bits: &str) {
        until(&format!("{bits:?}, now {:?}", self.bits()), || self.bits() == bits);
        let readiness = self.socket.readiness();
        assert_eq!(readiness.readable, bits.contains("in"), "{readiness:?}");
        assert_eq!(readiness.writable, bits.contains("out"), "{readiness:?}");
    }

    fn edge(&self) -> bool {
        let event = epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
        let mut events = [event; 4];
        epoll::wait(&self.epoll, &mut events[..], Some(&Timespec::default())).expect("epoll_wait") > 0
    }
}

fn one(pair: &Pair) -> Watched {
    Watched::new(pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket"))
}

#[test]
fn a_fresh_one_to_one_socket_shows_nothing_and_a_one_to_many_one_can_be_written() {
    let pair = Pair::new();
    one(&pair).becomes("");
    Watched::new(pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket")).becomes("out");
    Watched::new(pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket")).becomes("");
}

#[test]
fn a_listening_socket_shows_what_can_be_accepted() {
    let pair = Pair::new();
    let listener = Watched::new(pair.listener());
    listener.becomes("");
    let client = one(&pair);
    assert!(matches!(client.socket.connect(&[server()], true), Err(SocketError::InProgress { .. })));
    client.becomes("out");
    listener.becomes("in");
    assert!(listener.edge());
    let _served = listener.socket.accept(true).expect("accepted");
    listener.becomes("");
}

#[test]
fn a_connect_shows_nothing_until_it_is_up_then_out() {
    let pair = Pair::new();
    pair.filter(|_| false);
    let client = one(&pair);
    let _ = client.socket.connect(&[server()], true);
    client.becomes("");
    assert!(!client.edge() || client.bits().is_empty());
    let _listener = pair.listener();
    pair.filter(|_| true);
    // The INIT comes again after three seconds.
    client.becomes("out");
    assert!(client.edge());
}

#[test]
fn a_refused_connect_shows_an_error_alone_and_the_same_descriptor_connects_again() {
    let pair = Pair::new();
    let client = one(&pair);
    while client.edge() {}
    let _ = client.socket.connect(&[server()], true);
    client.becomes("err");
    assert!(client.edge());
    assert_eq!(pending_error(&client.socket), SocketError::ConnectionRefused.errno());
    client.becomes("");
    let listener = pair.listener();
    let _ = client.socket.connect(&[server()], true);
    client.becomes("out");
    assert!(client.edge());
    let (served, _) = listener.accept(false).expect("accepted");
    send(&served, b"x").expect("sent");
    client.becomes("in out");
    assert!(client.edge());
}

#[test]
fn a_refused_connect_with_events_shows_the_notification_too() {
    let pair = Pair::new();
    let client = one(&pair);
    subscribe(&client.socket, &[NotificationKind::AssociationChange]);
    let _ = client.socket.connect(&[server()], true);
    client.becomes("in err");
    let _ = receive_now(&client.socket).expect("the notification");
    client.becomes("err");
    assert_eq!(receive_now(&client.socket).map(|_| ()), Err(SocketError::ConnectionRefused));
    client.becomes("");
}

#[test]
fn data_comes_and_goes_and_each_arrival_is_an_edge() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let served = Watched::new(served);
    served.becomes("out");
    while served.edge() {}
    for _ in 0..3 {
        send(&client, b"x").expect("sent");
        served.becomes("in out");
        assert!(served.edge());
        assert!(!served.edge());
        assert_eq!(message(&served.socket), b"x");
        served.becomes("out");
    }
    // Not read: what arrives is a new edge all the same.
    for _ in 0..3 {
        send(&client, b"y").expect("sent");
        until("an edge", || served.edge());
    }
}

#[test]
fn a_full_send_buffer_is_not_writable_until_there_is_room() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let client = Watched::new(client);
    client.becomes("out");
    while client.edge() {}
    // The peer reads nothing: its window closes, then our buffer fills.
    let (mut count, mut looks) = (0, 0);
    until("the buffer stays full", || {
        let more = fill(&client.socket, &[0; 1000]);
        count += more;
        looks = if more == 0 { looks + 1 } else { 0 };
        looks == 20
    });
    client.becomes("");
    while client.edge() {}
    for _ in 0..count {
        message(&served);
    }
    client.becomes("out");
    assert!(client.edge());
}

#[test]
fn own_shutdowns_show_as_on_linux() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    let client = Watched::new(client);
    client.socket.shutdown(How::Read).expect("shut");
    client.becomes("in out rdhup");
    client.socket.shutdown(How::Both).expect("shut");
    client.becomes("in out rdhup hup");
    assert!(client.edge());
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    let client = Watched::new(client);
    client.socket.shutdown(How::Write).expect("shut");
    client.becomes("out");
    until("over", || pair.a.associations() == 0);
    client.becomes("out");
}

#[test]
fn the_peers_end_stays_for_good() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let served = Watched::new(served);
    send(&client, b"x").expect("sent");
    client.close();
    served.becomes("in out rdhup");
    assert!(served.edge());
    until("over", || pair.z.associations() == 0);
    assert_eq!(message(&served.socket), b"x");
    assert_eq!(receive(&served.socket).map(|(octets, _)| octets.len()), Ok(0));
    served.becomes("in out rdhup");
}

#[test]
fn an_abort_shows_an_error_beside_out_until_it_is_taken() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let served = Watched::new(served);
    send(&client, b"x").expect("sent");
    served.becomes("in out");
    client.set_general_option(GeneralName::Linger, &GeneralValue::Linger { on: true, seconds: 0 }).expect("set");
    client.close();
    served.becomes("in out err");
    assert_eq!(message(&served.socket), b"x");
    served.becomes("out err");
    assert_eq!(pending_error(&served.socket), SocketError::ConnectionReset.errno());
    served.becomes("out");
}

#[test]
fn a_one_to_many_socket_shows_notifications_and_no_errors() {
    let pair = Pair::new();
    let (client, server_socket) = pair.many();
    let (client, server_socket) = (Watched::new(client), Watched::new(server_socket));
    subscribe(&server_socket.socket, ASSOCIATIONS);
    client.socket.connect(&[server()], false).expect("connected");
    server_socket.becomes("in out");
    let _ = change(&server_socket.socket);
    server_socket.becomes("out");
    client.socket.close();
    server_socket.becomes("in out");
    let _ = notification(&server_socket.socket);
    let _ = change(&server_socket.socket);
    server_socket.becomes("out");
    assert!(matches!(
        Watched::new(pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket"))
            .socket
            .connect(&[at(Z, 1)], false),
        Err(SocketError::ConnectionRefused)
    ));
}

#[test]
fn a_closed_socket_leaves_epoll_with_its_descriptor() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    let Watched { socket, descriptor, epoll } = Watched::new(client);
    drop(descriptor);
    socket.close();
    let event = epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
    let mut events = [event; 4];
    assert_eq!(epoll::wait(&epoll, &mut events[..], Some(&Timespec::default())), Ok(0));
}

#[test]
fn many_messages_without_a_reader_give_edges_without_growing_anything() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let served = Watched::new(served);
    for _ in 0..60 {
        send(&client, &[1; 1000]).expect("sent");
    }
    served.becomes("in out");
    for _ in 0..60 {
        message(&served.socket);
    }
    served.becomes("out");
}
