//! Paths: the peer's addresses, each with everything that is measured and counted for it (RFC 9260 §6.4, §7.2, §8).

mod failover;
mod heartbeat;
mod mtu;
mod rtt;
mod select;

use std::net::IpAddr;

use usctp_wire::{Data, HEADER_LEN, Tsn};

pub(crate) use self::{
    failover::{Failover, Reachability},
    heartbeat::Heartbeat,
    mtu::PathMtu,
    rtt::RttEstimator,
};
use super::{
    congestion::{Acknowledged, CongestionControl},
    timer::{Timer, earliest},
};
use crate::{Address, AssociationConfig, Carrier, PathChange, PathConfig, PathState, PathStatus, Time};

/// A path within its association. Stays the same while the path lives; used again after a path is removed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct PathId(pub(crate) u8);

/// One address of the peer.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The peer's address.
    pub(crate) address: Address,
    /// The local address that packets bear; `None` leaves it to the routing table.
    pub(crate) source: Option<Address>,
    /// How packets travel.
    pub(crate) carrier: Carrier,
    /// Settings; change them through [`Path::configure`].
    pub(crate) config: PathConfig,
    /// Whether the address is known to be the peer's (RFC 9260 §5.4).
    pub(crate) confirmed: bool,
    /// Error counter and reachability.
    pub(crate) failover: Failover,
    /// Round-trip time and RTO.
    pub(crate) rtt: RttEstimator,
    /// Packet size.
    pub(crate) mtu: PathMtu,
    /// Heartbeats.
    pub(crate) heartbeat: Heartbeat,
    /// The retransmission timer: runs exactly while `flight` is not zero.
    pub(crate) t3: Timer,
    /// Congestion window.
    pub(crate) congestion: CongestionControl,
    /// Octets outstanding here: chunks with headers and padding, sent last on this path, neither acknowledged nor marked
    /// for retransmission.
    pub(crate) flight: u32,
    /// Chunks marked for retransmission that are to go out here.
    pub(crate) to_retransmit: u32,
    /// When something that can be measured was sent last: a path with later traffic is not idle (RFC 9260 §8.3).
    pub(crate) last_used: Time,
    /// What `outbound` keeps per path.
    pub(crate) ledger: Ledger,
}

/// What `outbound` keeps per path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ledger {
    /// The lowest TSN outstanding here; `None` exactly while the flight is zero.
    pub(crate) earliest: Option<Tsn>,
    /// The chunk whose round trip is being measured, and when it was sent.
    pub(crate) sample: Option<(Tsn, Time)>,
    /// When new data was sent last.
    pub(crate) last_data: Time,
    /// The moment of the SACK that found the congestion window in full use.
    pub(crate) window_full_at: Option<Time>,
    /// Of the SACK being processed.
    pub(crate) tally: Tally,
}

/// What one SACK says about one path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Octets acknowledged for the first time.
    pub(crate) acknowledged: u32,
    /// Whether the acknowledged data shows that the path works.
    pub(crate) works: bool,
    /// Whether the earliest outstanding chunk is outstanding no more.
    pub(crate) earliest_gone: bool,
    /// Whether the timer is to start again (RFC 9260 §6.3.2 R3).
    pub(crate) earliest_acknowledged: bool,
    /// Whether a chunk was found missing for the third time.
    pub(crate) lost: bool,
    /// Whether the flight filled the congestion window.
    pub(crate) window_was_full: bool,
}

impl Path {
    fn new(
        address: Address,
        source: Option<Address>,
        carrier: Carrier,
        route_mtu: u32,
        config: &AssociationConfig,
    ) -> Self {
        let mtu = PathMtu::new(address.ip.is_ipv6(), route_mtu, &config.path);
        let pmdcs = packet_room(&mtu, &address, carrier) - HEADER_LEN as u32;
        Self {
            address,
            source,
            carrier,
            config: config.path,
            confirmed: false,
            failover: Failover::new(),
            rtt: RttEstimator::new(config),
            mtu,
            heartbeat: Heartbeat::default(),
            t3: Timer::STOPPED,
            congestion: CongestionControl::new(pmdcs, address.ip.is_ipv6()),
            flight: 0,
            to_retransmit: 0,
            last_used: Time::ZERO,
            ledger: Ledger::default(),
        }
    }

    /// Something sent on this path was answered: its errors are forgotten.
    pub(crate) fn on_success(&mut self) -> Option<PathChange> {
        self.failover.on_success()
    }

    /// A timer ran out on this path, or a HEARTBEAT stayed unanswered for an RTO. On `Unreachable` tell `Outbound`
    /// ([`super::outbound::Outbound::on_path_failed`]).
    pub(crate) fn on_error(&mut self) -> Option<PathChange> {
        self.failover.on_error(&self.config)
    }

    /// The address is the peer's: it has sent back a nonce that only it could know (RFC 9260 §5.4).
    pub(crate) fn confirm(&mut self) -> Option<PathChange> {
        let change = (!self.confirmed).then_some(PathChange::Confirmed);
        self.confirmed = true;
        change
    }

    /// Changed settings. What follows from them at once: packet size, reachability, congestion window.
    pub(crate) fn configure(&mut self, config: PathConfig) -> Option<PathChange> {
        if config.dscp != self.config.dscp {
            // RFC 9260 §7.2.5.1: other queues, other conditions.
            self.congestion.reset(self.pmdcs(), self.address.ip.is_ipv6());
        }
        self.config = config;
        self.mtu.configure(&config);
        self.failover.judge(&config)
    }

    /// Packets take another way from now on (RFC 9260 §7.2.5.2).
    pub(crate) fn reroute(&mut self, source: Option<Address>, route_mtu: u32, config: &AssociationConfig) {
        if source != self.source {
            self.source = source;
            self.rtt.reset(config);
            self.congestion.reset(self.pmdcs(), self.address.ip.is_ipv6());
        }
        self.mtu.reroute(route_mtu);
    }

    /// Ends what belongs to the data sent: the association begins anew (RFC 9260 §5.2.4.1).
    pub(crate) fn reset(&mut self, config: &AssociationConfig) {
        self.t3.stop();
        self.flight = 0;
        self.to_retransmit = 0;
        self.ledger = Ledger::default();
        self.rtt.reset(config);
        self.congestion.reset(self.pmdcs(), self.address.ip.is_ipv6());
        self.failover.on_success();
    }

    /// The idle path's next HEARTBEAT: an RTO and the interval after it was used last (RFC 9260 §8.3). `jitter`: any random
    /// number.
    pub(crate) fn schedule_heartbeat(&mut self, now: Time, jitter: u32) {
        if !self.config.heartbeat && self.confirmed {
            self.heartbeat.stop();
            return;
        }
        // RFC 9260 §5.4: until it is confirmed an address is probed once per RTO, whatever was set for it.
        let interval = if self.confirmed { self.config.heartbeat_interval } else { std::time::Duration::ZERO };
        self.heartbeat.schedule(now, interval, self.rtt.rto(), jitter);
    }

    /// Whether a HEARTBEAT is to go out now. A path that was used meanwhile is not idle: its heartbeat is put off.
    pub(crate) fn heartbeat_due(&mut self, now: Time, jitter: u32) -> bool {
        if !self.heartbeat.due(now) {
            return false;
        }
        let period = self.config.heartbeat_interval + self.rtt.rto() / 2;
        if self.confirmed && self.last_used > Time::ZERO && now.saturating_since(self.last_used) < period {
            self.schedule_heartbeat(self.last_used, jitter);
            return self.heartbeat.due(now);
        }
        true
    }

    /// A HEARTBEAT with `nonce` went out.
    pub(crate) fn heartbeat_sent(&mut self, now: Time, nonce: u64, jitter: u32) {
        self.heartbeat.sent(now, nonce, self.rtt.rto());
        self.last_used = now;
        self.schedule_heartbeat(now, jitter);
    }

    /// A HEARTBEAT ACK with `nonce` came. Whether it is the answer to ours: then the round trip is measured and the errors
    /// are forgotten; the changes of the path that follow.
    pub(crate) fn heartbeat_acknowledged(
        &mut self,
        now: Time,
        nonce: u64,
        config: &AssociationConfig,
    ) -> Option<[Option<PathChange>; 2]> {
        let rtt = self.heartbeat.acknowledged(now, nonce)?;
        self.rtt.sample(rtt, config);
        Some([self.on_success(), self.confirm()])
    }

    /// Whether a HEARTBEAT has just been left unanswered for an RTO; the RTO is backed off (RFC 9260 §8.3). The caller
    /// counts the error with [`Self::on_error`].
    pub(crate) fn heartbeat_overdue(&mut self, now: Time, config: &AssociationConfig) -> bool {
        let overdue = self.heartbeat.overdue(now);
        if overdue {
            self.rtt.back_off(config);
        }
        overdue
    }

    /// The SACK whose tally this path holds has been walked: the congestion window grows. Returns how many packets' worth of
    /// data it acknowledged.
    pub(crate) fn on_tally(&mut self, grows: bool) -> u32 {
        let (tally, pmdcs) = (self.ledger.tally, self.pmdcs());
        if tally.acknowledged == 0 {
            return 0;
        }
        self.congestion.on_acknowledged(&Acknowledged {
            octets: tally.acknowledged,
            window_was_full: tally.window_was_full,
            nothing_left: self.flight == 0 && self.to_retransmit == 0,
            recovering: !grows,
            pmdcs,
        });
        tally.acknowledged.div_ceil(pmdcs)
    }

    /// A report that packets above `mtu` octets (of IP) do not pass. Whether packets are smaller now.
    pub(crate) fn too_big(&mut self, now: Time, mtu: u32) -> bool {
        self.mtu.too_big(now, mtu)
    }

    /// Octets of the largest SCTP packet, common header included.
    pub(crate) fn max_packet(&self) -> u32 {
        packet_room(&self.mtu, &self.address, self.carrier)
    }

    /// RFC 9260 §1.6: the largest sum of DATA chunks in one packet.
    pub(crate) fn pmdcs(&self) -> u32 {
        self.max_packet() - HEADER_LEN as u32
    }

    /// Whether data may be sent here without doubt.
    pub(crate) const fn is_usable(&self) -> bool {
        self.confirmed && matches!(self.failover.state(), Reachability::Active)
    }

    /// Consecutive errors.
    pub(crate) const fn error_count(&self) -> u16 {
        self.failover.errors()
    }

    /// State as the program sees it.
    pub(crate) const fn state(&self) -> PathState {
        if !self.confirmed {
            return PathState::Unconfirmed;
        }
        match self.failover.state() {
            Reachability::Active => PathState::Active,
            Reachability::PotentiallyFailed => PathState::PotentiallyFailed,
            Reachability::Inactive => PathState::Inactive,
        }
    }

    /// What the program may look at.
    pub(crate) fn status(&self) -> PathStatus {
        PathStatus {
            address: self.address,
            source: self.source,
            carrier: self.carrier,
            state: self.state(),
            confirmed: self.confirmed,
            cwnd: self.congestion.cwnd(),
            ssthresh: self.congestion.ssthresh(),
            flight: self.flight,
            srtt: self.rtt.srtt(),
            rttvar: self.rtt.rttvar(),
            rto: self.rtt.rto(),
            mtu: self.mtu.octets(),
            error_count: u32::from(self.failover.errors()),
            config: self.config,
        }
    }

    /// The earliest of T3-rtx, heartbeat and MTU timers.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        earliest([self.t3.deadline(), self.heartbeat.next_timeout(), self.mtu.next_timeout()])
    }
}

/// The paths of an association. Small: most peers have one address.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathSet {
    slots: Vec<Option<Path>>,
    primary: u8,
    /// Octets kept free in every packet with data (an AUTH chunk).
    pub(crate) reserve: u16,
    /// Octets in front of the payload of a DATA or I-DATA chunk, whichever the association uses.
    pub(crate) data_header: u8,
}

impl PathSet {
    /// No path.
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), primary: 0, reserve: 0, data_header: Data::HEADER_LEN as u8 }
    }

    /// Adds an address of the peer; the first is the primary. `None`: there are too many.
    pub(crate) fn add(
        &mut self,
        address: Address,
        source: Option<Address>,
        carrier: Carrier,
        route_mtu: u32,
        config: &AssociationConfig,
        confirmed: bool,
    ) -> Option<PathId> {
        let mut path = Path::new(address, source, carrier, route_mtu, config);
        path.confirmed = confirmed;
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            self.slots[free] = Some(path);
            return Some(PathId(free as u8));
        }
        if self.slots.len() >= MAX_PATHS {
            return None;
        }
        self.slots.reserve_exact(1);
        self.slots.push(Some(path));
        Some(PathId((self.slots.len() - 1) as u8))
    }

    /// Takes a path out; tell `Outbound` before ([`super::outbound::Outbound::on_path_removed`]). If it was the primary
    /// another becomes it: the first that can be used.
    pub(crate) fn remove(&mut self, id: PathId) -> Option<Path> {
        let removed = self.slots.get_mut(usize::from(id.0))?.take();
        if id.0 == self.primary {
            let usable = self.iter().find(|(_, path)| path.is_usable()).or_else(|| self.iter().next());
            self.primary = usable.map_or(0, |(id, _)| id.0);
        }
        removed
    }

    /// The path to `address`.
    pub(crate) fn find(&self, address: Address) -> Option<PathId> {
        self.iter().find(|(_, path)| path.address == address).map(|(id, _)| id)
    }

    /// One path.
    pub(crate) fn get(&self, id: PathId) -> Option<&Path> {
        self.slots.get(usize::from(id.0))?.as_ref()
    }

    /// One path.
    pub(crate) fn get_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.slots.get_mut(usize::from(id.0))?.as_mut()
    }

    /// All paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PathId, &Path)> {
        self.slots.iter().enumerate().filter_map(|(index, path)| Some((PathId(index as u8), path.as_ref()?)))
    }

    /// All paths.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (PathId, &mut Path)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, path)| Some((PathId(index as u8), path.as_mut()?)))
    }

    /// One more than the highest [`PathId`] ever given.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The path that data takes while it works.
    pub(crate) const fn primary(&self) -> PathId {
        PathId(self.primary)
    }

    /// Makes a path the primary. False: there is no such path.
    pub(crate) fn set_primary(&mut self, id: PathId) -> bool {
        let exists = self.get(id).is_some();
        if exists {
            self.primary = id.0;
        }
        exists
    }

    /// The largest payload of a DATA chunk that goes unfragmented to every confirmed address, bounded by the program's
    /// wish.
    pub(crate) fn fragmentation_point(&self, config: &AssociationConfig) -> u32 {
        // RFC 9260 §7.3: the smallest of all paths, so that a chunk can be retransmitted on any.
        let smallest = self.slots.iter().flatten().filter(|path| path.confirmed).map(Path::pmdcs).min();
        let smallest = smallest.or_else(|| self.get(self.primary()).map(Path::pmdcs)).unwrap_or(LEAST_PMDCS);
        let room = smallest.saturating_sub(u32::from(self.reserve)).saturating_sub(self.data_header.into()) & !3;
        let room = room.max(LEAST_FRAGMENT);
        if config.max_segment == 0 { room } else { room.min(config.max_segment.max(1)) }
    }

    /// Whether a message of `len` octets may be queued: not if the program forbids fragments and it would need some.
    pub(crate) fn takes(&self, len: usize, config: &AssociationConfig) -> bool {
        !config.disable_fragments || len <= self.fragmentation_point(config) as usize
    }

    /// The HEARTBEATs that confirm the addresses which are not confirmed yet: spread out so that no more than
    /// HB.Max.Burst go out per RTO (RFC 9260 §5.4).
    pub(crate) fn schedule_confirmation(&mut self, now: Time, config: &AssociationConfig) {
        let per_rto = config.heartbeat_max_burst.max(1);
        let mut when = now;
        let mut count = 0;
        for (_, path) in self.iter_mut().filter(|(_, path)| !path.confirmed) {
            path.heartbeat.schedule_at(when);
            count += 1;
            if count % per_rto == 0 {
                when += path.rtt.rto();
            }
        }
    }

    /// The earliest timer of all paths.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        earliest(self.slots.iter().flatten().map(Path::next_timeout))
    }
}

/// Octets that remain of an IP packet for SCTP.
fn packet_room(mtu: &PathMtu, address: &Address, carrier: Carrier) -> u32 {
    let ip = if matches!(address.ip, IpAddr::V6(_)) { 40 } else { 20 };
    let udp = if carrier.udp_port.is_some() { 8 } else { 0 };
    // The MTU is at least 512.
    (mtu.octets() - ip - udp) & !3
}

/// More addresses than any host tells of; a peer's list beyond it is cut.
const MAX_PATHS: usize = 64;
/// Of an IPv4 path of the least MTU.
const LEAST_PMDCS: u32 = 544;
/// A fragment however little a packet may hold beside an AUTH chunk.
const LEAST_FRAGMENT: u32 = 16;

#[cfg(test)]
mod tests;
