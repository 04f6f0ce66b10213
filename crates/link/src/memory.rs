//! Links between stacks of one process, for tests: no socket, no privilege, no port of the host.
//!
//! The network is a simulated one ([`usctp_netsim`]), every host joined to every other by a link of its own; perfect and
//! without delay until it is told to be otherwise. Its time is the real one, or a clock of the test's.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::io::Errno;
use usctp_netsim::{Arrival, ArrivalKind, Fate, HostId, InterfaceId, LinkConfig, LossReason, Network, Payload, Seed};

use crate::{
    Address, Carrier, ChecksumState, ClaimError, Ecn, Icmp, IcmpKind, Incoming, Link, LinkCounters, LinkError, LinkId,
    LocalAddress, Outgoing, Packet, PortClaim, Route, SendOutcome,
};

/// A network that hosts are attached to. Clones are the same network.
///
/// Lock order: the network, then the inbox of one host.
#[derive(Clone)]
pub struct MemoryHub {
    shared: Arc<Mutex<Hub>>,
}

/// A host on a [`MemoryHub`]: one raw link ([`LinkId`] 0) with one interface for all of its addresses.
pub struct MemoryLink {
    hub: MemoryHub,
    host: Arc<Host>,
}

impl Default for MemoryHub {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryHub {
    /// A perfect network in real time, with nobody on it.
    #[must_use]
    pub fn new() -> Self {
        let begun = Instant::now();
        Self::with_clock(Seed(0), move || begun.elapsed())
    }

    /// A network in the time of `clock`, whose chance comes from `seed`. With a clock that is not the real one nobody is
    /// woken when a packet arrives late: [`Self::next_arrival`] says when to look.
    #[must_use]
    pub fn with_clock(seed: Seed, clock: impl Fn() -> Duration + Send + 'static) -> Self {
        let config = LinkConfig { delay: Duration::ZERO, ..LinkConfig::default() };
        let hub = Hub {
            network: Network::new(seed),
            hosts: Vec::new(),
            links: Vec::new(),
            config,
            filter: None,
            clock: Box::new(clock),
        };
        Self { shared: Arc::new(Mutex::new(hub)) }
    }

    /// A new host with these addresses. A packet to an address of its own comes back to it.
    #[must_use]
    pub fn attach(&self, addresses: &[Address]) -> MemoryLink {
        let mut hub = lock(&self.shared);
        let id = hub.network.add_host();
        let host = Arc::new(Host {
            id,
            addresses: Mutex::new(addresses.to_vec()),
            interfaces: Mutex::default(),
            inbox: Mutex::default(),
            arrived: Condvar::new(),
        });
        for other in hub.hosts.clone() {
            let ends = [&host, &other].map(|end| {
                let interface = hub.network.add_interface(end.id, PLACEHOLDER, INTERFACE_MTU);
                for address in &*lock(&end.addresses) {
                    hub.network.add_address(interface, address.ip);
                }
                lock(&end.interfaces).push(interface);
                interface
            });
            let config = hub.config;
            let link = hub.network.connect(ends[0], ends[1], config);
            hub.links.push((link, [id, other.id]));
        }
        hub.hosts.push(Arc::clone(&host));
        drop(hub);
        MemoryLink { hub: self.clone(), host }
    }

    /// Changes all links, those of hosts that are attached later as well: delay, rate, MTU, losses.
    pub fn configure(&self, mut change: impl FnMut(&mut LinkConfig)) {
        let hub = &mut *lock(&self.shared);
        change(&mut hub.config);
        for (link, _) in &hub.links {
            hub.network.configure(*link, &mut change);
        }
    }

    /// Every packet is shown to `keep` from now on as it is sent, and lost where it says false.
    pub fn set_filter(&self, keep: impl FnMut(&Packet) -> bool + Send + 'static) {
        lock(&self.shared).filter = Some(Box::new(keep));
    }

    /// The MTU of the network, 1500 at first. Larger packets that may not be fragmented are refused.
    pub fn set_mtu(&self, mtu: u32) {
        self.configure(|config| config.mtu = mtu as usize);
    }

    /// When the next packet that is under way arrives, in the time of the clock.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        lock(&self.shared).network.next_arrival()
    }
}

impl MemoryLink {
    /// Gives the host other addresses, as when an interface comes or goes.
    pub fn set_addresses(&self, addresses: &[Address]) {
        let mut hub = lock(&self.hub.shared);
        let old = std::mem::replace(&mut *lock(&self.host.addresses), addresses.to_vec());
        for interface in &*lock(&self.host.interfaces) {
            for address in &old {
                hub.network.remove_address(*interface, address.ip);
            }
            for address in addresses {
                hub.network.add_address(*interface, address.ip);
            }
        }
        drop(hub);
        self.host.put(Incoming::AddressesChanged);
    }

    /// Lets an ICMP error about a packet to `destination` arrive.
    pub fn inject_icmp(&self, destination: Address, kind: IcmpKind, quoted: Bytes) {
        self.host.put(Incoming::Icmp(Icmp { destination, link: LINK, udp_port: None, kind, quoted }));
    }

    fn source_for(&self, destination: Address) -> Option<Address> {
        let addresses = lock(&self.host.addresses);
        if addresses.contains(&destination) {
            return Some(destination);
        }
        addresses.iter().copied().find(|own| own.ip.is_ipv4() == destination.ip.is_ipv4())
    }

    fn send_one(&self, hub: &mut Hub, outgoing: &Outgoing<'_>) -> SendOutcome {
        let Some(source) = outgoing.source.or_else(|| self.source_for(outgoing.destination)) else {
            return SendOutcome::Refused(Errno::NETUNREACH.raw_os_error());
        };
        if !lock(&self.host.addresses).contains(&source) {
            return SendOutcome::Refused(Errno::INVAL.raw_os_error());
        }
        let header = if outgoing.destination.ip.is_ipv4() { 20 } else { 40 };
        let size = outgoing.segment_size.unwrap_or(outgoing.packet.len()).clamp(1, outgoing.packet.len().max(1));
        if outgoing.dont_fragment && size + header > hub.config.mtu {
            return SendOutcome::TooBig { mtu: hub.config.mtu as u32 };
        }
        let whole = Bytes::copy_from_slice(outgoing.packet);
        for start in (0..whole.len()).step_by(size) {
            let packet = Packet {
                source,
                destination: outgoing.destination,
                link: LINK,
                udp_port: None,
                ecn: outgoing.ecn,
                checksum: ChecksumState::Unknown,
                packet: whole.slice(start..whole.len().min(start + size)),
            };
            let mut inbox = lock(&self.host.inbox);
            inbox.counters.packets_sent += 1;
            inbox.counters.octets_sent += packet.packet.len() as u64;
            drop(inbox);
            let fate = hub.carry(&self.host, Frame { packet, header, dont_fragment: outgoing.dont_fragment });
            if fate == Fate::Lost(LossReason::NoRoute) {
                return SendOutcome::Refused(Errno::HOSTUNREACH.raw_os_error());
            }
        }
        SendOutcome::Sent
    }
}

impl Link for MemoryLink {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        let mut hub = lock(&self.hub.shared);
        outcomes.clear();
        outcomes.extend(packets.iter().map(|outgoing| self.send_one(&mut hub, outgoing)));
        hub.deliver();
        // What is under way may arrive before anything that the others wait for.
        for host in hub.hosts.iter().filter(|_| hub.network.next_arrival().is_some()) {
            host.arrived.notify_all();
        }
    }

    fn receive(&self, incoming: &mut Vec<Incoming>) {
        lock(&self.hub.shared).deliver();
        let inbox = &mut *lock(&self.host.inbox);
        let batch = inbox.queue.len().min(BATCH);
        for arrival in inbox.queue.drain(..batch) {
            if let Incoming::Packet(packet) = &arrival {
                inbox.counters.packets_received += 1;
                inbox.counters.octets_received += packet.packet.len() as u64;
            }
            incoming.push(arrival);
        }
    }

    fn wait(&self, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let next = {
                let mut hub = lock(&self.hub.shared);
                hub.deliver();
                let now = (hub.clock)();
                hub.network.next_arrival().map(|at| at.saturating_sub(now))
            };
            let mut inbox = lock(&self.host.inbox);
            if inbox.woken || !inbox.queue.is_empty() {
                inbox.woken = false;
                return;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return;
            }
            match [left, next].into_iter().flatten().min() {
                // The next packet is due by now, or was sent while nobody looked.
                Some(Duration::ZERO) => {}
                Some(left) => drop(self.host.arrived.wait_timeout(inbox, left)),
                None => drop(self.host.arrived.wait(inbox)),
            }
        }
    }

    fn wake(&self) {
        lock(&self.host.inbox).woken = true;
        self.host.arrived.notify_all();
    }

    fn carrier(&self, _destination: Address, _local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        udp_port.is_none_or(|port| port == 0).then_some(Carrier { link: LINK, udp_port: None })
    }

    fn route(&self, destination: Address) -> Option<Route> {
        let mtu = lock(&self.hub.shared).config.mtu as u32;
        self.source_for(destination).map(|source| Route { source, mtu, interface: 1 })
    }

    fn local_addresses(&self) -> Vec<LocalAddress> {
        lock(&self.host.addresses).iter().map(|&address| LocalAddress { address, interface: 1 }).collect()
    }

    fn listen(&self, _local_port: u16, _addresses: &[Address]) -> Result<(), LinkError> {
        Ok(())
    }

    /// Always there: a host in memory has one stack.
    fn claim(&self, port: u16, _addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        Ok(PortClaim::new(port, ()))
    }

    fn is_free(&self, _port: u16, _addresses: &[Address]) -> bool {
        true
    }

    fn may_answer(&self, _port: u16, _address: Address) -> bool {
        true
    }

    fn udp_port(&self, _link: LinkId) -> Option<u16> {
        None
    }

    fn counters(&self) -> LinkCounters {
        lock(&self.host.inbox).counters
    }
}

impl Drop for MemoryLink {
    fn drop(&mut self) {
        let hub = &mut *lock(&self.hub.shared);
        hub.hosts.retain(|host| !Arc::ptr_eq(host, &self.host));
        for (link, ends) in &hub.links {
            if ends.contains(&self.host.id) {
                hub.network.set_up(*link, false);
            }
        }
        hub.links.retain(|(_, ends)| !ends.contains(&self.host.id));
    }
}

struct Hub {
    network: Network<Frame>,
    hosts: Vec<Arc<Host>>,
    links: Vec<(usctp_netsim::LinkId, [HostId; 2])>,
    /// Of all links.
    config: LinkConfig,
    filter: Option<Filter>,
    clock: Box<dyn Fn() -> Duration + Send>,
}

type Filter = Box<dyn FnMut(&Packet) -> bool + Send>;

impl Hub {
    fn carry(&mut self, sender: &Arc<Host>, frame: Frame) -> Fate {
        if self.filter.as_mut().is_some_and(|keep| !keep(&frame.packet)) {
            return Fate::Lost(LossReason::Impairment);
        }
        let (source, destination) = (frame.packet.source.ip, frame.packet.destination.ip);
        if lock(&sender.addresses).contains(&frame.packet.destination) {
            sender.put(Incoming::Packet(frame.packet));
            return Fate::Carried(Vec::new());
        }
        self.network.send((self.clock)(), sender.id, source, destination, frame)
    }

    /// Hands out what has arrived by now.
    fn deliver(&mut self) {
        let now = (self.clock)();
        while let Some(Arrival { host, kind, .. }) = self.network.poll(now) {
            let Some(host) = self.hosts.iter().find(|other| other.id == host) else { continue };
            host.put(match kind {
                ArrivalKind::Packet { packet, .. } => Incoming::Packet(packet.packet),
                ArrivalKind::TooBig { mtu, packet: Frame { packet, .. }, .. } => Incoming::Icmp(Icmp {
                    destination: packet.destination,
                    link: LINK,
                    udp_port: None,
                    kind: IcmpKind::PacketTooBig(mtu as u32),
                    quoted: packet.packet,
                }),
            });
        }
    }
}

/// What travels.
#[derive(Clone)]
struct Frame {
    packet: Packet,
    /// Octets of the IP header.
    header: usize,
    dont_fragment: bool,
}

impl Payload for Frame {
    fn octets(&self) -> usize {
        self.packet.packet.len() + self.header
    }

    fn may_be_fragmented(&self) -> bool {
        !self.dont_fragment
    }

    fn mark(&mut self) -> bool {
        let capable = self.packet.ecn != Ecn::NotEct;
        if capable {
            self.packet.ecn = Ecn::Ce;
        }
        capable
    }

    fn corrupt(&mut self, random: u64) {
        let mut octets = self.packet.packet.to_vec();
        let len = octets.len().max(1) as u64;
        if let Some(octet) = octets.get_mut((random % len) as usize) {
            *octet ^= 1 << (random >> 61);
        }
        self.packet.packet = octets.into();
    }
}

struct Host {
    id: HostId,
    addresses: Mutex<Vec<Address>>,
    /// One for each other host.
    interfaces: Mutex<Vec<InterfaceId>>,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
}

impl Host {
    fn put(&self, arrival: Incoming) {
        let mut inbox = lock(&self.inbox);
        // A real host drops what its socket buffer cannot hold.
        if inbox.queue.len() < QUEUE {
            inbox.queue.push_back(arrival);
        } else {
            inbox.counters.overflowed += 1;
        }
        drop(inbox);
        self.arrived.notify_all();
    }
}

#[derive(Default)]
struct Inbox {
    queue: VecDeque<Incoming>,
    woken: bool,
    counters: LinkCounters,
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const LINK: LinkId = LinkId(0);
const BATCH: usize = 64;
const QUEUE: usize = 16_384;
/// The hub's own MTU is the smaller one.
const INTERFACE_MTU: usize = 65_535;
/// An interface must have an address from the beginning.
const PLACEHOLDER: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
