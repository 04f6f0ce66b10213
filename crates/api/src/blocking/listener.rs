//! [`SctpListener`]: takes associations.

use std::net::SocketAddr;

use usctp_socket::{AssocId, Socket, Style};

use crate::blocking::SctpAssociation;
use crate::blocking::endpoint::{self, retry};
use crate::error::Doing as _;
use crate::{Error, Stack, ToSctpAddrs};

/// A listening one-to-one socket, as [`std::net::TcpListener`].
#[derive(Clone)]
pub struct SctpListener {
    socket: Socket,
}

impl SctpListener {
    /// Listens on these addresses, on the default stack. Port 0 lets the stack choose; see
    /// [`SctpListener::local_addr`].
    pub fn bind(addresses: impl ToSctpAddrs) -> Result<Self, Error> {
        Self::bind_on(&Stack::default_stack()?, addresses)
    }

    /// Listens on these addresses, on `stack`.
    pub fn bind_on(stack: &Stack, addresses: impl ToSctpAddrs) -> Result<Self, Error> {
        /// As std's `TcpListener`.
        const BACKLOG: i32 = 128;
        let addresses = addresses.to_sctp_addrs()?;
        let mut failure = None;
        for host in addresses.candidates() {
            let listening = endpoint::bound(stack, Style::OneToOne, host).and_then(|socket| {
                socket.listen(BACKLOG).doing(|| format!("listen on {}", host[0]))?;
                Ok(Self { socket })
            });
            match listening {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::address("no address was given")))
    }

    /// Waits for the next association and gives it with the peer's address.
    pub fn accept(&self) -> Result<(SctpAssociation, SocketAddr), Error> {
        let (socket, peer) = retry(|| self.socket.accept(false)).doing(|| "accept an association".to_owned())?;
        Ok((SctpAssociation::from_socket(socket), peer))
    }

    /// The associations, one after the other, without end.
    #[must_use]
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The address it listens on; with several, the first.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.socket.local_name().doing(|| "read the local address".to_owned())
    }

    /// All addresses it listens on.
    pub fn local_addrs(&self) -> Result<Vec<SocketAddr>, Error> {
        self.socket.local_addresses(AssocId::NONE).doing(|| "read the local addresses".to_owned())
    }
}

impl std::fmt::Debug for SctpListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SctpListener").field("local", &self.local_addr().ok()).finish()
    }
}

/// The associations that a listener takes.
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a SctpListener,
}

impl Iterator for Incoming<'_> {
    type Item = Result<SctpAssociation, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.accept().map(|(association, _)| association))
    }
}
