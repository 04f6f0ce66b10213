//! Links between stacks of one process, for tests: no socket, no privilege, no port of the host.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    Address, Carrier, ChecksumState, ClaimError, Icmp, IcmpKind, Incoming, Link, LinkCounters, LinkError, LinkId,
    LocalAddress, Outgoing, Packet, PortClaim, Route, SendOutcome,
};

/// A network that hosts are attached to. Clones are the same network.
#[derive(Clone, Default)]
pub struct MemoryHub {
    shared: Arc<Mutex<Hub>>,
}

/// A host on a [`MemoryHub`]: one raw link ([`LinkId`] 0) with one interface for all of its addresses.
pub struct MemoryLink {
    hub: MemoryHub,
    host: Arc<Host>,
}

impl MemoryHub {
    /// A network with nobody on it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new host with these addresses. A packet to an address of its own comes back to it.
    #[must_use]
    pub fn attach(&self, addresses: &[Address]) -> MemoryLink {
        let host = Arc::new(Host {
            addresses: Mutex::new(addresses.to_vec()),
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            ports: Arc::default(),
        });
        let mut hub = lock(&self.shared);
        for &address in addresses {
            hub.hosts.insert(address, Arc::clone(&host));
        }
        drop(hub);
        MemoryLink { hub: self.clone(), host }
    }

    /// Every packet is shown to `keep` from now on, and lost where it says false.
    pub fn set_filter(&self, keep: impl FnMut(&Packet) -> bool + Send + 'static) {
        lock(&self.shared).filter = Some(Box::new(keep));
    }

    /// The MTU of the network, 1500 at first. Larger packets that may not be fragmented are refused.
    pub fn set_mtu(&self, mtu: u32) {
        lock(&self.shared).mtu = mtu;
    }

    fn deliver(&self, outgoing: &Outgoing<'_>, source: Address) {
        let mut hub = lock(&self.shared);
        let Some(host) = hub.hosts.get(&outgoing.destination).cloned() else { return };
        let size = outgoing.segment_size.unwrap_or(outgoing.packet.len()).max(1);
        let whole = Bytes::copy_from_slice(outgoing.packet);
        let mut arrivals = Vec::new();
        for start in (0..whole.len()).step_by(size) {
            let packet = Packet {
                source,
                destination: outgoing.destination,
                link: LinkId(0),
                udp_port: None,
                ecn: outgoing.ecn,
                checksum: ChecksumState::Unknown,
                packet: whole.slice(start..whole.len().min(start + size)),
            };
            if hub.filter.as_mut().is_none_or(|keep| keep(&packet)) {
                arrivals.push(Incoming::Packet(packet));
            }
        }
        drop(hub);
        host.put(arrivals);
    }
}

impl MemoryLink {
    /// Gives the host other addresses, as when an interface comes or goes.
    pub fn set_addresses(&self, addresses: &[Address]) {
        let mut hub = lock(&self.hub.shared);
        hub.hosts.retain(|_, host| !Arc::ptr_eq(host, &self.host));
        for &address in addresses {
            hub.hosts.insert(address, Arc::clone(&self.host));
        }
        drop(hub);
        *lock(&self.host.addresses) = addresses.to_vec();
        self.host.put(vec![Incoming::AddressesChanged]);
    }

    /// Lets an ICMP error about a packet to `destination` arrive.
    pub fn inject_icmp(&self, destination: Address, kind: IcmpKind, quoted: Bytes) {
        let icmp = Icmp { destination, link: LinkId(0), udp_port: None, kind, quoted };
        self.host.put(vec![Incoming::Icmp(icmp)]);
    }

    fn source_for(&self, destination: Address) -> Option<Address> {
        let addresses = lock(&self.host.addresses);
        if addresses.contains(&destination) {
            return Some(destination);
        }
        addresses.iter().copied().find(|own| own.ip.is_ipv4() == destination.ip.is_ipv4())
    }

    fn send_one(&self, outgoing: &Outgoing<'_>) -> SendOutcome {
        let Some(source) = outgoing.source.or_else(|| self.source_for(outgoing.destination)) else {
            return SendOutcome::Refused(rustix::io::Errno::NETUNREACH.raw_os_error());
        };
        if !lock(&self.host.addresses).contains(&source) {
            return SendOutcome::Refused(rustix::io::Errno::INVAL.raw_os_error());
        }
        let header = if outgoing.destination.ip.is_ipv4() { 20 } else { 40 };
        let size = outgoing.segment_size.unwrap_or(outgoing.packet.len()).min(outgoing.packet.len());
        let mtu = lock(&self.hub.shared).mtu;
        if outgoing.dont_fragment && size + header > mtu as usize {
            return SendOutcome::TooBig { mtu };
        }
        self.hub.deliver(outgoing, source);
        let mut inbox = lock(&self.host.inbox);
        inbox.counters.packets_sent += outgoing.packet.len().div_ceil(size.max(1)) as u64;
        inbox.counters.octets_sent += outgoing.packet.len() as u64;
        SendOutcome::Sent
    }
}

impl Link for MemoryLink {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        outcomes.clear();
        outcomes.extend(packets.iter().map(|outgoing| self.send_one(outgoing)));
    }

    fn receive(&self, incoming: &mut Vec<Incoming>) {
        let mut inbox = lock(&self.host.inbox);
        let batch = inbox.queue.len().min(BATCH);
        for arrival in inbox.queue.drain(..batch).collect::<Vec<_>>() {
            if let Incoming::Packet(packet) = &arrival {
                inbox.counters.packets_received += 1;
                inbox.counters.octets_received += packet.packet.len() as u64;
            }
            incoming.push(arrival);
        }
    }

    fn wait(&self, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inbox = lock(&self.host.inbox);
        while inbox.queue.is_empty() && !inbox.woken {
            inbox = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => self.host.arrived.wait_timeout(inbox, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.host.arrived.wait(inbox).unwrap_or_else(PoisonError::into_inner),
            };
        }
        inbox.woken = false;
    }

    fn wake(&self) {
        lock(&self.host.inbox).woken = true;
        self.host.arrived.notify_all();
    }

    fn carrier(&self, _destination: Address, _local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        udp_port.is_none_or(|port| port == 0).then_some(Carrier { link: LinkId(0), udp_port: None })
    }

    fn route(&self, destination: Address) -> Option<Route> {
        let mtu = lock(&self.hub.shared).mtu;
        self.source_for(destination).map(|source| Route { source, mtu, interface: 1 })
    }

    fn local_addresses(&self) -> Vec<LocalAddress> {
        lock(&self.host.addresses).iter().map(|&address| LocalAddress { address, interface: 1 }).collect()
    }

    fn listen(&self, _local_port: u16, _addresses: &[Address]) -> Result<(), LinkError> {
        Ok(())
    }

    fn claim(&self, port: u16, _addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        *lock(&self.host.ports).entry(port).or_insert(0) += 1;
        Ok(PortClaim::new(port, HeldPort { ports: Arc::clone(&self.host.ports), port }))
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
        lock(&self.hub.shared).hosts.retain(|_, host| !Arc::ptr_eq(host, &self.host));
    }
}

struct Hub {
    hosts: HashMap<Address, Arc<Host>>,
    filter: Option<Filter>,
    mtu: u32,
}

type Filter = Box<dyn FnMut(&Packet) -> bool + Send>;

impl Default for Hub {
    fn default() -> Self {
        Self { hosts: HashMap::new(), filter: None, mtu: 1500 }
    }
}

struct Host {
    addresses: Mutex<Vec<Address>>,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    ports: Arc<Mutex<HashMap<u16, u32>>>,
}

impl Host {
    fn put(&self, arrivals: Vec<Incoming>) {
        let mut inbox = lock(&self.inbox);
        for arrival in arrivals {
            // A real host drops what its socket buffer cannot hold.
            if inbox.queue.len() < QUEUE {
                inbox.queue.push_back(arrival);
            } else {
                inbox.counters.overflowed += 1;
            }
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

struct HeldPort {
    ports: Arc<Mutex<HashMap<u16, u32>>>,
    port: u16,
}

impl Drop for HeldPort {
    fn drop(&mut self) {
        let mut ports = lock(&self.ports);
        if let Some(count) = ports.get_mut(&self.port) {
            *count -= 1;
            if *count == 0 {
                ports.remove(&self.port);
            }
        }
    }
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const BATCH: usize = 64;
const QUEUE: usize = 16_384;
