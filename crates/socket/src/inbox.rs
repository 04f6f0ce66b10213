//! [`Inbox`]: packets between the link and the engine; and what two sockets of one stack say to each other.
//!
//! In the kernel a packet to the own host is received within the call that sends it, and so is the answer. Programs that
//! have both ends of an association rely on that: they accept right after a connect that did not wait, or bind a port
//! again right after closing both ends. So a thread that has sent to a socket of its own stack receives before its call
//! returns, until the exchange has come to rest. The packets go over the link like all others.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use usctp_link::Incoming;

use crate::{
    host::{self, Changed},
    stack::{StackInner, unpoisoned},
    table::DriverSleep,
};

/// Held by who receives, until what was received is handled and the answers have left. So who finds it free and nothing
/// to receive knows that all is done.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    incoming: Mutex<Vec<Incoming>>,
    /// There have been packets to a socket of this stack.
    talks_to_self: AtomicBool,
}

impl Inbox {
    /// A packet to a socket of this stack is about to be sent.
    pub(crate) fn expect(&self) {
        self.talks_to_self.store(true, Ordering::Relaxed);
    }

    /// Whether sockets of this stack have talked to each other.
    pub(crate) fn talks_to_self(&self) -> bool {
        self.talks_to_self.load(Ordering::Relaxed)
    }
}

impl StackInner {
    /// The driver's turn after a wait: what has come in, a send that was refused, timers.
    pub(crate) fn take_turn(&self) {
        let mut incoming = unpoisoned(&self.inbox.incoming);
        self.link.receive(&mut incoming);
        self.retry_sends();
        self.handle(&mut incoming, true);
    }

    /// Receives what this stack has sent to itself, and the answers.
    pub(crate) fn receive_own(&self) {
        for _ in 0..ROUNDS {
            let mut incoming = unpoisoned(&self.inbox.incoming);
            self.link.receive(&mut incoming);
            if incoming.is_empty() {
                return;
            }
            self.handle(&mut incoming, false);
        }
    }

    /// Gives the engine what was received, and sends what it answers.
    fn handle(&self, incoming: &mut Vec<Incoming>, by_driver: bool) {
        // Asked before the lock: it may be many system calls.
        let changed = incoming.iter().any(|one| matches!(one, Incoming::AddressesChanged));
        let addresses = changed.then(|| host::local_addresses(&*self.link));
        let mut state = self.enter();
        state.receives = true;
        let now = state.now;
        if by_driver {
            state.driver = DriverSleep::Awake;
        }
        for one in incoming.drain(..) {
            if host::handle_incoming(&mut state.endpoint, now, one) == Changed::Addresses
                && let Some(addresses) = &addresses
            {
                state.endpoint.handle_local_addresses(now, addresses);
            }
        }
        if state.endpoint.poll_timeout().is_some_and(|due| due <= now) {
            state.endpoint.handle_timeout(now);
        }
        state.look_again(now);
    }
}

/// Batches at most that one call receives: enough for a set-up, a burst of messages and an orderly end. The driver does
/// the rest.
const ROUNDS: u32 = 64;
