//! Raw IP protocol 132: its sockets, and which packets are for this stack.

use std::{
    collections::HashMap,
    os::fd::{AsFd, BorrowedFd},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::io::Errno;

use crate::{
    Address, Icmp, LinkId,
    filter::{self, PortRule},
    leader::Leadership,
    registry::Registry,
    sockets::{self, PacketSocket},
    sys::option::attach_filter,
};

/// The raw sockets of a stack.
pub(crate) struct RawLink {
    pub(crate) sockets: Vec<Arc<PacketSocket>>,
    registry: Arc<Registry>,
    gate: Arc<Gate>,
}

impl RawLink {
    /// Opens a socket of each family that the host has.
    pub(crate) fn open(link: LinkId, registry: &Arc<Registry>) -> Result<Self, Errno> {
        let mut opened = Vec::new();
        let mut refusal = Errno::AFNOSUPPORT;
        for any in [Address::ANY_V4, Address::ANY_V6] {
            match sockets::open_raw(any.ip.is_ipv4()) {
                Ok(fd) => {
                    // Nothing until a port is claimed. What slipped in before is looked at like everything else.
                    attach_filter(fd.as_fd(), &filter::ports(&PortRule::Only(Vec::new()), any.ip.is_ipv4()))?;
                    opened.push(Arc::new(PacketSocket::new(fd, link, any, None)));
                }
                Err(errno) => {
                    tracing::debug!(%errno, family = %any.ip, "no raw socket");
                    refusal = errno;
                }
            }
        }
        if opened.is_empty() {
            return Err(refusal);
        }
        let gate = Arc::new(Gate {
            sockets: opened.clone(),
            leads: AtomicBool::new(false),
            leadership: Mutex::new(Leadership::Unknown),
            rules: Mutex::default(),
        });
        let told = Arc::clone(&gate);
        registry.on_change(Box::new(move |ports| told.set_ports(ports)));
        let raw = Self { sockets: opened, registry: Arc::clone(registry), gate };
        raw.seek();
        Ok(raw)
    }

    /// The socket for packets to `destination`.
    pub(crate) fn socket_for(&self, destination: Address) -> Option<&Arc<PacketSocket>> {
        self.sockets.iter().find(|socket| socket.is_ipv4() == destination.ip.is_ipv4())
    }

    /// Whether a packet to `port` at `address` is this stack's: it holds the port there, or nobody does and it answers for
    /// those.
    pub(crate) fn admits(&self, port: u16, address: Address) -> bool {
        if self.registry.covers(port, address) {
            return true;
        }
        if !self.gate.leads.load(Ordering::Relaxed) {
            return false;
        }
        if !self.registry.is_held_by_other(port, address) {
            return true;
        }
        let any = if address.ip.is_ipv4() { Address::ANY_V4 } else { Address::ANY_V6 };
        self.gate.count_foreign(port, any, || self.registry.is_held_by_other(port, any));
        false
    }

    /// Whether an ICMP error is about a packet of this stack: sockets are shown those of the whole host.
    pub(crate) fn sent(&self, icmp: &Icmp) -> bool {
        let port = icmp.quoted.first_chunk().map(|octets: &[u8; 2]| u16::from_be_bytes(*octets));
        port.is_some_and(|port| self.registry.holds(port) || self.gate.leads.load(Ordering::Relaxed))
    }

    /// Calls `watch` with the descriptor whose changes are to be told to [`Self::attend`].
    pub(crate) fn watch(&self, mut watch: impl FnMut(BorrowedFd<'_>)) {
        if let Some(fd) = lock(&self.gate.leadership).watched() {
            watch(fd);
        }
    }

    /// Something happened to the watched descriptor. True: there is another one to watch now.
    pub(crate) fn attend(&self) -> bool {
        let sought = lock(&self.gate.leadership).attend();
        if sought {
            self.seek();
        }
        sought
    }

    /// Does what is due and says when to come again: ports that were kept out of the filter for a while come in again.
    pub(crate) fn tick(&self, now: Instant) -> Option<Instant> {
        self.gate.lift(now)
    }

    fn seek(&self) {
        let mut leadership = lock(&self.gate.leadership);
        // The old connection is given up only when the new one stands.
        *leadership = Leadership::seek();
        let leads = leadership.is_leading();
        drop(leadership);
        self.gate.leads.store(leads, Ordering::Relaxed);
        self.gate.apply();
    }
}

/// The filter of the raw sockets.
///
/// Lock order: `leadership`, then `rules`.
struct Gate {
    sockets: Vec<Arc<PacketSocket>>,
    leads: AtomicBool,
    leadership: Mutex<Leadership>,
    rules: Mutex<Rules>,
}

/// What the filter is made of.
#[derive(Default)]
struct Rules {
    /// The ports of this stack.
    own: Vec<u16>,
    /// Ports that another stack holds on all addresses of a family and that packets come for: kept out until then.
    foreign: HashMap<(u16, Address), Instant>,
    /// Packets for foreign ports that got through, since when.
    seen: HashMap<(u16, Address), u32>,
}

impl Gate {
    fn set_ports(&self, ports: &[u16]) {
        let mut rules = lock(&self.rules);
        rules.own = ports.to_vec();
        rules.foreign.retain(|(port, _), _| !ports.contains(port));
        let relevant = !self.leads.load(Ordering::Relaxed) || !rules.foreign.is_empty();
        if relevant {
            self.attach(&rules);
        }
    }

    /// Who leads must see packets for every port that nobody holds, so its filter cannot name those it wants. It learns
    /// those it does not want from the packets that come: a port that another stack holds and that is busy is kept out
    /// for a second at a time. For that second only, an answer may be missing if the other stack dies.
    fn count_foreign(&self, port: u16, any: Address, is_held: impl FnOnce() -> bool) {
        let mut rules = lock(&self.rules);
        if rules.seen.len() >= MAX_FOREIGN {
            rules.seen.clear();
        }
        let seen = rules.seen.entry((port, any)).or_default();
        *seen += 1;
        if *seen < BUSY_PACKETS || rules.foreign.len() >= MAX_FOREIGN {
            return;
        }
        rules.seen.remove(&(port, any));
        if !rules.own.contains(&port) && is_held() {
            rules.foreign.insert((port, any), Instant::now() + KEPT_OUT);
            self.attach(&rules);
        }
    }

    fn lift(&self, now: Instant) -> Option<Instant> {
        let mut rules = lock(&self.rules);
        let before = rules.foreign.len();
        rules.foreign.retain(|_, until| *until > now);
        if rules.foreign.len() != before {
            self.attach(&rules);
        }
        rules.foreign.values().min().copied()
    }

    fn apply(&self) {
        self.attach(&lock(&self.rules));
    }

    fn attach(&self, rules: &Rules) {
        for socket in &self.sockets {
            let rule = if self.leads.load(Ordering::Relaxed) {
                let foreign = rules.foreign.keys().filter(|(_, any)| *any == socket.bound).map(|(port, _)| *port);
                PortRule::AllBut(foreign.collect())
            } else {
                PortRule::Only(rules.own.clone())
            };
            if let Err(errno) = attach_filter(socket.fd(), &filter::ports(&rule, socket.is_ipv4())) {
                // Every packet is looked at again anyway; but a filter that is too narrow would lose some.
                tracing::warn!(%errno, "a socket filter was refused");
                let _ = attach_filter(socket.fd(), &filter::ports(&PortRule::AllBut(Vec::new()), socket.is_ipv4()));
            }
        }
    }
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many packets for a foreign port make it worth a place in the filter.
const BUSY_PACKETS: u32 = 64;
const KEPT_OUT: Duration = Duration::from_secs(1);
const MAX_FOREIGN: usize = 64;
