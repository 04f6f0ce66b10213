//! Signals wait for the end of a call.
//!
//! A handler that runs in the middle of a system call does not exist: a kernel runs it before or after. A handler that
//! came in the middle of ours, with a lock held, and then called us again, or left by `longjmp` or `exit` (as iperf3 does
//! on Ctrl-C), would leave the lock held for ever. So while a thread is inside, handlers are put off: ours runs in their
//! place, gives the signal back to the thread, blocked for now, and the call's end unblocks it. A call that sleeps lets
//! handlers through; one that came shortly before the sleep ends it with EINTR, as a kernel would have it.
//!
//! This costs nothing where no signal comes. Handlers are wrapped when the first SCTP socket is made, and those installed
//! later as they come; a program without SCTP sockets keeps what it has. Signals of faults, which are about the very
//! instruction, are never put off.
//!
//! SAFETY of all blocks here: system calls with structures of our own, libc's functions with the caller's arguments, and
//! handlers called as the kernel would call them.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::{
    cell::Cell,
    mem::transmute,
    ptr,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use libc::{c_int, c_long, c_void, sighandler_t, siginfo_t, ucontext_t};
use usctp_capi::{
    errno::{errno, set_errno},
    process,
};

use usctp_socket::SleepingPlace;

use crate::{cancel, next::Next};

/// A call of ours begins on this thread.
#[inline]
pub(crate) fn enter() {
    DEPTH.set(DEPTH.get() + 1);
}

/// A call of ours ends on this thread; signals that were put off come now.
#[inline]
pub(crate) fn leave() {
    let depth = DEPTH.get().saturating_sub(1);
    DEPTH.set(depth);
    if depth == 0 && PUT_OFF.get() != 0 {
        deliver();
    }
}

/// Whether this thread is in a call of ours, or is one of the stack's own.
#[inline]
pub(crate) fn is_inside() -> bool {
    DEPTH.get() > 0
}

/// Marks the calling thread as one of the stack's own. It blocks all signals.
pub(crate) fn mark_stack_thread() {
    DEPTH.set(1);
}

/// Wraps all handlers that the program has, once.
pub(crate) fn wrap_all() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Ordering::Relaxed) {
        (1..=LAST).for_each(wrap);
    }
}

/// This thread is about to sleep in a call: handlers may run, and leave. `None` if one has just run that ends the call.
pub(crate) fn before_sleep(place: SleepingPlace, is_limited: bool) -> Option<u32> {
    if cancel::before_sleep(place) {
        return None;
    }
    let depth = DEPTH.replace(0);
    let put_off = PUT_OFF.get();
    if put_off == 0 {
        return Some(depth);
    }
    deliver();
    // A call with a time limit is never restarted; others are if every handler says so.
    let restarts = |signal: c_int| ACTIONS[signal as usize].flags.load(Ordering::Relaxed) & SA_RESTART != 0;
    if !is_limited && (1..=LAST).filter(|signal| put_off & bit(*signal) != 0).all(restarts) {
        return Some(depth);
    }
    DEPTH.set(depth);
    None
}

/// It has slept.
pub(crate) fn after_sleep(depth: u32) {
    cancel::after_sleep();
    DEPTH.set(depth);
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    static NEXT: Next<unsafe extern "C-unwind" fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int> =
        Next::new(c"sigaction");
    let Some(next) = NEXT.get() else { return unsupported() };
    let Some(action) = action(signal) else { return unsafe { next(signal, new, old) } };
    let (handler, flags) = (action.handler.load(Ordering::Relaxed), action.flags.load(Ordering::Relaxed));
    let result = unsafe { next(signal, new, old) };
    if result == 0 && !old.is_null() && unsafe { (*old).sa_sigaction } == trampoline_address() {
        let ours = SA_SIGINFO | SA_RESETHAND;
        unsafe {
            (*old).sa_sigaction = handler;
            (*old).sa_flags = (*old).sa_flags & !(ours as c_int) | (flags & ours) as c_int;
        }
    }
    if result == 0 && !new.is_null() {
        wrap(signal);
    }
    result
}

/// Names of other ages for the same: each installs a handler and gives the one before.
macro_rules! hook_signal {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(signal: c_int, handler: sighandler_t) -> sighandler_t {
            static NEXT: Next<unsafe extern "C-unwind" fn(c_int, sighandler_t) -> sighandler_t> = {
                const NAME: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
                    concat!(stringify!($name), "\0").as_bytes(),
                ) {
                    Ok(name) => name,
                    Err(_) => unreachable!(),
                };
                Next::new(NAME)
            };
            let Some(next) = NEXT.get() else { return unsupported() as sighandler_t };
            let Some(action) = action(signal) else { return unsafe { next(signal, handler) } };
            let before = action.handler.load(Ordering::Relaxed);
            let result = unsafe { next(signal, handler) };
            if result == libc::SIG_ERR {
                return result;
            }
            wrap(signal);
            if result == trampoline_address() { before } else { result }
        }
    )*};
}

hook_signal! { signal bsd_signal ssignal sysv_signal __sysv_signal sigset }

/// The name that libc has for its own use.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    unsafe { sigaction(signal, new, old) }
}

/// What the program has asked for a signal whose handler is wrapped.
struct Action {
    handler: AtomicUsize,
    flags: AtomicU64,
}

/// The kernel's `struct sigaction`.
#[repr(C)]
struct KernelAction {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

/// Where a signal's action is kept; `None` in a process without SCTP sockets, and for numbers that are not wrapped.
fn action(signal: c_int) -> Option<&'static Action> {
    if !process::current_exists() || !is_wrapped(signal) {
        return None;
    }
    ACTIONS.get(usize::try_from(signal).ok()?)
}

/// Faults, and the two signals that libc keeps for itself.
fn is_wrapped(signal: c_int) -> bool {
    let fault = matches!(
        signal,
        libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGTRAP | libc::SIGSYS | libc::SIGABRT
    );
    (1..=LAST).contains(&signal) && !fault && !matches!(signal, 32 | 33)
}

/// Puts ours in front of the handler that is installed now, if there is one.
fn wrap(signal: c_int) {
    if !is_wrapped(signal) {
        return;
    }
    let before = errno();
    let mut now = KernelAction { handler: 0, flags: 0, restorer: 0, mask: 0 };
    let none: *const KernelAction = ptr::null();
    let asked = unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, none, &raw mut now, SET_OCTETS) };
    let is_handler = ![libc::SIG_DFL, libc::SIG_IGN, trampoline_address()].contains(&now.handler);
    if asked == 0 && is_handler {
        let action = &ACTIONS[signal as usize];
        action.handler.store(now.handler, Ordering::Relaxed);
        action.flags.store(now.flags, Ordering::Relaxed);
        now.handler = trampoline_address();
        // A handler for one signal only would be gone when the signal that was put off comes again.
        now.flags = (now.flags | SA_SIGINFO) & !SA_RESETHAND;
        let none: *mut KernelAction = ptr::null_mut();
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const now, none, SET_OCTETS) };
    }
    set_errno(before);
}

/// What the kernel calls in place of the program's handler.
unsafe extern "C-unwind" fn trampoline(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if is_inside() && unsafe { put_off(signal, info, context.cast()) } {
        return;
    }
    let action = &ACTIONS[signal as usize];
    let handler = action.handler.load(Ordering::Relaxed);
    if action.flags.load(Ordering::Relaxed) & SA_RESETHAND != 0 {
        let default = KernelAction { handler: libc::SIG_DFL, flags: 0, restorer: 0, mask: 0 };
        let none: *mut KernelAction = ptr::null_mut();
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, none, SET_OCTETS) };
    }
    if handler != libc::SIG_DFL && handler != libc::SIG_IGN {
        // A handler of one argument does not mind the other two.
        let handler: unsafe extern "C-unwind" fn(c_int, *mut siginfo_t, *mut c_void) = unsafe { transmute(handler) };
        unsafe { handler(signal, info, context) };
    }
}

/// Gives a signal back to this thread, and blocks it where the thread goes on. False if the kernel does not take it.
unsafe fn put_off(signal: c_int, info: *mut siginfo_t, context: *mut ucontext_t) -> bool {
    let before = errno();
    let (process, thread) = unsafe { (libc::syscall(libc::SYS_getpid), libc::syscall(libc::SYS_gettid)) };
    let queued = unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, info) };
    set_errno(before);
    if queued != 0 {
        return false;
    }
    unsafe { libc::sigaddset(&raw mut (*context).uc_sigmask, signal) };
    PUT_OFF.set(PUT_OFF.get() | bit(signal));
    true
}

/// Lets the signals through that were put off; their handlers run now.
#[cold]
fn deliver() {
    let before = errno();
    let put_off = PUT_OFF.replace(0);
    let none: *mut u64 = ptr::null_mut();
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, c_long::from(libc::SIG_UNBLOCK), &raw const put_off, none, SET_OCTETS)
    };
    set_errno(before);
}

fn trampoline_address() -> usize {
    trampoline as *const () as usize
}

fn bit(signal: c_int) -> u64 {
    1 << (signal - 1)
}

fn unsupported() -> c_int {
    set_errno(libc::ENOSYS);
    -1
}

/// _NSIG.
const LAST: c_int = 64;
/// Octets of the kernel's signal set.
const SET_OCTETS: usize = 8;
const SA_SIGINFO: u64 = libc::SA_SIGINFO as u64;
const SA_RESETHAND: u64 = 0x8000_0000;
const SA_RESTART: u64 = libc::SA_RESTART as u64;

static ACTIONS: [Action; LAST as usize + 1] =
    [const { Action { handler: AtomicUsize::new(0), flags: AtomicU64::new(0) } }; LAST as usize + 1];

thread_local! {
    /// Calls of ours that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Signals that this thread has put off, as the kernel's set.
    static PUT_OFF: Cell<u64> = const { Cell::new(0) };
}
