//! SCTP ports shared by all stacks of a network namespace: who holds which.
//!
//! A peer tells associations apart by address and SCTP port, whatever link they use, so two processes of a host must not
//! have the same. The kernel's abstract names of AF_UNIX sockets are made for this: they belong to the network namespace,
//! a name is bound once or not at all, needs no file, and is free at the moment its process is gone. To hold port 5000 on
//! all addresses is to have a socket bound to `usctp/port/5000/*`; to ask whether somebody does is to connect to it.
//!
//! | name behind `usctp/port/PORT/` | held by a stack that has the port |
//! |---|---|
//! | `*` | on all addresses |
//! | `*4`, `*6` | on all addresses of one family |
//! | an address, `%` and interface if link-local | there |
//! | `4+0` … `4+63`, `6+0` … | on some addresses of the family: the first free one, so that who wants all can see it |
//!
//! Claims bind first and then look for conflicts, so of two that conflict at the same time at most one succeeds.

use std::{
    collections::HashMap,
    fmt::Write,
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketType},
};

use crate::{Address, ClaimError, PortClaim, StackFd, sockets};

/// The ports of one stack, and questions about those of others.
///
/// Lock order: `held`, then `probe`. `covered` and `answers` are taken alone.
pub(crate) struct Registry {
    held: Mutex<HashMap<u16, Held>>,
    /// Port to addresses, for the question that is asked with every raw packet.
    covered: RwLock<HashMap<u16, Vec<Address>>>,
    /// The socket that asks.
    probe: Mutex<StackFd>,
    /// Sockets for the first claims of a process that is not allowed to open any later.
    spare: Mutex<Vec<StackFd>>,
    answers: Mutex<HashMap<(u16, Address), (bool, Instant)>>,
    /// Told when the ports have changed.
    changed: Mutex<Option<Changed>>,
}

/// What is told the ports of the stack when they have changed.
pub(crate) type Changed = Box<dyn FnMut(&[u16]) + Send>;

impl Registry {
    pub(crate) fn open() -> Result<Self, Errno> {
        let mut spare = Vec::with_capacity(SPARES);
        for _ in 0..SPARES {
            spare.push(open()?);
        }
        Ok(Self {
            held: Mutex::default(),
            covered: RwLock::default(),
            probe: Mutex::new(open()?),
            spare: Mutex::new(spare),
            answers: Mutex::default(),
            changed: Mutex::new(None),
        })
    }

    /// Calls `changed` with all ports of the stack, now and whenever they change.
    pub(crate) fn on_change(&self, mut changed: Changed) {
        changed(&self.ports());
        *lock(&self.changed) = Some(changed);
    }

    /// See [`crate::Link::claim`].
    pub(crate) fn claim(self: &Arc<Self>, port: u16, addresses: &[Address]) -> Result<PortClaim, ClaimError> {
        let names = names(addresses);
        let mut last = ClaimError::InUse;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                // Two that see each other's half-made claim both withdraw. Who waits a little longer finds the port free
                // or truly taken.
                pause(Duration::from_micros(200 * (1 + u64::from(std::process::id() % 7)) * attempt));
            }
            match self.try_claim(port, &names) {
                Ok(()) => return Ok(self.claimed(port, names, addresses)),
                Err(Refusal::Taken) => return Err(ClaimError::InUse),
                Err(Refusal::Conflict) => last = ClaimError::InUse,
                Err(Refusal::NoDescriptor(errno)) => return Err(ClaimError::Descriptor(errno.raw_os_error())),
            }
        }
        Err(last)
    }

    /// See [`crate::Link::is_free`].
    pub(crate) fn is_free(&self, port: u16, addresses: &[Address]) -> bool {
        let held = lock(&self.held);
        let own = held.get(&port);
        let names = names(addresses);
        let taken = |name: &Name| own.is_none_or(|own| !own.names.contains_key(name)) && self.is_held(port, name);
        names.iter().all(|name| match name {
            Name::Some { .. } => true,
            _ => !taken(name) && !self.conflicts(port, name, own),
        })
    }

    /// Whether another stack holds `port` at `address`. Answers are some milliseconds old at most.
    pub(crate) fn is_held_by_other(&self, port: u16, address: Address) -> bool {
        let now = Instant::now();
        if let Some(&(answer, until)) = lock(&self.answers).get(&(port, address))
            && until > now
        {
            return answer;
        }
        let answer = {
            let held = lock(&self.held);
            let own = held.get(&port);
            let mut names = vec![Name::All, Name::AllOf { ipv4: address.ip.is_ipv4() }];
            if !address.ip.is_unspecified() {
                names.push(Name::One(address));
            }
            names.iter().any(|name| own.is_none_or(|own| !own.names.contains_key(name)) && self.is_held(port, name))
        };
        let mut answers = lock(&self.answers);
        if answers.len() >= ANSWERS {
            answers.retain(|_, (_, until)| *until > now);
        }
        if answers.len() < ANSWERS {
            answers.insert((port, address), (answer, now + ANSWER_LIFE));
        }
        answer
    }

    /// Whether this stack holds `port` at `address`.
    pub(crate) fn covers(&self, port: u16, address: Address) -> bool {
        let covered = self.covered.read().unwrap_or_else(PoisonError::into_inner);
        covered.get(&port).is_some_and(|addresses| {
            addresses
                .iter()
                .any(|own| *own == address || own.ip.is_unspecified() && own.ip.is_ipv4() == address.ip.is_ipv4())
        })
    }

    /// Whether this stack holds `port` at any address.
    pub(crate) fn holds(&self, port: u16) -> bool {
        self.covered.read().unwrap_or_else(PoisonError::into_inner).contains_key(&port)
    }

    fn ports(&self) -> Vec<u16> {
        self.covered.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Binds what is not bound yet; all or nothing.
    fn try_claim(&self, port: u16, names: &[Name]) -> Result<(), Refusal> {
        let mut held = lock(&self.held);
        let mut fresh: Vec<(Name, StackFd)> = Vec::new();
        for name in names {
            let own = held.get(&port);
            if own.is_some_and(|own| own.names.contains_key(name)) {
                continue;
            }
            fresh.push((*name, self.bind(port, name)?));
        }
        let own = held.get(&port);
        if fresh.iter().any(|(name, _)| self.conflicts_beside(port, name, own, &fresh)) {
            return Err(Refusal::Conflict);
        }
        let own = held.entry(port).or_default();
        own.names.extend(fresh.into_iter().map(|(name, fd)| (name, Bound { _fd: fd, count: 0 })));
        for name in names {
            if let Some(bound) = own.names.get_mut(name) {
                bound.count += 1;
            }
        }
        Ok(())
    }

    fn bind(&self, port: u16, name: &Name) -> Result<StackFd, Refusal> {
        let spare = lock(&self.spare).pop();
        let fd = spare.map_or_else(open, Ok).map_err(Refusal::NoDescriptor)?;
        let Name::Some { ipv4, .. } = *name else {
            return match rustix::net::bind(fd.as_fd(), &name.address(port)) {
                Ok(()) => Ok(fd),
                Err(Errno::ADDRINUSE) => Err(Refusal::Taken),
                Err(errno) => Err(Refusal::NoDescriptor(errno)),
            };
        };
        for slot in 0..SLOTS {
            match rustix::net::bind(fd.as_fd(), &Name::Slot { ipv4, slot }.address(port)) {
                Ok(()) => return Ok(fd),
                Err(Errno::ADDRINUSE) => {}
                Err(errno) => return Err(Refusal::NoDescriptor(errno)),
            }
        }
        Err(Refusal::Taken)
    }

    fn conflicts(&self, port: u16, name: &Name, own: Option<&Held>) -> bool {
        self.conflicts_beside(port, name, own, &[])
    }

    /// Whether another stack holds what cannot be held together with `name`.
    fn conflicts_beside(&self, port: u16, name: &Name, own: Option<&Held>, fresh: &[(Name, StackFd)]) -> bool {
        let ours = |name: &Name| {
            own.is_some_and(|own| own.names.contains_key(name)) || fresh.iter().any(|(fresh, _)| fresh == name)
        };
        let other = |name: Name| !ours(&name) && self.is_held(port, &name);
        // At most one slot of a family is ours; another stack has the port there if more than that are held.
        let some = |ipv4: bool| {
            let held = (0..SLOTS).filter(|&slot| self.is_held(port, &Name::Slot { ipv4, slot })).count();
            held > usize::from(ours(&Name::Some { ipv4 }))
        };
        match *name {
            Name::All => {
                other(Name::AllOf { ipv4: true }) || other(Name::AllOf { ipv4: false }) || some(true) || some(false)
            }
            Name::AllOf { ipv4 } => other(Name::All) || some(ipv4),
            Name::One(address) => other(Name::All) || other(Name::AllOf { ipv4: address.ip.is_ipv4() }),
            Name::Some { .. } | Name::Slot { .. } => false,
        }
    }

    /// Whether a socket has the name: a datagram socket can be connected to, whoever owns it. EPERM, EAGAIN and the like
    /// come from one that is there as well.
    fn is_held(&self, port: u16, name: &Name) -> bool {
        let probe = lock(&self.probe);
        !matches!(rustix::net::connect(probe.as_fd(), &name.address(port)), Err(Errno::CONNREFUSED))
    }

    fn claimed(self: &Arc<Self>, port: u16, names: Vec<Name>, addresses: &[Address]) -> PortClaim {
        let all = [Address::ANY_V4, Address::ANY_V6];
        let addresses = if addresses.is_empty() { all.to_vec() } else { addresses.to_vec() };
        self.covered
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(port)
            .or_default()
            .extend_from_slice(&addresses);
        self.tell();
        PortClaim::new(port, Claimed { registry: Arc::clone(self), port, names, addresses })
    }

    fn release(&self, claimed: &Claimed) {
        {
            let mut covered = self.covered.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(addresses) = covered.get_mut(&claimed.port) {
                for address in &claimed.addresses {
                    if let Some(index) = addresses.iter().position(|other| other == address) {
                        addresses.swap_remove(index);
                    }
                }
                if addresses.is_empty() {
                    covered.remove(&claimed.port);
                }
            }
        }
        {
            let mut held = lock(&self.held);
            if let Some(own) = held.get_mut(&claimed.port) {
                for name in &claimed.names {
                    if let Some(bound) = own.names.get_mut(name) {
                        bound.count -= 1;
                        if bound.count == 0 {
                            own.names.remove(name);
                        }
                    }
                }
                if own.names.is_empty() {
                    held.remove(&claimed.port);
                }
            }
        }
        self.tell();
    }

    fn tell(&self) {
        if let Some(changed) = lock(&self.changed).as_mut() {
            changed(&self.ports());
        }
    }
}

/// The names that this stack has bound for a port.
#[derive(Default)]
struct Held {
    names: HashMap<Name, Bound>,
}

struct Bound {
    _fd: StackFd,
    /// Claims that need it.
    count: u32,
}

/// What a [`PortClaim`] holds.
struct Claimed {
    registry: Arc<Registry>,
    port: u16,
    names: Vec<Name>,
    addresses: Vec<Address>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.registry.release(self);
    }
}

enum Refusal {
    /// The name itself is bound by another.
    Taken,
    /// Another name that excludes it is.
    Conflict,
    NoDescriptor(Errno),
}

/// See the module's table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Name {
    All,
    AllOf {
        ipv4: bool,
    },
    One(Address),
    /// Any free slot of the family.
    Some {
        ipv4: bool,
    },
    Slot {
        ipv4: bool,
        slot: u8,
    },
}

impl Name {
    fn address(&self, port: u16) -> SocketAddrUnix {
        let mut name = format!("usctp/port/{port}/");
        let written = match self {
            Self::All => write!(name, "*"),
            Self::AllOf { ipv4 } => write!(name, "*{}", family(*ipv4)),
            Self::One(Address { ip, scope: 0 }) => write!(name, "{ip}"),
            Self::One(Address { ip, scope }) => write!(name, "{ip}%{scope}"),
            Self::Some { ipv4 } => write!(name, "{}+", family(*ipv4)),
            Self::Slot { ipv4, slot } => write!(name, "{}+{slot}", family(*ipv4)),
        };
        written.expect("writing to a string cannot fail");
        SocketAddrUnix::new_abstract_name(name.as_bytes()).expect("names are shorter than 108 octets")
    }
}

const fn family(ipv4: bool) -> u8 {
    if ipv4 { 4 } else { 6 }
}

/// The names that a claim on these addresses needs.
fn names(addresses: &[Address]) -> Vec<Name> {
    let all = |ipv4: bool| addresses.iter().any(|any| any.ip.is_unspecified() && any.ip.is_ipv4() == ipv4);
    if addresses.is_empty() || all(true) && all(false) {
        return vec![Name::All];
    }
    let mut names = Vec::new();
    for ipv4 in [true, false] {
        if all(ipv4) {
            names.push(Name::AllOf { ipv4 });
            continue;
        }
        let before = names.len();
        for &address in addresses.iter().filter(|address| address.ip.is_ipv4() == ipv4) {
            if !names.contains(&Name::One(address)) {
                names.push(Name::One(address));
            }
        }
        if names.len() > before {
            names.push(Name::Some { ipv4 });
        }
    }
    names
}

fn open() -> Result<StackFd, Errno> {
    sockets::open(AddressFamily::UNIX, SocketType::DGRAM, None)
}

/// Sleeps through a system call that nobody takes over.
fn pause(time: Duration) {
    let time = rustix::time::Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    let _ = rustix::thread::nanosleep(&time);
}

/// A panic of another thread leaves plain values behind; going on with them is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const ATTEMPTS: u64 = 4;
/// Stacks of one host that can have one port on addresses of one family apart from each other.
const SLOTS: u8 = 64;
const SPARES: usize = 8;
const ANSWERS: usize = 1024;
const ANSWER_LIFE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
