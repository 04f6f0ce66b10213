//! [`Socket`]: an SCTP socket as RFC 6458 describes it, with the results that Linux gives.
//!
//! The calls stand by topic in the modules beside this one; each enters the stack's lock once, or once per wait.

use std::{fmt, os::fd::IntoRawFd, sync::Arc};

use usctp_link::Link;

use crate::{
    Domain, Personality, Readiness, SocketError, Style,
    readiness_fd::ReadinessFd,
    stack::{Entered, StackInner},
    wait::{Limit, Ticket},
};

/// How to shut down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names of shutdown(2)")]
pub enum How {
    Read,
    Write,
    Both,
}

/// A socket. Clones are the same socket; it is closed by [`Socket::close`] or when the last clone goes.
#[derive(Clone)]
pub struct Socket {
    inner: Arc<SocketInner>,
}

pub(crate) struct SocketInner {
    stack: Arc<StackInner>,
    index: usize,
}

impl Socket {
    /// Address family.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.inner.stack.look().sockets.get(self.inner.index).map_or(Domain::Inet, |socket| socket.domain)
    }

    /// Kind.
    #[must_use]
    pub fn style(&self) -> Style {
        self.inner.stack.look().sockets.get(self.inner.index).map_or(Style::OneToOne, |socket| socket.style)
    }

    /// Whose choice counts where Linux and RFC 6458 differ.
    #[must_use]
    pub fn personality(&self) -> Personality {
        self.inner.stack.look().personality
    }

    /// What poll(2) would say now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.inner
            .stack
            .look()
            .sockets
            .get(self.inner.index)
            .map_or_else(Readiness::default, |socket| socket.readiness())
    }

    /// A new kernel descriptor (close-on-exec set) that polls as this socket does from now on. The caller owns it and
    /// closes it when the program closes its descriptor; a second call makes another one, and the first is not served any
    /// more.
    ///
    /// # Errors
    ///
    /// EMFILE and the like.
    pub fn attach_readiness_fd(&self) -> Result<i32, SocketError> {
        // Some system calls: before the lock.
        let (mut descriptor, program) = ReadinessFd::new()?;
        let mut state = self.inner.stack.look();
        let result = state.socket(self.inner.index).map(|socket| {
            descriptor.show(socket.readiness());
            socket.descriptor = Some(descriptor);
        });
        drop(state);
        match result {
            Ok(()) => Ok(program.into_raw_fd()),
            Err(error) => {
                // Closed without libc.
                let _ = usctp_link::StackFd::hide(program);
                Err(error)
            }
        }
    }

    pub(crate) fn from(inner: SocketInner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Another socket of the same stack.
    pub(crate) fn sibling(&self, index: usize) -> Self {
        Self::from(SocketInner::new(Arc::clone(&self.inner.stack), index))
    }

    pub(crate) fn stack(&self) -> &StackInner {
        &self.inner.stack
    }

    pub(crate) fn link(&self) -> &dyn Link {
        &*self.inner.stack.link
    }

    pub(crate) fn index(&self) -> usize {
        self.inner.index
    }

    pub(crate) fn enter(&self) -> Entered<'_> {
        self.inner.stack.enter()
    }

    /// Sleeps in a call on this socket. While a thread waits for something, the descriptor need not show it; one that
    /// leaves without looking again has to see to it that it does.
    pub(crate) fn sleep(&self, ticket: Ticket, limit: &Limit) -> Result<(), SocketError> {
        let slept = ticket.sleep(&self.stack().clock, limit);
        if slept.is_err() {
            self.enter().touch(self.index());
        }
        slept
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("index", &self.inner.index).finish_non_exhaustive()
    }
}

impl SocketInner {
    pub(crate) fn new(stack: Arc<StackInner>, index: usize) -> Self {
        Self { stack, index }
    }
}

impl Drop for SocketInner {
    fn drop(&mut self) {
        let mut state = self.stack.enter();
        let now = state.now;
        state.close(now, self.index);
        // Nobody can name the place any more.
        if state.sockets.contains(self.index) {
            state.sockets.remove(self.index);
        }
    }
}
