//! Waiting without spinning: a cell that threads sleep on, in one futex call that a signal can end as it ends a kernel
//! socket's wait.
//!
//! Use: under the stack's lock, find that there is nothing to do and take a [`Ticket`]; leave the lock; sleep on the
//! ticket; enter the lock and look again. Whoever changes something calls [`WaitCell::notify`] under the lock and
//! [`Wake::now`] after it.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use rustix::{
    io::Errno,
    thread::{Timespec, futex},
};
use usctp_proto::Time;

use crate::{SocketError, clock::Clock};

/// Has `before` called by each thread before it sleeps in a call, with the place and whether it has a time limit, and
/// `after` with its answer when it has slept. `None` ends the call with EINTR instead. Only the first call of this
/// function counts. For whoever puts signals off while a call runs: a thread that sleeps holds nothing, so handlers may
/// run then, and even leave by `longjmp`.
pub fn on_sleep(before: fn(SleepingPlace, bool) -> Option<u32>, after: fn(u32)) {
    let _ = ON_SLEEP.set(SleepHooks { before, after });
}

#[derive(Clone, Copy, Debug)]
struct SleepHooks {
    before: fn(SleepingPlace, bool) -> Option<u32>,
    after: fn(u32),
}

/// Where a thread sleeps: the address of its futex. It may be kept for longer than the place exists; a waker who passes it
/// to FUTEX_WAKE wakes the sleepers, who find nothing and sleep again by way of `before` of [`on_sleep`].
pub type SleepingPlace = *const u32;

static ON_SLEEP: OnceLock<SleepHooks> = OnceLock::new();

/// What threads sleep on.
#[derive(Debug, Default)]
pub(crate) struct WaitCell {
    /// Counts notifications, so that one between leaving the lock and sleeping is not lost.
    sequence: AtomicU32,
    waiting: AtomicU32,
    /// The last notification woke nobody.
    is_doubtful: AtomicBool,
}

impl WaitCell {
    /// Registers the caller as waiting. Only under the lock.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ticket { sequence: self.sequence.load(Ordering::Relaxed), cell: Arc::clone(self) }
    }

    /// Whether somebody waits. Only under the lock is the answer of use.
    pub(crate) fn is_waited_on(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether a thread in a call is about to take what has come. One that left its call by `longjmp` is registered ever
    /// after: no destructor sees it. So who is registered, but was not asleep when something came, does not count until
    /// one is.
    pub(crate) fn is_attended(&self) -> bool {
        self.is_waited_on() && !self.is_doubtful.load(Ordering::Relaxed)
    }

    /// Under the lock: something has changed. What is returned is to be called after the lock.
    pub(crate) fn notify(self: &Arc<Self>, count: WakeCount) -> Option<Wake> {
        if !self.is_waited_on() {
            return None;
        }
        self.sequence.fetch_add(1, Ordering::Release);
        let count = match count {
            WakeCount::One => 1,
            WakeCount::All => EVERYBODY,
        };
        Some(Wake { cell: Arc::clone(self), count, socket: None })
    }
}

/// How many to wake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WakeCount {
    One,
    All,
}

/// A wake-up that is owed.
#[derive(Debug)]
#[must_use]
pub(crate) struct Wake {
    cell: Arc<WaitCell>,
    /// Threads to wake at most.
    count: u32,
    /// Whose sleepers they are.
    socket: Option<usize>,
}

impl Wake {
    /// Of the sleepers of this socket.
    pub(crate) const fn of_socket(mut self, index: usize) -> Self {
        self.socket = Some(index);
        self
    }

    /// Wakes them. If there was none, the socket that is to show what has come after all.
    pub(crate) fn now(self) -> Option<usize> {
        // The only failures are bad addresses and flags.
        let woken = futex::wake(&self.cell.sequence, futex::Flags::PRIVATE, self.count);
        let nobody = woken == Ok(0);
        self.cell.is_doubtful.store(nobody, Ordering::Relaxed);
        self.socket.filter(|_| nobody)
    }

    /// Adds it to what is owed: many messages in a batch are one system call.
    pub(crate) fn add_to(self, owed: &mut Vec<Self>) {
        match owed.iter_mut().find(|other| Arc::ptr_eq(&other.cell, &self.cell)) {
            Some(other) => other.count = other.count.saturating_add(self.count).min(EVERYBODY),
            None => owed.push(self),
        }
    }
}

const EVERYBODY: u32 = i32::MAX as u32;

/// A registered waiter; dropped, it is none any more.
#[derive(Debug)]
pub(crate) struct Ticket {
    cell: Arc<WaitCell>,
    sequence: u32,
}

impl Ticket {
    /// Sleeps until notified, or a signal handler ran, or the limit passed; the caller looks again after `Ok`.
    ///
    /// A wait without a limit is restarted by the kernel after a handler with SA_RESTART and one with a limit never is:
    /// that is what FUTEX_WAIT does, and what sockets do (`sock_intr_errno`).
    pub(crate) fn sleep(self, clock: &Clock, limit: &Limit) -> Result<(), SocketError> {
        let left = match limit.left(clock) {
            Left::Nothing => return Err(SocketError::WouldBlock),
            Left::Unlimited => None,
            Left::Time(left) => Some(left),
        };
        let timeout = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        });
        let wait = || futex::wait(&self.cell.sequence, futex::Flags::PRIVATE, self.sequence, timeout.as_ref());
        let woken = match ON_SLEEP.get() {
            None => wait(),
            Some(hooks) => {
                let place = self.cell.sequence.as_ptr().cast_const();
                let token = (hooks.before)(place, timeout.is_some()).ok_or(SocketError::Interrupted)?;
                let woken = wait();
                (hooks.after)(token);
                woken
            }
        };
        match woken {
            // EAGAIN: notified meanwhile. ETIMEDOUT: the caller looks once more and finds no time left.
            Ok(()) | Err(Errno::AGAIN | Errno::TIMEDOUT) => Ok(()),
            Err(Errno::INTR) => Err(SocketError::Interrupted),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.cell.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a call may wait in all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    /// Not at all.
    None,
    /// Until this moment.
    Until(Time),
    /// For ever.
    Unlimited,
}

enum Left {
    Nothing,
    Time(Duration),
    Unlimited,
}

impl Limit {
    /// From O_NONBLOCK and a time limit of the socket.
    pub(crate) fn of(nonblocking: bool, timeout: Option<Duration>, now: Time) -> Self {
        match timeout {
            _ if nonblocking => Self::None,
            Some(timeout) => Self::Until(now + timeout),
            None => Self::Unlimited,
        }
    }

    /// Whether there is no time left to wait.
    pub(crate) fn is_over(&self, now: Time) -> bool {
        match *self {
            Self::None => true,
            Self::Until(end) => now >= end,
            Self::Unlimited => false,
        }
    }

    fn left(&self, clock: &Clock) -> Left {
        match *self {
            Self::None => Left::Nothing,
            Self::Unlimited => Left::Unlimited,
            Self::Until(end) => match end - clock.now() {
                Duration::ZERO => Left::Nothing,
                left => Left::Time(left),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, thread, time::Instant};

    use super::*;

    #[test]
    fn a_notification_before_the_sleep_is_not_lost() {
        let cell = Arc::new(WaitCell::default());
        let ticket = cell.ticket();
        cell.notify(WakeCount::All).expect("one waits").now();
        assert_eq!(ticket.sleep(&Clock::start(), &Limit::Unlimited), Ok(()));
        assert!(!cell.is_waited_on());
    }

    #[test]
    fn a_waiter_who_never_comes_back_attends_to_nothing() {
        let cell = Arc::new(WaitCell::default());
        std::mem::forget(cell.ticket());
        assert!(cell.is_attended());
        assert_eq!(cell.notify(WakeCount::One).expect("registered").of_socket(7).now(), Some(7));
        assert!(cell.is_waited_on() && !cell.is_attended());
    }

    #[test]
    fn nobody_waits_nobody_is_woken() {
        assert!(Arc::new(WaitCell::default()).notify(WakeCount::One).is_none());
    }

    #[test]
    fn a_limit_ends_the_sleep_not_before_its_time() {
        let clock = Clock::start();
        let limit = Limit::Until(clock.now() + Duration::from_millis(30));
        let begun = Instant::now();
        let cell = Arc::new(WaitCell::default());
        assert_eq!(cell.ticket().sleep(&clock, &limit), Ok(()));
        assert!(begun.elapsed() >= Duration::from_millis(30));
        assert_eq!(cell.ticket().sleep(&clock, &limit), Err(SocketError::WouldBlock));
    }

    #[test]
    fn every_one_of_many_threads_gets_its_turn() {
        const THREADS: usize = 8;
        let cell = Arc::new(WaitCell::default());
        let tokens = Arc::new(Mutex::new(0_usize));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (cell, tokens) = (Arc::clone(&cell), Arc::clone(&tokens));
                thread::spawn(move || {
                    let clock = Clock::start();
                    loop {
                        let ticket = {
                            let mut tokens = tokens.lock().expect("not poisoned");
                            if *tokens > 0 {
                                *tokens -= 1;
                                return;
                            }
                            cell.ticket()
                        };
                        ticket.sleep(&clock, &Limit::Unlimited).expect("no signal");
                    }
                })
            })
            .collect();
        for _ in 0..THREADS {
            let wake = {
                let mut tokens = tokens.lock().expect("not poisoned");
                *tokens += 1;
                cell.notify(WakeCount::One)
            };
            if let Some(wake) = wake {
                wake.now();
            }
        }
        for thread in threads {
            thread.join().expect("it has had its token");
        }
    }
}
