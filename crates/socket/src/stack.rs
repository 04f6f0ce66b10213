//! [`Stack`]: the protocol engine, the links and all sockets, behind one lock.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{Socket, SocketError, StackError};

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
    /// Seed of all randomness, of full entropy; `None`: from the operating system.
    pub seed: Option<[u8; 32]>,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self { link: LinkChoice::Auto, udp_port: None, udp_peer_port: 9899, pcap: None, exit_timeout: None, seed: None }
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

/// A stack: cheap to clone, one in most processes.
#[derive(Clone)]
pub struct Stack {
    inner: Arc<StackInner>,
}

pub(crate) struct StackInner {}

impl Stack {
    /// Opens the links; the thread starts with the first socket.
    pub fn new(config: StackConfig) -> Result<Self, StackError> {
        let _ = config;
        todo!()
    }

    /// A new socket, bound to nothing.
    pub fn socket(&self, domain: Domain, style: Style) -> Result<Socket, SocketError> {
        let _ = (domain, style, &self.inner);
        todo!()
    }

    /// Closes all sockets, waits until queued data and shutdowns are done, at most for the configured time. A signal ends
    /// the wait. For process exit.
    pub fn finish(&self) {
        todo!()
    }

    /// Descriptors that the stack holds, so that the C border keeps a program's `close` loops away from them.
    pub fn descriptors(&self) -> Vec<i32> {
        todo!()
    }
}
