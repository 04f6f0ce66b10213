//! The blocking API, over UDP on loopback: two stacks in one process, as two hosts would have.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use usctp::blocking::{SctpAssociation, SctpListener, SctpSocket};
use usctp::{
    AssociationChangeState, Error, InitParameters, LinkChoice, Notification, NotificationKind, Received, SendOptions,
    SocketError, Stack,
};

/// A server's stack and a client's, on UDP ports that nobody else has.
struct Hosts {
    server: Stack,
    client: Stack,
}

impl Hosts {
    fn new() -> Self {
        // Between this and the stack's own bind another process could take the port; none does in a test.
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
        let port = free.expect("loopback has a free port").port();
        let server = Stack::builder().link(LinkChoice::Udp).udp_port(port).build().expect("UDP can be opened");
        let client = Stack::builder().link(LinkChoice::Udp).udp_peer_port(port).build().expect("UDP can be opened");
        Self { server, client }
    }

    fn listener(&self) -> (SctpListener, SocketAddr) {
        let listener = SctpListener::bind_on(&self.server, "127.0.0.1:0").expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    fn pair(&self) -> (SctpAssociation, SctpAssociation) {
        let (listener, address) = self.listener();
        let client = SctpAssociation::connect_on(&self.client, address).expect("the server listens");
        let (server, peer) = listener.accept().expect("a client is there");
        assert_eq!(peer, client.local_addr().expect("it is connected"));
        for association in [&client, &server] {
            association.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit is allowed");
        }
        (client, server)
    }
}

fn message(association: &SctpAssociation) -> (Vec<u8>, usctp::Part) {
    let mut buffer = Vec::new();
    match association.recv_message(&mut buffer).expect("a message comes") {
        Received::Data(part) => (buffer, part),
        other => panic!("a message was expected, not {other:?}"),
    }
}

#[test]
fn a_message_arrives_with_its_stream_and_identifier() {
    let (client, server) = Hosts::new().pair();
    let options = SendOptions::new().stream(3).ppid(46).unordered();
    client.send_with(b"hello", &options).expect("it is connected");
    let (octets, part) = message(&server);
    assert_eq!(octets, b"hello");
    assert_eq!((part.stream, part.ppid, part.unordered, part.complete), (3, 46, true, true));
}

#[test]
fn a_large_message_is_put_together_and_a_small_buffer_takes_it_in_parts() {
    let (client, server) = Hosts::new().pair();
    let large: Vec<u8> = (0..150_000_u32).map(|number| (number % 251) as u8).collect();
    let sent = large.clone();
    let sender = client.clone();
    let sending = thread::spawn(move || {
        sender.send(&sent)?;
        sender.send(&sent)
    });
    assert_eq!(message(&server).0, large);

    let (mut joined, mut small) = (Vec::new(), [0; 1000]);
    loop {
        let Received::Data(part) = server.recv(&mut small).expect("a part comes") else { panic!("no data") };
        joined.extend_from_slice(&small[..part.len]);
        if part.complete {
            break;
        }
    }
    assert!(joined == large);
    sending.join().expect("no panic").expect("both were sent");
}

#[test]
fn the_end_is_told_to_the_peer() {
    let (client, server) = Hosts::new().pair();
    client.send(b"last").expect("it is connected");
    client.shutdown().expect("it is connected");
    assert_eq!(message(&server).0, b"last");
    let mut buffer = [0; 16];
    assert_eq!(server.recv(&mut buffer).expect("the end is no error"), Received::End);
}

#[test]
fn an_abort_is_an_error_at_the_peer() {
    let (client, server) = Hosts::new().pair();
    client.abort().expect("it is connected");
    let error = server.recv(&mut [0; 16]).expect_err("the association was aborted");
    assert_eq!(error.socket_error(), Some(SocketError::ConnectionReset));
    assert_eq!(error.to_string(), "cannot receive: the peer aborted the association");
}

#[test]
fn a_port_without_listener_refuses() {
    let hosts = Hosts::new();
    let (listener, address) = hosts.listener();
    drop(listener);
    let begun = Instant::now();
    let error = SctpAssociation::connect_on(&hosts.client, address).expect_err("nobody listens");
    assert_eq!(error.socket_error(), Some(SocketError::ConnectionRefused), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn a_receive_gives_up_at_its_time_limit() {
    let (client, _server) = Hosts::new().pair();
    client.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit is allowed");
    let begun = Instant::now();
    let error = client.recv(&mut [0; 16]).expect_err("nothing comes");
    assert!(error.is_timeout(), "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    assert!(matches!(client.set_read_timeout(Some(Duration::ZERO)), Err(Error::Socket { .. })));
}

#[test]
fn streams_are_agreed_and_the_status_tells_them() {
    let hosts = Hosts::new();
    let (_listener, address) = hosts.listener();
    let init = InitParameters { outbound_streams: 17, ..InitParameters::default() };
    let client = SctpAssociation::connect_with(&hosts.client, address, init).expect("the server listens");
    let status = client.status().expect("it is connected");
    assert_eq!(status.outbound_streams, 17);
    assert_eq!(status.primary.address.ip(), address.ip());
    assert!(status.primary.active);
}

#[test]
fn two_threads_send_and_receive_at_once() {
    let (client, server) = Hosts::new().pair();
    let echo = thread::spawn(move || {
        let mut buffer = Vec::new();
        while let Ok(Received::Data(part)) = server.recv_message(&mut buffer) {
            server.send_with(&buffer, &SendOptions::new().ppid(part.ppid)).expect("the client reads");
        }
    });
    let sender = client.clone();
    let sending = thread::spawn(move || {
        for number in 0..500_u32 {
            let length = 1 + (number as usize * 37) % 3000;
            sender.send_with(&vec![number as u8; length], &SendOptions::new().ppid(number)).expect("the server reads");
        }
    });
    for number in 0..500_u32 {
        let (octets, part) = message(&client);
        assert_eq!((part.ppid, octets.len()), (number, 1 + (number as usize * 37) % 3000));
        assert!(octets.iter().all(|octet| *octet == number as u8));
    }
    sending.join().expect("no panic");
    client.shutdown().expect("it is connected");
    echo.join().expect("no panic");
}

#[test]
fn one_socket_serves_many_and_peels_one_off() {
    let hosts = Hosts::new();
    let server = SctpSocket::bind_on(&hosts.server, "127.0.0.1:0").expect("the port is free");
    server.subscribe(&[NotificationKind::AssociationChange]).expect("it can be asked for");
    server.listen().expect("it is bound");
    server.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit is allowed");
    let address = server.local_addr().expect("it is bound");

    let client = SctpSocket::bind_on(&hosts.client, "127.0.0.1:0").expect("a port is free");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit is allowed");
    // No association yet: the message goes with the set-up.
    client.send_to(b"one", address, &SendOptions::new()).expect("it is sent");
    let mut buffer = Vec::new();
    let up = server.recv_message(&mut buffer).expect("a notification comes");
    let Received::Notification(Notification::AssociationChange { association, state, .. }) = up else {
        panic!("{up:?}");
    };
    assert_eq!(state, AssociationChangeState::Up);
    let Received::Data(part) = server.recv_message(&mut buffer).expect("a message comes") else { panic!("no data") };
    assert_eq!((part.association, buffer.as_slice()), (association, &b"one"[..]));

    let branch = server.peel_off(association).expect("it exists");
    branch.send(b"two").expect("it is connected");
    let Received::Data(part) = client.recv_message(&mut buffer).expect("a message comes") else { panic!("no data") };
    assert_eq!((buffer.as_slice(), part.from), (&b"two"[..], Some(address)));
    client.shutdown(part.association).expect("it exists");
    branch.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit is allowed");
    // A branch keeps what its socket had asked for.
    let mut received = branch.recv_message(&mut buffer).expect("the end is no error");
    while let Received::Notification(_) = received {
        received = branch.recv_message(&mut buffer).expect("the end is no error");
    }
    assert_eq!(received, Received::End);
}

#[test]
fn two_addresses_are_bound_and_told_to_the_peer() {
    let hosts = Hosts::new();
    let listener = SctpListener::bind_on(&hosts.server, (["127.0.0.1", "127.0.0.2"], 0)).expect("both are ours");
    let mut bound = listener.local_addrs().expect("it is bound");
    bound.sort();
    assert_eq!(bound.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>(), ["127.0.0.1", "127.0.0.2"]);
    let client = SctpAssociation::connect_on(&hosts.client, bound[0]).expect("the server listens");
    let mut peers = client.peer_addrs().expect("it is connected");
    peers.sort();
    assert_eq!(peers, bound);
}
