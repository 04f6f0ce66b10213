//! Two hosts on a network in memory, each with a stack: what the tests talk through.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "a module of tests, of which each file uses a part")]

use std::{
    io::{IoSlice, IoSliceMut},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use usctp_link::{Address, MemoryHub, Packet};
use usctp_socket::{
    AssocId, AssociationChangeState, Domain, Notification, NotificationKind, OptionName, OptionValue, Personality,
    ReceiveFlags, Received, RtoParameters, Scope, SendFlags, SendInfo, SendRequest, Socket, SocketError, Stack,
    StackConfig, Style, Subscriptions,
};

/// The client's host.
pub const A: &str = "10.0.0.1";
/// The server's host.
pub const Z: &str = "10.0.0.2";
/// The server's port.
pub const PORT: u16 = 5000;

pub struct Pair {
    pub hub: MemoryHub,
    pub a: Stack,
    pub z: Stack,
    /// Nothing but a reason for the server's host to listen to the network, and to refuse.
    _idle: Socket,
}

impl Pair {
    pub fn new() -> Self {
        let hub = MemoryHub::new();
        let (a, z) = (stack(&hub, &[A, "fd00::1"], 1), stack(&hub, &[Z, "fd00::2"], 2));
        let idle = z.socket(Domain::Inet, Style::OneToMany).expect("a socket");
        Self { hub, a, z, _idle: idle }
    }

    /// From now on packets are lost where `keep` says so.
    pub fn filter(&self, keep: impl FnMut(&Packet) -> bool + Send + 'static) {
        self.hub.set_filter(keep);
    }

    /// A one-to-one socket that listens on the server's host.
    pub fn listener(&self) -> Socket {
        listening(&self.z, Style::OneToOne)
    }

    /// A connected pair of one-to-one sockets: client, server.
    pub fn connected(&self) -> (Socket, Socket) {
        let listener = self.listener();
        let client = self.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
        client.connect(&[server()], false).expect("connected");
        let (served, _) = listener.accept(false).expect("accepted");
        (client, served)
    }

    /// A one-to-many socket on each host, the server's listening, and no association yet.
    pub fn many(&self) -> (Socket, Socket) {
        let client = self.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
        (client, listening(&self.z, Style::OneToMany))
    }
}

pub fn stack(hub: &MemoryHub, addresses: &[&str], seed: u8) -> Stack {
    let addresses: Vec<_> = addresses.iter().map(|text| Address::from(ip(text))).collect();
    let config = StackConfig { seed: Some([seed; 32]), personality: Personality::Linux, ..StackConfig::default() };
    Stack::with_link(Arc::new(hub.attach(&addresses)), &config).expect("a stack")
}

pub fn listening(stack: &Stack, style: Style) -> Socket {
    let socket = stack.socket(Domain::Inet, style).expect("a socket");
    socket.bind(SocketAddr::new(ip("0.0.0.0"), PORT)).expect("bound");
    socket.listen(5).expect("listening");
    socket
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn at(text: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip(text), port)
}

pub fn server() -> SocketAddr {
    at(Z, PORT)
}

/// Retransmission timers of a few milliseconds, so that failures come soon.
pub fn hasten(socket: &Socket) {
    let rto = RtoParameters {
        initial: Duration::from_millis(20),
        min: Duration::from_millis(10),
        max: Duration::from_millis(40),
    };
    socket.set_option(Scope::default(), &OptionValue::Rto(rto)).expect("set");
    let mut init = match socket.option(OptionName::Init, Scope::default()) {
        Ok(OptionValue::Init(init)) => init,
        other => panic!("{other:?}"),
    };
    init.attempts = 2;
    init.timeout_ms = 40;
    socket.set_option(Scope::default(), &OptionValue::Init(init)).expect("set");
    let OptionValue::Association(mut parameters) =
        socket.option(OptionName::Association, Scope::default()).expect("read")
    else {
        panic!("another value")
    };
    parameters.max_retransmissions = 2;
    socket.set_option(Scope::default(), &OptionValue::Association(parameters)).expect("set");
}

/// Sends on stream 0.
pub fn send(socket: &Socket, octets: &[u8]) -> Result<usize, SocketError> {
    socket.send(&SendRequest { data: &[IoSlice::new(octets)], ..SendRequest::default() })
}

pub fn send_nonblocking(socket: &Socket, octets: &[u8]) -> Result<usize, SocketError> {
    socket.send(&SendRequest { data: &[IoSlice::new(octets)], nonblocking: true, ..SendRequest::default() })
}

/// Sends to an address.
pub fn send_to(socket: &Socket, octets: &[u8], to: SocketAddr) -> Result<usize, SocketError> {
    socket.send(&SendRequest { to: Some(to), data: &[IoSlice::new(octets)], ..SendRequest::default() })
}

/// Sends with flags to an association.
pub fn send_flags(socket: &Socket, id: AssocId, octets: &[u8], flags: SendFlags) -> Result<usize, SocketError> {
    let info = SendInfo { association: id, flags, ..SendInfo::default() };
    socket.send(&SendRequest { info: Some(info), data: &[IoSlice::new(octets)], ..SendRequest::default() })
}

/// Receives at most `room` octets.
pub fn receive_up_to(socket: &Socket, room: usize, flags: ReceiveFlags) -> Result<(Vec<u8>, Received), SocketError> {
    let mut buffer = vec![0; room];
    let received = socket.receive(&mut [IoSliceMut::new(&mut buffer)], flags)?;
    buffer.truncate(received.len);
    Ok((buffer, received))
}

pub fn receive(socket: &Socket) -> Result<(Vec<u8>, Received), SocketError> {
    receive_up_to(socket, 300_000, ReceiveFlags::default())
}

pub fn receive_now(socket: &Socket) -> Result<(Vec<u8>, Received), SocketError> {
    receive_up_to(socket, 300_000, NOW)
}

/// The next message's octets; it must be one.
pub fn message(socket: &Socket) -> Vec<u8> {
    let (octets, received) = receive(socket).expect("a message");
    assert!(!received.is_notification, "a message was expected, not {received:?}");
    octets
}

/// The next notification; it must be one.
#[track_caller]
pub fn notification(socket: &Socket) -> Notification {
    until("a notification", || socket.readiness().readable);
    let (octets, received) = receive(socket).expect("a notification");
    assert!(received.is_notification && received.end_of_record, "not a notification: {received:?}");
    let notification = received.notification.expect("with its first part");
    assert_eq!(octets, notification.encode());
    notification
}

/// The next notification, which must be of an association that has changed.
pub fn change(socket: &Socket) -> (AssociationChangeState, AssocId, u16) {
    match notification(socket) {
        Notification::AssociationChange { state, association, error, .. } => (state, association, error),
        other => panic!("{other:?}"),
    }
}

/// Subscribes to all kinds given, and to SNDRCV items.
pub fn subscribe(socket: &Socket, kinds: &[NotificationKind]) {
    let mut wanted = Subscriptions::default().with(NotificationKind::DataIo);
    for kind in kinds {
        wanted.set(*kind, true);
    }
    socket.set_option(Scope::default(), &OptionValue::Events { wanted, len: 14 }).expect("subscribed");
}

pub const ASSOCIATIONS: &[NotificationKind] = &[NotificationKind::AssociationChange, NotificationKind::Shutdown];

pub const NOW: ReceiveFlags = ReceiveFlags { peek: false, nonblocking: true };

/// Waits until `done`, at most ten seconds.
#[allow(clippy::disallowed_methods, reason = "what is waited for has nothing to sleep on, and there is a limit")]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not in ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// SO_ERROR, read and cleared.
pub fn pending_error(socket: &Socket) -> i32 {
    match socket.general_option(usctp_socket::GeneralName::Error) {
        Ok(usctp_socket::GeneralValue::Int(errno)) => errno,
        other => panic!("{other:?}"),
    }
}

/// Sends without waiting until there is no room, and says how many messages went.
pub fn fill(socket: &Socket, octets: &[u8]) -> usize {
    let mut count = 0;
    while send_nonblocking(socket, octets).is_ok() {
        count += 1;
    }
    count
}
