//! The thread that moves packets, timers and events while the program does something else.

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use usctp_link::Link;

use crate::{SocketError, send::HELD_AT_MOST, stack::StackInner, table::DriverSleep};

/// Has `first` called in each thread that a stack starts from now on, before anything else there. Only the first call
/// of this function counts. For whoever must tell the stack's threads from the program's.
pub fn on_thread_start(first: fn()) {
    let _ = ON_THREAD_START.set(first);
}

static ON_THREAD_START: OnceLock<fn()> = OnceLock::new();

/// The thread, once it runs.
#[derive(Debug, Default)]
pub(crate) struct Handle {
    stop: Option<Arc<AtomicBool>>,
}

impl Handle {
    /// Starts it unless it runs.
    pub(crate) fn start(&mut self, stack: &Arc<StackInner>) -> Result<(), SocketError> {
        if self.stop.is_some() {
            return Ok(());
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (weak, link, stopped) = (Arc::downgrade(stack), Arc::clone(&stack.link), Arc::clone(&stop));
        // Signals are the program's: the thread inherits a mask that blocks them all.
        let spawned = usctp_link::with_signals_blocked(|| {
            thread::Builder::new().name("usctp".to_owned()).spawn(move || run(&weak, &*link, &stopped))
        });
        match spawned {
            Ok(_detached) => {
                self.stop = Some(stop);
                Ok(())
            }
            Err(error) => Err(SocketError::System(error.raw_os_error().unwrap_or(11))),
        }
    }

    /// Tells it to end; the link is to be woken afterwards.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = &self.stop {
            stop.store(true, Ordering::Release);
        }
    }
}

/// The thread's life. It holds the stack only while it works, so that a stack without users goes.
fn run(stack: &Weak<StackInner>, link: &dyn Link, stop: &AtomicBool) {
    if let Some(first) = ON_THREAD_START.get() {
        first();
    }
    loop {
        let Some(timeout) = stack.upgrade().map(|stack| next_sleep(&stack)) else { return };
        link.wait(timeout);
        if stop.load(Ordering::Acquire) {
            return;
        }
        let Some(stack) = stack.upgrade() else { return };
        stack.take_turn();
    }
}

/// How long to sleep; noted in the state, so that who brings an earlier deadline wakes us.
fn next_sleep(stack: &StackInner) -> Option<std::time::Duration> {
    let now = stack.clock.now();
    let mut state = stack.look();
    let mut due = state.next_deadline();
    if now < state.bulk_until {
        // More will be held back soon: to be there in time costs less than to be woken for it.
        let soon = now + HELD_AT_MOST;
        due = Some(due.map_or(soon, |due| due.min(soon)));
    }
    state.driver = due.map_or(DriverSleep::Unlimited, DriverSleep::Until);
    drop(state);
    due.map(|due| due - stack.clock.now())
}
