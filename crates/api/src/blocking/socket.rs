//! [`SctpSocket`]: many associations on one socket.

use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::{
    AssocId, GeneralName, NotificationKind, OptionName, OptionValue, Scope, SendFlags, SendInfo, Socket, SocketError,
    Style,
};

use crate::blocking::SctpAssociation;
use crate::blocking::endpoint;
use crate::error::Doing as _;
use crate::{Error, Received, SendOptions, Stack, Statistics, Status, ToSctpAddrs};

/// A one-to-many socket, as [`std::net::UdpSocket`], but each peer is an association.
///
/// Sending to an address without association sets one up, and the message goes with the set-up. [`crate::Part`] says
/// which association a message came on.
#[derive(Clone)]
pub struct SctpSocket {
    socket: Socket,
}

impl SctpSocket {
    /// A socket bound to these addresses, on the default stack.
    pub fn bind(addresses: impl ToSctpAddrs) -> Result<Self, Error> {
        Self::bind_on(&Stack::default_stack()?, addresses)
    }

    /// A socket bound to these addresses, on `stack`.
    pub fn bind_on(stack: &Stack, addresses: impl ToSctpAddrs) -> Result<Self, Error> {
        let addresses = addresses.to_sctp_addrs()?;
        let mut failure = None;
        for host in addresses.candidates() {
            match endpoint::bound(stack, Style::OneToMany, host) {
                Ok(socket) => return Ok(Self { socket }),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::address("no address was given")))
    }

    /// Takes associations that peers begin. They appear by their first message, or by a notification.
    pub fn listen(&self) -> Result<(), Error> {
        /// As std's `TcpListener`.
        const BACKLOG: i32 = 128;
        self.socket.listen(BACKLOG).doing(|| "listen".to_owned())
    }

    /// Sets up an association and waits for it.
    pub fn connect(&self, peer: impl ToSctpAddrs) -> Result<AssocId, Error> {
        let peer = peer.to_sctp_addrs()?;
        let mut failure = None;
        for host in peer.candidates() {
            match self.socket.connect(host, false).doing(|| format!("connect to {}", host[0])) {
                Ok(association) => return Ok(association),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::address("no address was given")))
    }

    /// Sends a message to an address of a peer; sets an association up if there is none.
    pub fn send_to(&self, data: &[u8], peer: SocketAddr, options: &SendOptions) -> Result<(), Error> {
        endpoint::send(&self.socket, data, Some(peer), options.info(AssocId::NONE), options.reliability())
    }

    /// Sends a message on an association.
    pub fn send_on(&self, association: AssocId, data: &[u8], options: &SendOptions) -> Result<(), Error> {
        endpoint::send(&self.socket, data, None, options.info(association), options.reliability())
    }

    /// Receives a message of any association, or as much of it as fits.
    pub fn recv(&self, buffer: &mut [u8]) -> Result<Received, Error> {
        endpoint::receive(&self.socket, buffer)
    }

    /// Receives a whole message of any association. Its octets replace what is in `buffer`.
    pub fn recv_message(&self, buffer: &mut Vec<u8>) -> Result<Received, Error> {
        endpoint::receive_message(&self.socket, buffer)
    }

    /// Sends all that is queued on an association and ends it.
    pub fn shutdown(&self, association: AssocId) -> Result<(), Error> {
        let flags = SendFlags { end_of_file: true, ..SendFlags::default() };
        endpoint::send(&self.socket, &[], None, SendInfo { flags, association, ..SendInfo::default() }, None)
    }

    /// Ends an association at once and tells the peer why.
    pub fn abort(&self, association: AssocId, reason: &[u8]) -> Result<(), Error> {
        let flags = SendFlags { abort: true, ..SendFlags::default() };
        endpoint::send(&self.socket, reason, None, SendInfo { flags, association, ..SendInfo::default() }, None)
    }

    /// Moves an association to a socket of its own.
    pub fn peel_off(&self, association: AssocId) -> Result<SctpAssociation, Error> {
        let socket = self.socket.peel_off(association).doing(|| format!("peel off association {}", association.0))?;
        Ok(SctpAssociation::from_socket(socket))
    }

    /// Ends associations that have been idle for this long; zero: never.
    pub fn set_autoclose(&self, idle: Duration) -> Result<(), Error> {
        let seconds = u32::try_from(idle.as_secs()).unwrap_or(u32::MAX);
        let set = self.socket.set_option(Scope::default(), &OptionValue::Autoclose(seconds));
        set.doing(|| "set SCTP_AUTOCLOSE".to_owned())
    }

    /// Limits how long a receive call waits; `None`: for ever. See [`Error::is_timeout`].
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> Result<(), Error> {
        endpoint::set_timeout(&self.socket, GeneralName::ReceiveTimeout, limit)
    }

    /// Asks for these kinds of notification, of all associations, and for no others.
    pub fn subscribe(&self, kinds: &[NotificationKind]) -> Result<(), Error> {
        endpoint::subscribe(&self.socket, kinds)
    }

    /// The local address; with several, the first.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.socket.local_name().doing(|| "read the local address".to_owned())
    }

    /// The addresses of a peer, the primary first.
    pub fn peer_addrs(&self, association: AssocId) -> Result<Vec<SocketAddr>, Error> {
        self.socket.peer_addresses(association).doing(|| "read the peer's addresses".to_owned())
    }

    /// How an association is doing.
    pub fn status(&self, association: AssocId) -> Result<Status, Error> {
        match endpoint::option(&self.socket, OptionName::Status, association)? {
            OptionValue::Status(status) => Ok((*status).into()),
            _ => Err(SocketError::NoSuchOption).doing(|| "read the status".to_owned()),
        }
    }

    /// The counters of an association since it began.
    pub fn statistics(&self, association: AssocId) -> Result<Statistics, Error> {
        match endpoint::option(&self.socket, OptionName::AssociationStatistics, association)? {
            OptionValue::AssociationStatistics(statistics) => Ok((*statistics).into()),
            _ => Err(SocketError::NoSuchOption).doing(|| "read the statistics".to_owned()),
        }
    }
}

impl std::fmt::Debug for SctpSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SctpSocket").field("local", &self.local_addr().ok()).finish()
    }
}
