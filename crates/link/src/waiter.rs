//! Waiting for descriptors, for a moment, or for another thread.

use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::{
    event::{EventfdFlags, epoll},
    io::Errno,
    time::Timespec,
};

use crate::StackFd;

/// An epoll instance with an eventfd to be woken by.
pub(crate) struct Waiter {
    epoll: StackFd,
    bell: StackFd,
    /// A thread is, or is about to be, in the system call that waits.
    waiting: AtomicBool,
    /// [`Self::wake`] was called since the last wait.
    woken: AtomicBool,
    /// The kernel has no epoll_pwait2 (before 5.11), or a filter forbids it.
    coarse: AtomicBool,
}

/// What a descriptor shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ready {
    /// As given to [`Waiter::add`].
    pub(crate) token: u64,
    /// There is an error to fetch.
    pub(crate) error: bool,
}

impl Waiter {
    pub(crate) fn open() -> Result<Self, Errno> {
        let epoll = StackFd::hide(epoll::create(epoll::CreateFlags::CLOEXEC)?)?;
        let bell = StackFd::hide(rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)?;
        let waiter = Self {
            epoll,
            bell,
            waiting: AtomicBool::new(false),
            woken: AtomicBool::new(false),
            coarse: AtomicBool::new(false),
        };
        // By edge: the bell need not be read, each ring is a new event.
        waiter.add(waiter.bell.as_fd(), BELL, true)?;
        Ok(waiter)
    }

    /// Watches a descriptor until it is closed. `by_edge`: told once per change.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, token: u64, by_edge: bool) -> Result<(), Errno> {
        let mut flags = epoll::EventFlags::IN;
        if by_edge {
            flags |= epoll::EventFlags::ET;
        }
        epoll::add(self.epoll.as_fd(), fd, epoll::EventData::new_u64(token), flags)
    }

    /// Waits and appends what is ready; nothing is appended when the time has passed or another thread has woken this one.
    pub(crate) fn wait(&self, timeout: Option<Duration>, ready: &mut Vec<Ready>) {
        // The order of the two flags, here and in `wake`, makes sure that at least one side sees the other.
        self.waiting.store(true, Ordering::SeqCst);
        let timeout = if self.woken.swap(false, Ordering::SeqCst) { Some(Duration::ZERO) } else { timeout };
        self.poll(timeout, ready);
        self.waiting.store(false, Ordering::SeqCst);
        self.woken.swap(false, Ordering::SeqCst);
    }

    /// Appends what is ready now. Any thread may look while another waits.
    pub(crate) fn look(&self, ready: &mut Vec<Ready>) {
        if self.poll(Some(Duration::ZERO), ready) {
            // The ring was for the one who waits, who has not seen it and would sleep on.
            self.nudge();
        }
    }

    /// Ends the wait that runs, if one does.
    pub(crate) fn nudge(&self) {
        if self.waiting.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst) && self.waiting.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    fn ring(&self) {
        // The counter never gets near its limit; and if it did, the bell would be ringing already.
        let _ = rustix::io::write(self.bell.as_fd(), &1_u64.to_ne_bytes());
    }

    /// True: the bell has rung, and is not ringing any more.
    fn poll(&self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> bool {
        let mut rung = false;
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; EVENTS];
        let result = if self.coarse.load(Ordering::Relaxed) {
            epoll::wait(self.epoll.as_fd(), &mut events, timeout.map(whole_milliseconds).as_ref())
        } else {
            epoll::wait(self.epoll.as_fd(), &mut events, timeout.map(timespec).as_ref())
        };
        match result {
            Ok((events, _)) => {
                for event in events {
                    let token = event.data.u64();
                    if token == BELL {
                        rung = true;
                        continue;
                    }
                    let flags = event.flags;
                    ready.push(Ready { token, error: flags.contains(epoll::EventFlags::ERR) });
                }
            }
            Err(Errno::NOSYS | Errno::PERM) if !self.coarse.swap(true, Ordering::Relaxed) => {
                return self.poll(timeout, ready);
            }
            // A signal that this thread did not block: the caller looks at the clock anyway.
            Err(_) => {}
        }
        rung
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() }
}

/// Rounded up, for a timer must not fire early; and at most a day, to fit the older call.
fn whole_milliseconds(time: Duration) -> Timespec {
    let milliseconds = time.as_nanos().div_ceil(1_000_000).min(86_400_000) as u64;
    timespec(Duration::from_millis(milliseconds))
}

const EVENTS: usize = 32;
const BELL: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Instant};

    use super::*;

    #[test]
    fn a_wait_ends_on_time_and_never_early() {
        let waiter = Waiter::open().expect("a waiter");
        let mut best = Duration::MAX;
        for _ in 0..20 {
            let begun = Instant::now();
            waiter.wait(Some(Duration::from_nanos(3_141_592)), &mut Vec::new());
            let waited = begun.elapsed();
            assert!(waited >= Duration::from_nanos(3_141_592), "early: {waited:?}");
            best = best.min(waited);
        }
        // On a busy machine a single wait may be late; not all of them.
        assert!(best < Duration::from_micros(4_141), "late: {best:?}");
    }

    #[test]
    fn a_wait_in_whole_milliseconds_is_not_early_either() {
        let waiter = Waiter::open().expect("a waiter");
        waiter.coarse.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        waiter.wait(Some(Duration::from_micros(1_100)), &mut Vec::new());
        assert!(begun.elapsed() >= Duration::from_micros(1_100));
    }

    #[test]
    fn a_wake_before_the_wait_ends_it_at_once_and_only_once() {
        let waiter = Waiter::open().expect("a waiter");
        waiter.wake();
        waiter.wake();
        let begun = Instant::now();
        waiter.wait(Some(Duration::from_secs(10)), &mut Vec::new());
        assert!(begun.elapsed() < Duration::from_secs(5));
        let begun = Instant::now();
        waiter.wait(Some(Duration::from_millis(5)), &mut Vec::new());
        assert!(begun.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_thread_that_looks_takes_no_wake_from_the_one_that_waits() {
        let waiter = Arc::new(Waiter::open().expect("a waiter"));
        for _ in 0..200 {
            let other = Arc::clone(&waiter);
            let begun = Instant::now();
            let thread = thread::spawn(move || {
                other.wake();
                for _ in 0..3 {
                    other.look(&mut Vec::new());
                }
            });
            waiter.wait(Some(Duration::from_secs(10)), &mut Vec::new());
            assert!(begun.elapsed() < Duration::from_secs(5));
            thread.join().expect("no panic");
            waiter.wait(Some(Duration::ZERO), &mut Vec::new());
        }
    }

    #[test]
    fn another_thread_wakes_the_waiting_one() {
        let waiter = Arc::new(Waiter::open().expect("a waiter"));
        for _ in 0..200 {
            let other = Arc::clone(&waiter);
            let begun = Instant::now();
            let thread = thread::spawn(move || other.wake());
            waiter.wait(Some(Duration::from_secs(10)), &mut Vec::new());
            assert!(begun.elapsed() < Duration::from_secs(5));
            thread.join().expect("no panic");
            // The ring may have come after the wait had ended; it must not be lost, so take it out of the next round.
            waiter.wait(Some(Duration::ZERO), &mut Vec::new());
        }
    }
}
