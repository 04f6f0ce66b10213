//! Endpoints joined by a wire that loses nothing and takes no time, unless a test says so.

use std::{net::IpAddr, time::Duration};

use usctp_wire::{Chunk, ChunkType, Ppid, StreamId};

use super::*;
use crate::{Carrier, CloseReason, Delivery, Ecn, LinkId, Route};

struct Flat;

impl Routing for Flat {
    fn route(&self, destination: Address) -> Option<Route> {
        let source = match destination.ip {
            IpAddr::V4(v4) if v4.octets()[3] == 1 => address(2),
            _ => address(1),
        };
        let source = if destination.is_loopback() { destination } else { source };
        Some(Route { source, mtu: 1500, interface: 1 })
    }

    fn carrier(&self, _: Address, _: u16, udp_port: Option<u16>) -> Option<Carrier> {
        Some(Carrier { link: LinkId(0), udp_port: udp_port.filter(|port| *port != 0) })
    }
}

fn address(last: u8) -> Address {
    IpAddr::from([192, 0, 2, last]).into()
}

struct Node {
    endpoint: Endpoint,
    events: Vec<EventKind>,
}

/// One endpoint for each address of 192.0.2.0/24 that it is given; packets to loopback addresses stay with the sender.
struct Wire {
    now: Time,
    nodes: Vec<(Address, Node)>,
    /// Packets that went over the wire, as chunk types.
    log: Vec<Vec<ChunkType>>,
    /// Says of each packet (number, chunk types) whether it is lost.
    #[allow(clippy::type_complexity, reason = "named once")]
    lose: Box<dyn FnMut(usize, &[ChunkType]) -> bool>,
    /// Further addresses of nodes.
    aliases: Vec<(Address, Address)>,
}

impl Wire {
    fn new() -> Self {
        let nodes = [1, 2].map(|last| {
            let mut endpoint = Endpoint::new(EndpointConfig::default(), [last; 32], Box::new(Flat));
            let local = [address(last), IpAddr::from([127, 0, 0, 1]).into()];
            endpoint.handle_local_addresses(Time::ZERO, &local.map(|address| LocalAddress { address, interface: 1 }));
            (address(last), Node { endpoint, events: Vec::new() })
        });
        Self {
            now: Time::ZERO,
            nodes: nodes.into(),
            log: Vec::new(),
            lose: Box::new(|_, _| false),
            aliases: Vec::new(),
        }
    }

    fn at(&mut self, last: u8) -> &mut Node {
        let wanted = address(last);
        &mut self.nodes.iter_mut().find(|(address, _)| *address == wanted).expect("a node of the test").1
    }

    fn bind(&mut self, last: u8, port: u16) -> BindingKey {
        let binding = Binding { port, addresses: vec![], ipv4: true, ipv6: false, share: false };
        self.at(last).endpoint.bind(binding, &mut |_| true).unwrap()
    }

    fn connect(&mut self, last: u8, binding: BindingKey, peer: Address, port: u16) -> AssociationKey {
        let now = self.now;
        self.at(last).endpoint.connect(now, binding, &[peer], port, AssociationConfig::default()).unwrap()
    }

    /// Carries packets until none is left.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            for index in 0..self.nodes.len() {
                let mut buffer = Vec::new();
                while let Some(transmit) = self.nodes[index].1.endpoint.poll_transmit(self.now, &mut buffer) {
                    moved = true;
                    let octets = std::mem::take(&mut buffer);
                    assert_eq!(octets.len(), transmit.len);
                    for packet in octets.chunks(transmit.segment_size.unwrap_or(transmit.len)) {
                        self.carry(index, &transmit, packet);
                    }
                }
                let node = &mut self.nodes[index].1;
                while let Some(event) = node.endpoint.poll_event() {
                    node.events.push(event.kind);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn carry(&mut self, from: usize, transmit: &Transmit, packet: &[u8]) {
        let kinds: Vec<_> = Packet::decode(packet).unwrap().chunks().map(|chunk| chunk.unwrap().kind).collect();
        let lost = (self.lose)(self.log.len(), &kinds);
        self.log.push(kinds);
        if lost {
            return;
        }
        let alias = self.aliases.iter().find(|(alias, _)| *alias == transmit.destination);
        let there = alias.map_or(transmit.destination, |(_, address)| *address);
        let to =
            if there.is_loopback() { Some(from) } else { self.nodes.iter().position(|(address, _)| *address == there) };
        let received = Received {
            source: transmit.source.unwrap(),
            destination: transmit.destination,
            link: LinkId(0),
            udp_port: transmit.carrier.udp_port,
            ecn: Ecn::NotEct,
            checksum: ChecksumState::Unknown,
            packet: Bytes::copy_from_slice(packet),
        };
        if let Some(to) = to {
            self.nodes[to].1.endpoint.handle_packet(self.now, received);
        }
    }

    /// Lets time pass until nothing is left to do before `end`.
    fn run_until(&mut self, end: Time) {
        self.settle();
        let mut at_once = 0;
        loop {
            let next = self.nodes.iter_mut().filter_map(|(_, node)| node.endpoint.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            // A deadline may be at once, but then not for ever.
            at_once = if next > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 3, "time goes on");
            self.now = self.now.max(next);
            for (_, node) in &mut self.nodes {
                node.endpoint.handle_timeout(next);
            }
            self.settle();
        }
        self.now = end;
    }

    fn run_for(&mut self, seconds: u64) {
        self.run_until(self.now + Duration::from_secs(seconds));
    }

    fn send(&mut self, last: u8, key: AssociationKey, payload: &[u8]) {
        let now = self.now;
        let message = OutgoingMessage {
            stream: StreamId(0),
            ppid: Ppid::default(),
            unordered: false,
            immediate: false,
            context: 0,
            expires: None,
            reliability: Reliability::Full,
            destination: None,
            payload: Bytes::copy_from_slice(payload),
            auth_key: None,
        };
        self.at(last).endpoint.send(now, key, message).unwrap();
    }

    fn delivered(&mut self, last: u8) -> Vec<Vec<u8>> {
        let events = &self.at(last).events;
        events
            .iter()
            .filter_map(|event| match event {
                EventKind::Delivered(Delivery { data, .. }) => Some(data.concat()),
                _ => None,
            })
            .collect()
    }

    fn closed(&mut self, last: u8) -> Vec<CloseReason> {
        let events = &self.at(last).events;
        events
            .iter()
            .filter_map(|event| match event {
                EventKind::Closed(reason) => Some(reason.clone()),
                _ => None,
            })
            .collect()
    }

    fn count(&mut self, last: u8, wanted: fn(&EventKind) -> bool) -> usize {
        self.at(last).events.iter().filter(|event| wanted(event)).count()
    }
}

const fn established(event: &EventKind) -> bool {
    matches!(event, EventKind::Established { .. })
}

/// Client at 1, server at 2, up.
fn pair() -> (Wire, AssociationKey, AssociationKey) {
    let mut wire = Wire::new();
    let server = wire.bind(2, 5000);
    wire.at(2).endpoint.listen(server, Some(10));
    let client = wire.bind(1, 0);
    let key = wire.connect(1, client, address(2), 5000);
    wire.settle();
    let port = wire.at(1).endpoint.binding(client).unwrap().port;
    let accepted = wire.at(2).endpoint.find(server, address(1), port).expect("accepted");
    (wire, key, accepted)
}

// 1 -- INIT --------> 2
// 1 <----- INIT ACK -- 2
// 1 -- COOKIE ECHO --> 2
// 1 <--- COOKIE ACK -- 2
#[test]
fn four_packets_make_an_association() {
    let (mut wire, ..) = pair();
    assert_eq!(wire.log, [[ChunkType::INIT], [ChunkType::INIT_ACK], [ChunkType::COOKIE_ECHO], [ChunkType::COOKIE_ACK]]);
    assert_eq!((wire.count(1, established), wire.count(2, established)), (1, 1));
}

#[test]
fn data_goes_both_ways_and_the_end_is_orderly() {
    let (mut wire, client, server) = pair();
    let large: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
    wire.send(1, client, b"hello");
    wire.send(2, server, b"welcome");
    wire.run_for(1);
    assert_eq!(wire.delivered(2), [b"hello"]);
    assert_eq!(wire.delivered(1), [b"welcome"]);
    wire.send(1, client, &large[..100_000]);
    wire.run_for(1);
    assert_eq!(wire.delivered(2)[1..].concat(), large[..100_000]);
    let now = wire.now;
    wire.at(1).endpoint.shutdown(now, client);
    wire.run_for(1);
    assert_eq!(wire.closed(1), [CloseReason::Shutdown]);
    assert_eq!(wire.closed(2), [CloseReason::Shutdown]);
    assert_eq!(wire.count(2, |event| matches!(event, EventKind::PeerShutdown)), 1);
    let last = &wire.log[wire.log.len() - 3..];
    assert_eq!(last, [[ChunkType::SHUTDOWN], [ChunkType::SHUTDOWN_ACK], [ChunkType::SHUTDOWN_COMPLETE]]);
    assert!(wire.at(1).endpoint.status(client).is_none());
}

#[test]
fn what_is_queued_before_the_association_is_up_rides_on_the_cookie_echo() {
    let mut wire = Wire::new();
    let server = wire.bind(2, 5000);
    wire.at(2).endpoint.listen(server, Some(10));
    let client = wire.bind(1, 0);
    let key = wire.connect(1, client, address(2), 5000);
    wire.send(1, key, b"early");
    let now = wire.now;
    wire.at(1).endpoint.shutdown(now, key);
    wire.run_for(1);
    assert_eq!(wire.log[2], [ChunkType::COOKIE_ECHO, ChunkType::DATA]);
    assert_eq!(wire.delivered(2), [b"early"]);
    assert_eq!((wire.closed(1), wire.closed(2)), (vec![CloseReason::Shutdown], vec![CloseReason::Shutdown]));
}

#[test]
fn an_abort_reaches_the_peer_with_its_reason() {
    let (mut wire, client, _) = pair();
    let now = wire.now;
    wire.at(1).endpoint.abort(now, client, Bytes::from_static(b"bye"));
    wire.settle();
    assert_eq!(wire.closed(1), [CloseReason::Aborted { code: 12, by_user: true, during_setup: false }]);
    let causes = Bytes::from_static(&[0, 12, 0, 7, b'b', b'y', b'e']);
    assert_eq!(wire.closed(2), [CloseReason::AbortedByPeer { code: 12, causes, during_setup: false }]);
}

#[test]
fn a_port_where_nobody_listens_answers_with_abort() {
    let mut wire = Wire::new();
    let client = wire.bind(1, 0);
    wire.connect(1, client, address(2), 5000);
    wire.settle();
    assert_eq!(wire.log, [[ChunkType::INIT], [ChunkType::ABORT]]);
    assert!(matches!(wire.closed(1)[..], [CloseReason::AbortedByPeer { code: 0, during_setup: true, .. }]));
}

#[test]
fn any_packet_of_opening_and_end_may_be_lost() {
    for lost in 0..10 {
        let mut wire = Wire::new();
        wire.lose = Box::new(move |number, _| number == lost);
        let server = wire.bind(2, 5000);
        wire.at(2).endpoint.listen(server, Some(10));
        let client = wire.bind(1, 0);
        let key = wire.connect(1, client, address(2), 5000);
        wire.send(1, key, b"one");
        wire.run_for(20);
        wire.send(1, key, b"two");
        let now = wire.now;
        wire.at(1).endpoint.shutdown(now, key);
        wire.run_for(20);
        assert_eq!(wire.delivered(2), [b"one", b"two"], "lost {lost}");
        assert_eq!(wire.closed(1), [CloseReason::Shutdown], "lost {lost}: {:?}", wire.log);
        assert_eq!(wire.closed(2), [CloseReason::Shutdown], "lost {lost}: {:?}", wire.log);
    }
}

#[test]
fn a_silent_peer_is_given_up_after_all_attempts() {
    let mut wire = Wire::new();
    wire.lose = Box::new(|_, _| true);
    let client = wire.bind(1, 0);
    wire.connect(1, client, address(2), 5000);
    wire.run_for(1000);
    assert_eq!(wire.log.len(), 9, "once, and Max.Init.Retransmits times again");
    assert_eq!(wire.closed(1), [CloseReason::TimedOut { during_setup: true }]);
}

#[test]
fn both_may_begin_at_once() {
    let mut wire = Wire::new();
    let (one, two) = (wire.bind(1, 5000), wire.bind(2, 5000));
    let first = wire.connect(1, one, address(2), 5000);
    let second = wire.connect(2, two, address(1), 5000);
    wire.run_for(10);
    assert_eq!((wire.count(1, established), wire.count(2, established)), (1, 1));
    wire.send(1, first, b"from one");
    wire.send(2, second, b"from two");
    wire.run_for(10);
    assert_eq!((wire.delivered(2), wire.delivered(1)), (vec![b"from one".to_vec()], vec![b"from two".to_vec()]));
}

#[test]
fn an_endpoint_can_talk_to_itself() {
    let mut wire = Wire::new();
    let loopback: Address = IpAddr::from([127, 0, 0, 1]).into();
    let server = wire.bind(1, 5000);
    wire.at(1).endpoint.listen(server, Some(1));
    let client = wire.bind(1, 0);
    let key = wire.connect(1, client, loopback, 5000);
    wire.send(1, key, b"near");
    wire.run_for(10);
    assert_eq!(wire.delivered(1), [b"near"]);
    assert_eq!(wire.count(1, established), 2);
    // The same port: the association is its own peer.
    let both = wire.bind(1, 6000);
    let key = wire.connect(1, both, loopback, 6000);
    wire.send(1, key, b"self");
    wire.run_for(10);
    assert_eq!(wire.delivered(1), [&b"near"[..], b"self"]);
    let now = wire.now;
    wire.at(1).endpoint.shutdown(now, key);
    wire.run_for(10);
    assert_eq!(wire.closed(1), [CloseReason::Shutdown]);
}

#[test]
fn a_restarted_peer_takes_over_its_old_association() {
    let (mut wire, client, server) = pair();
    let port = wire.at(1).endpoint.peer(client).map(|_| ()).and(wire.at(2).endpoint.peer(server)).unwrap().0;
    wire.send(1, client, b"before");
    wire.run_for(1);
    // 1 loses its memory, and gets the same port again.
    wire.at(1).endpoint = Endpoint::new(EndpointConfig::default(), [9; 32], Box::new(Flat));
    let binding = wire.bind(1, port);
    let key = wire.connect(1, binding, address(2), 5000);
    wire.send(1, key, b"after");
    wire.run_for(1);
    assert_eq!(wire.count(2, |event| matches!(event, EventKind::Restarted { .. })), 1);
    assert_eq!(wire.delivered(2), [&b"before"[..], b"after"]);
    wire.send(2, server, b"again");
    wire.run_for(1);
    assert_eq!(wire.delivered(1), [b"again"]);
}

#[test]
fn an_idle_association_is_small_and_heartbeats() {
    let (mut wire, ..) = pair();
    wire.log.clear();
    wire.run_for(100);
    assert!(wire.log.iter().any(|kinds| kinds[..] == [ChunkType::HEARTBEAT]));
    assert!(wire.log.len() < 20, "{:?}", wire.log);
    // Beside it: a path of some 300 octets, the entries of demultiplexing and deadlines. Together less than 2.5 KB.
    let octets = size_of::<Association>();
    assert!(octets <= 1760, "{octets} octets");
}

#[test]
fn a_dead_peer_is_noticed_by_heartbeats() {
    let (mut wire, ..) = pair();
    wire.lose = Box::new(|_, _| true);
    wire.run_for(2000);
    assert_eq!(wire.closed(1), [CloseReason::TimedOut { during_setup: false }]);
    assert_eq!(wire.closed(2), [CloseReason::TimedOut { during_setup: false }]);
}

#[test]
fn cookies_are_taken_only_while_there_is_room() {
    let mut wire = Wire::new();
    let server = wire.bind(2, 5000);
    wire.at(2).endpoint.listen(server, Some(0));
    let client = wire.bind(1, 0);
    wire.connect(1, client, address(2), 5000);
    wire.settle();
    assert_eq!(wire.at(2).endpoint.counters().dropped_backlog, 1);
    assert_eq!(wire.closed(1).len(), 1, "refused at once");
    wire.at(2).endpoint.listen(server, Some(1));
    wire.connect(1, client, address(2), 5000);
    wire.settle();
    assert_eq!(wire.count(1, established), 1);
}

#[test]
fn packets_out_of_the_blue_are_left_to_who_holds_the_port() {
    let mut wire = Wire::new();
    wire.at(2).endpoint.set_out_of_the_blue_policy(Box::new(|port, _| port == 7));
    let client = wire.bind(1, 0);
    wire.connect(1, client, address(2), 5000);
    wire.settle();
    assert_eq!(wire.log.len(), 1, "no answer");
    wire.connect(1, client, address(2), 7);
    wire.settle();
    assert_eq!(wire.closed(1).len(), 1);
}

#[test]
fn protocol_unreachable_refuses_an_opening_and_only_with_the_right_tag() {
    let mut wire = Wire::new();
    wire.lose = Box::new(|_, _| true);
    let client = wire.bind(1, 0);
    wire.connect(1, client, address(2), 5000);
    let (mut buffer, now) = (Vec::new(), wire.now);
    let endpoint = &mut wire.at(1).endpoint;
    endpoint.poll_transmit(now, &mut buffer).unwrap();
    let error = |quoted: &[u8]| IcmpError {
        destination: address(2),
        link: LinkId(0),
        udp_port: None,
        kind: crate::IcmpKind::ProtocolUnreachable,
        quoted: Bytes::copy_from_slice(quoted),
    };
    endpoint.handle_icmp(now, error(&buffer[..8]));
    let mut forged = buffer.clone();
    forged[17] ^= 1;
    endpoint.handle_icmp(now, error(&forged));
    assert!(endpoint.poll_event().is_none());
    endpoint.handle_icmp(now, error(&buffer));
    assert!(matches!(endpoint.poll_event().unwrap().kind, EventKind::Closed(CloseReason::Refused)));
    assert_eq!(endpoint.counters().dropped_icmp, 2);
}

#[test]
fn a_bulk_transfer_leaves_in_bursts_of_one_size() {
    let (mut wire, client, _) = pair();
    let now = wire.now;
    wire.at(1).endpoint.configure(now, client, &mut |config| config.max_burst = 0);
    for _ in 0..10 {
        wire.send(1, client, &[7; 60_000]);
    }
    let mut segments = 0;
    let mut buffer = Vec::new();
    while let Some(transmit) = wire.at(1).endpoint.poll_transmit(now, &mut buffer) {
        segments = segments.max(transmit.segment_size.map_or(1, |size| transmit.len.div_ceil(size)));
        buffer.clear();
    }
    assert!(segments > 1);
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let (mut wire, client, _) = pair();
    let now = wire.now;
    let received = |packet: &[u8]| Received {
        source: address(2),
        destination: address(1),
        link: LinkId(0),
        udp_port: None,
        ecn: Ecn::NotEct,
        checksum: ChecksumState::Trusted,
        packet: Bytes::copy_from_slice(packet),
    };
    let endpoint = &mut wire.at(1).endpoint;
    endpoint.handle_packet(now, received(&[1, 2, 3]));
    endpoint.handle_packet(now, received(&[0; 40]));
    let mut octets = Vec::new();
    let header = Header { source_port: 5000, destination_port: 1, tag: VerificationTag(7) };
    let mut packet = usctp_wire::PacketBuilder::new(&mut octets, header, 100);
    packet.push(&Chunk::CookieAck);
    packet.finish();
    octets[2..4].copy_from_slice(&endpoint.local(client).unwrap().0.to_be_bytes());
    endpoint.handle_packet(now, received(&octets));
    let counters = endpoint.counters();
    assert_eq!(
        (counters.dropped_too_short, counters.dropped_malformed, counters.dropped_wrong_tag),
        (1, 1, 1),
        "{counters:?}"
    );
    assert!(endpoint.status(client).is_some());
}

/// What 1 has to send next, as a packet that comes to its destination through UDP port `udp_port`.
fn take_packet(wire: &mut Wire, udp_port: Option<u16>) -> Received {
    let (mut buffer, now) = (Vec::new(), wire.now);
    let transmit = wire.at(1).endpoint.poll_transmit(now, &mut buffer).expect("something to send");
    Received {
        source: transmit.source.unwrap(),
        destination: transmit.destination,
        link: LinkId(0),
        udp_port,
        ecn: Ecn::NotEct,
        checksum: ChecksumState::Unknown,
        packet: Bytes::from(buffer),
    }
}

// RFC 6951 §5.4: the port is learned from packets whose tag is right, and only from them.
#[test]
fn the_udp_port_of_a_peer_is_learned_once_the_tag_was_right() {
    let (mut wire, client, server) = pair();
    let port = |wire: &mut Wire| wire.at(2).endpoint.path(server, address(1)).unwrap().carrier.udp_port;
    assert_eq!(port(&mut wire), None);
    wire.send(1, client, b"x");
    let packet = take_packet(&mut wire, Some(9899));
    let mut forged = packet.packet.to_vec();
    forged[5] ^= 1;
    let now = wire.now;
    let forged = Received { packet: Bytes::from(forged), checksum: ChecksumState::Trusted, ..packet.clone() };
    wire.at(2).endpoint.handle_packet(now, forged);
    assert_eq!(port(&mut wire), None);
    wire.at(2).endpoint.handle_packet(now, packet);
    assert_eq!(port(&mut wire), Some(9899));
}

// RFC 9260 §5.1.2: the INIT ACK may come from another address of the peer; its tag says whom it is for.
#[test]
fn an_init_ack_may_come_from_another_address() {
    let mut wire = Wire::new();
    let local = [address(2), address(77)].map(|address| LocalAddress { address, interface: 1 });
    wire.at(2).endpoint.handle_local_addresses(Time::ZERO, &local);
    let server = wire.bind(2, 5000);
    wire.at(2).endpoint.listen(server, Some(1));
    let client = wire.bind(1, 0);
    let key = wire.connect(1, client, address(2), 5000);
    let (init, now) = (take_packet(&mut wire, None), wire.now);
    let node = &mut wire.at(2).endpoint;
    node.handle_packet(now, init);
    let mut buffer = Vec::new();
    let transmit = node.poll_transmit(now, &mut buffer).expect("INIT ACK");
    let init_ack = Received {
        source: address(77),
        destination: transmit.destination,
        link: LinkId(0),
        udp_port: None,
        ecn: Ecn::NotEct,
        checksum: ChecksumState::Unknown,
        packet: Bytes::from(buffer),
    };
    let endpoint = &mut wire.at(1).endpoint;
    endpoint.handle_packet(now, init_ack);
    let (_, peer) = endpoint.peer(key).unwrap();
    assert_eq!(peer, [address(2), address(77)]);
    // The COOKIE ECHO goes to the address that the program named: only that one is confirmed.
    let mut buffer = Vec::new();
    assert_eq!(endpoint.poll_transmit(now, &mut buffer).unwrap().destination, address(2));
}

#[test]
fn two_sockets_with_one_port_on_two_addresses_are_told_apart() {
    let mut wire = Wire::new();
    let local = [address(1), address(3)].map(|address| LocalAddress { address, interface: 1 });
    wire.at(1).endpoint.handle_local_addresses(Time::ZERO, &local);
    let server = wire.bind(2, 5000);
    wire.at(2).endpoint.listen(server, Some(2));
    let mut keys = Vec::new();
    for own in [1, 3] {
        let binding = Binding { port: 6000, addresses: vec![address(own)], ipv4: true, ipv6: false, share: false };
        let binding = wire.at(1).endpoint.bind(binding, &mut |_| true).unwrap();
        keys.push(wire.connect(1, binding, address(2), 5000));
    }
    // The wire carries what is for 3 to the same endpoint as what is for 1.
    wire.aliases.push((address(3), address(1)));
    wire.settle();
    assert_eq!(wire.count(1, established), 2);
    for (key, payload) in keys.iter().zip([b"a", b"b"]) {
        wire.send(1, *key, payload);
    }
    wire.run_for(1);
    assert_eq!(wire.delivered(2), [b"a", b"b"]);
    let sources: Vec<_> =
        keys.iter().map(|key| wire.at(1).endpoint.path(*key, address(2)).unwrap().source.unwrap()).collect();
    assert_eq!(sources, [address(1), address(3)]);
}
