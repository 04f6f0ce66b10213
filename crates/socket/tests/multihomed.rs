//! Hosts with two addresses each: what the sockets tell of paths, and how they are chosen.

mod pair;

use std::io::IoSlice;

use pair::*;
use usctp_link::MemoryHub;
use usctp_socket::{
    AssocId, Domain, Notification, NotificationKind, OptionName, OptionValue, Scope, SendFlags, SendInfo, SendRequest,
    Socket, SocketError, Stack, Style,
};

const Z2: &str = "10.0.1.2";

struct Hosts {
    hub: MemoryHub,
    a: Stack,
    z: Stack,
}

fn hosts() -> Hosts {
    let hub = MemoryHub::new();
    let (a, z) = (stack(&hub, &[A, "10.0.1.1"], 1), stack(&hub, &[Z, Z2], 2));
    Hosts { hub, a, z }
}

fn sockets(hosts: &Hosts) -> (Socket, Socket, AssocId) {
    let listener = listening(&hosts.z, Style::OneToMany);
    let client = hosts.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    subscribe(&client, &[NotificationKind::PeerAddressChange]);
    // The second address is learned from the INIT ACK: what a program names itself counts as confirmed (RFC 9260 §5.4).
    let id = client.connect(&[server()], false).expect("connected");
    (client, listener, id)
}

#[test]
fn both_sides_know_all_addresses_and_the_second_path_is_confirmed() {
    let hosts = hosts();
    let (client, listener, id) = sockets(&hosts);
    assert_eq!(client.peer_addresses(id), Ok(vec![server(), at(Z2, PORT)]));
    let port = client.local_name().expect("bound").port();
    let mut own = client.local_addresses(id).expect("known");
    own.sort();
    assert_eq!(own, [at(A, port), at("10.0.1.1", port)]);
    match notification(&client) {
        Notification::PeerAddressChange { association, address, state, error } => {
            assert_eq!((association, address, state, error), (id, at(Z2, PORT), 5, 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(listener.local_addresses(AssocId::NONE).map(|all| all.len()), Ok(2));
}

#[test]
fn the_address_of_a_send_counts_only_with_its_flag() {
    let hosts = hosts();
    let (client, listener, _) = sockets(&hosts);
    let _confirmed = notification(&client);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = std::sync::Arc::clone(&seen);
    hosts.hub.set_filter(move |packet| {
        // DATA as the first chunk behind the common header.
        if packet.packet.get(12) == Some(&0) {
            keep.lock().expect("not poisoned").push(packet.destination.ip);
        }
        true
    });
    let to_second = |flags| {
        let info = SendInfo { flags, ..SendInfo::default() };
        let data = [IoSlice::new(b"x")];
        let request = SendRequest { to: Some(at(Z2, PORT)), info: Some(info), data: &data, ..SendRequest::default() };
        client.send(&request).expect("sent");
        assert_eq!(message(&listener), b"x");
    };
    to_second(SendFlags::default());
    to_second(SendFlags { address_over: true, ..SendFlags::default() });
    assert_eq!(*seen.lock().expect("not poisoned"), [ip(Z), ip(Z2)]);
}

#[test]
fn another_primary_is_used_and_told() {
    let hosts = hosts();
    let (client, listener, id) = sockets(&hosts);
    let _confirmed = notification(&client);
    let scope = Scope { association: id, address: None };
    client.set_option(scope, &OptionValue::PrimaryAddress(at(Z2, PORT))).expect("set");
    assert_eq!(client.option(OptionName::PrimaryAddress, scope), Ok(OptionValue::PrimaryAddress(at(Z2, PORT))));
    send_to(&client, b"x", server()).expect("sent");
    let (_, received) = receive(&listener).expect("a message");
    let own = received.info.expect("a message's").association;
    assert_eq!(listener.peer_addresses(own).map(|all| all.len()), Ok(2));
}

#[test]
fn connectx_with_a_dead_first_address_reaches_the_second() {
    let hosts = hosts();
    let _listener = listening(&hosts.z, Style::OneToOne);
    let client = hosts.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    hasten(&client);
    let mut init = usctp_socket::InitParameters { attempts: 8, ..usctp_socket::InitParameters::default() };
    init.timeout_ms = 40;
    client.set_option(Scope::default(), &OptionValue::Init(init)).expect("set");
    assert!(client.connect(&[at("10.0.0.99", PORT), at(Z2, PORT)], false).is_ok());
}

#[test]
fn a_listener_bound_to_one_address_answers_there_only() {
    let hosts = hosts();
    let listener = hosts.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    listener.bind(at(Z2, PORT)).expect("bound");
    listener.listen(1).expect("listening");
    let client = hosts.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    assert_eq!(client.connect(&[server()], false), Err(SocketError::ConnectionRefused));
    assert!(client.connect(&[at(Z2, PORT)], false).is_ok());
    let (served, _) = listener.accept(false).expect("accepted");
    assert_eq!(served.local_name(), Ok(at(Z2, PORT)));
    assert_eq!(served.local_addresses(AssocId::NONE), Ok(vec![at(Z2, PORT)]));
}
