//! [`SctpAssociation`]: one association on a socket of its own.

use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::{
    AssocId, GeneralName, GeneralValue, How, InitParameters, NotificationKind, OptionName, OptionValue, Scope, Socket,
    SocketError, Style,
};

use crate::blocking::endpoint::{self, retry};
use crate::error::Doing as _;
use crate::{Error, Received, SendOptions, Stack, Statistics, Status, ToSctpAddrs};

/// A one-to-one socket with its association, as [`std::net::TcpStream`], but of messages.
///
/// It is closed when the last clone goes: what is queued is still delivered in the background, then the association is
/// shut down. Before the process ends, [`Stack::finish`] waits for that. Clones are the same socket, for other threads.
#[derive(Clone)]
pub struct SctpAssociation {
    socket: Socket,
}

impl SctpAssociation {
    /// Connects to a host, on the default stack. With several addresses, all of them are the peer's from the start
    /// (`sctp_connectx`); several hosts behind one name are tried one after the other.
    pub fn connect(peer: impl ToSctpAddrs) -> Result<Self, Error> {
        Self::connect_on(&Stack::default_stack()?, peer)
    }

    /// The same, on `stack`.
    pub fn connect_on(stack: &Stack, peer: impl ToSctpAddrs) -> Result<Self, Error> {
        Self::connect_with(stack, peer, InitParameters::default())
    }

    /// The same, with wishes for the set-up: how many streams each way, how often and how long to try. Zero keeps the
    /// default of each.
    pub fn connect_with(stack: &Stack, peer: impl ToSctpAddrs, init: InitParameters) -> Result<Self, Error> {
        let peer = peer.to_sctp_addrs()?;
        let mut failure = None;
        for host in peer.candidates() {
            let connected = endpoint::open(stack, Style::OneToOne, host).and_then(|socket| {
                let set = socket.set_option(Scope::default(), &OptionValue::Init(init));
                set.doing(|| "set the parameters of the set-up".to_owned())?;
                socket.connect(host, false).doing(|| format!("connect to {}", host[0]))?;
                Ok(Self { socket })
            });
            match connected {
                Ok(association) => return Ok(association),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::address("no address was given")))
    }

    pub(crate) fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }

    /// Sends a message on stream 0.
    pub fn send(&self, data: &[u8]) -> Result<(), Error> {
        self.send_with(data, &SendOptions::new())
    }

    /// Sends a message. Returns when the stack has taken all of it, which may wait for room in the send buffer.
    pub fn send_with(&self, data: &[u8], options: &SendOptions) -> Result<(), Error> {
        endpoint::send(&self.socket, data, None, options.info(AssocId::NONE), options.reliability())
    }

    /// Receives a message, or as much of it as fits.
    pub fn recv(&self, buffer: &mut [u8]) -> Result<Received, Error> {
        ended(endpoint::receive(&self.socket, buffer))
    }

    /// Receives a whole message, however long it is. Its octets replace what is in `buffer`.
    pub fn recv_message(&self, buffer: &mut Vec<u8>) -> Result<Received, Error> {
        ended(endpoint::receive_message(&self.socket, buffer))
    }

    /// Sends all that is queued and ends the association; the peer can still send until it has heard of that. Returns
    /// at once; [`Received::End`] tells when it is over.
    pub fn shutdown(&self) -> Result<(), Error> {
        self.socket.shutdown(How::Write).doing(|| "shut the association down".to_owned())
    }

    /// Ends the association at once, for all clones of this handle. What is queued is lost, and the peer sees an error.
    /// A reason can only be given on a one-to-many socket ([`crate::blocking::SctpSocket::abort`]), as on Linux.
    pub fn abort(self) -> Result<(), Error> {
        let linger = GeneralValue::Linger { on: true, seconds: 0 };
        let set = self.socket.set_general_option(GeneralName::Linger, &linger);
        set.doing(|| "abort the association".to_owned())?;
        self.socket.close();
        Ok(())
    }

    /// The peer's primary address.
    pub fn peer_addr(&self) -> Result<SocketAddr, Error> {
        self.socket.peer_name().doing(|| "read the peer's address".to_owned())
    }

    /// All addresses of the peer, the primary first.
    pub fn peer_addrs(&self) -> Result<Vec<SocketAddr>, Error> {
        self.socket.peer_addresses(AssocId::NONE).doing(|| "read the peer's addresses".to_owned())
    }

    /// The local address; with several, the first.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.socket.local_name().doing(|| "read the local address".to_owned())
    }

    /// All local addresses of the association.
    pub fn local_addrs(&self) -> Result<Vec<SocketAddr>, Error> {
        self.socket.local_addresses(AssocId::NONE).doing(|| "read the local addresses".to_owned())
    }

    /// Limits how long a receive call waits; `None`: for ever. See [`Error::is_timeout`].
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> Result<(), Error> {
        endpoint::set_timeout(&self.socket, GeneralName::ReceiveTimeout, limit)
    }

    /// Limits how long a send call waits; `None`: for ever.
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> Result<(), Error> {
        endpoint::set_timeout(&self.socket, GeneralName::SendTimeout, limit)
    }

    /// Sends small messages at once rather than waiting for more to put in the packet.
    pub fn set_nodelay(&self, nodelay: bool) -> Result<(), Error> {
        let value = OptionValue::NoDelay(nodelay);
        self.socket.set_option(Scope::default(), &value).doing(|| "set SCTP_NODELAY".to_owned())
    }

    /// Octets that may wait to be sent or acknowledged.
    pub fn set_send_buffer(&self, octets: usize) -> Result<(), Error> {
        self.set_buffer(GeneralName::SendBuffer, octets)
    }

    /// Octets that may wait to be received; the window announced to the peer.
    pub fn set_receive_buffer(&self, octets: usize) -> Result<(), Error> {
        self.set_buffer(GeneralName::ReceiveBuffer, octets)
    }

    /// Asks for these kinds of notification, and for no others. They come between the messages.
    pub fn subscribe(&self, kinds: &[NotificationKind]) -> Result<(), Error> {
        endpoint::subscribe(&self.socket, kinds)
    }

    /// How the association is doing.
    pub fn status(&self) -> Result<Status, Error> {
        match endpoint::option(&self.socket, OptionName::Status, AssocId::NONE)? {
            OptionValue::Status(status) => Ok((*status).into()),
            _ => Err(SocketError::NoSuchOption).doing(|| "read the status".to_owned()),
        }
    }

    /// Its counters since it began.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        match endpoint::option(&self.socket, OptionName::AssociationStatistics, AssocId::NONE)? {
            OptionValue::AssociationStatistics(statistics) => Ok((*statistics).into()),
            _ => Err(SocketError::NoSuchOption).doing(|| "read the statistics".to_owned()),
        }
    }

    /// The error that came for the socket since it was last asked for.
    pub fn take_error(&self) -> Result<Option<std::io::Error>, Error> {
        let value = retry(|| self.socket.general_option(GeneralName::Error)).doing(|| "read SO_ERROR".to_owned())?;
        match value {
            GeneralValue::Int(errno) if errno != 0 => Ok(Some(std::io::Error::from_raw_os_error(errno))),
            _ => Ok(None),
        }
    }

    fn set_buffer(&self, name: GeneralName, octets: usize) -> Result<(), Error> {
        let octets = i32::try_from(octets).unwrap_or(i32::MAX);
        let set = self.socket.set_general_option(name, &GeneralValue::Int(octets));
        set.doing(|| format!("set {name:?} to {octets} octets"))
    }
}

/// Once its association is over, a socket says that it is not connected; a peeled-off one or one that was shut down here
/// says so at once. An [`SctpAssociation`] was connected when it was made, so that is the end.
fn ended(received: Result<Received, Error>) -> Result<Received, Error> {
    match received {
        Err(error) if error.socket_error() == Some(SocketError::NotConnected) => Ok(Received::End),
        other => other,
    }
}

impl std::fmt::Debug for SctpAssociation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SctpAssociation");
        shown.field("local", &self.local_addr().ok()).field("peer", &self.peer_addr().ok()).finish()
    }
}
