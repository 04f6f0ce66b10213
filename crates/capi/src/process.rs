//! The process's one stack: made on first use, gone in a forked child, finished at exit.
//!
//! [`find`] is what every taken-over name asks first. In a process that never opened an SCTP socket it is one load of a
//! null pointer.
//!
//! **fork.** A child has copies of our memory and descriptors and none of our threads. A page of memory that the kernel
//! wipes in children (MADV_WIPEONFORK) tells it apart, whatever way it was made. Its first look gives it a [`Process`] of
//! its own: the inherited numbers are remembered as dead, the parent's state is left where it is, with whatever locks
//! vanished threads held. Nothing of it is ever touched again.
//!
//! **vfork.** A child that shares our memory (posix_spawn, Python's subprocess) still has a descriptor table of its own.
//! What changes the table or ends the process asks [`is_shared_memory_child`] first, and leaves everything alone there.

use std::{
    ptr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering},
    },
};

use libc::c_int;
use rustix::{
    io::{DupFlags, Errno},
    mm::{Advice, MapFlags, ProtFlags},
    process::Pid,
};
use usctp_socket::{Personality, Stack};

use crate::{
    bits::Bits,
    calls,
    descriptor::{Description, DescriptorTable},
    log,
    settings::{Settings, environment},
};

/// What a process has of us.
pub struct Process {
    id: Pid,
    table: DescriptorTable,
    /// Numbers of SCTP sockets that this process has inherited from its parent and cannot use.
    inherited: Bits,
    stack: OnceLock<Stack>,
    making: Mutex<()>,
    told: AtomicBool,
    ending: AtomicBool,
}

/// Whose descriptor a number is.
pub enum Owner {
    /// Not ours: libc's business.
    Other,
    /// An SCTP socket.
    Ours(Arc<Description>),
    /// An SCTP socket of the parent process: EOPNOTSUPP.
    Inherited,
}

/// Whether `fd` may be an SCTP socket, ours or inherited. One load in a process that never had one, and no lock ever.
#[inline]
#[must_use]
pub fn may_concern_us(fd: c_int) -> bool {
    known().is_some_and(|process| process.table.holds(fd) || process.inherited.has(fd))
}

/// Whose descriptor `fd` is.
#[inline]
#[must_use]
pub fn find(fd: c_int) -> Owner {
    if may_concern_us(fd) { find_slowly(fd) } else { Owner::Other }
}

/// The process's state, if it ever opened an SCTP socket or inherited one.
#[must_use]
pub fn current() -> Option<&'static Process> {
    let process = known()?;
    if is_forked() { after_fork() } else { Some(process) }
}

/// Whether this process, or the one it was forked from, ever opened an SCTP socket. One load.
#[inline]
#[must_use]
pub fn current_exists() -> bool {
    known().is_some()
}

/// The process's state, made if there is none.
///
/// # Errors
///
/// What the operating system says.
pub fn obtain() -> Result<&'static Process, Errno> {
    if let Some(process) = current() {
        return Ok(process);
    }
    make_fork_page()?;
    let process = Box::into_raw(Box::new(Process::new(Bits::new())));
    match PROCESS.compare_exchange(ptr::null_mut(), process, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: a C function without conditions; the handler touches nothing that a vanished thread may hold.
        Ok(_) => drop(unsafe { libc::pthread_atfork(None, None, Some(in_child)) }),
        // SAFETY: made above and given to nobody.
        Err(_) => drop(unsafe { Box::from_raw(process) }),
    }
    current().ok_or(Errno::NOMEM)
}

/// Whether the caller is a child that shares its parent's memory: it has its own descriptors, but not its own table.
#[must_use]
pub fn is_shared_memory_child() -> bool {
    known().is_some_and(|process| !is_forked() && process.id != rustix::process::getpid())
}

/// Finishes what is queued and the shutdowns, and closes all sockets: before the process ends or becomes another program.
/// Does nothing in a process that has no stack, and nothing the second time.
pub fn finish() {
    if is_shared_memory_child() {
        return;
    }
    let Some(process) = current() else { return };
    if process.ending.swap(true, Ordering::AcqRel) {
        return;
    }
    if let Some(stack) = process.stack.get() {
        stack.finish();
    }
}

/// Whether [`finish`] has begun: other threads must not see their sockets close, since in a kernel they would not live to
/// see it.
#[must_use]
pub fn is_ending() -> bool {
    known().is_some_and(|process| process.ending.load(Ordering::Acquire))
}

/// Says once, in a child, why its parent's sockets do not work there.
pub fn tell_inherited() {
    if let Some(process) = current()
        && !process.told.swap(true, Ordering::Relaxed)
    {
        log::say(
            "this process was forked from one that has SCTP sockets; they stay with the parent and fail here with \
             EOPNOTSUPP (sockets made here work)",
        );
    }
}

impl Process {
    fn new(inherited: Bits) -> Self {
        Self {
            id: rustix::process::getpid(),
            table: DescriptorTable::new(),
            inherited,
            stack: OnceLock::new(),
            making: Mutex::new(()),
            told: AtomicBool::new(false),
            ending: AtomicBool::new(false),
        }
    }

    /// The descriptors.
    #[must_use]
    pub fn table(&self) -> &DescriptorTable {
        &self.table
    }

    /// The stack, made on first use from the environment.
    ///
    /// # Errors
    ///
    /// EINVAL for a bad variable, else what opening the links says; one line on standard error says more.
    pub fn stack(&self) -> Result<&Stack, Errno> {
        if let Some(stack) = self.stack.get() {
            return Ok(stack);
        }
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stack.get().is_none() {
            let stack = make_stack()?;
            let _ = self.stack.set(stack);
        }
        self.stack.get().ok_or(Errno::NOMEM)
    }

    /// Forgets an inherited number: closed, or taken by something else.
    pub fn forget_inherited(&self, fd: c_int) {
        self.inherited.clear(fd);
    }

    /// The lowest descriptor that is an SCTP socket, ours or inherited, from `from` on.
    #[must_use]
    pub fn next_socket(&self, from: c_int) -> Option<c_int> {
        match (self.table.next(from), self.inherited.next(from)) {
            (Some(ours), Some(inherited)) => Some(ours.min(inherited)),
            (ours, inherited) => ours.or(inherited),
        }
    }

    /// Whether `fd` is an inherited socket.
    #[must_use]
    pub fn has_inherited(&self, fd: c_int) -> bool {
        self.inherited.has(fd)
    }

    /// Lets `fd` be an inherited socket too (`dup` of one).
    pub fn share_inherited(&self, fd: c_int) {
        self.inherited.set(fd);
    }
}

fn make_stack() -> Result<Stack, Errno> {
    let settings = Settings::read(environment).map_err(|error| {
        log::say(&error.to_string());
        Errno::INVAL
    })?;
    log::start(settings.log);
    let mut config = settings.stack;
    // Who calls the functions with the prefix has written for this library, all others for Linux.
    let usual = if crate::prefixed::is_used() { Personality::Rfc } else { Personality::Linux };
    config.personality = settings.personality.unwrap_or(usual);
    config.udp_port = crate::prefixed::initial_udp_port().or(config.udp_port);
    Stack::new(config).map_err(|error| {
        log::say(&error.to_string());
        let errno = match error {
            usctp_socket::StackError::System(errno) | usctp_socket::StackError::Link { errno, .. } => errno,
            _ => libc::EPROTONOSUPPORT,
        };
        match Errno::from_raw_os_error(errno) {
            // As `socket` does without SCTP when there is no room for another descriptor.
            scarce @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => scarce,
            // What a kernel without SCTP says: it cannot be had here.
            _ => Errno::PROTONOSUPPORT,
        }
    })
}

#[cold]
fn find_slowly(fd: c_int) -> Owner {
    let Some(process) = current() else { return Owner::Other };
    match process.table.find(fd) {
        Some(description) => Owner::Ours(description),
        None if process.inherited.has(fd) => Owner::Inherited,
        None => Owner::Other,
    }
}

#[inline]
fn known() -> Option<&'static Process> {
    let process = PROCESS.load(Ordering::Acquire);
    // SAFETY: null or leaked on purpose: a process's state is never freed.
    unsafe { process.as_ref() }
}

/// Whether the page says that this is a child that has not looked yet.
#[inline]
fn is_forked() -> bool {
    let page = FORK_PAGE.load(Ordering::Acquire);
    // SAFETY: null or a mapping that stays.
    unsafe { page.as_ref() }.is_some_and(|page| page.load(Ordering::Acquire) != ALIVE)
}

/// In a child: its own state instead of the parent's. Whoever comes second waits for the few moments that it takes.
#[cold]
fn after_fork() -> Option<&'static Process> {
    let page = FORK_PAGE.load(Ordering::Acquire);
    // SAFETY: as in `is_forked`.
    let page = unsafe { page.as_ref() }?;
    while page.load(Ordering::Acquire) != ALIVE {
        if page.compare_exchange(WIPED, AT_IT, Ordering::AcqRel, Ordering::Acquire).is_err() {
            rustix::thread::sched_yield();
            continue;
        }
        usctp_link::close_stack_descriptors_after_fork();
        let inherited = Bits::new();
        if let Some(parent) = known() {
            // Bits are read without a lock, so it does not matter what the parent's other threads were doing.
            replace_inherited(&parent.table);
            inherited.add(parent.table.bits());
            inherited.add(&parent.inherited);
        }
        PROCESS.store(Box::into_raw(Box::new(Process::new(inherited))), Ordering::Release);
        page.store(ALIVE, Ordering::Release);
    }
    known()
}

/// Puts a socket that is shut down behind each number of the parent's sockets: what polls it is told at once that there
/// is nothing to come, and what reads it takes nothing away from the parent.
fn replace_inherited(parent: &DescriptorTable) {
    let Ok(dead) = calls::rights::shut_down_socket() else { return };
    let mut from = 0;
    while let Some(fd) = parent.next(from) {
        let flags = if parent.is_close_on_exec(fd) { DupFlags::CLOEXEC } else { DupFlags::empty() };
        // If the child has closed it meanwhile, the number is not taken.
        if rustix::io::fcntl_getfd(calls::kernel(fd)).is_ok() {
            let _ = calls::open::raw_dup3(dead, fd, flags);
        }
        from = fd + 1;
    }
    calls::open::close_kernel(dead);
}

/// Runs in the child of libc's `fork`, so that the parent's ports and files are let go at once.
extern "C" fn in_child() {
    let _ = current();
}

/// The page that children find wiped: made once, says ALIVE before anybody can look, stays.
fn make_fork_page() -> Result<(), Errno> {
    if !FORK_PAGE.load(Ordering::Acquire).is_null() {
        return Ok(());
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping of our own, zeroed and aligned; wiping it in children is what it is for.
    let page = unsafe {
        let page = rustix::mm::mmap_anonymous(ptr::null_mut(), PAGE, protection, MapFlags::PRIVATE)?;
        rustix::mm::madvise(page, PAGE, Advice::LinuxWipeOnFork)?;
        page.cast::<AtomicU32>()
    };
    // SAFETY: just mapped.
    unsafe { &*page }.store(ALIVE, Ordering::Release);
    if FORK_PAGE.compare_exchange(ptr::null_mut(), page, Ordering::AcqRel, Ordering::Acquire).is_err() {
        // SAFETY: ours and not published; another thread's stays.
        let _ = unsafe { rustix::mm::munmap(page.cast(), PAGE) };
    }
    Ok(())
}

const PAGE: usize = 4096;

/// What the page says: wiped by the kernel; one thread is at it; this process knows itself.
const WIPED: u32 = 0;
const AT_IT: u32 = 1;
const ALIVE: u32 = 2;

static PROCESS: AtomicPtr<Process> = AtomicPtr::new(ptr::null_mut());
static FORK_PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
