//! pthread_cancel.
//!
//! libc cancels a thread in the middle of libc's own system calls and unwinds it from there. A call of ours sleeps below
//! frames that must not be unwound so, and libc does not know that it sleeps. So the request is noted here and the sleeper
//! disturbed; its call ends, and where nothing of ours is left on the stack the thread asks libc whether it is cancelled.
//!
//! No locks: a forked child would find them held by threads that it does not have. A thread that left its sleep by
//! `longjmp` leaves an address behind, which is only ever told to the kernel.
//!
//! SAFETY of all blocks here: libc's functions with the caller's arguments or none, a system call that does not touch the
//! address, and entries that are never freed.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::{
    cell::Cell,
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering},
};

use libc::{c_int, c_long, pthread_t};
use usctp_capi::{errno, process};
use usctp_socket::SleepingPlace;

use crate::next::Next;

unsafe extern "C-unwind" {
    fn pthread_testcancel();
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// A call that is a cancellation point: a request that is there already takes effect before it, one that ends its sleep
/// after it.
///
/// The thread's end unwinds through this frame: nothing is alive in it then that has a destructor.
#[inline]
pub(crate) fn point<T>(call: impl FnOnce() -> T) -> T {
    if process::current_exists() {
        note_thread();
        if IS_USED.load(Ordering::Relaxed) {
            unsafe { pthread_testcancel() };
        }
    }
    let result = call();
    if ENDED_SLEEP.replace(false) {
        unsafe { pthread_testcancel() };
    }
    result
}

/// This thread is about to sleep. True if it must not: it has been cancelled.
pub(crate) fn before_sleep(place: SleepingPlace) -> bool {
    let Some(entry) = own_entry() else { return false };
    entry.sleeps.fetch_add(1, Ordering::SeqCst);
    entry.place.store(place.addr(), Ordering::SeqCst);
    let is_cancelled = entry.is_wanted.load(Ordering::SeqCst) && is_cancellable();
    if is_cancelled {
        entry.place.store(0, Ordering::SeqCst);
        ENDED_SLEEP.set(true);
    }
    is_cancelled
}

/// It has slept.
pub(crate) fn after_sleep() {
    if let Some(entry) = own_entry() {
        entry.place.store(0, Ordering::SeqCst);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn pthread_cancel(thread: pthread_t) -> c_int {
    static NEXT: Next<unsafe extern "C-unwind" fn(pthread_t) -> c_int> = Next::new(c"pthread_cancel");
    let Some(next) = NEXT.get() else { return libc::ENOSYS };
    IS_USED.store(true, Ordering::Relaxed);
    // Found before: afterwards the thread may be gone, and its number another's.
    let entry = if process::current_exists() { find(thread) } else { None };
    let result = unsafe { next(thread) };
    if result == 0
        && let Some(entry) = entry
    {
        entry.is_wanted.store(true, Ordering::SeqCst);
        disturb(entry);
    }
    result
}

/// Wakes the thread if it sleeps in a call. One that is just falling asleep is not yet there to be woken, so this is
/// repeated until it has been seen somewhere else.
fn disturb(entry: &Entry) {
    let before = errno::errno();
    let sleeps = entry.sleeps.load(Ordering::SeqCst);
    for _ in 0..TRIES {
        let place = entry.place.load(Ordering::SeqCst);
        if place == 0 || entry.sleeps.load(Ordering::SeqCst) != sleeps {
            break;
        }
        let wake = c_long::from(libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG);
        unsafe { libc::syscall(libc::SYS_futex, place, wake, c_long::from(c_int::MAX)) };
        unsafe { libc::syscall(libc::SYS_sched_yield) };
    }
    errno::set_errno(before);
}

/// A thread that has used a socket since there was one of ours.
struct Entry {
    /// 0: its thread has ended, and another may have it.
    thread: AtomicUsize,
    is_wanted: AtomicBool,
    /// The futex that it sleeps on, or 0.
    place: AtomicUsize,
    /// Counts its sleeps.
    sleeps: AtomicU32,
    next: AtomicPtr<Self>,
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    let first = unsafe { FIRST.load(Ordering::Acquire).as_ref() };
    std::iter::successors(first, |entry| unsafe { entry.next.load(Ordering::Acquire).as_ref() })
}

fn find(thread: pthread_t) -> Option<&'static Entry> {
    entries().find(|entry| entry.thread.load(Ordering::Relaxed) == thread as usize)
}

fn own_entry() -> Option<&'static Entry> {
    OWN.try_with(|own| own.0.get()).ok().flatten()
}

/// Gives this thread an entry, the first time.
#[inline]
fn note_thread() {
    // A thread that is ending has lost its own; it is not worth another.
    let _ = OWN.try_with(|own| {
        if own.0.get().is_none() {
            own.0.set(Some(new_entry()));
        }
    });
}

#[cold]
fn new_entry() -> &'static Entry {
    let thread = unsafe { libc::pthread_self() } as usize;
    let is_free =
        |entry: &&Entry| entry.thread.compare_exchange(0, thread, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    if let Some(entry) = entries().find(is_free) {
        return entry;
    }
    let entry = Box::leak(Box::new(Entry {
        thread: AtomicUsize::new(thread),
        is_wanted: AtomicBool::new(false),
        place: AtomicUsize::new(0),
        sleeps: AtomicU32::new(0),
        next: AtomicPtr::new(ptr::null_mut()),
    }));
    let mut first = FIRST.load(Ordering::Relaxed);
    loop {
        entry.next.store(first, Ordering::Relaxed);
        match FIRST.compare_exchange(first, entry, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return entry,
            Err(now) => first = now,
        }
    }
}

/// The thread's entry, which is free for another when the thread ends.
struct Own(Cell<Option<&'static Entry>>);

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            entry.is_wanted.store(false, Ordering::SeqCst);
            entry.place.store(0, Ordering::SeqCst);
            entry.thread.store(0, Ordering::Release);
        }
    }
}

/// Whether this thread lets itself be cancelled now. libc only tells by changing it.
fn is_cancellable() -> bool {
    const DISABLE: c_int = 1;
    let mut state = DISABLE;
    unsafe { pthread_setcancelstate(DISABLE, &raw mut state) };
    unsafe { pthread_setcancelstate(state, ptr::null_mut()) };
    state != DISABLE
}

/// Far more than a thread needs from the look at its entry to its sleep.
const TRIES: usize = 10_000;

static FIRST: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());
/// Whether the program cancels threads at all.
static IS_USED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static OWN: Own = const { Own(Cell::new(None)) };
    /// The sleep of this thread's call was ended for a request.
    static ENDED_SLEEP: Cell<bool> = const { Cell::new(false) };
}
