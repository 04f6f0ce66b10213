//! The links of a stack on a real host.

use std::{
    os::fd::AsFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{fs::Access, io::Errno};

use crate::{
    Address, Carrier, ChecksumState, ClaimError, Incoming, Link, LinkChoice, LinkCounters, LinkError, LinkId,
    LinkSettings, LocalAddress, Outgoing, PortClaim, Route, SendOutcome,
    checksum::Checksums,
    counters::Counts,
    raw::RawLink,
    receive::{Admission, Inlet, Memory},
    record::Recorder,
    registry::Registry,
    routes::Routes,
    send::send_run,
    sockets::{Mode, PacketSocket},
    udp::UdpLinks,
    waiter::{Ready, Waiter},
};

/// Everything that a stack needs from the host, opened at once and held until it is dropped, so that setuid, chroot and
/// seccomp afterwards do no harm.
///
/// Lock order: `intake`, then what its parts lock; `sockets` is taken alone.
pub struct Links {
    raw: Option<RawLink>,
    udp: UdpLinks,
    udp_peer_port: u16,
    /// Paths for which nothing was asked are encapsulated.
    encapsulate: bool,
    /// A fixed UDP port is to be there for listening sockets.
    listen_on_udp: bool,
    registry: Arc<Registry>,
    routes: Routes,
    checksums: Checksums,
    recorder: Option<Recorder>,
    waiter: Waiter,
    /// The sockets that packets come from; the place is the token in the waiter.
    sockets: RwLock<Vec<Arc<PacketSocket>>>,
    intake: Mutex<Intake>,
    counts: Counts,
    /// A packet was refused because buffers are full.
    refused: AtomicBool,
    explanation: String,
    warnings: Vec<String>,
}

impl Links {
    /// Opens it all.
    ///
    /// # Errors
    ///
    /// When raw IP was demanded and refused, the pcap file cannot be made, or the host lacks what no stack can do without.
    pub fn open(settings: &LinkSettings) -> Result<Self, LinkError> {
        let failed = |what| move |errno| LinkError::Open { what, errno };
        let registry = Arc::new(Registry::open().map_err(failed("a unix socket"))?);
        let (raw, explanation) = choose(settings.choice, &registry)?;
        let links = Self {
            encapsulate: raw.is_none(),
            listen_on_udp: raw.is_none() || settings.udp_port.is_some(),
            raw,
            udp: UdpLinks::open(settings)?,
            udp_peer_port: settings.udp_peer_port,
            registry,
            routes: Routes::open(),
            checksums: Checksums::open(),
            recorder: settings.pcap.as_deref().map(Recorder::create).transpose()?,
            waiter: Waiter::open().map_err(failed("an epoll descriptor"))?,
            sockets: RwLock::default(),
            intake: Mutex::new(Intake::new()),
            counts: Counts::default(),
            refused: AtomicBool::new(false),
            explanation,
            warnings: kernel_sctp().into_iter().collect(),
        };
        links.watch_all().map_err(failed("a place in epoll"))?;
        Ok(links)
    }

    /// Which link is the default and why, one line.
    #[must_use]
    pub fn explanation(&self) -> &str {
        &self.explanation
    }

    /// What the user should be warned of, one line each; as the kernel's own SCTP being active beside us.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn watch_all(&self) -> Result<(), Errno> {
        if let Some(changes) = &self.routes.changes {
            self.waiter.add(changes.as_fd(), CHANGES, false)?;
        }
        if let Some(raw) = &self.raw {
            for socket in &raw.sockets {
                self.adopt(socket)?;
            }
            self.watch_leader(raw);
        }
        Ok(())
    }

    fn watch_leader(&self, raw: &RawLink) {
        raw.watch(|fd| {
            if let Err(errno) = self.waiter.add(fd, LEADER, true) {
                tracing::warn!(%errno, "the stack that answers for free ports cannot be watched");
            }
        });
    }

    fn adopt(&self, socket: &Arc<PacketSocket>) -> Result<(), Errno> {
        let mut sockets = self.sockets.write().unwrap_or_else(PoisonError::into_inner);
        self.waiter.add(socket.fd(), sockets.len() as u64, false)?;
        sockets.push(Arc::clone(socket));
        Ok(())
    }

    fn socket_for(&self, outgoing: &Outgoing<'_>) -> Option<Arc<PacketSocket>> {
        if outgoing.link == RAW {
            return self.raw.as_ref()?.socket_for(outgoing.destination).cloned();
        }
        self.udp.socket_for(outgoing.link, outgoing.source, outgoing.destination)
    }

    fn mtu_towards(&self, destination: Address) -> u32 {
        self.routes.route(destination).map_or(1280, |route| route.mtu)
    }

    /// One round over what is ready.
    fn take_in(&self, intake: &mut Intake, incoming: &mut Vec<Incoming>) {
        let round = std::mem::take(&mut intake.ready);
        for ready in round {
            match ready.token {
                CHANGES => intake.changed |= self.routes.changes.as_ref().is_some_and(|changes| changes.drain()),
                LEADER => {
                    if let Some(raw) = self.raw.as_ref().filter(|raw| raw.attend()) {
                        self.watch_leader(raw);
                    }
                }
                index => {
                    if let Some(left) = self.take_from(index, ready.error, intake, incoming) {
                        intake.ready.push(left);
                    }
                }
            }
        }
    }

    /// A batch from one socket; what is left there.
    fn take_from(&self, token: u64, error: bool, intake: &mut Intake, incoming: &mut Vec<Incoming>) -> Option<Ready> {
        let index = usize::try_from(token).ok()?;
        let socket = self.sockets.read().unwrap_or_else(PoisonError::into_inner).get(index).cloned()?;
        let ours = |icmp: &_| socket.udp_port.is_some() || self.raw.as_ref().is_some_and(|raw| raw.sent(icmp));
        let errors_left = error && !Inlet::receive_errors(&socket, &mut intake.memory, &self.counts, incoming, ours);
        if intake.inlets.len() <= index {
            intake.inlets.resize_with(index + 1, Inlet::default);
        }
        let drained = intake.inlets[index].receive(&socket, &mut intake.memory, self, &self.counts, incoming);
        if errors_left || !drained { Some(Ready { token, error: errors_left }) } else { None }
    }

    /// Changes of addresses and routes come in flocks: they are told of at most some times a second.
    fn tell_changes(&self, intake: &mut Intake, now: Instant, incoming: &mut Vec<Incoming>) {
        if intake.changed && intake.quiet_until.is_none_or(|until| until <= now) {
            intake.changed = false;
            intake.quiet_until = Some(now + QUIET);
            self.routes.forget();
            incoming.push(Incoming::AddressesChanged);
        }
    }

    /// When this crate itself has something to do, whatever the caller waits for.
    fn own_deadline(&self, intake: &Intake, now: Instant) -> Option<Instant> {
        let retry = if self.refused.swap(false, Ordering::Relaxed) { Some(now + RETRY) } else { None };
        let changes = intake.quiet_until.filter(|_| intake.changed);
        let raw = self.raw.as_ref().and_then(|raw| raw.tick(now));
        [retry, changes, raw].into_iter().flatten().min()
    }
}

impl Link for Links {
    fn send(&self, packets: &[Outgoing<'_>], outcomes: &mut Vec<SendOutcome>) {
        outcomes.clear();
        outcomes.resize(packets.len(), SendOutcome::Sent);
        let mut begin = 0;
        while let Some(first) = packets.get(begin) {
            let alike = |other: &&Outgoing<'_>| {
                other.link == first.link
                    && other.source == first.source
                    && other.destination.ip.is_ipv4() == first.destination.ip.is_ipv4()
                    && Mode::of(other) == Mode::of(first)
            };
            let end = begin + packets[begin..].iter().take_while(alike).count();
            match self.socket_for(first) {
                Some(socket) => {
                    let mtu = |destination| self.mtu_towards(destination);
                    send_run(&socket, &packets[begin..end], &mut outcomes[begin..end], &self.counts, &mtu);
                }
                None => outcomes[begin..end].fill(SendOutcome::Refused(Errno::ADDRNOTAVAIL.raw_os_error())),
            }
            begin = end;
        }
        if outcomes.iter().any(|outcome| matches!(outcome, SendOutcome::Full { .. })) {
            self.refused.store(true, Ordering::Relaxed);
        }
        if let Some(recorder) = &self.recorder {
            recorder.sent(packets, outcomes, |outgoing| {
                let source = outgoing.source.or_else(|| self.route(outgoing.destination).map(|route| route.source));
                (source.map(|source| source.ip), self.udp_port(outgoing.link))
            });
        }
    }

    fn receive(&self, incoming: &mut Vec<Incoming>) {
        let before = incoming.len();
        let intake = &mut *lock(&self.intake);
        intake.rounds += 1;
        // One busy socket must not keep the others from being seen.
        if intake.ready.is_empty() || intake.rounds.is_multiple_of(16) {
            intake.look(&self.waiter);
        }
        self.take_in(intake, incoming);
        self.tell_changes(intake, Instant::now(), incoming);
        if intake.changed {
            // To be told later: who waits must know until when.
            self.waiter.nudge();
        }
        if let Some(recorder) = &self.recorder {
            recorder.received(&incoming[before..], |packet| self.udp_port(packet.link));
        }
    }

    fn wait(&self, timeout: Option<Duration>) {
        let now = Instant::now();
        let own = {
            let mut intake = lock(&self.intake);
            if !intake.ready.is_empty() {
                intake.look(&self.waiter);
                return;
            }
            self.own_deadline(&intake, now)
        };
        let own = own.map(|own| own.saturating_duration_since(now));
        let timeout = match (timeout, own) {
            (Some(timeout), Some(own)) => Some(timeout.min(own)),
            (timeout, own) => timeout.or(own),
        };
        let mut ready = Vec::new();
        self.waiter.wait(timeout, &mut ready);
        lock(&self.intake).merge(&ready);
    }

    fn wake(&self) {
        self.waiter.wake();
    }

    fn carrier(&self, destination: Address, local_port: u16, udp_port: Option<u16>) -> Option<Carrier> {
        let udp_port = match udp_port {
            Some(0) => None,
            None if !self.encapsulate => None,
            asked => Some(asked.unwrap_or(self.udp_peer_port)),
        };
        let Some(port) = udp_port else {
            self.raw.as_ref()?.socket_for(destination)?;
            return Some(Carrier { link: RAW, udp_port: None });
        };
        match self.udp.link_for(destination, local_port, &|socket| self.adopt(socket)) {
            Ok(link) => Some(Carrier { link, udp_port: Some(port) }),
            Err(error) => {
                tracing::warn!(%error, "no UDP encapsulation");
                None
            }
        }
    }

    fn route(&self, destination: Address) -> Option<Route> {
        self.routes.route(destination)
    }

    fn local_addresses(&self) -> Vec<LocalAddress> {
        self.routes.local_addresses()
    }

    fn listen(&self, local_port: u16, addresses: &[Address]) -> Result<(), LinkError> {
        if !self.listen_on_udp {
            return Ok(());
        }
        self.udp.listen(local_port, addresses, &|socket| self.adopt(socket))
    }

    fn claim(&self, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        self.registry.claim(port, addresses)
    }

    fn is_free(&self, port: u16, addresses: &[Address]) -> bool {
        self.registry.is_free(port, addresses)
    }

    fn may_answer(&self, port: u16, address: Address) -> bool {
        !self.registry.is_held_by_other(port, address)
    }

    fn udp_port(&self, link: LinkId) -> Option<u16> {
        self.udp.port(link)
    }

    fn counters(&self) -> LinkCounters {
        self.counts.read()
    }
}

impl Admission for Links {
    fn admits(&self, packet: &[u8], destination: Address) -> bool {
        let port = u16::from_be_bytes([packet[2], packet[3]]);
        self.raw.as_ref().is_some_and(|raw| raw.admits(port, destination))
    }

    fn checksum(&self, packet: &[u8], source: Address) -> ChecksumState {
        self.checksums.judge(packet, source, &self.counts)
    }
}

/// What the receiving thread goes on with.
struct Intake {
    memory: Memory,
    inlets: Vec<Inlet>,
    ready: Vec<Ready>,
    rounds: u32,
    /// Addresses or routes have changed, and the caller does not know yet.
    changed: bool,
    quiet_until: Option<Instant>,
}

impl Intake {
    fn new() -> Self {
        Self {
            memory: Memory::new(),
            inlets: Vec::new(),
            ready: Vec::new(),
            rounds: 0,
            changed: false,
            quiet_until: None,
        }
    }

    fn look(&mut self, waiter: &Waiter) {
        let mut ready = Vec::new();
        waiter.look(&mut ready);
        self.merge(&ready);
    }

    fn merge(&mut self, ready: &[Ready]) {
        for new in ready {
            match self.ready.iter_mut().find(|old| old.token == new.token) {
                Some(old) => old.error |= new.error,
                None => self.ready.push(*new),
            }
        }
    }
}

/// The raw link, if it is to be had and wanted, and why it is or is not.
fn choose(choice: LinkChoice, registry: &Arc<Registry>) -> Result<(Option<RawLink>, String), LinkError> {
    if choice == LinkChoice::Udp {
        return Ok((None, "UDP encapsulation: as asked for".to_owned()));
    }
    match RawLink::open(RAW, registry) {
        Ok(raw) if choice == LinkChoice::Raw => Ok((Some(raw), "raw IP: as asked for".to_owned())),
        Ok(raw) => Ok((Some(raw), "raw IP: the process may open raw sockets".to_owned())),
        Err(errno) if choice == LinkChoice::Raw => Err(LinkError::Raw { errno }),
        Err(errno) => Ok((None, format!("UDP encapsulation: a raw socket was refused ({errno})"))),
    }
}

/// Whether the kernel's own SCTP is loaded. To open one of its sockets would load it.
fn kernel_sctp() -> Option<String> {
    rustix::fs::access("/proc/net/sctp", Access::EXISTS).ok()?;
    Some(
        "the kernel's own SCTP is active and answers raw packets, too: use --link udp, or unload the module sctp"
            .to_owned(),
    )
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const RAW: LinkId = LinkId(0);
const CHANGES: u64 = 1 << 32;
const LEADER: u64 = CHANGES + 1;
/// Between two reports of changed addresses.
const QUIET: Duration = Duration::from_millis(50);
/// After which a packet that found buffers full is worth another try.
const RETRY: Duration = Duration::from_millis(1);
