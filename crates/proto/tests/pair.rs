//! Two endpoints on a simulated network.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use usctp_netsim::{Arrival, ArrivalKind, Fate, HostId, LinkConfig, LinkId, Network, Payload, Seed};
use usctp_proto::{
    Address, AssociationConfig, AssociationKey, AssociationStatus, Binding, BindingKey, Carrier, ChecksumState,
    CloseReason, Ecn, Endpoint, EndpointConfig, Event, EventKind, IcmpError, IcmpKind, LocalAddress, MessageId,
    OutgoingMessage, PathStatus, Received, Route, Routing, SendError, Time,
};
use usctp_wire::{Ppid, StreamId};

use crate::{
    log::{Entry, Log, Sent},
    mailbox::{Mailbox, Message},
};

/// The two ends.
pub(crate) const A: usize = 0;
pub(crate) const Z: usize = 1;
pub(crate) const PORTS: [u16; 2] = [4000, 5000];

/// What a pair is made from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    /// One path per link.
    pub(crate) links: Vec<LinkConfig>,
    pub(crate) interface_mtu: usize,
    pub(crate) ipv6: bool,
    pub(crate) configs: [AssociationConfig; 2],
    pub(crate) endpoint: EndpointConfig,
    /// Lines of the log that are kept.
    pub(crate) logged: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            links: vec![LinkConfig::default()],
            interface_mtu: 1500,
            ipv6: false,
            configs: [AssociationConfig::default(), AssociationConfig::default()],
            endpoint: EndpointConfig::default(),
            logged: 100_000,
        }
    }
}

impl Settings {
    /// As many links as given, all alike.
    pub(crate) fn with_links(count: usize, config: LinkConfig) -> Self {
        Self { links: vec![config; count], ..Self::default() }
    }

    /// Changes the settings of both ends.
    pub(crate) fn configured(mut self, mut change: impl FnMut(&mut AssociationConfig)) -> Self {
        self.configs.iter_mut().for_each(&mut change);
        self
    }
}

/// Two endpoints, each on its host, joined by links. Z listens.
pub(crate) struct Pair {
    pub(crate) network: Network<Datagram>,
    pub(crate) hosts: [Host; 2],
    pub(crate) links: Vec<LinkId>,
    pub(crate) log: Log,
    pub(crate) now: Time,
    settings: Settings,
}

/// A host, its endpoint, and the program on it.
pub(crate) struct Host {
    pub(crate) endpoint: Endpoint,
    pub(crate) binding: BindingKey,
    pub(crate) events: Vec<Event>,
    pub(crate) mailbox: Mailbox,
    /// The last association that came up.
    pub(crate) association: Option<AssociationKey>,
    /// Whether the program consumes what it gets at once.
    pub(crate) reads: bool,
    pub(crate) addresses: Vec<IpAddr>,
    routes: Routes,
    id: HostId,
}

impl Pair {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut network = Network::new(Seed(settings.seed));
        let ids = [network.add_host(), network.add_host()];
        let mut addresses = [Vec::new(), Vec::new()];
        let mut links = Vec::new();
        for (net, &link) in settings.links.iter().enumerate() {
            let [a, z] = [1, 2].map(|host| address(settings.ipv6, net, host));
            addresses[A].push(a);
            addresses[Z].push(z);
            let ends =
                [(ids[A], a), (ids[Z], z)].map(|(id, own)| network.add_interface(id, own, settings.interface_mtu));
            links.push(network.connect(ends[A], ends[Z], link));
        }
        let hosts = [A, Z].map(|side| Host::new(side, ids[side], &settings, &addresses, &mut network));
        Self { network, hosts, links, log: Log::new(settings.logged), now: Time::ZERO, settings }
    }

    /// Brings an association up.
    pub(crate) fn connected(settings: Settings) -> Self {
        let mut pair = Self::new(settings);
        pair.connect(A);
        pair.run_until("both ends are up", |pair| pair.hosts.iter().all(|host| host.association.is_some()));
        pair
    }

    /// `host` connects to the other one.
    pub(crate) fn connect(&mut self, host: usize) -> AssociationKey {
        let peer: Vec<_> = self.hosts[1 - host].addresses.iter().map(|&ip| Address::from(ip)).collect();
        let config = self.settings.configs[host].clone();
        self.note(host, "connects");
        let (now, own) = (self.now, &mut self.hosts[host]);
        let key = own.endpoint.connect(now, own.binding, &peer, PORTS[1 - host], config).expect("a peer to connect to");
        self.drain();
        key
    }

    pub(crate) fn key(&self, host: usize) -> AssociationKey {
        self.hosts[host].association.expect("the association is up")
    }

    /// Sends `payload` in order on `stream`.
    pub(crate) fn send(&mut self, host: usize, stream: u16, payload: impl Into<Bytes>) -> MessageId {
        self.send_message(host, message(stream, payload)).expect("a message that can be sent")
    }

    pub(crate) fn send_message(&mut self, host: usize, message: OutgoingMessage) -> Result<MessageId, SendError> {
        let key = self.key(host);
        self.note(host, &format!("sends {} octets on stream {}", message.payload.len(), message.stream.0));
        let sent = self.hosts[host].endpoint.send(self.now, key, message);
        self.drain();
        sent
    }

    pub(crate) fn shutdown(&mut self, host: usize) {
        let key = self.key(host);
        self.note(host, "shuts down");
        self.hosts[host].endpoint.shutdown(self.now, key);
        self.drain();
    }

    pub(crate) fn abort(&mut self, host: usize, reason: &'static [u8]) {
        let key = self.key(host);
        self.note(host, "aborts");
        self.hosts[host].endpoint.abort(self.now, key, Bytes::from_static(reason));
        self.drain();
    }

    /// The program of `host` consumes the oldest `count` deliveries.
    pub(crate) fn read(&mut self, host: usize, count: usize) {
        for _ in 0..count {
            let Some((key, charge)) = self.hosts[host].mailbox.unreleased.pop_front() else { break };
            self.hosts[host].endpoint.release(self.now, key, charge);
        }
        self.drain();
    }

    /// Link `link` goes down or comes up.
    pub(crate) fn set_up(&mut self, link: usize, up: bool) {
        self.note(A, &format!("link {link} is {}", if up { "up" } else { "down" }));
        self.network.set_up(self.links[link], up);
    }

    /// Changes both directions of link `link`.
    pub(crate) fn configure_link(&mut self, link: usize, change: impl FnMut(&mut LinkConfig)) {
        self.network.configure(self.links[link], change);
    }

    /// `host` loses its address on link 0 and sends over link 1 what went there.
    pub(crate) fn lose_first_address(&mut self, host: usize) {
        let (now, id) = (self.now, self.hosts[host].id);
        let (lost, kept) = (self.hosts[host].addresses[0], self.hosts[host].addresses[1]);
        let there = [self.hosts[1 - host].addresses[0], self.hosts[1 - host].addresses[1]];
        let [old, new] = there.map(|to| self.network.route(id, to).expect("a route").0);
        self.network.remove_address(old, lost);
        self.network.add_route(id, there[0], new);
        let own = &mut self.hosts[host];
        for (_, from) in &mut own.routes.0.lock().expect("no panic while locked").routes {
            *from = kept;
        }
        let left = LocalAddress { address: kept.into(), interface: 2 };
        own.endpoint.handle_local_addresses(now, &[left]);
        self.note(host, "has lost an address");
        self.drain();
    }

    /// Goes on to the next moment at which something happens. False: nothing ever will.
    pub(crate) fn step(&mut self) -> bool {
        self.drain();
        let Some(next) = self.next_moment() else { return false };
        self.now = self.now.max(next);
        while let Some(arrival) = self.network.poll(duration(self.now)) {
            self.arrive(arrival);
        }
        for host in &mut self.hosts {
            if host.endpoint.poll_timeout().is_some_and(|at| at <= self.now) {
                host.endpoint.handle_timeout(self.now);
            }
        }
        self.drain();
        true
    }

    /// When something happens next.
    pub(crate) fn next_moment(&mut self) -> Option<Time> {
        let arrival = self.network.next_arrival().map(time);
        let [a, z] = &mut self.hosts;
        [arrival, a.endpoint.poll_timeout(), z.endpoint.poll_timeout()].into_iter().flatten().min()
    }

    /// Lets so much time go by.
    pub(crate) fn run_for(&mut self, how_long: Duration) {
        let end = self.now + how_long;
        let mut steps = 0;
        while self.next_moment().is_some_and(|next| next <= end) {
            self.step();
            steps += 1;
            assert!(steps < MAX_STEPS, "too much happens in {how_long:?}");
        }
        self.now = end;
    }

    /// Goes on until `what` is so.
    pub(crate) fn run_until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let limit = self.now + Duration::from_secs(3600);
        let mut steps = 0;
        while !is_so(self) {
            assert!(self.step(), "nothing happens any more, and not yet: {what}");
            steps += 1;
            assert!(
                steps < MAX_STEPS && self.now < limit,
                "after {steps} steps and up to {:?} not yet: {what}",
                self.now
            );
        }
    }

    /// Goes on until neither end has an association.
    pub(crate) fn run_to_the_end(&mut self) {
        self.run_until("both ends have closed", |pair| {
            pair.hosts.iter().all(|host| host.association.is_some_and(|key| host.endpoint.status(key).is_none()))
        });
    }

    /// Goes on until all that was sent has been acknowledged.
    pub(crate) fn run_until_acknowledged(&mut self) {
        self.run_until("everything is acknowledged", |pair| {
            [A, Z].into_iter().all(|host| {
                let status = pair.hosts[host].association.and_then(|key| pair.hosts[host].endpoint.status(key));
                status.is_none_or(|status| status.send_buffered == 0)
            })
        });
    }

    pub(crate) fn status(&self, host: usize) -> AssociationStatus {
        self.hosts[host].endpoint.status(self.key(host)).expect("the association is there")
    }

    /// The path of `host` over link `link`.
    pub(crate) fn path(&self, host: usize, link: usize) -> PathStatus {
        let peer = self.hosts[1 - host].addresses[link];
        self.hosts[host].endpoint.path(self.key(host), peer.into()).expect("a path")
    }

    /// What the program of `host` has received on its last association.
    pub(crate) fn received(&self, host: usize) -> &[Message] {
        self.hosts[host].mailbox.messages(self.key(host))
    }

    /// How the last association of `host` ended, if it has.
    pub(crate) fn closed(&self, host: usize) -> Option<&CloseReason> {
        self.hosts[host].events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Closed(reason) => Some(reason),
            _ => None,
        })
    }

    /// Sends, hands up and checks, until nothing is left to do at this moment.
    pub(crate) fn drain(&mut self) {
        let mut rounds = 0;
        while self.drain_once() {
            rounds += 1;
            assert!(rounds < 10_000, "there is no end of what is to be sent now");
        }
        for host in &self.hosts {
            host.endpoint.check_invariants();
        }
    }

    fn drain_once(&mut self) -> bool {
        let mut busy = false;
        for side in [A, Z] {
            let mut buffer = Vec::new();
            while let Some(transmit) = self.hosts[side].endpoint.poll_transmit(self.now, &mut buffer) {
                busy = true;
                let start = buffer.len() - transmit.len;
                let octets = Bytes::copy_from_slice(&buffer[start..]);
                let size = transmit.segment_size.unwrap_or(octets.len().max(1));
                for segment in octets.chunks(size) {
                    self.transmit(side, &transmit, octets.slice_ref(segment));
                }
                buffer.clear();
            }
            while let Some(event) = self.hosts[side].endpoint.poll_event() {
                busy = true;
                self.handle_event(side, event);
            }
        }
        busy
    }

    fn transmit(&mut self, side: usize, transmit: &usctp_proto::Transmit, octets: Bytes) {
        let destination = transmit.destination.ip;
        let id = self.hosts[side].id;
        let chosen = || self.network.route(id, destination).map(|(_, source, _)| source);
        let Some(source) = transmit.source.map(|source| source.ip).or_else(chosen) else { return };
        let divisible = !transmit.dont_fragment;
        let datagram = Datagram { octets: octets.clone(), ecn: transmit.ecn, ipv6: destination.is_ipv6(), divisible };
        let fate = self.network.send(duration(self.now), id, source, destination, datagram);
        let sent =
            Sent { at: self.now, host: side, source, destination, ecn: transmit.ecn, fate: fate.clone(), octets };
        self.log.push(Entry::Packet(sent));
        if let Fate::TooBig(mtu) = fate {
            self.hosts[side].endpoint.handle_send_too_big(self.now, destination.into(), mtu as u32);
        }
    }

    fn arrive(&mut self, arrival: Arrival<Datagram>) {
        let host = self.hosts.iter_mut().find(|host| host.id == arrival.host).expect("one of the two");
        match arrival.kind {
            ArrivalKind::Packet { source, destination, packet } => {
                let received = Received {
                    source: source.into(),
                    destination: destination.into(),
                    link: LINK,
                    udp_port: None,
                    ecn: packet.ecn,
                    checksum: ChecksumState::Unknown,
                    packet: packet.octets,
                };
                host.endpoint.handle_packet(self.now, received);
            }
            ArrivalKind::TooBig { destination, mtu, packet } => {
                let error = IcmpError {
                    destination: destination.into(),
                    link: LINK,
                    udp_port: None,
                    kind: IcmpKind::PacketTooBig(mtu as u32),
                    quoted: packet.octets.slice(..packet.octets.len().min(64)),
                };
                host.endpoint.handle_icmp(self.now, error);
            }
        }
    }

    fn handle_event(&mut self, side: usize, event: Event) {
        let (now, association) = (self.now, event.association);
        let host = &mut self.hosts[side];
        match &event.kind {
            EventKind::Established { .. } => host.association = Some(association),
            EventKind::Delivered(delivery) => {
                host.mailbox.take(association, delivery);
                if host.reads {
                    while let Some((key, charge)) = host.mailbox.unreleased.pop_front() {
                        host.endpoint.release(now, key, charge);
                    }
                }
            }
            EventKind::PartialDeliveryAborted { stream, .. } => host.mailbox.abort_partial(association, stream.0),
            EventKind::Closed(_) => host.mailbox.close(association),
            _ => {}
        }
        if !matches!(event.kind, EventKind::Delivered(_) | EventKind::SendSpace { .. } | EventKind::SenderDry) {
            self.note(side, &format!("{:?}", event.kind));
        }
        // Deliveries are in the mailbox, and send space is nobody's concern: a long run must not pile them up.
        if !matches!(event.kind, EventKind::Delivered(_) | EventKind::SendSpace { .. }) {
            self.hosts[side].events.push(event);
        }
    }

    fn note(&mut self, host: usize, text: &str) {
        self.log.push(Entry::Note { at: self.now, host, text: text.to_owned() });
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines: Vec<_> = self.log.to_string().lines().map(str::to_owned).collect();
            let shown = lines.len().saturating_sub(120);
            eprintln!("seed {}, the last of {} lines:\n{}", self.settings.seed, lines.len(), lines[shown..].join("\n"));
        }
    }
}

impl Host {
    fn new(
        side: usize,
        id: HostId,
        settings: &Settings,
        addresses: &[Vec<IpAddr>; 2],
        network: &mut Network<Datagram>,
    ) -> Self {
        let routes = addresses[1 - side].iter().zip(&addresses[side]).map(|(&to, &from)| (to, from)).collect();
        let table = Table { routes, mtu: settings.interface_mtu as u32 };
        let routes = Routes::new(table);
        let seed = network.rng().octets();
        let mut endpoint = Endpoint::new(settings.endpoint.clone(), seed, Box::new(routes.clone()));
        let local =
            |(interface, &ip): (usize, &IpAddr)| LocalAddress { address: ip.into(), interface: interface as u32 + 1 };
        let local: Vec<_> = addresses[side].iter().enumerate().map(local).collect();
        endpoint.handle_local_addresses(Time::ZERO, &local);
        let binding = Binding { port: PORTS[side], addresses: Vec::new(), ipv4: true, ipv6: true, share: false };
        let binding = endpoint.bind(binding, &mut |_| true).expect("a free port");
        endpoint.configure_binding(binding, settings.configs[side].clone());
        if side == Z {
            endpoint.listen(binding, Some(1000));
        }
        Self {
            endpoint,
            binding,
            events: Vec::new(),
            mailbox: Mailbox::default(),
            association: None,
            reads: true,
            addresses: addresses[side].clone(),
            routes,
            id,
        }
    }

    /// Whether anything like `kind` has been told.
    pub(crate) fn was_told(&self, kind: impl Fn(&EventKind) -> bool) -> bool {
        self.events.iter().any(|event| kind(&event.kind))
    }
}

/// What travels on the simulated network.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) octets: Bytes,
    pub(crate) ecn: Ecn,
    pub(crate) ipv6: bool,
    /// Whether it may be fragmented.
    pub(crate) divisible: bool,
}

impl Payload for Datagram {
    fn octets(&self) -> usize {
        self.octets.len() + if self.ipv6 { 40 } else { 20 }
    }

    fn may_be_fragmented(&self) -> bool {
        self.divisible
    }

    fn mark(&mut self) -> bool {
        let able = self.ecn != Ecn::NotEct;
        if able {
            self.ecn = Ecn::Ce;
        }
        able
    }

    fn corrupt(&mut self, random: u64) {
        let mut octets = self.octets.to_vec();
        let bit = random as usize % (octets.len() * 8);
        octets[bit / 8] ^= 1 << (bit % 8);
        self.octets = octets.into();
    }
}

/// A routing table that a test can change.
#[derive(Clone, Debug)]
pub(crate) struct Routes(Arc<Mutex<Table>>);

/// Destination and source of each route.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) routes: Vec<(IpAddr, IpAddr)>,
    pub(crate) mtu: u32,
}

impl Routes {
    pub(crate) fn new(table: Table) -> Self {
        Self(Arc::new(Mutex::new(table)))
    }
}

impl Routing for Routes {
    fn route(&self, destination: Address) -> Option<Route> {
        let table = self.0.lock().expect("no panic while locked");
        let at = table.routes.iter().position(|&(to, _)| to == destination.ip)?;
        Some(Route { source: table.routes[at].1.into(), mtu: table.mtu, interface: at as u32 + 1 })
    }

    fn carrier(&self, destination: Address, _: u16, udp_port: Option<u16>) -> Option<Carrier> {
        let udp_port = udp_port.filter(|&port| port > 0);
        self.route(destination).map(|_| Carrier { link: LINK, udp_port })
    }
}

/// A message in order on `stream`.
pub(crate) fn message(stream: u16, payload: impl Into<Bytes>) -> OutgoingMessage {
    OutgoingMessage {
        stream: StreamId(stream),
        ppid: Ppid(7u32.to_be_bytes()),
        unordered: false,
        immediate: false,
        context: 0,
        expires: None,
        reliability: usctp_proto::Reliability::Full,
        destination: None,
        payload: payload.into(),
        auth_key: None,
    }
}

/// `octets` octets that differ from place to place.
pub(crate) fn pattern(octets: usize) -> Vec<u8> {
    (0..octets).map(|at| (at * 7 + at / 251) as u8).collect()
}

pub(crate) fn address(ipv6: bool, net: usize, host: u8) -> IpAddr {
    if ipv6 {
        Ipv6Addr::new(0x2001, 0xdb8, net as u16, 0, 0, 0, 0, host.into()).into()
    } else {
        Ipv4Addr::new(10, net as u8, 0, host).into()
    }
}

pub(crate) fn time(duration: Duration) -> Time {
    Time::ZERO + duration
}

fn duration(time: Time) -> Duration {
    Duration::from_nanos(time.as_nanos())
}

pub(crate) const LINK: usctp_proto::LinkId = usctp_proto::LinkId(0);
const MAX_STEPS: usize = 2_000_000;
