//! Options, ancillary data and notifications about authentication (RFC 4895, RFC 6458 §8.3).

mod pair;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use pair::*;
use usctp_socket::{
    AssocId, AuthenticationName as Name, AuthenticationValue as Value, Domain, Notification, NotificationKind,
    OptionName, OptionValue, Scope, Secret, SendRequest, Socket, SocketError, Style,
};

fn get(socket: &Socket, name: Name) -> Result<Value, SocketError> {
    socket.option(OptionName::Authentication(name), Scope::default()).map(|value| match value {
        OptionValue::Authentication(value) => value,
        other => panic!("{other:?}"),
    })
}

fn set(socket: &Socket, value: Value) -> Result<(), SocketError> {
    socket.set_option(Scope::default(), &OptionValue::Authentication(value))
}

fn key(number: u16, secret: &[u8]) -> Value {
    Value::Key(number, Secret::new(secret))
}

/// One-to-one sockets, connected, with DATA listed at both ends, key 0 as given, and authentication events.
fn connected(pair: &Pair, secrets: [&[u8]; 2]) -> (Socket, Socket) {
    let listener = pair.listener();
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    for (socket, secret) in [(&client, secrets[0]), (&listener, secrets[1])] {
        set(socket, Value::Chunk(0)).expect("DATA");
        set(socket, key(0, secret)).expect("a key");
        subscribe(socket, &[NotificationKind::Authentication]);
    }
    client.connect(&[server()], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    (client, served)
}

fn authentication(socket: &Socket) -> (u16, u32) {
    match notification(socket) {
        Notification::Authentication { key, indication, .. } => (key, indication),
        other => panic!("{other:?}"),
    }
}

/// B3-17, B3-18, B3-20, B3-23, D7.1.18-6: what is read says EACCES until something has been set.
#[test]
fn authentication_is_off_until_an_option_about_it_is_set() {
    let pair = Pair::new();
    for style in [Style::OneToOne, Style::OneToMany] {
        let readable = [Name::Algorithms, Name::ActiveKey, Name::LocalChunks, Name::Chunks, Name::Secret];
        let settings = [
            Value::Chunk(0),
            Value::Chunks(vec![]),
            Value::Algorithms(vec![1]),
            key(0, b""),
            Value::ActiveKey(0),
            Value::Secret(Secret::new(b"x")),
        ];
        for setting in settings {
            let socket = pair.a.socket(Domain::Inet, style).expect("a socket");
            for name in readable {
                assert_eq!(get(&socket, name), Err(SocketError::AccessDenied), "{name:?}");
            }
            assert_eq!(get(&socket, Name::PeerChunks), Err(SocketError::InvalidArgument), "no association");
            assert_eq!(get(&socket, Name::Supported), Ok(Value::Supported(false)));
            set(&socket, setting.clone()).expect("accepted");
            assert_eq!(get(&socket, Name::Supported), Ok(Value::Supported(true)), "{setting:?}");
            assert_eq!(get(&socket, Name::ActiveKey), Ok(Value::ActiveKey(0)));
            // B10-6: and off again.
            set(&socket, Value::Supported(false)).expect("accepted");
            assert_eq!(get(&socket, Name::ActiveKey), Err(SocketError::AccessDenied));
        }
    }
}

/// B3-17, B3-18, B3-19, B3-20, B3-21, B3-22, D7.1.18-1, D7.1.18-4, D7.1.18-5, D7.1.19-1, D7.1.19-2, D7.1.19-4.
#[test]
fn values_are_checked_and_read_back() {
    let pair = Pair::new();
    let socket = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    for kind in [1, 2, 14, 15] {
        assert_eq!(set(&socket, Value::Chunk(kind)), Err(SocketError::InvalidArgument));
        assert_eq!(set(&socket, Value::Chunks(vec![0, kind])), Err(SocketError::InvalidArgument));
    }
    set(&socket, Value::Chunks(vec![0])).expect("set");
    set(&socket, Value::Chunk(6)).expect("added");
    assert_eq!(get(&socket, Name::LocalChunks), Ok(Value::LocalChunks(vec![0, 6])), "B3-18: it adds");
    set(&socket, Value::Chunks(vec![7])).expect("set");
    assert_eq!(get(&socket, Name::Chunks), Ok(Value::Chunks(vec![7])), "D7.1.18-4: it replaces");

    assert_eq!(get(&socket, Name::Algorithms), Ok(Value::Algorithms(vec![1])), "SHA-1 alone is the default");
    assert_eq!(set(&socket, Value::Algorithms(vec![1, 2])), Err(SocketError::NotSupported));
    assert_eq!(set(&socket, Value::Algorithms(vec![3])), Err(SocketError::InvalidArgument));
    assert_eq!(set(&socket, Value::Algorithms(vec![])), Err(SocketError::InvalidArgument));
    set(&socket, Value::Algorithms(vec![3, 1])).expect("set");
    assert_eq!(get(&socket, Name::Algorithms), Ok(Value::Algorithms(vec![3, 1])));

    assert_eq!(set(&socket, Value::ActiveKey(1)), Err(SocketError::InvalidArgument));
    assert_eq!(set(&socket, Value::DeactivateKey(0)), Err(SocketError::InvalidArgument), "it is active");
    assert_eq!(set(&socket, Value::DeleteKey(0)), Err(SocketError::InvalidArgument), "it is active");
    assert_eq!(set(&socket, Value::DeleteKey(9)), Err(SocketError::InvalidArgument), "it is missing");
    set(&socket, key(1, b"one")).expect("set");
    set(&socket, Value::ActiveKey(1)).expect("set");
    assert_eq!(get(&socket, Name::ActiveKey), Ok(Value::ActiveKey(1)));
    set(&socket, Value::DeactivateKey(0)).expect("set");
    set(&socket, Value::DeleteKey(0)).expect("set");
    assert_eq!(set(&socket, Value::ActiveKey(0)), Err(SocketError::InvalidArgument));

    set(&socket, Value::Secret(Secret::new(b"draft"))).expect("set");
    assert_eq!(get(&socket, Name::ActiveKey), Ok(Value::ActiveKey(0)), "D7.1.19-1: made active");
    assert_eq!(get(&socket, Name::Secret), Ok(Value::Secret(Secret::new(b"draft"))));
    // Of an association that does not exist; B1-1: of all present ones there are none.
    let of = |id| Scope { association: AssocId(id), address: None };
    let value = OptionValue::Authentication(key(2, b"two"));
    assert_eq!(socket.set_option(of(77), &value), Err(SocketError::InvalidArgument));
    socket.set_option(of(1), &value).expect("nobody to set it for");
    assert_eq!(set(&socket, Value::ActiveKey(2)), Err(SocketError::InvalidArgument));
    socket.set_option(of(2), &value).expect("future ones, too");
    set(&socket, Value::ActiveKey(2)).expect("there");
}

/// D7.1.19-3, D7.1.18-3, D7.1.20-1, B3-23: equal keys let data through, and both ends read the lists.
#[test]
fn equal_keys_let_data_through() {
    let pair = Pair::new();
    let (client, served) = connected(&pair, [b"of both", b"of both"]);
    for (from, to) in [(&client, &served), (&served, &client)] {
        send(from, b"authentic").expect("sent");
        assert_eq!(message(to).len(), 9);
        assert_eq!(get(from, Name::PeerChunks), Ok(Value::PeerChunks(vec![0])));
        assert_eq!(get(from, Name::Supported), Ok(Value::Supported(true)));
        // Changes reach only associations not yet formed.
        set(from, Value::Chunk(3)).expect("set");
        assert_eq!(get(from, Name::LocalChunks), Ok(Value::LocalChunks(vec![0])));
    }
}

/// D7.1.18-7, D7.1.19-3: what is sent under another key does not arrive.
#[test]
fn different_keys_let_nothing_through() {
    let pair = Pair::new();
    let (client, served) = connected(&pair, [b"one", b"another"]);
    let dropped = || pair.z.counters().dropped_unauthenticated;
    assert_eq!(dropped(), 0);
    hasten(&client);
    send(&client, b"not authentic").expect("sent");
    until("it was sent again and dropped again", || dropped() > 1);
    // With the right key it is authentic when it is sent again.
    set(&client, key(0, b"another")).expect("set");
    assert_eq!(message(&served).len(), 13);
}

/// B4-1, B3-20, B3-21, B3-22, B2-8: keys at work, and what is told of them.
#[test]
fn keys_are_activated_told_of_and_freed() {
    let pair = Pair::new();
    let (client, served) = connected(&pair, [b"zero", b"zero"]);
    for socket in [&client, &served] {
        for number in [1, 2] {
            set(socket, key(number, &[number as u8; 20])).expect("set");
        }
    }
    set(&client, Value::ActiveKey(1)).expect("set");
    send(&client, b"under the first").expect("sent");
    assert_eq!(authentication(&served), (1, 0), "SCTP_AUTH_NEW_KEY before the data");
    assert_eq!(message(&served).len(), 15);
    // SCTP_AUTHINFO.
    let data = [std::io::IoSlice::new(b"under the second")];
    let request = SendRequest { data: &data, auth_key: Some(2), ..SendRequest::default() };
    client.send(&request).expect("sent");
    assert_eq!(authentication(&served), (2, 0));
    assert_eq!(message(&served).len(), 16);
    let request = SendRequest { auth_key: Some(7), ..request };
    assert_eq!(client.send(&request), Err(SocketError::InvalidArgument), "there is no such key");
    assert_eq!(set(&client, Value::DeactivateKey(1)), Err(SocketError::InvalidArgument), "it is active");
    set(&client, Value::DeactivateKey(2)).expect("deactivated");
    assert_eq!(authentication(&client), (2, 1), "SCTP_AUTH_FREE_KEY once it is acknowledged");
    set(&client, Value::DeleteKey(2)).expect("deleted");
    assert_eq!(set(&client, Value::DeleteKey(2)), Err(SocketError::InvalidArgument));
}

/// D7.1.20-3, B3-19: an association without AUTH has none of this.
#[test]
fn peer_without_authentication_is_told_and_refuses_keys() {
    let pair = Pair::new();
    let listener = pair.listener();
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    set(&client, key(1, b"mine alone")).expect("set");
    subscribe(&client, &[NotificationKind::Authentication]);
    client.connect(&[server()], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    assert_eq!(authentication(&client), (0, 2), "SCTP_AUTH_NO_AUTH");
    for name in [Name::PeerChunks, Name::LocalChunks, Name::ActiveKey, Name::Secret] {
        assert_eq!(get(&client, name), Err(SocketError::AccessDenied), "{name:?}");
    }
    assert_eq!(get(&client, Name::Supported), Ok(Value::Supported(false)));
    assert_eq!(set(&client, key(2, b"x")), Err(SocketError::AccessDenied));
    // The item has no effect then.
    let data = [std::io::IoSlice::new(b"plain")];
    client.send(&SendRequest { data: &data, auth_key: Some(9), ..SendRequest::default() }).expect("sent");
    assert_eq!(message(&served).len(), 5);
}

/// D7.1.18-1, D7.1.18-2: the INIT carries the list.
#[test]
fn the_init_carries_the_list() {
    let pair = Pair::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    pair.filter(move |packet| {
        // CHUNKS, length 5, DATA.
        let listed = packet.packet.windows(5).any(|octets| octets == [0x80, 3, 0, 5, 0]);
        count.fetch_add(listed.into(), Ordering::Relaxed);
        true
    });
    let _ = connected(&pair, [b"x", b"x"]);
    assert_eq!(seen.load(Ordering::Relaxed), 2, "INIT and INIT ACK");
}
