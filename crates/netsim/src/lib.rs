//! A simulated network in virtual time: packets go in at a time and come out at times, the same for the same seed.
//!
//! There is no clock and no I/O. The caller owns the time: it [`Network::send`]s at a moment, asks
//! [`Network::next_arrival`] when something happens next, and takes it with [`Network::poll`]. Moments are told as the
//! [`Duration`] since the beginning. What a packet is, is the caller's ([`Payload`]); of it only the size is looked at.
#![forbid(unsafe_code)]

mod impair;
mod link;
mod rng;
mod topology;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, VecDeque},
    net::IpAddr,
    time::Duration,
};

pub use impair::{Impairment, Loss};
pub use link::LinkConfig;
pub use rng::{Rng, Seed};
pub use topology::{HostId, InterfaceId, LinkId, Side};

use self::{link::Passage, topology::Topology};

/// What travels.
pub trait Payload: Clone {
    /// Octets of the IP packet.
    fn octets(&self) -> usize;

    /// Whether routers may cut it into pieces.
    fn may_be_fragmented(&self) -> bool {
        false
    }

    /// A queue is long: marks the packet (ECN). False: it cannot be marked.
    fn mark(&mut self) -> bool {
        false
    }

    /// Damages the packet at a place chosen by `random`.
    fn corrupt(&mut self, random: u64) {
        let _ = random;
    }
}

/// Something that reaches a host.
#[derive(Clone, Debug)]
pub struct Arrival<P> {
    /// When.
    pub at: Duration,
    /// Where.
    pub host: HostId,
    /// What.
    pub kind: ArrivalKind<P>,
}

/// What reaches a host.
#[derive(Clone, Debug)]
pub enum ArrivalKind<P> {
    /// A packet.
    Packet {
        /// Who sent it.
        source: IpAddr,
        /// One of the host's addresses.
        destination: IpAddr,
        /// The packet.
        packet: P,
    },
    /// A router's answer to a packet that this host had sent: too big for the next hop.
    TooBig {
        /// Where the packet was going.
        destination: IpAddr,
        /// Octets of an IP packet that the next hop takes.
        mtu: usize,
        /// The packet as it had been sent.
        packet: P,
    },
}

/// What became of a packet as far as its sender's link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is on its way, and arrives then (twice, if it was duplicated).
    Carried(Vec<Duration>),
    /// It was lost.
    Lost(LossReason),
    /// The host's own interface takes only packets of so many octets.
    TooBig(usize),
}

/// Why a packet was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LossReason {
    /// By chance.
    Impairment,
    /// The queue was full.
    QueueFull,
    /// The link is down.
    LinkDown,
    /// Nothing leads there.
    NoRoute,
    /// Too big for a link further on, which answers, or does not.
    TooBig,
}

/// Hosts, links and the packets on them.
#[derive(Debug)]
pub struct Network<P> {
    topology: Topology,
    rng: Rng,
    /// Where to find each packet under way, ordered by time.
    schedule: BTreeSet<Slot>,
    travelling: VecDeque<Option<(Option<LinkId>, Arrival<P>)>>,
    /// Number of the first of `travelling`.
    first: u64,
}

impl<P: Payload> Network<P> {
    /// A network without hosts. All its chance comes from `seed`.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            topology: Topology::default(),
            rng: Rng::new(seed),
            schedule: BTreeSet::new(),
            travelling: VecDeque::new(),
            first: 0,
        }
    }

    /// Adds a host.
    pub fn add_host(&mut self) -> HostId {
        self.topology.add_host()
    }

    /// Adds an interface with an address and its own MTU to a host.
    pub fn add_interface(&mut self, host: HostId, address: IpAddr, mtu: usize) -> InterfaceId {
        self.topology.add_interface(host, address, mtu)
    }

    /// Gives an interface one more address.
    pub fn add_address(&mut self, interface: InterfaceId, address: IpAddr) {
        self.topology.add_address(interface, address);
    }

    /// Takes an address from its interface.
    pub fn remove_address(&mut self, interface: InterfaceId, address: IpAddr) {
        self.topology.remove_address(interface, address);
    }

    /// Sends packets of `host` for `destination` through `interface`. Without this they go through the interface whose
    /// link leads to the destination.
    pub fn add_route(&mut self, host: HostId, destination: IpAddr, interface: InterfaceId) {
        self.topology.add_route(host, destination, interface);
    }

    /// Joins two interfaces by a link that is the same in both directions.
    pub fn connect(&mut self, a: InterfaceId, b: InterfaceId, config: LinkConfig) -> LinkId {
        self.topology.connect(a, b, config)
    }

    /// One direction of a link: of what `side` sends. Changes apply to packets sent from now on.
    pub fn link_mut(&mut self, link: LinkId, side: Side) -> &mut LinkConfig {
        self.topology.link_mut(link).direction_mut(side).config_mut()
    }

    /// Changes both directions of a link.
    pub fn configure(&mut self, link: LinkId, mut change: impl FnMut(&mut LinkConfig)) {
        for side in [Side::A, Side::B] {
            change(self.link_mut(link, side));
        }
    }

    /// Takes a link down, with the packets on it, or up again.
    pub fn set_up(&mut self, link: LinkId, up: bool) {
        self.topology.link_mut(link).set_up(up);
    }

    /// Whether a link is up.
    #[must_use]
    pub fn is_up(&self, link: LinkId) -> bool {
        self.topology.link(link).is_up()
    }

    /// The interface and its first address that `host` sends from to reach `destination`, with its MTU.
    #[must_use]
    pub fn route(&self, host: HostId, destination: IpAddr) -> Option<(InterfaceId, IpAddr, usize)> {
        self.topology.route(host, destination)
    }

    /// `host` sends a packet.
    pub fn send(&mut self, now: Duration, host: HostId, source: IpAddr, destination: IpAddr, mut packet: P) -> Fate {
        let Some((interface, _, mtu)) = self.topology.route(host, destination) else {
            return Fate::Lost(LossReason::NoRoute);
        };
        if packet.octets() > mtu && !packet.may_be_fragmented() {
            return Fate::TooBig(mtu);
        }
        let Some((link, side)) = self.topology.link_of(interface) else { return Fate::Lost(LossReason::NoRoute) };
        if !self.topology.link(link).is_up() {
            return Fate::Lost(LossReason::LinkDown);
        }
        let receiver = self.topology.receiver(link, side);
        let direction = self.topology.link_mut(link).direction_mut(side);
        let original = packet.clone();
        match direction.pass(now, &mut packet, &mut self.rng) {
            Passage::Lost(reason) => Fate::Lost(reason),
            Passage::TooBig { mtu, answer_at } => {
                if let Some(at) = answer_at {
                    let kind = ArrivalKind::TooBig { destination, mtu, packet: original };
                    self.schedule(Some(link), Arrival { at, host, kind });
                }
                Fate::Lost(LossReason::TooBig)
            }
            Passage::Through(times) => {
                for &at in &times {
                    let kind = ArrivalKind::Packet { source, destination, packet: packet.clone() };
                    self.schedule(Some(link), Arrival { at, host: receiver, kind });
                }
                Fate::Carried(times)
            }
        }
    }

    /// Puts a packet in front of `host` that nobody in this network has sent (an attacker's).
    pub fn inject(&mut self, at: Duration, host: HostId, source: IpAddr, destination: IpAddr, packet: P) {
        self.schedule(None, Arrival { at, host, kind: ArrivalKind::Packet { source, destination, packet } });
    }

    /// When [`Self::poll`] has something next.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        self.schedule.first().map(|slot| slot.at)
    }

    /// What has arrived by `now`, the earliest first. Packets on a link that is down, or to an address that the host no
    /// longer has, are gone.
    pub fn poll(&mut self, now: Duration) -> Option<Arrival<P>> {
        while self.schedule.first().is_some_and(|slot| slot.at <= now) {
            let slot = self.schedule.pop_first()?;
            let (link, arrival) = self.take(slot.number)?;
            let carried = link.is_none_or(|link| self.topology.link(link).is_up());
            let wanted = match &arrival.kind {
                ArrivalKind::Packet { destination, .. } => self.topology.has_address(arrival.host, *destination),
                ArrivalKind::TooBig { .. } => true,
            };
            if carried && wanted {
                return Some(arrival);
            }
        }
        None
    }

    /// Packets under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.schedule.len()
    }

    /// The network's chance, for what the caller decides by chance.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    fn schedule(&mut self, link: Option<LinkId>, arrival: Arrival<P>) {
        let number = self.first + self.travelling.len() as u64;
        self.schedule.insert(Slot { at: arrival.at, number });
        self.travelling.push_back(Some((link, arrival)));
    }

    fn take(&mut self, number: u64) -> Option<(Option<LinkId>, Arrival<P>)> {
        let at = usize::try_from(number - self.first).ok()?;
        let taken = self.travelling.get_mut(at)?.take();
        while let Some(None) = self.travelling.front() {
            self.travelling.pop_front();
            self.first += 1;
        }
        taken
    }
}

/// Place of an arrival in the schedule; among equal times the one sent first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Slot {
    at: Duration,
    number: u64,
}

impl Ord for Slot {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at).then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
