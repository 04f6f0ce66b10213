//! A peer driven by hand, chunk by chunk. It has no state machine: the test is it.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use usctp_proto::{
    AssociationConfig, AssociationKey, AssociationStatus, Binding, BindingKey, ChecksumState, CloseReason, Ecn,
    Endpoint, EndpointConfig, Event, EventKind, LocalAddress, Received, Time,
};
use usctp_wire::{
    Chunk, ChunkType, Data, Header, Init, PacketBuilder, Param, ParamType, Params, Ppid, Ssn, StreamId, Tsn,
    VerificationTag,
};

use crate::{
    expect::{Seen, only},
    pair::{LINK, Routes, Table, address, message},
};

/// Ports of the engine's endpoint and of the peer.
pub(crate) const OUR_PORT: u16 = 5000;
pub(crate) const PEER_PORT: u16 = 6000;
/// Tag that the peer wants to be addressed with.
pub(crate) const PEER_TAG: VerificationTag = VerificationTag(0x1234_5678);
/// TSN that the peer begins with.
pub(crate) const PEER_TSN: Tsn = Tsn(1000);

/// The peer, and the endpoint that it talks to.
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    pub(crate) binding: BindingKey,
    pub(crate) now: Time,
    /// Tag that the endpoint wants to be addressed with.
    pub(crate) tag: VerificationTag,
    /// First TSN of the endpoint.
    pub(crate) first_tsn: Tsn,
    /// TSN of the next DATA.
    pub(crate) tsn: Tsn,
    pub(crate) association: Option<AssociationKey>,
    pub(crate) events: Vec<Event>,
    pub(crate) peer_ports: u16,
    /// The peer's UDP port, if it encapsulates.
    pub(crate) udp_port: Option<u16>,
    config: AssociationConfig,
}

impl Peer {
    /// An endpoint that listens.
    pub(crate) fn listening() -> Self {
        Self::with(AssociationConfig::default())
    }

    /// As [`Self::listening`], with these settings.
    pub(crate) fn with(config: AssociationConfig) -> Self {
        let routes =
            (0..3).flat_map(|net| (2..100).map(move |host| (address(false, net, host), address(false, net, 1))));
        let table = Table { routes: routes.collect(), mtu: 1500 };
        let mut endpoint = Endpoint::new(EndpointConfig::default(), [7; 32], Box::new(Routes::new(table)));
        let local = |net| LocalAddress { address: address(false, net, 1).into(), interface: net as u32 + 1 };
        endpoint.handle_local_addresses(Time::ZERO, &[0, 1].map(local));
        let binding = Binding { port: OUR_PORT, addresses: Vec::new(), ipv4: true, ipv6: true, share: false };
        let binding = endpoint.bind(binding, &mut |_| true).expect("a free port");
        endpoint.configure_binding(binding, config.clone());
        endpoint.listen(binding, Some(1000));
        Self {
            endpoint,
            binding,
            now: Time::ZERO + Duration::from_secs(1),
            tag: VerificationTag(0),
            first_tsn: Tsn(0),
            tsn: PEER_TSN,
            association: None,
            events: Vec::new(),
            peer_ports: PEER_PORT,
            udp_port: None,
            config,
        }
    }

    /// An association that the peer has begun and that is up.
    pub(crate) fn connected() -> Self {
        Self::connected_with(AssociationConfig::default(), &[])
    }

    /// As [`Self::connected`], with settings of the endpoint and parameters in the peer's INIT.
    pub(crate) fn connected_with(config: AssociationConfig, params: &[Param<'_>]) -> Self {
        let mut peer = Self::with(config);
        let cookie = peer.cookie(params);
        peer.send(&[Chunk::CookieEcho { cookie: &cookie }]);
        let packet = only(peer.received());
        assert_eq!(packet.kinds(), [ChunkType::COOKIE_ACK], "{packet}");
        peer.association.expect("the association is up");
        peer
    }

    /// Sends an INIT, and takes tag, TSN and cookie from the answer.
    pub(crate) fn cookie(&mut self, params: &[Param<'_>]) -> Vec<u8> {
        self.send_with_tag(VerificationTag(0), &[Chunk::Init(init(params))]);
        let packet = only(self.received());
        assert_eq!(packet.kinds(), [ChunkType::INIT_ACK], "{packet}");
        assert_eq!(packet.header().tag, PEER_TAG);
        let init_ack = packet.init();
        self.tag = init_ack.initiate_tag;
        self.first_tsn = init_ack.initial_tsn;
        cookie_of(&init_ack)
    }

    /// The endpoint connects to the peer, and sends INIT; its tag and TSN are noted.
    pub(crate) fn connecting(config: AssociationConfig) -> Self {
        let mut peer = Self::with(config);
        peer.connect();
        let packet = only(peer.received());
        assert_eq!(packet.kinds(), [ChunkType::INIT], "{packet}");
        assert_eq!(packet.header().tag, VerificationTag(0));
        let init = packet.init();
        (peer.tag, peer.first_tsn) = (init.initiate_tag, init.initial_tsn);
        peer
    }

    /// As [`Self::connecting`], and the peer has answered; the endpoint has sent COOKIE ECHO.
    pub(crate) fn echoed(config: AssociationConfig) -> Self {
        let mut peer = Self::connecting(config);
        peer.send_init_ack(PEER_TAG);
        let packet = only(peer.received());
        assert_eq!(packet.kinds(), [ChunkType::COOKIE_ECHO], "{packet}");
        peer
    }

    pub(crate) fn connect(&mut self) -> AssociationKey {
        let (there, config) = (address(false, 0, 2).into(), self.config.clone());
        let key = self.endpoint.connect(self.now, self.binding, &[there], PEER_PORT, config).expect("connected");
        self.association = Some(key);
        key
    }

    pub(crate) fn send_init_ack(&mut self, tag: VerificationTag) {
        let params = [Param::StateCookie(COOKIE)];
        self.send(&[Chunk::InitAck(Init { initiate_tag: tag, params: Params::Values(&params), ..init(&[]) })]);
    }

    /// Sends chunks in one packet with the endpoint's tag.
    pub(crate) fn send(&mut self, chunks: &[Chunk<'_>]) {
        self.send_with_tag(self.tag, chunks);
    }

    pub(crate) fn send_with_tag(&mut self, tag: VerificationTag, chunks: &[Chunk<'_>]) {
        self.send_from(address(false, 0, 2), tag, chunks);
    }

    /// Sends chunks in one packet from another address.
    pub(crate) fn send_from(&mut self, source: IpAddr, tag: VerificationTag, chunks: &[Chunk<'_>]) {
        let mut octets = Vec::new();
        let header = Header { source_port: self.peer_ports, destination_port: OUR_PORT, tag };
        let mut packet = PacketBuilder::new(&mut octets, header, 65_000);
        for chunk in chunks {
            assert!(packet.push(chunk), "the chunk fits");
        }
        packet.finish();
        self.send_octets(source, octets);
    }

    /// Sends a packet as it is.
    pub(crate) fn send_octets(&mut self, source: IpAddr, octets: Vec<u8>) {
        self.send_marked(source, octets, Ecn::NotEct);
    }

    pub(crate) fn send_marked(&mut self, source: IpAddr, octets: Vec<u8>, ecn: Ecn) {
        let received = Received {
            source: source.into(),
            destination: address(false, 0, 1).into(),
            link: LINK,
            udp_port: self.udp_port,
            ecn,
            checksum: ChecksumState::Unknown,
            packet: octets.into(),
        };
        self.endpoint.handle_packet(self.now, received);
        self.take_events();
        self.endpoint.check_invariants();
    }

    /// Sends the next DATA: a whole message in order on stream 0 as the `ssn`-th.
    pub(crate) fn send_data(&mut self, ssn: u16, payload: &[u8]) {
        let data = self.next_data(ssn, payload);
        self.send(&[Chunk::Data(data)]);
    }

    pub(crate) fn next_data<'a>(&mut self, ssn: u16, payload: &'a [u8]) -> Data<'a> {
        let tsn = self.tsn;
        self.tsn = tsn.next();
        data(tsn, ssn, payload)
    }

    /// What the endpoint has sent by now.
    pub(crate) fn received(&mut self) -> Vec<Seen> {
        let (mut all, mut buffer) = (Vec::new(), Vec::new());
        while let Some(transmit) = self.endpoint.poll_transmit(self.now, &mut buffer) {
            let start = buffer.len() - transmit.len;
            for octets in buffer[start..].chunks(transmit.segment_size.unwrap_or(transmit.len)) {
                let destination = transmit.destination.ip;
                all.push(Seen { destination, ecn: transmit.ecn, carrier: transmit.carrier, octets: octets.to_vec() });
            }
            buffer.clear();
            assert!(all.len() < 10_000, "there is no end of what is sent");
        }
        self.take_events();
        self.endpoint.check_invariants();
        all
    }

    /// Lets time go by, with every deadline on the way kept, until the endpoint sends something or `limit` is over.
    pub(crate) fn wait(&mut self, limit: Duration) -> Vec<Seen> {
        let end = self.now + limit;
        loop {
            let packets = self.received();
            if !packets.is_empty() {
                return packets;
            }
            let Some(at) = self.endpoint.poll_timeout().filter(|&at| at <= end) else { break };
            self.now = self.now.max(at);
            self.endpoint.handle_timeout(self.now);
        }
        self.now = end;
        self.received()
    }

    /// Echoes the HEARTBEATs of `packet`.
    pub(crate) fn answer_heartbeats(&mut self, packet: &Seen) {
        for chunk in packet.chunks() {
            if let Chunk::Heartbeat { info } = chunk {
                self.send(&[Chunk::HeartbeatAck { info }]);
            }
        }
    }

    /// The program of the endpoint sends a message in order on stream 0.
    pub(crate) fn program_sends(&mut self, payload: &[u8]) {
        let message = message(0, Bytes::copy_from_slice(payload));
        self.endpoint.send(self.now, self.key(), message).expect("sent");
    }

    /// The program of the endpoint is out of send buffer.
    pub(crate) fn program_waits_for_room(&mut self) {
        let key = self.key();
        self.endpoint.push(self.now, key);
    }

    pub(crate) fn key(&self) -> AssociationKey {
        self.association.expect("an association")
    }

    pub(crate) fn status(&self) -> Option<AssociationStatus> {
        self.association.and_then(|key| self.endpoint.status(key))
    }

    pub(crate) fn closed(&self) -> Option<&CloseReason> {
        self.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Closed(reason) => Some(reason),
            _ => None,
        })
    }

    pub(crate) fn was_told(&self, kind: impl Fn(&EventKind) -> bool) -> bool {
        self.events.iter().any(|event| kind(&event.kind))
    }

    fn take_events(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            if matches!(event.kind, EventKind::Established { .. }) {
                self.association = Some(event.association);
            }
            self.events.push(event);
        }
    }
}

/// The peer's INIT, or INIT ACK without a cookie.
pub(crate) fn init<'a>(params: &'a [Param<'a>]) -> Init<'a> {
    Init {
        initiate_tag: PEER_TAG,
        a_rwnd: 100_000,
        outbound_streams: 10,
        inbound_streams: 10,
        initial_tsn: PEER_TSN,
        params: Params::Values(params),
    }
}

/// A whole message in order on stream 0.
pub(crate) fn data(tsn: Tsn, ssn: u16, payload: &[u8]) -> Data<'_> {
    Data {
        tsn,
        stream: StreamId(0),
        ssn: Ssn(ssn),
        ppid: Ppid::default(),
        unordered: false,
        beginning: true,
        ending: true,
        immediate: false,
        payload,
    }
}

/// A SACK of everything up to `cumulative`.
pub(crate) fn sack(cumulative: Tsn) -> Chunk<'static> {
    Chunk::Sack(usctp_wire::Sack {
        cumulative,
        a_rwnd: 100_000,
        gaps: usctp_wire::GapBlocks::NONE,
        duplicates: usctp_wire::Duplicates::NONE,
    })
}

pub(crate) fn cookie_of(init_ack: &Init<'_>) -> Vec<u8> {
    match init_ack.params.find(ParamType::STATE_COOKIE) {
        Some(Param::StateCookie(cookie)) => cookie.to_vec(),
        other => panic!("no cookie but {other:?}"),
    }
}

/// The peer's cookie, opaque to the endpoint.
pub(crate) const COOKIE: &[u8] = b"a cookie that only the peer understands";
