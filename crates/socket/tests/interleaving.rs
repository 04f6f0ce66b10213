//! SCTP_INTERLEAVING_SUPPORTED, and parts of messages of several streams (RFC 8260).

mod pair;

use std::{collections::BTreeMap, io::IoSlice};

use pair::*;
use usctp_socket::{
    Domain, GeneralName, GeneralValue, OptionName, OptionValue, Scope, SendInfo, SendRequest, Socket, SocketError,
    StreamScheduler, Style,
};

fn supported(socket: &Socket) -> bool {
    match socket.option(OptionName::InterleavingSupported, Scope::default()) {
        Ok(OptionValue::InterleavingSupported(on)) => on,
        other => panic!("{other:?}"),
    }
}

fn set(socket: &Socket, value: &OptionValue) -> Result<(), SocketError> {
    socket.set_option(Scope::default(), value)
}

fn wants_it(socket: &Socket) {
    set(socket, &OptionValue::ReceiveInfo(true)).expect("set");
    set(socket, &OptionValue::FragmentInterleave(2)).expect("set");
    set(socket, &OptionValue::InterleavingSupported(true)).expect("set");
    set(socket, &OptionValue::StreamScheduler(StreamScheduler::RoundRobin)).expect("set");
}

/// B8-1.
#[test]
fn it_is_off_by_default_and_only_for_programs_that_take_parts_in_turn() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    assert!(!supported(&client));
    let fresh = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    let on = OptionValue::InterleavingSupported(true);
    assert_eq!(set(&fresh, &on), Err(SocketError::NotPermitted));
    set(&fresh, &OptionValue::FragmentInterleave(1)).expect("set");
    set(&fresh, &on).expect("set");
    assert!(supported(&fresh));
    set(&client, &OptionValue::FragmentInterleave(1)).expect("set");
    set(&client, &on).expect("set for associations to come");
    assert!(!supported(&client), "not agreed on");
}

/// B8-2: two long messages of different streams arrive in parts that alternate, and each of them whole.
#[test]
fn parts_of_messages_of_different_streams_alternate() {
    let pair = Pair::new();
    let listener = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    wants_it(&listener);
    // A window much smaller than the messages, so that they have to be delivered in parts.
    listener.set_general_option(GeneralName::ReceiveBuffer, &GeneralValue::Int(20_000)).expect("set");
    listener.bind(at(A, PORT)).expect("bound");
    listener.listen(5).expect("listening");
    let client = pair.z.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    wants_it(&client);
    client.set_general_option(GeneralName::SendBuffer, &GeneralValue::Int(200_000)).expect("set");
    client.connect(&[at(A, PORT)], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    assert!(supported(&client) && supported(&served));
    let sender = std::thread::spawn(move || {
        for stream in [1, 2] {
            let octets = vec![stream as u8; 100_000];
            let info = SendInfo { stream, ..SendInfo::default() };
            client.send(&SendRequest { info: Some(info), data: &[IoSlice::new(&octets)], ..Default::default() })?;
        }
        Ok::<_, SocketError>(client)
    });
    let mut order = Vec::new();
    let mut whole: BTreeMap<u16, usize> = BTreeMap::new();
    let mut ended = 0;
    while ended < 2 {
        let (octets, received) = receive(&served).expect("a part");
        let stream = received.info.expect("about a message").stream;
        assert!(octets.iter().all(|octet| u16::from(*octet) == stream), "octets of another message");
        *whole.entry(stream).or_default() += octets.len();
        order.push(stream);
        ended += usize::from(received.end_of_record);
    }
    assert_eq!(whole, BTreeMap::from([(1, 100_000), (2, 100_000)]));
    order.dedup();
    assert!(order.len() > 2, "one after the other: {order:?}");
    sender.join().expect("no panic").expect("sent");
}
