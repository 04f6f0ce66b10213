//! Options: values of a fresh socket, scopes, ranges, and that they take effect.

mod pair;

use std::time::Duration;

use pair::*;
use usctp_socket::{
    AssocId, AssociationParameters, DelayedSack, Domain, GeneralName, GeneralValue, InitParameters, NotificationKind,
    OptionName, OptionValue, PartialReliability, PathParameters, PathThresholds, RtoParameters, Scope, SendFlags,
    SendInfo, Socket, SocketError, StreamScheduler, Style, Subscriptions,
};

fn get(socket: &Socket, name: OptionName) -> Result<OptionValue, SocketError> {
    socket.option(name, Scope::default())
}

fn set(socket: &Socket, value: OptionValue) -> Result<(), SocketError> {
    socket.set_option(Scope::default(), &value)
}

fn of(id: AssocId) -> Scope {
    Scope { association: id, address: None }
}

fn int(socket: &Socket, name: GeneralName) -> i32 {
    match socket.general_option(name) {
        Ok(GeneralValue::Int(number)) => number,
        other => panic!("{other:?}"),
    }
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_fresh_socket_has_linuxs_values() {
    let pair = Pair::new();
    for style in [Style::OneToOne, Style::OneToMany] {
        let socket = pair.a.socket(Domain::Inet, style).expect("a socket");
        let rto = RtoParameters { initial: ms(3000), max: ms(60_000), min: ms(1000) };
        let association = AssociationParameters {
            max_retransmissions: 10,
            cookie_life: ms(60_000),
            ..AssociationParameters::default()
        };
        let init = InitParameters { outbound_streams: 10, inbound_streams: 65_535, attempts: 8, timeout_ms: 60_000 };
        let path = PathParameters {
            heartbeat_interval: ms(30_000),
            max_retransmissions: 5,
            sack_delay: ms(200),
            flags: 0x29,
            ..PathParameters::default()
        };
        let thresholds =
            PathThresholds { max_retransmissions: 5, potentially_failed: 0, primary_switchover: Some(65_535) };
        let send = SendInfo { lifetime: Some(Duration::ZERO), ..SendInfo::default() };
        let values = [
            (OptionName::Rto, OptionValue::Rto(rto)),
            (OptionName::Association, OptionValue::Association(association)),
            (OptionName::Init, OptionValue::Init(init)),
            (OptionName::NoDelay, OptionValue::NoDelay(false)),
            (OptionName::DisableFragments, OptionValue::DisableFragments(false)),
            (OptionName::FragmentInterleave, OptionValue::FragmentInterleave(0)),
            (OptionName::PartialDeliveryPoint, OptionValue::PartialDeliveryPoint(0)),
            (OptionName::AdaptationLayer, OptionValue::AdaptationLayer(0)),
            (OptionName::Context, OptionValue::Context(0)),
            (OptionName::MaximumSegment, OptionValue::MaximumSegment(0)),
            (OptionName::PathParameters, OptionValue::PathParameters(path)),
            (OptionName::DefaultSendParameters, OptionValue::DefaultSendParameters(send)),
            (OptionName::DefaultSendInfo, OptionValue::DefaultSendInfo(SendInfo::default())),
            (
                OptionName::DefaultPartialReliability,
                OptionValue::DefaultPartialReliability(PartialReliability::default()),
            ),
            (OptionName::Events, OptionValue::Events { wanted: Subscriptions::default(), len: 14 }),
            (OptionName::ReceiveInfo, OptionValue::ReceiveInfo(false)),
            (OptionName::NextInfo, OptionValue::NextInfo(false)),
            (OptionName::MappedV4, OptionValue::MappedV4(true)),
            (OptionName::DelayedSack, OptionValue::DelayedSack(DelayedSack { delay: ms(200), frequency: 2 })),
            (OptionName::MaximumBurst, OptionValue::MaximumBurst(4)),
            (OptionName::PathThresholds, OptionValue::PathThresholds(thresholds)),
            (OptionName::EcnSupported, OptionValue::EcnSupported(true)),
            (OptionName::PartialReliabilitySupported, OptionValue::PartialReliabilitySupported(true)),
            (OptionName::StreamScheduler, OptionValue::StreamScheduler(StreamScheduler::FirstCome)),
            (OptionName::ReusePort, OptionValue::ReusePort(false)),
            (OptionName::EncapsulationPort, OptionValue::EncapsulationPort(0)),
        ];
        for (name, value) in values {
            assert_eq!(get(&socket, name), Ok(value), "{style:?}");
        }
        for name in
            [OptionName::Status, OptionName::PrimaryAddress, OptionName::PathInfo, OptionName::AssociationStatistics]
        {
            assert_eq!(get(&socket, name), Err(SocketError::InvalidArgument), "{name:?}");
        }
        let (number, autoclose) = if style == Style::OneToMany {
            (Ok(OptionValue::AssociationNumber(0)), Ok(OptionValue::Autoclose(0)))
        } else {
            (Err(SocketError::NotSupported), Err(SocketError::NotSupported))
        };
        assert_eq!(get(&socket, OptionName::AssociationNumber), number);
        assert_eq!(get(&socket, OptionName::Autoclose), autoclose);
    }
}

#[test]
fn general_options_read_as_on_linux() {
    let pair = Pair::new();
    let socket = pair.a.socket(Domain::Inet6, Style::OneToMany).expect("a socket");
    assert_eq!(int(&socket, GeneralName::SendBuffer), 212_992);
    assert_eq!(int(&socket, GeneralName::ReceiveBuffer), 212_992);
    assert_eq!(int(&socket, GeneralName::Type), 5);
    assert_eq!(int(&socket, GeneralName::Protocol), 132);
    assert_eq!(int(&socket, GeneralName::Domain), 10);
    assert_eq!(int(&socket, GeneralName::Error), 0);
    assert_eq!(socket.general_option(GeneralName::Linger), Ok(GeneralValue::Linger { on: false, seconds: 0 }));
    for (asked, receive, send) in [(20_000, 40_000, 40_000), (1, 2304, 4608)] {
        socket.set_general_option(GeneralName::ReceiveBuffer, &GeneralValue::Int(asked)).expect("set");
        socket.set_general_option(GeneralName::SendBuffer, &GeneralValue::Int(asked)).expect("set");
        assert_eq!(int(&socket, GeneralName::ReceiveBuffer), receive);
        assert_eq!(int(&socket, GeneralName::SendBuffer), send);
    }
    let linger = GeneralValue::Linger { on: true, seconds: -3 };
    socket.set_general_option(GeneralName::Linger, &linger).expect("set");
    assert_eq!(socket.general_option(GeneralName::Linger), Ok(linger));
    assert_eq!(
        socket.set_general_option(GeneralName::BindToDevice, &GeneralValue::Name(b"no such one".to_vec())),
        Err(SocketError::NoDevice)
    );
    assert_eq!(socket.stored_option(1, 9), None);
    socket.set_stored_option(1, 9, &[1, 0, 0, 0]).expect("stored");
    assert_eq!(socket.stored_option(1, 9), Some(vec![1, 0, 0, 0]));
    assert_eq!(socket.set_stored_option(1, 10, &[0; 2000]), Err(SocketError::NoBuffers));
}

#[test]
fn the_receive_buffer_is_the_window_announced_twice() {
    let pair = Pair::new();
    for (asked, window) in [(None, 106_496), (Some(20_000), 20_000), (Some(1), 1500)] {
        let (client, server_socket) = pair.many();
        if let Some(asked) = asked {
            client.set_general_option(GeneralName::ReceiveBuffer, &GeneralValue::Int(asked)).expect("set");
        }
        client.connect(&[server()], false).expect("connected");
        let OptionValue::AssociationIds(ids) = get(&server_socket, OptionName::AssociationIds).expect("ids") else {
            panic!("another value")
        };
        let status = server_socket.option(OptionName::Status, of(ids[0])).expect("a status");
        let OptionValue::Status(status) = status else { panic!("{status:?}") };
        assert_eq!(status.peer_rwnd, window);
        drop((client, server_socket));
        until("gone", || pair.z.associations() == 0);
    }
}

#[test]
fn an_association_has_its_own_values_and_a_one_to_one_socket_means_it_whatever_the_id() {
    let pair = Pair::new();
    let (client, _server) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    let rto = RtoParameters { initial: ms(0), max: ms(5000), min: ms(0) };
    client.set_option(of(id), &OptionValue::Rto(rto)).expect("set");
    let full = |max| OptionValue::Rto(RtoParameters { initial: ms(3000), max: ms(max), min: ms(1000) });
    assert_eq!(client.option(OptionName::Rto, of(id)), Ok(full(5000)));
    assert_eq!(get(&client, OptionName::Rto), Ok(full(60_000)));
    for bad in [AssocId(1), AssocId(2), AssocId(id.0 + 1000), AssocId(-1)] {
        assert_eq!(client.option(OptionName::Rto, of(bad)), Err(SocketError::InvalidArgument), "{bad:?}");
        assert_eq!(client.set_option(of(bad), &OptionValue::Rto(rto)), Err(SocketError::InvalidArgument));
    }
    let wrong = RtoParameters { initial: ms(0), max: ms(10), min: ms(20) };
    assert_eq!(client.set_option(of(id), &OptionValue::Rto(wrong)), Err(SocketError::InvalidArgument));
    let (one, _served) = Pair::new().connected();
    assert_eq!(one.option(OptionName::Rto, of(AssocId(-99))), Ok(full(60_000)));
}

#[test]
fn current_and_all_reach_whom_they_name() {
    let pair = Pair::new();
    let (client, _server) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    let burst = |scope| match client.option(OptionName::MaximumBurst, scope) {
        Ok(OptionValue::MaximumBurst(packets)) => packets,
        other => panic!("{other:?}"),
    };
    client.set_option(of(AssocId::CURRENT), &OptionValue::MaximumBurst(7)).expect("set");
    assert_eq!((burst(of(id)), burst(Scope::default())), (7, 4));
    client.set_option(of(AssocId::ALL), &OptionValue::MaximumBurst(9)).expect("set");
    assert_eq!((burst(of(id)), burst(Scope::default())), (9, 9));
    client.set_option(Scope::default(), &OptionValue::MaximumBurst(3)).expect("set");
    assert_eq!((burst(of(id)), burst(Scope::default())), (9, 3));
    assert_eq!(client.set_option(of(AssocId(-5)), &OptionValue::MaximumBurst(1)), Ok(()), "silently accepted");
    assert_eq!(
        client.set_option(of(AssocId(id.0 + 999)), &OptionValue::MaximumBurst(1)),
        Err(SocketError::InvalidArgument)
    );
    assert_eq!((burst(of(id)), burst(Scope::default())), (9, 3));
}

#[test]
fn the_sack_delay_reads_back_as_on_linux() {
    let pair = Pair::new();
    let socket = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    let sack = |delay, frequency| OptionValue::DelayedSack(DelayedSack { delay: ms(delay), frequency });
    set(&socket, sack(300, 0)).expect("set");
    assert_eq!(get(&socket, OptionName::DelayedSack), Ok(sack(300, 2)));
    set(&socket, sack(0, 1)).expect("off");
    assert_eq!(get(&socket, OptionName::DelayedSack), Ok(sack(0, 1)));
    set(&socket, sack(0, 4)).expect("on again");
    assert_eq!(get(&socket, OptionName::DelayedSack), Ok(sack(300, 4)));
    assert_eq!(set(&socket, sack(501, 0)), Err(SocketError::InvalidArgument));
    set(&socket, sack(0, 0)).expect("nothing changes");
    assert_eq!(get(&socket, OptionName::DelayedSack), Ok(sack(300, 4)));
}

#[test]
fn path_parameters_of_one_address_of_an_association_and_of_the_socket() {
    let pair = Pair::new();
    let (client, _server) = pair.many();
    let id = client.connect(&[server()], false).expect("connected");
    let interval = |scope| match client.option(OptionName::PathParameters, scope) {
        Ok(OptionValue::PathParameters(parameters)) => parameters.heartbeat_interval,
        other => panic!("{other:?}"),
    };
    let change = |count| {
        OptionValue::PathParameters(PathParameters {
            heartbeat_interval: ms(count),
            flags: PathParameters::HEARTBEAT_ENABLE,
            ..PathParameters::default()
        })
    };
    let path = Scope { association: id, address: Some(server()) };
    client.set_option(path, &change(5000)).expect("set");
    assert_eq!((interval(path), interval(of(id)), interval(Scope::default())), (ms(5000), ms(30_000), ms(30_000)));
    client.set_option(of(id), &change(6000)).expect("set");
    assert_eq!((interval(path), interval(of(id)), interval(Scope::default())), (ms(6000), ms(6000), ms(30_000)));
    let stranger = Scope { association: id, address: Some(at("10.0.0.9", PORT)) };
    assert_eq!(client.set_option(stranger, &change(1)), Err(SocketError::InvalidArgument));
    let flags = |flags| OptionValue::PathParameters(PathParameters { flags, ..PathParameters::default() });
    assert_eq!(client.set_option(path, &flags(3)), Err(SocketError::InvalidArgument), "on and off at once");
    let demand = flags(PathParameters::HEARTBEAT_DEMAND);
    assert_eq!(client.set_option(Scope::default(), &demand), Err(SocketError::InvalidArgument));
    assert_eq!(client.set_option(path, &demand), Ok(()));
    let small = OptionValue::PathParameters(PathParameters { mtu: 511, ..PathParameters::default() });
    assert_eq!(client.set_option(path, &small), Err(SocketError::InvalidArgument));
    let thresholds = OptionValue::PathThresholds(PathThresholds::default());
    assert_eq!(client.set_option(stranger, &thresholds), Err(SocketError::NoEntry));
    client.set_option(path, &OptionValue::EncapsulationPort(7777)).expect("set for this path");
    assert_eq!(client.option(OptionName::EncapsulationPort, path), Ok(OptionValue::EncapsulationPort(7777)));
    assert_eq!(get(&client, OptionName::EncapsulationPort), Ok(OptionValue::EncapsulationPort(0)));
}

#[test]
fn status_and_path_info_of_a_new_association() {
    let pair = Pair::new();
    let (client, _served) = pair.connected();
    let OptionValue::Status(status) = get(&client, OptionName::Status).expect("a status") else {
        panic!("another value")
    };
    assert_eq!(status.state, 4);
    assert_eq!((status.inbound_streams, status.outbound_streams), (10, 10));
    assert_eq!((status.unacknowledged, status.pending), (0, 0));
    assert_eq!(status.peer_rwnd, 106_496);
    assert_eq!(status.fragmentation_point, 1452);
    assert_eq!(status.primary.address, server());
    assert_eq!(status.primary.state, 2);
    assert_eq!(status.primary.cwnd, 4380);
    assert_eq!(status.primary.mtu, 1500);
    let path = Scope { association: AssocId::NONE, address: Some(server()) };
    assert_eq!(client.option(OptionName::PathInfo, path), Ok(OptionValue::PathInfo(status.primary)));
    assert_eq!(get(&client, OptionName::PrimaryAddress), Ok(OptionValue::PrimaryAddress(server())));
    assert_eq!(set(&client, OptionValue::PrimaryAddress(server())), Ok(()));
    assert_eq!(set(&client, OptionValue::PrimaryAddress(at(A, PORT))), Err(SocketError::InvalidArgument));
    assert_eq!(get(&client, OptionName::MaximumSegment), Ok(OptionValue::MaximumSegment(1452)));
    set(&client, OptionValue::MaximumSegment(1000)).expect("set");
    assert_eq!(get(&client, OptionName::MaximumSegment), Ok(OptionValue::MaximumSegment(1000)));
}

#[test]
fn values_out_of_range_change_nothing() {
    let pair = Pair::new();
    let one = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    let many = pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket");
    for bad in [1, 463, 65_517] {
        assert_eq!(set(&one, OptionValue::MaximumSegment(bad)), Err(SocketError::InvalidArgument), "{bad}");
    }
    assert_eq!(set(&one, OptionValue::MaximumSegment(464)), Ok(()));
    assert_eq!(set(&one, OptionValue::PartialDeliveryPoint(106_497)), Err(SocketError::InvalidArgument));
    assert_eq!(set(&one, OptionValue::Autoclose(1)), Err(SocketError::NotSupported));
    assert_eq!(set(&many, OptionValue::Autoclose(100_000_000)), Ok(()));
    assert_eq!(get(&many, OptionName::Autoclose), Ok(OptionValue::Autoclose(21_474_836)));
    assert_eq!(set(&many, OptionValue::ReusePort(true)), Err(SocketError::NotSupported));
    let defaults = SendInfo { flags: SendFlags { send_all: true, ..SendFlags::default() }, ..SendInfo::default() };
    assert_eq!(set(&many, OptionValue::DefaultSendInfo(defaults)), Err(SocketError::InvalidArgument));
    set(&one, OptionValue::FragmentInterleave(2)).expect("set");
    assert_eq!(get(&one, OptionName::FragmentInterleave), Ok(OptionValue::FragmentInterleave(1)));
    one.bind(at(A, 0)).expect("bound");
    assert_eq!(set(&one, OptionValue::ReusePort(true)), Err(SocketError::TooLate));
    assert_eq!(set(&one, OptionValue::AssociationNumber(1)), Err(SocketError::NoSuchOption));
}

#[test]
fn events_of_a_shorter_structure_leave_the_others_as_they_are() {
    let pair = Pair::new();
    let socket = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    let all = NotificationKind::ALL.into_iter().fold(Subscriptions::default(), Subscriptions::with);
    set(&socket, OptionValue::Events { wanted: all, len: 14 }).expect("set");
    set(&socket, OptionValue::Events { wanted: Subscriptions::default(), len: 2 }).expect("set");
    let Ok(OptionValue::Events { wanted, .. }) = get(&socket, OptionName::Events) else { panic!("no events") };
    assert!(!wanted.has(NotificationKind::DataIo) && !wanted.has(NotificationKind::AssociationChange));
    assert!(wanted.has(NotificationKind::PeerAddressChange) && wanted.has(NotificationKind::SendFailedEvent));
}

#[test]
fn a_message_that_does_not_fit_one_packet_is_refused_where_fragments_are_off() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    set(&client, OptionValue::DisableFragments(true)).expect("set");
    assert_eq!(send(&client, &[1; 1452]), Ok(1452));
    assert_eq!(send(&client, &[1; 1453]), Err(SocketError::MessageSize));
    assert_eq!(message(&served).len(), 1452);
}

#[test]
fn defaults_of_a_send_hold_where_it_says_nothing() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    let info = SendInfo { stream: 5, ppid: 8, ..SendInfo::default() };
    set(&client, OptionValue::DefaultSendInfo(info)).expect("set");
    send(&client, b"x").expect("sent");
    let (_, received) = receive(&served).expect("a message");
    assert_eq!(received.info.map(|info| (info.stream, info.ppid)), Some((5, 8)));
}

#[test]
fn an_accepted_socket_begins_with_its_listeners_settings() {
    let pair = Pair::new();
    let listener = pair.listener();
    set(&listener, OptionValue::NoDelay(true)).expect("set");
    set(&listener, OptionValue::ReceiveInfo(true)).expect("set");
    let init = InitParameters { outbound_streams: 4, inbound_streams: 6, ..InitParameters::default() };
    set(&listener, OptionValue::Init(init)).expect("set");
    let client = pair.a.socket(Domain::Inet, Style::OneToOne).expect("a socket");
    client.connect(&[server()], false).expect("connected");
    let (served, _) = listener.accept(false).expect("accepted");
    assert_eq!(get(&served, OptionName::NoDelay), Ok(OptionValue::NoDelay(true)));
    assert_eq!(get(&served, OptionName::ReceiveInfo), Ok(OptionValue::ReceiveInfo(true)));
    let OptionValue::Status(status) = get(&served, OptionName::Status).expect("a status") else {
        panic!("another value")
    };
    assert_eq!((status.inbound_streams, status.outbound_streams), (6, 4));
}

/// B8-4, B8-5: whose socket, future associations or present ones.
#[test]
fn schedulers_and_values_belong_to_associations() {
    let pair = Pair::new();
    let (client, served) = pair.connected();
    set(&client, OptionValue::StreamScheduler(StreamScheduler::Priority)).expect("set");
    let scheduler = |socket: &Socket| get(socket, OptionName::StreamScheduler).expect("read");
    assert_eq!(scheduler(&client), OptionValue::StreamScheduler(StreamScheduler::Priority));
    assert_eq!(scheduler(&served), OptionValue::StreamScheduler(StreamScheduler::FirstCome));
    let value = OptionValue::StreamValue { stream: 3, value: 9 };
    assert_eq!(get(&client, OptionName::StreamValue(3)), Ok(OptionValue::StreamValue { stream: 3, value: 0 }));
    set(&client, value.clone()).expect("set");
    assert_eq!(get(&client, OptionName::StreamValue(3)), Ok(value.clone()));
    assert_eq!(get(&client, OptionName::StreamValue(10)), Err(SocketError::InvalidArgument));
    let beyond = OptionValue::StreamValue { stream: 10, value: 9 };
    assert_eq!(set(&client, beyond), Err(SocketError::InvalidArgument));
    set(&client, OptionValue::StreamScheduler(StreamScheduler::WeightedFair)).expect("set");
    let nothing = OptionValue::StreamValue { stream: 3, value: 0 };
    assert_eq!(set(&client, nothing), Err(SocketError::InvalidArgument));
    assert_eq!(get(&client, OptionName::StreamValue(4)), Ok(OptionValue::StreamValue { stream: 4, value: 1 }));
    let (many, _listener) = (pair.a.socket(Domain::Inet, Style::OneToMany).expect("a socket"), ());
    set(&many, OptionValue::StreamScheduler(StreamScheduler::RoundRobinPacket)).expect("set for those to come");
    assert_eq!(scheduler(&many), OptionValue::StreamScheduler(StreamScheduler::RoundRobinPacket));
    assert_eq!(set(&many, value.clone()), Err(SocketError::InvalidArgument), "it has no streams yet");
    many.set_option(Scope { association: AssocId::CURRENT, address: None }, &value).expect("all of none");
}
