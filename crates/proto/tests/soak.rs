//! Random conversations over random networks, from seeds. After every step the engine checks itself; at the end every
//! message has arrived once and in order, or its sender was told otherwise, and both ends are quiet.
//!
//! `SOAK_SEEDS=10000` runs more of them, `SOAK_SEED=7` only that one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use usctp_netsim::{Impairment, LinkConfig, Loss, Rng, Seed};
use usctp_proto::{
    AssociationConfig, AssociationKey, CloseReason, EventKind, KeyChange, LocalAddress, OutgoingMessage, Reliability,
    Secret, StreamScheduler,
};
use usctp_wire::{ChunkType, KeyId, StreamId};

use crate::{
    mailbox::Message,
    pair::{A, Pair, Settings, Z, message},
};

#[test]
fn soak_first_quarter() {
    soak(0);
}

#[test]
fn soak_second_quarter() {
    soak(1);
}

#[test]
fn soak_third_quarter() {
    soak(2);
}

#[test]
fn soak_last_quarter() {
    soak(3);
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment how long to run")]
fn soak(quarter: u64) {
    let variable = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    if let Some(seed) = variable("SOAK_SEED") {
        if seed % 4 == quarter {
            Soak::run(seed);
        }
        return;
    }
    let seeds = variable("SOAK_SEEDS").unwrap_or(200);
    for seed in (0..seeds).filter(|seed| seed % 4 == quarter) {
        Soak::run(seed);
    }
}

/// A message that was sent, by its number.
#[derive(Clone, Copy, Debug)]
struct Posted {
    number: u64,
    stream: u16,
    unordered: bool,
    octets: usize,
    /// It has to be delivered if the association lives on.
    reliable: bool,
    /// Which incarnation of the sender sent it, to which of the receiver.
    epoch: (usize, usize),
}

struct Soak {
    pair: Pair,
    rng: Rng,
    /// By host.
    posted: [Vec<Posted>; 2],
    /// How often each host has forgotten everything.
    epochs: [usize; 2],
    keys: [Vec<AssociationKey>; 2],
    broken: bool,
}

impl Soak {
    fn run(seed: u64) {
        let _shown = Replay(seed);
        let mut rng = Rng::new(Seed(seed ^ 0x5eed_0000_0000));
        let settings = settings(seed, &mut rng);
        let mut soak = Self {
            pair: Pair::new(settings),
            rng,
            posted: [Vec::new(), Vec::new()],
            epochs: [0, 0],
            keys: [Vec::new(), Vec::new()],
            broken: false,
        };
        soak.play();
        soak.finish();
        soak.check();
    }

    /// A random conversation.
    fn play(&mut self) {
        self.pair.hosts[Z].reads = self.rng.chance(0.7);
        self.pair.hosts[A].reads = self.rng.chance(0.9);
        self.pair.connect(A);
        if self.rng.chance(0.8) {
            self.pair.run_for(Duration::from_secs(2));
        }
        for _ in 0..self.rng.between(5..200) {
            self.act();
            let pause = match self.rng.below(10) {
                0 => Duration::from_millis(self.rng.between(0..20_000)),
                1..4 => Duration::from_millis(self.rng.between(0..500)),
                4..7 => Duration::from_millis(self.rng.between(0..20)),
                _ => Duration::ZERO,
            };
            self.pair.run_for(pause);
            self.check_progress();
        }
    }

    fn act(&mut self) {
        let host = self.rng.below(2);
        match self.rng.below(100) {
            0..55 => {
                let count = if self.rng.chance(0.1) { self.rng.between(1..40) } else { 1 };
                for _ in 0..count {
                    self.post(host);
                }
            }
            55..70 => {
                let count = self.rng.below(30);
                self.pair.read(host, count);
            }
            70..76 => {
                let link = self.rng.below(self.pair.links.len());
                let up = !self.pair.network.is_up(self.pair.links[link]);
                self.pair.set_up(link, up);
            }
            76..80 => {
                let link = self.rng.below(self.pair.links.len());
                let least = if self.pair.hosts[A].addresses[0].is_ipv6() { 1280 } else { 576 };
                let mtu = self.rng.between(least..1501) as usize;
                self.pair.configure_link(link, |config| config.mtu = mtu);
            }
            80..83 => {
                let link = self.rng.below(self.pair.links.len());
                let impairment = impairment(&mut self.rng);
                self.pair.configure_link(link, |config| config.impairment = impairment);
            }
            83..86 => self.configure(host),
            86 if self.rng.chance(0.3) => self.end(host),
            87 if self.rng.chance(0.3) => self.crash(),
            _ => {}
        }
    }

    /// `host` sends a message.
    fn post(&mut self, host: usize) {
        let Some(key) = self.pair.hosts[host].association else { return };
        let Some(status) = self.pair.hosts[host].endpoint.status(key) else { return };
        // The caller bounds what it queues.
        if status.send_buffered > 200_000 {
            return;
        }
        let octets = match self.rng.below(20) {
            0 => self.rng.between(8..150_000),
            1..6 => self.rng.between(8..8_000),
            _ => self.rng.between(8..1_000),
        } as usize;
        let stream = self.rng.below(usize::from(status.outbound_streams)) as u16;
        let unordered = self.rng.chance(0.25);
        let number = self.posted[host].len() as u64;
        let reliability = self.reliability();
        let timed = reliability == Reliability::Timed;
        let expires = timed.then(|| self.pair.now + Duration::from_millis(self.rng.between(1..5_000)));
        let outgoing = OutgoingMessage {
            unordered,
            immediate: self.rng.chance(0.1),
            context: number as u32,
            expires,
            reliability,
            ..message(stream, contents(number, octets))
        };
        if self.pair.send_message(host, outgoing).is_ok() {
            let epoch = (self.epochs[host], self.epochs[1 - host]);
            let reliable = reliability == Reliability::Full;
            self.posted[host].push(Posted { number, stream, unordered, octets, reliable, epoch });
        }
    }

    /// For most messages that they are delivered.
    fn reliability(&mut self) -> Reliability {
        match self.rng.below(12) {
            0 => Reliability::Timed,
            1 => Reliability::Retransmissions(self.rng.below(3) as u32),
            2 => Reliability::Priority(self.rng.below(5) as u32),
            _ => Reliability::Full,
        }
    }

    fn configure(&mut self, host: usize) {
        let Some(key) = self.pair.hosts[host].association else { return };
        let (now, what) = (self.pair.now, self.rng.below(10));
        let link = self.rng.below(self.pair.links.len());
        let address = self.pair.hosts[1 - host].addresses[link].into();
        let size = self.rng.between(3_000..200_000) as u32;
        let endpoint = &mut self.pair.hosts[host].endpoint;
        match what {
            0 => {
                endpoint.set_primary(now, key, address);
            }
            1 => {
                endpoint.heartbeat(now, key, address);
            }
            2 => {
                endpoint.configure(now, key, &mut |config| config.receive_buffer = size);
            }
            3 => {
                endpoint.configure(now, key, &mut |config| config.no_delay = !config.no_delay);
            }
            4 => {
                endpoint.handle_send_too_big(now, address, 600 + size % 900);
            }
            5 => {
                let local = |(number, &ip): (usize, &std::net::IpAddr)| LocalAddress {
                    address: ip.into(),
                    interface: number as u32 + 1,
                };
                let local: Vec<_> = self.pair.hosts[host].addresses.iter().enumerate().map(local).collect();
                self.pair.hosts[host].endpoint.handle_local_addresses(now, &local);
            }
            7 => {
                endpoint.configure(now, key, &mut |config| config.scheduler = SCHEDULERS[size as usize % 6]);
                endpoint.set_stream_value(now, key, StreamId((size % 20) as u16), (size % 7) as u16);
            }
            6 => {
                endpoint.make_room(now, key, size as usize, size % 5);
            }
            8 => {
                let own = self.pair.hosts[host].addresses[link].into();
                let endpoint = &mut self.pair.hosts[host].endpoint;
                // Refused where ASCONF was not agreed on.
                let _ = endpoint.set_peer_primary(now, key, own);
                let active = KeyId((size % 2) as u16);
                // The other may still be deactivated; then it is set anew.
                let _ = endpoint.change_keys(now, key, &KeyChange::Activate(active));
                let _ = endpoint.change_keys(now, key, &KeyChange::Deactivate(KeyId(0)));
                let _ = endpoint.change_keys(now, key, &KeyChange::Set(KeyId(0), Secret::new(b"")));
            }
            _ => {
                endpoint.configure_path(now, key, Some(address), &mut |path| {
                    path.heartbeat = !path.heartbeat;
                    path.mtu = 1300;
                    path.mtu_discovery = !path.mtu_discovery;
                });
            }
        }
        self.pair.drain();
    }

    /// `host` ends the association.
    fn end(&mut self, host: usize) {
        if self.pair.hosts[host].association.is_none() {
            return;
        }
        if self.rng.chance(0.7) {
            self.pair.shutdown(host);
        } else {
            self.pair.abort(host, b"soak");
            self.broken = true;
        }
    }

    /// A forgets everything and connects anew, from the same port.
    fn crash(&mut self) {
        let Some(key) = self.pair.hosts[A].association.take() else { return };
        self.pair.hosts[A].endpoint.forget(key);
        self.pair.hosts[A].mailbox.close(key);
        self.epochs[A] += 1;
        self.broken = true;
        self.pair.connect(A);
    }

    /// The network recovers, the programs read, and the association is shut down.
    fn finish(&mut self) {
        for link in 0..self.pair.links.len() {
            self.pair.set_up(link, true);
            self.pair.configure_link(link, |config| {
                config.impairment = Impairment { loss: Loss::Random(0.01), ..Impairment::default() };
            });
        }
        for host in [A, Z] {
            self.pair.hosts[host].reads = true;
            self.pair.read(host, usize::MAX);
        }
        self.pair.run_for(Duration::from_secs(30));
        let mut minutes = 0;
        while !self.is_quiet() {
            assert!(minutes < 15, "a quarter of an hour later the ends are not quiet");
            for host in [A, Z] {
                if self.pair.hosts[host].association.is_some() {
                    self.pair.shutdown(host);
                }
            }
            self.pair.run_for(Duration::from_secs(60));
            minutes += 1;
        }
        self.check_progress();
    }

    fn is_quiet(&mut self) -> bool {
        let idle = self.pair.hosts.iter_mut().all(|host| host.endpoint.poll_timeout().is_none());
        idle && self.pair.network.in_flight() == 0
    }

    /// What must hold at every moment.
    fn check_progress(&mut self) {
        for host in [A, Z] {
            let Some(key) = self.pair.hosts[host].association else { continue };
            if !self.keys[host].contains(&key) {
                self.keys[host].push(key);
            }
            let Some(status) = self.pair.hosts[host].endpoint.status(key) else { continue };
            let deadline = self.pair.hosts[host].endpoint.poll_timeout();
            assert!(status.unacknowledged_chunks == 0 || deadline.is_some(), "data is out and no timer runs");
            assert!(status.pending_chunks < 5_000, "{} chunks held", status.pending_chunks);
        }
    }

    /// What must hold at the end.
    fn check(&self) {
        for receiver in [A, Z] {
            for &key in &self.keys[receiver] {
                self.check_received(receiver, key);
            }
        }
        let orderly = |host: usize| matches!(self.pair.closed(host), Some(CloseReason::Shutdown));
        if self.is_one_association() && orderly(A) && orderly(Z) {
            for sender in [A, Z] {
                self.check_accounts(sender);
            }
        }
    }

    /// In good order each message has arrived, or its sender was told once that it was given up; one that had to be delivered
    /// has arrived, and one that was never sent has not.
    fn check_accounts(&self, sender: usize) {
        let failure = |event: &usctp_proto::Event| match &event.kind {
            EventKind::SendFailed(failure) => Some((u64::from(failure.context), failure.sent)),
            _ => None,
        };
        let mut failed = BTreeMap::new();
        for (number, sent) in self.pair.hosts[sender].events.iter().filter_map(failure) {
            assert_eq!(failed.insert(number, sent), None, "message {number} failed twice");
        }
        let number = |message: &&Message| u64::from_be_bytes(*message.octets.first_chunk().expect("eight octets"));
        let arrived: BTreeSet<_> = self.pair.hosts[1 - sender].mailbox.all().iter().map(number).collect();
        for posted in &self.posted[sender] {
            match failed.get(&posted.number) {
                None => assert!(arrived.contains(&posted.number), "{posted:?} is gone without a word"),
                Some(sent) => {
                    assert!(!posted.reliable, "{posted:?} was given up");
                    assert!(*sent || !arrived.contains(&posted.number), "{posted:?} was not sent and yet arrived");
                }
            }
        }
    }

    /// Whether all of it was one association. One end may have given up early, and another have followed.
    fn is_one_association(&self) -> bool {
        let begun = |event: &&usctp_proto::Event| matches!(event.kind, EventKind::Established { .. });
        !self.broken && self.pair.hosts.iter().all(|host| host.events.iter().filter(begun).count() == 1)
    }

    /// Each message at most once and unharmed; on each stream in order, without gaps.
    fn check_received(&self, receiver: usize, key: AssociationKey) {
        let posted = &self.posted[1 - receiver];
        let mut seen = BTreeSet::new();
        let mut ordered: BTreeMap<(usize, u16), Vec<u64>> = BTreeMap::new();
        for message in self.pair.hosts[receiver].mailbox.messages(key) {
            let number = u64::from_be_bytes(*message.octets.first_chunk().expect("at least eight octets"));
            let sent = posted[number as usize];
            assert!(seen.insert(number), "message {number} came twice");
            assert_eq!((message.stream, message.unordered), (sent.stream, sent.unordered));
            assert!(message.octets == contents(number, sent.octets), "message {number} was harmed");
            if !sent.unordered {
                ordered.entry((sent.epoch.0, sent.stream)).or_default().push(number);
            }
        }
        for ((epoch, stream), numbers) in ordered {
            assert!(numbers.is_sorted(), "stream {stream}: {numbers:?}");
            if !self.is_one_association() {
                continue;
            }
            let all = posted.iter().filter(|sent| !sent.unordered && sent.stream == stream && sent.epoch.0 == epoch);
            // What was given up may be missing.
            let last = numbers.last().copied().unwrap_or(0);
            let all = all.filter(|sent| sent.number <= last && (sent.reliable || numbers.contains(&sent.number)));
            let all: Vec<_> = all.map(|sent| sent.number).collect();
            assert_eq!(numbers, all, "stream {stream} has a gap");
        }
    }
}

fn settings(seed: u64, rng: &mut Rng) -> Settings {
    let paths = 1 + rng.below(3);
    let mut settings = Settings {
        seed,
        links: (0..paths).map(|_| link(rng)).collect(),
        ipv6: rng.chance(0.3),
        logged: 3_000,
        ..Settings::default()
    };
    if settings.ipv6 {
        settings.links.iter_mut().for_each(|link| link.mtu = link.mtu.max(1280));
    }
    settings.configs = [config(rng), config(rng)];
    settings
}

fn link(rng: &mut Rng) -> LinkConfig {
    LinkConfig {
        delay: Duration::from_micros(rng.between(100..150_000)),
        jitter: Duration::from_micros(*rng.choose(&[0, 0, 500, 20_000])),
        rate: *rng.choose(&[0, 0, 50_000, 500_000, 10_000_000]),
        queue: rng.between(3_000..200_000),
        mark_above: rng.chance(0.5).then_some(5_000),
        mtu: *rng.choose(&[1500, 1500, 1500, 1400, 1000, 600]),
        tells_too_big: true,
        impairment: impairment(rng),
    }
}

fn impairment(rng: &mut Rng) -> Impairment {
    let loss = match rng.below(6) {
        0 => Loss::Random(0.1),
        1 => Loss::Random(0.02),
        2 => Loss::Burst { begin: 0.02, end: 0.3 },
        _ => Loss::None,
    };
    Impairment {
        loss,
        duplication: *rng.choose(&[0.0, 0.0, 0.05]),
        reordering: *rng.choose(&[0.0, 0.0, 0.1]),
        held_back: Duration::from_millis(rng.between(1..100)),
        corruption: *rng.choose(&[0.0, 0.0, 0.02]),
    }
}

/// AUTH, on some seeds, with a list of each side's own. COOKIE ECHO is not in it: one who has forgotten everything could not
/// come back (RFC 4895 §6.3).
fn authenticate(config: &mut AssociationConfig, rng: &mut Rng) {
    config.asconf = rng.chance(0.4);
    config.auto_asconf = rng.chance(0.5);
    let auth = &mut config.auth;
    auth.enable(rng.chance(0.4));
    let lists: [&[u16]; 3] = [&[1], &[1, 3], &[3, 1]];
    auth.set_algorithms(lists[rng.below(lists.len())]).expect("with SHA-1");
    for kind in [0, 3, 4, 5, 7, 9, 11, 12, 13] {
        if rng.chance(0.4) {
            auth.add_chunk(ChunkType(kind)).expect("a type that can be listed");
        }
    }
    auth.change(&KeyChange::Set(KeyId(1), Secret::new(b"known to both"))).expect("a key");
    auth.change(&KeyChange::Activate(KeyId(rng.chance(0.5).into()))).expect("it is there");
}

fn config(rng: &mut Rng) -> AssociationConfig {
    let mut config = AssociationConfig {
        rto_initial: Duration::from_millis(*rng.choose(&[500, 1000, 3000])),
        rto_min: Duration::from_millis(*rng.choose(&[100, 300, 1000])),
        rto_max: Duration::from_secs(*rng.choose(&[2, 10, 60])),
        max_retransmissions: *rng.choose(&[4, 10, 10]),
        outbound_streams: rng.between(1..20) as u16,
        inbound_streams: rng.between(1..20) as u16,
        receive_buffer: *rng.choose(&[3_000, 10_000, 106_496, 500_000]),
        receive_overhead: *rng.choose(&[0, 0, 200]),
        send_overhead: *rng.choose(&[0, 0, 100]),
        sack_delay: Duration::from_millis(*rng.choose(&[0, 50, 200])),
        sack_every: *rng.choose(&[1, 2, 2, 4]),
        no_delay: rng.chance(0.5),
        max_burst: *rng.choose(&[0, 4, 4]),
        max_segment: *rng.choose(&[0, 0, 0, 100, 600]),
        ecn: rng.chance(0.7),
        partial_reliability: rng.chance(0.7),
        scheduler: *rng.choose(&SCHEDULERS),
        interleaving: rng.chance(0.6),
        partial_delivery_point: *rng.choose(&[0, 0, 2_000]),
        ..AssociationConfig::default()
    };
    authenticate(&mut config, rng);
    config.path.heartbeat_interval = Duration::from_secs(*rng.choose(&[1, 5, 30]));
    config.path.max_retransmissions = *rng.choose(&[0, 2, 5]);
    config
}

const SCHEDULERS: [StreamScheduler; 6] = [
    StreamScheduler::FirstCome,
    StreamScheduler::RoundRobin,
    StreamScheduler::RoundRobinPacket,
    StreamScheduler::Priority,
    StreamScheduler::FairBandwidth,
    StreamScheduler::WeightedFair,
];

/// The number, and octets that follow from it.
fn contents(number: u64, octets: usize) -> Vec<u8> {
    let mut all = number.to_be_bytes().to_vec();
    all.extend((8..octets).map(|at| (number as usize * 31 + at) as u8));
    all
}

/// Says how to repeat a run that fails.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again: SOAK_SEED={} cargo test -p usctp-proto --test conversations soak", self.0);
        }
    }
}
