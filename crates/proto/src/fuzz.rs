//! What the fuzz target and the replay of its corpus do: a script of packets, time and commands for an association that
//! is up, read from any octets.

use std::{net::Ipv4Addr, time::Duration};

use bytes::Bytes;
use usctp_wire::{HEADER_LEN, Ppid, StreamId};

use crate::{
    Address, AssociationConfig, AssociationKey, Binding, Carrier, ChecksumState, Ecn, Endpoint, EndpointConfig,
    EventKind, IcmpError, IcmpKind, LinkId, LocalAddress, OutgoingMessage, Received, Route, Routing, Time,
};

/// Runs the script in `octets`.
///
/// # Panics
/// When the engine breaks a promise: it contradicts itself, sends without end, or holds more than its buffers.
#[doc(hidden)]
pub fn fuzz_association(octets: &[u8]) {
    let mut script = Script { rest: octets };
    let Some(buffer) = script.octet() else { return };
    let config = AssociationConfig {
        receive_buffer: 2_000 + u32::from(buffer) * 200,
        partial_delivery_point: u32::from(buffer & 1) * 500,
        ..AssociationConfig::default()
    };
    let mut stage = Stage::new(&config);
    while let Some(command) = script.octet() {
        stage.obey(command, &mut script);
        stage.settle();
    }
    // Whatever it was, time ends it or brings it to rest.
    for _ in 0..200 {
        stage.pass(Duration::from_secs(10));
    }
}

/// Octets that are taken from the front.
struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    fn octet(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.octet().unwrap_or(0), self.octet().unwrap_or(0)])
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }
}

/// The endpoint under test, and an honest one that it has an association with.
struct Stage {
    now: Time,
    ends: [Endpoint; 2],
    keys: [Option<AssociationKey>; 2],
    /// What the honest end has sent and the network still has.
    honest: Vec<Bytes>,
    /// Common header of the honest end's last packet: ports and the right tag.
    header: Vec<u8>,
    unreleased: u32,
}

/// Index of the endpoint under test.
const TESTED: usize = 0;
const HONEST: usize = 1;

impl Stage {
    fn new(config: &AssociationConfig) -> Self {
        let end = |own: usize| {
            let mut endpoint =
                Endpoint::new(EndpointConfig::default(), [own as u8 + 1; 32], Box::new(Straight { own }));
            let local = LocalAddress { address: address(own), interface: 1 };
            endpoint.handle_local_addresses(Time::ZERO, &[local]);
            let binding = Binding { port: PORT, addresses: Vec::new(), ipv4: true, ipv6: true, share: false };
            let binding = endpoint.bind(binding, &mut |_| true).expect("the only binding");
            endpoint.configure_binding(binding, config.clone());
            endpoint.listen(binding, Some(usize::MAX));
            (endpoint, binding)
        };
        let (tested, _) = end(TESTED);
        let (mut honest, binding) = end(HONEST);
        let peer = [address(TESTED)];
        let key = honest.connect(Time::ZERO, binding, &peer, PORT, config.clone()).expect("a peer to connect to");
        let mut stage = Self {
            now: Time::ZERO,
            ends: [tested, honest],
            keys: [None, Some(key)],
            honest: Vec::new(),
            header: Vec::new(),
            unreleased: 0,
        };
        for _ in 0..4 {
            stage.settle();
            stage.exchange();
        }
        assert!(stage.keys[TESTED].is_some(), "the association comes up");
        stage
    }

    fn obey(&mut self, command: u8, script: &mut Script<'_>) {
        match command % 10 {
            // A packet with the right header and any body; with another header.
            0..=2 => {
                let len = usize::from(script.number() % 2048);
                let packet = [self.header.as_slice(), script.take(len)].concat();
                self.arrive(packet.into(), command);
            }
            3 => {
                let len = usize::from(script.number() % 2048);
                let packet = script.take(len.max(HEADER_LEN)).to_vec();
                self.arrive(packet.into(), command);
            }
            4 => self.pass(Duration::from_millis(script.number().into())),
            5 => self.send(TESTED, script.number()),
            6 => self.send(HONEST, script.number()),
            7 => self.exchange(),
            8 => self.icmp(script.number()),
            _ => self.end(script.octet().unwrap_or(0)),
        }
    }

    /// A packet reaches the endpoint under test.
    fn arrive(&mut self, packet: Bytes, command: u8) {
        let received = Received {
            source: address(HONEST),
            destination: address(TESTED),
            link: LinkId(0),
            udp_port: None,
            ecn: if command & 0x80 == 0 { Ecn::NotEct } else { Ecn::Ce },
            checksum: ChecksumState::Trusted,
            packet,
        };
        self.ends[TESTED].handle_packet(self.now, received);
    }

    fn send(&mut self, end: usize, len: u16) {
        let Some(key) = self.keys[end] else { return };
        let message = OutgoingMessage {
            stream: StreamId(len % 11),
            ppid: Ppid::default(),
            unordered: len & 1 == 1,
            immediate: false,
            context: 0,
            expires: None,
            reliability: crate::Reliability::Full,
            destination: None,
            payload: vec![0; usize::from(len).max(1)].into(),
            auth_key: None,
        };
        let _ = self.ends[end].send(self.now, key, message);
    }

    /// What the honest end has sent arrives.
    fn exchange(&mut self) {
        for packet in std::mem::take(&mut self.honest) {
            self.arrive(packet, 0);
            self.settle();
        }
    }

    fn icmp(&mut self, mtu: u16) {
        let mut quoted = self.header.clone();
        quoted.rotate_left(2);
        let kind = if mtu == 0 { IcmpKind::ProtocolUnreachable } else { IcmpKind::PacketTooBig(mtu.into()) };
        let error =
            IcmpError { destination: address(HONEST), link: LinkId(0), udp_port: None, kind, quoted: quoted.into() };
        self.ends[TESTED].handle_icmp(self.now, error);
    }

    fn end(&mut self, how: u8) {
        let Some(key) = self.keys[usize::from(how & 1)] else { return };
        let end = &mut self.ends[usize::from(how & 1)];
        match how >> 1 & 3 {
            0 => end.shutdown(self.now, key),
            1 => end.abort(self.now, key, Bytes::from_static(b"end")),
            2 => end.release(self.now, key, std::mem::take(&mut self.unreleased)),
            _ => end.forget(key),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for end in &mut self.ends {
            if end.poll_timeout().is_some_and(|at| at <= self.now) {
                end.handle_timeout(self.now);
            }
        }
        self.settle();
    }

    /// Drains both ends: what the one under test sends reaches the honest one.
    fn settle(&mut self) {
        let mut buffer = Vec::new();
        for round in 0.. {
            assert!(round < MOST_PACKETS, "packets without end");
            let Some(transmit) = self.ends[TESTED].poll_transmit(self.now, &mut buffer) else { break };
            let sent = buffer.split_off(buffer.len() - transmit.len);
            for packet in sent.chunks(transmit.segment_size.unwrap_or(sent.len().max(1))) {
                let received = Received {
                    source: address(TESTED),
                    destination: address(HONEST),
                    link: LinkId(0),
                    udp_port: None,
                    ecn: transmit.ecn,
                    checksum: ChecksumState::Unknown,
                    packet: Bytes::copy_from_slice(packet),
                };
                self.ends[HONEST].handle_packet(self.now, received);
            }
        }
        while let Some(transmit) = self.ends[HONEST].poll_transmit(self.now, &mut buffer) {
            let sent = buffer.split_off(buffer.len() - transmit.len);
            for packet in sent.chunks(transmit.segment_size.unwrap_or(sent.len().max(1))) {
                self.header = packet.get(..HEADER_LEN).unwrap_or_default().to_vec();
                self.honest.push(Bytes::copy_from_slice(packet));
            }
            self.honest.truncate(MOST_PACKETS);
        }
        self.take_events();
        self.check();
    }

    fn take_events(&mut self) {
        for end in [TESTED, HONEST] {
            while let Some(event) = self.ends[end].poll_event() {
                match event.kind {
                    EventKind::Established { .. } => self.keys[end] = Some(event.association),
                    EventKind::Delivered(delivery) if end == HONEST => {
                        self.ends[end].release(self.now, event.association, delivery.charge);
                    }
                    EventKind::Delivered(delivery) => self.unreleased = self.unreleased.saturating_add(delivery.charge),
                    _ => {}
                }
            }
        }
    }

    fn check(&self) {
        self.ends[TESTED].check_invariants();
        let status = self.keys[TESTED].and_then(|key| self.ends[TESTED].status(key));
        // The window, what may fill gaps beyond it, and the bookkeeping of small chunks.
        assert!(status.is_none_or(|status| status.pending_chunks < 1_000), "chunks are piled up");
    }
}

/// There is one way.
struct Straight {
    own: usize,
}

impl Routing for Straight {
    fn route(&self, destination: Address) -> Option<Route> {
        let known = destination == address(1 - self.own);
        known.then(|| Route { source: address(self.own), mtu: 1500, interface: 1 })
    }

    fn carrier(&self, destination: Address, _: u16, _: Option<u16>) -> Option<Carrier> {
        self.route(destination).map(|_| Carrier { link: LinkId(0), udp_port: None })
    }
}

fn address(end: usize) -> Address {
    Address::new(Ipv4Addr::new(10, 0, 0, end as u8 + 1).into(), 0)
}

const PORT: u16 = 5000;
const MOST_PACKETS: usize = 5_000;
