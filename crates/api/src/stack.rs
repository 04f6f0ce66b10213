//! [`Stack`] and [`StackBuilder`]: the protocol engine with its links, and how to make one.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use usctp_socket::{BadSysctl, LinkChoice, Personality, StackConfig};

use crate::Error;

/// A userspace SCTP stack: links, associations and the thread that drives them. Cheap to clone; all clones are the
/// same stack.
///
/// Most programs need only the default one, which the functions without a stack in [`crate::blocking`] use.
#[derive(Clone)]
pub struct Stack {
    pub(crate) inner: usctp_socket::Stack,
}

impl Stack {
    /// A stack with all defaults.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Settings for a new stack.
    pub fn builder() -> StackBuilder {
        StackBuilder::default()
    }

    /// The stack of this process, made with all defaults when it is first needed. [`Stack::set_default`] puts another
    /// in its place.
    pub fn default_stack() -> Result<Self, Error> {
        let mut slot = DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stack) = &*slot {
            return Ok(stack.clone());
        }
        let stack = Self::new()?;
        *slot = Some(stack.clone());
        Ok(stack)
    }

    /// Makes this the default stack for sockets opened from now on.
    pub fn set_default(self) {
        *DEFAULT.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// Closes all sockets and waits until queued data and shutdowns are done, at most for
    /// [`StackBuilder::exit_timeout`]. Call it before the end of `main`, or what is still queued is lost.
    pub fn finish(&self) {
        self.inner.finish();
    }
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

static DEFAULT: Mutex<Option<Stack>> = Mutex::new(None);

/// How a stack is to be made.
///
/// ```no_run
/// use usctp::{LinkChoice, Stack};
///
/// let stack = Stack::builder().link(LinkChoice::Udp).udp_port(9900).pcap("trace.pcapng").build()?;
/// # Ok::<(), usctp::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing happens before build()"]
pub struct StackBuilder {
    config: StackConfig,
}

impl StackBuilder {
    /// What carries the packets. Default: raw IP where the process may open it, else UDP.
    pub fn link(mut self, link: LinkChoice) -> Self {
        self.config.link = link;
        self
    }

    /// Local port of UDP encapsulation. Default: 9899 from the first listener on, any before that.
    pub fn udp_port(mut self, port: u16) -> Self {
        self.config.udp_port = Some(port);
        self
    }

    /// UDP port of peers that have not sent anything yet. Default: 9899.
    pub fn udp_peer_port(mut self, port: u16) -> Self {
        self.config.udp_peer_port = port;
        self
    }

    /// Records every packet in this file, as pcapng.
    pub fn pcap(mut self, file: impl Into<PathBuf>) -> Self {
        self.config.pcap = Some(file.into());
        self
    }

    /// Whose choice counts where Linux and RFC 6458 differ. Default: the RFC's.
    pub fn personality(mut self, personality: Personality) -> Self {
        self.config.personality = personality;
        self
    }

    /// One of Linux's `net.sctp` settings, as `NAME=VALUE`: what new sockets begin with. `docs/settings.md` lists them.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what is allowed.
    pub fn sysctl(mut self, setting: &str) -> Result<Self, BadSysctl> {
        self.config.sysctls.take(setting)?;
        Ok(self)
    }

    /// A file of such settings, one a line, which is read again for each new socket. Default: none.
    pub fn sysctl_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.config.sysctl_file = Some(file.into());
        self
    }

    /// How long [`Stack::finish`] waits at most. Default: as long as the protocol's own timers allow.
    pub fn exit_timeout(mut self, limit: Duration) -> Self {
        self.config.exit_timeout = Some(limit);
        self
    }

    /// Opens the links and starts the stack.
    pub fn build(self) -> Result<Stack, Error> {
        Ok(Stack { inner: usctp_socket::Stack::new(self.config)? })
    }
}
