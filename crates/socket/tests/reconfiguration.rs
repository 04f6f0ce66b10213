//! Addresses that come and go while an association lives (RFC 5061), as programs ask for it and see it.

mod pair;

use pair::*;
use usctp_link::MemoryHub;
use usctp_socket::{
    AssocId, Domain, Notification, NotificationKind, OptionName, OptionValue, ReconfigurationName as Name,
    ReconfigurationValue as Value, Scope, Socket, SocketError, Stack, Style,
};

const A2: &str = "10.0.1.1";

fn hosts() -> (Stack, Stack) {
    let hub = MemoryHub::new();
    (stack(&hub, &[A, A2], 1), stack(&hub, &[Z, "10.0.1.2"], 2))
}

fn get(socket: &Socket, name: Name, id: AssocId) -> Result<OptionValue, SocketError> {
    socket.option(OptionName::Reconfiguration(name), Scope { association: id, address: None })
}

fn set(socket: &Socket, value: Value, id: AssocId) -> Result<(), SocketError> {
    socket.set_option(Scope { association: id, address: None }, &OptionValue::Reconfiguration(value))
}

/// One-to-many sockets, the client bound to its first address only, connected.
fn sockets(a: &Stack, z: &Stack, asconf: [bool; 2]) -> (Socket, Socket, AssocId) {
    let listener = listening(z, Style::OneToMany);
    let client = a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    client.bind(at(A, 0)).expect("bound");
    for (socket, on) in [(&client, asconf[0]), (&listener, asconf[1])] {
        set(socket, Value::AsconfSupported(on), AssocId::NONE).expect("set");
        subscribe(socket, &[NotificationKind::PeerAddressChange]);
    }
    let id = client.connect(&[server()], false).expect("connected");
    (client, listener, id)
}

/// The next change of a peer's address, but for the confirmation of those that were known from the beginning.
fn change(socket: &Socket, address: &str) -> i32 {
    loop {
        match notification(socket) {
            Notification::PeerAddressChange { address: told, state, .. } if told.ip() == ip(address) => return state,
            Notification::PeerAddressChange { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

const REMOVED: i32 = 2;
const ADDED: i32 = 3;
const MADE_PRIMARY: i32 = 4;
const CONFIRMED: i32 = 5;

/// B10-6, B3-14: defaults, and what is refused.
#[test]
fn options_are_off_and_refused_where_they_make_no_sense() {
    let pair = Pair::new();
    for style in [Style::OneToOne, Style::OneToMany] {
        let socket = pair.a.socket(Domain::Inet, style).expect("a socket");
        let none = AssocId::NONE;
        let supported = |on| Ok(OptionValue::Reconfiguration(Value::AsconfSupported(on)));
        let automatic = |on| Ok(OptionValue::Reconfiguration(Value::AutoAsconf(on)));
        assert_eq!(get(&socket, Name::AsconfSupported, none), supported(false));
        assert_eq!(get(&socket, Name::AutoAsconf, none), automatic(false));
        assert_eq!(set(&socket, Value::AutoAsconf(true), none), Err(SocketError::InvalidArgument), "not bound");
        set(&socket, Value::AutoAsconf(false), none).expect("nothing to forbid");
        socket.bind(at("0.0.0.0", 0)).expect("bound");
        set(&socket, Value::AutoAsconf(true), none).expect("bound to all");
        assert_eq!(get(&socket, Name::AutoAsconf, none), automatic(true));
        set(&socket, Value::AsconfSupported(true), none).expect("set");
        assert_eq!(get(&socket, Name::AsconfSupported, none), supported(true));
        let one = pair.a.socket(Domain::Inet, style).expect("a socket");
        one.bind(at(A, 0)).expect("bound");
        assert_eq!(set(&one, Value::AutoAsconf(true), none), Err(SocketError::InvalidArgument), "bound to one");
    }
}

/// D7.1.9-1, D7.1.9-3, B3-26: EPERM comes before everything else.
#[test]
fn peers_primary_needs_asconf_an_association_and_an_address_of_ours() {
    let (a, z) = hosts();
    let socket = a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    assert_eq!(set(&socket, Value::PeerPrimary(None), AssocId(77)), Err(SocketError::NotPermitted));
    let (client, _listener, id) = sockets(&a, &z, [true, false]);
    let first = Value::PeerPrimary(Some(at(A, 0)));
    assert_eq!(set(&client, Value::PeerPrimary(None), id), Err(SocketError::InvalidArgument));
    for other in [AssocId::NONE, AssocId(1), AssocId(2), AssocId(77)] {
        assert_eq!(set(&client, first, other), Err(SocketError::InvalidArgument), "{other:?}");
    }
    assert_eq!(set(&client, first, id), Err(SocketError::NotPermitted), "the peer has no ASCONF");
    drop(client);
    let other = hosts();
    let (client, _listener, id) = sockets(&other.0, &other.1, [true, true]);
    assert_eq!(get(&client, Name::AsconfSupported, id), Ok(OptionValue::Reconfiguration(Value::AsconfSupported(true))));
    let foreign = Value::PeerPrimary(Some(at("10.9.9.9", 0)));
    assert_eq!(set(&client, foreign, id), Err(SocketError::AddressNotAvailable));
    set(&client, first, id).expect("asked");
}

/// D8.1-10, D5.3.1.2-6, D5.3.1.2-7, D7.1.9-1: the peer hears of an address that is bound, made primary and given up.
#[test]
fn peer_is_told_of_addresses_as_they_are_bound() {
    let (a, z) = hosts();
    let (client, listener, id) = sockets(&a, &z, [true, true]);
    client.bind_add(&[at(A2, 0)]).expect("added");
    assert_eq!(change(&listener, A2), ADDED);
    assert_eq!(change(&listener, A2), CONFIRMED);
    until("both are known", || client.local_addresses(id).is_ok_and(|all| all.len() == 2));
    set(&client, Value::PeerPrimary(Some(at(A2, 0))), id).expect("asked");
    assert_eq!(change(&listener, A2), MADE_PRIMARY);
    client.bind_remove(&[at(A, 0)]).expect("removed");
    assert_eq!(change(&listener, A), REMOVED);
    until("one is left", || client.local_addresses(id).is_ok_and(|all| all.len() == 1));
    send_to(&client, b"from the second", server()).expect("sent");
    let (octets, received) = receive(&listener).expect("received");
    assert_eq!((&octets[..], received.from.map(|from| from.ip())), (&b"from the second"[..], Some(ip(A2))));
}

/// D8.1-11: without ASCONF the socket changes, and its associations do not.
#[test]
fn without_it_associations_keep_their_addresses() {
    for asconf in [[false, false], [true, false], [false, true]] {
        let (a, z) = hosts();
        let (client, listener, id) = sockets(&a, &z, asconf);
        client.bind_add(&[at(A2, 0)]).expect("added");
        assert_eq!(client.local_addresses(id).map(|all| all.len()), Ok(1));
        assert_eq!(client.local_addresses(AssocId::NONE).map(|all| all.len()), Ok(2));
        send_to(&client, b"x", server()).expect("sent");
        let (_, received) = loop {
            let next = receive(&listener).expect("received");
            if !next.1.is_notification {
                break next;
            }
        };
        assert_eq!(received.from.map(|from| from.ip()), Some(ip(A)));
    }
}
