//! [`Stack`]: the protocol engine, the links and all sockets, behind one lock.
//!
//! Lock order: the inbox (whoever holds it receives, see [`crate::inbox`]), the outbox (whoever holds it sends), then the
//! state. A thread that leaves the state takes the outbox only if it is free ([`Entered`]); if not, it leaves word and
//! the holder sends for it. Nobody waits, sleeps or makes a call that can block while holding any of them.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use usctp_link::{Link, LinkSettings, Links};
use usctp_proto::{Endpoint, EndpointConfig, EndpointCounters, Time};

use crate::{
    Personality, Socket, SocketError, StackError, Sysctls,
    clock::Clock,
    defaults::{Defaults, udp_port},
    driver,
    host::{self, HostRouting},
    inbox::Inbox,
    outbox::Outbox,
    socket::SocketInner,
    table::{DriverSleep, SocketState, State},
    wait::{Limit, Wake},
};

/// Which link paths start on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LinkChoice {
    /// Raw IP where the process may open it, else UDP encapsulation.
    #[default]
    Auto,
    /// Raw IP.
    Raw,
    /// UDP encapsulation (RFC 6951).
    Udp,
}

/// Settings of a stack.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// Default link.
    pub link: LinkChoice,
    /// Local UDP port; `None`: 9899 at the first listen, ephemeral before.
    pub udp_port: Option<u16>,
    /// The peers' UDP port where nothing else is known. 9899.
    pub udp_peer_port: u16,
    /// Record all packets to this file.
    pub pcap: Option<PathBuf>,
    /// How long [`Stack::finish`] waits for queued data and shutdowns; `None`: the protocol's own limits.
    pub exit_timeout: Option<Duration>,
    /// What new sockets begin with, under Linux's names.
    pub sysctls: Sysctls,
    /// A file of more such settings, read for each new socket; it goes before [`Self::sysctls`].
    pub sysctl_file: Option<PathBuf>,
    /// Whose choice counts where Linux and RFC 6458 differ.
    pub personality: Personality,
    /// Seed of all randomness, of full entropy; `None`: from the operating system.
    pub seed: Option<[u8; 32]>,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self {
            link: LinkChoice::Auto,
            udp_port: None,
            udp_peer_port: 9899,
            pcap: None,
            exit_timeout: None,
            sysctls: Sysctls::default(),
            sysctl_file: None,
            personality: Personality::default(),
            seed: None,
        }
    }
}

/// Address family of a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Domain {
    /// AF_INET.
    Inet,
    /// AF_INET6.
    Inet6,
}

/// Kind of a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// SOCK_STREAM.
    OneToOne,
    /// SOCK_SEQPACKET.
    OneToMany,
    /// Branched off a one-to-many socket: SOCK_SEQPACKET with exactly one association. Not for [`Stack::socket`].
    BranchedOff,
}

/// A stack: cheap to clone, one in most processes. It lives as long as a clone of it or a socket of it.
#[derive(Clone)]
pub struct Stack {
    pub(crate) inner: Arc<StackInner>,
}

pub(crate) struct StackInner {
    state: Mutex<State>,
    outbox: Mutex<Outbox>,
    pub(crate) inbox: Inbox,
    /// Somebody wanted to send while another did.
    send_owed: AtomicBool,
    /// The outbox waits for the link.
    is_blocked: AtomicBool,
    pub(crate) link: Arc<dyn Link>,
    pub(crate) clock: Clock,
    exit_timeout: Option<Duration>,
    defaults: Mutex<Defaults>,
    driver: Mutex<driver::Handle>,
}

impl Stack {
    /// Opens the links; the thread starts with the first socket.
    ///
    /// # Errors
    ///
    /// When a link that was demanded cannot be opened.
    pub fn new(config: StackConfig) -> Result<Self, StackError> {
        let settings = LinkSettings {
            choice: match config.link {
                LinkChoice::Auto => usctp_link::LinkChoice::Auto,
                LinkChoice::Raw => usctp_link::LinkChoice::Raw,
                LinkChoice::Udp => usctp_link::LinkChoice::Udp,
            },
            udp_port: config.udp_port.or_else(|| udp_port(&config)),
            udp_peer_port: config.udp_peer_port,
            pcap: config.pcap.clone(),
        };
        let links = Links::open(&settings)
            .map_err(|error| StackError::Link { errno: error.errno(), text: error.to_string() })?;
        tracing::info!("{}", links.explanation());
        for warning in links.warnings() {
            tracing::warn!("{warning}");
        }
        Self::with_link(Arc::new(links), &config)
    }

    /// A stack on a link of the caller's, as a [`usctp_link::MemoryLink`]. What `config` says about links is ignored.
    ///
    /// # Errors
    ///
    /// When the operating system gives no randomness.
    pub fn with_link(link: Arc<dyn Link>, config: &StackConfig) -> Result<Self, StackError> {
        let seed = match config.seed {
            Some(seed) => seed,
            None => random_seed()?,
        };
        let clock = Clock::start();
        let mut endpoint = Endpoint::new(EndpointConfig::default(), seed, Box::new(HostRouting(Arc::clone(&link))));
        let asked = Arc::clone(&link);
        endpoint
            .set_out_of_the_blue_policy(Box::new(move |port, address| asked.may_answer(port, host::to_link(address))));
        endpoint.handle_local_addresses(clock.now(), &host::local_addresses(&*link));
        let inner = StackInner {
            state: Mutex::new(State::new(endpoint, config.personality)),
            outbox: Mutex::default(),
            inbox: Inbox::default(),
            send_owed: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
            link,
            clock,
            exit_timeout: config.exit_timeout,
            defaults: Mutex::new(Defaults::new(config)),
            driver: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A new socket, bound to nothing.
    ///
    /// # Errors
    ///
    /// EPROTONOSUPPORT is the caller's to decide; here only a thread that cannot be started fails.
    pub fn socket(&self, domain: Domain, style: Style) -> Result<Socket, SocketError> {
        if style == Style::BranchedOff {
            return Err(SocketError::InvalidArgument);
        }
        self.inner.start_driver()?;
        // Reads a file: before the lock.
        let settings = unpoisoned(&self.inner.defaults).now();
        let mut state = self.inner.look();
        let own_buffers = settings.own_buffers.unwrap_or(!state.personality.is_linux());
        let mut socket = SocketState::new(domain, style, settings);
        socket.own_buffers = style == Style::OneToMany && own_buffers;
        let index = state.sockets.insert(socket);
        drop(state);
        Ok(Socket::from(SocketInner::new(Arc::clone(&self.inner), index)))
    }

    /// Closes all sockets and waits until queued data and shutdowns are done, at most for the configured time. A signal
    /// ends the wait. For process exit; sockets are of no use afterwards.
    pub fn finish(&self) {
        let limit = {
            let mut state = self.inner.enter();
            let open: Vec<_> =
                state.sockets.iter().filter(|(_, socket)| !socket.closed).map(|(index, _)| index).collect();
            let now = state.now;
            for index in open {
                state.close(now, index);
            }
            Limit::of(false, self.inner.exit_timeout, now)
        };
        loop {
            let ticket = {
                let state = self.inner.look();
                if state.associations.is_empty() || limit.is_over(self.inner.clock.now()) {
                    break;
                }
                state.idle.ticket()
            };
            if ticket.sleep(&self.inner.clock, &limit).is_err() {
                break;
            }
        }
        // An association is gone as soon as its last packet is owed. The process may end with this call, so wait for
        // whoever is sending, and send what is left: a lost SHUTDOWN COMPLETE would leave the peer to its timers.
        let mut outbox = unpoisoned(&self.inner.outbox);
        self.inner.refill(&mut outbox);
        self.inner.flush(outbox);
    }

    /// Counters of the engine.
    #[must_use]
    pub fn counters(&self) -> EndpointCounters {
        self.inner.look().endpoint.counters()
    }

    /// Counters of the link.
    #[must_use]
    pub fn link_counters(&self) -> usctp_link::LinkCounters {
        self.inner.link.counters()
    }

    /// Associations that are not gone yet.
    #[must_use]
    pub fn associations(&self) -> usize {
        self.inner.look().associations.len()
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl StackInner {
    /// Locks the state to look at it or to change what needs nothing further.
    pub(crate) fn look(&self) -> MutexGuard<'_, State> {
        unpoisoned(&self.state)
    }

    /// Locks the state for a command: when the guard goes, its consequences are carried out.
    pub(crate) fn enter(&self) -> Entered<'_> {
        let state = self.look();
        // Read inside the lock, so that the engine's time never goes back.
        let now = self.clock.now();
        Entered { stack: self, state: Some(state), now, holds_back: false, receives: false }
    }

    fn start_driver(self: &Arc<Self>) -> Result<(), SocketError> {
        unpoisoned(&self.driver).start(self)
    }

    /// The driver's turn after a wait: a send that was refused is tried again.
    pub(crate) fn retry_sends(&self) {
        if self.is_blocked.swap(false, Ordering::AcqRel) {
            let mut outbox = unpoisoned(&self.outbox);
            outbox.is_blocked = false;
            self.flush(outbox);
        }
    }

    /// Sends what the outbox holds and whatever else the engine has, until there is no more, also for those who meanwhile
    /// found the outbox taken. True: some of it went to sockets of this stack.
    fn flush<'a>(&'a self, mut outbox: MutexGuard<'a, Outbox>) -> bool {
        let mut to_self = false;
        loop {
            while !outbox.is_blocked && !outbox.is_empty() {
                if outbox.to_self {
                    self.inbox.expect();
                    to_self = true;
                }
                outbox.send(&*self.link);
                if outbox.is_blocked {
                    // Only a wait that begins now is told when there is room.
                    self.is_blocked.store(true, Ordering::Release);
                    self.link.wake();
                } else {
                    self.refill(&mut outbox);
                }
            }
            let is_blocked = outbox.is_blocked;
            drop(outbox);
            if is_blocked || !self.send_owed.swap(false, Ordering::AcqRel) {
                return to_self;
            }
            match self.try_outbox() {
                Some(free) => outbox = free,
                None => return to_self,
            }
            self.refill(&mut outbox);
        }
    }

    /// Shows what these sockets kept back for threads that turn out not to be there.
    #[cold]
    fn show_again(&self, sockets: &[usize]) {
        let mut state = self.look();
        sockets.iter().for_each(|index| state.touch(*index));
        state.show_readiness(self.clock.now());
        let wake_driver = state.driver_is_late();
        drop(state);
        if wake_driver {
            self.link.wake();
        }
    }

    fn refill(&self, outbox: &mut Outbox) {
        let mut state = self.look();
        let now = self.clock.now();
        outbox.report(&mut state.endpoint, now);
        let owed = state.settle(now, Some(outbox));
        drop(state);
        owed.carry_out(self);
    }

    /// The outbox if nobody sends; otherwise the one who does is told.
    fn try_outbox(&self) -> Option<MutexGuard<'_, Outbox>> {
        if let Some(outbox) = try_unpoisoned(&self.outbox) {
            return Some(outbox);
        }
        self.send_owed.store(true, Ordering::Release);
        // It may have been released before it could see that.
        let outbox = try_unpoisoned(&self.outbox)?;
        self.send_owed.store(false, Ordering::Relaxed);
        Some(outbox)
    }
}

impl Drop for StackInner {
    fn drop(&mut self) {
        self.driver.get_mut().unwrap_or_else(PoisonError::into_inner).stop();
        self.link.wake();
    }
}

/// The locked state, entered for a command. When it goes: events reach the sockets, readiness is shown, the lock is left,
/// sleepers are woken, packets leave.
pub(crate) struct Entered<'a> {
    stack: &'a StackInner,
    state: Option<MutexGuard<'a, State>>,
    pub(crate) now: Time,
    /// What the command has given to be sent can wait for more of it.
    pub(crate) holds_back: bool,
    /// Entered by who holds the inbox, who goes on receiving anyway.
    pub(crate) receives: bool,
}

impl Deref for Entered<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state.as_ref().expect("held until dropped")
    }
}

impl DerefMut for Entered<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state.as_mut().expect("held until dropped")
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        let mut outbox = if self.holds_back { None } else { self.stack.try_outbox() };
        let owed = state.settle(self.now, outbox.as_deref_mut());
        drop(state);
        owed.carry_out(self.stack);
        let to_self = match outbox {
            Some(outbox) => self.stack.flush(outbox),
            // Another thread sends what was to be sent, so it is not known here where it goes.
            None => !self.holds_back && self.stack.inbox.talks_to_self(),
        };
        if to_self && !self.receives {
            self.stack.receive_own();
        }
    }
}

/// What is to be done once the lock is left.
#[must_use]
struct Owed {
    wakes: Vec<Wake>,
    wake_driver: bool,
}

impl Owed {
    fn carry_out(self, stack: &StackInner) {
        let unattended: Vec<_> = self.wakes.into_iter().filter_map(Wake::now).collect();
        if self.wake_driver {
            stack.link.wake();
        }
        if !unattended.is_empty() {
            stack.show_again(&unattended);
        }
    }
}

impl State {
    /// Carries out the consequences of what was done under the lock: events reach the sockets, packets the outbox,
    /// readiness the descriptors.
    fn settle(&mut self, now: Time, outbox: Option<&mut Outbox>) -> Owed {
        self.drain_events(now);
        if let Some(outbox) = outbox
            && !outbox.is_blocked
        {
            outbox.fill(&mut self.endpoint, now);
            self.held = 0;
            self.held_until = None;
            // Sending can end an association.
            self.drain_events(now);
        }
        self.show_readiness(now);
        Owed { wakes: std::mem::take(&mut self.wakes), wake_driver: self.driver_is_late() }
    }

    /// Whether the driver sleeps longer than the engine's next deadline, or that of an owed edge.
    fn driver_is_late(&mut self) -> bool {
        let asleep_until = match self.driver {
            DriverSleep::Awake => return false,
            DriverSleep::Until(until) => until,
            DriverSleep::Unlimited => Time::from_nanos(u64::MAX),
        };
        let late = self.next_deadline().is_some_and(|due| due < asleep_until);
        if late {
            // Once is enough.
            self.driver = DriverSleep::Awake;
        }
        late
    }

    /// When the driver has to act next.
    pub(crate) fn next_deadline(&mut self) -> Option<Time> {
        let later = self.later.front().map(|(due, _)| *due);
        [later, self.held_until, self.endpoint.poll_timeout()].into_iter().flatten().min()
    }
}

fn random_seed() -> Result<[u8; 32], StackError> {
    let mut seed = [0; 32];
    let mut filled = 0;
    while filled < seed.len() {
        match rustix::rand::getrandom(&mut seed[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(StackError::System(errno.raw_os_error())),
        }
    }
    Ok(seed)
}

/// A panic of another thread under a lock leaves the state as it was at that moment; going on is better than bringing a
/// foreign program down.
pub(crate) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_unpoisoned<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
