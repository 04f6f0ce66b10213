//! What is sent and received: [`SendOptions`], [`Received`], [`Part`].

use std::net::SocketAddr;
use std::time::Duration;

use usctp_socket::{AssocId, Notification, PartialReliability, ReceiveInfo, SendFlags, SendInfo};

/// How a message is to be sent. The default: ordered, stream 0, payload protocol identifier 0, reliable.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use = "options do nothing by themselves"]
pub struct SendOptions {
    pub(crate) stream: u16,
    pub(crate) ppid: u32,
    pub(crate) context: u32,
    pub(crate) flags: SendFlags,
    pub(crate) lifetime: Option<Duration>,
}

impl SendOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The stream. Messages of one stream arrive in order; streams do not wait for each other.
    pub fn stream(mut self, stream: u16) -> Self {
        self.stream = stream;
        self
    }

    /// The payload protocol identifier, in host order (46 for Diameter, 51 for WebRTC strings, …).
    pub fn ppid(mut self, ppid: u32) -> Self {
        self.ppid = ppid;
        self
    }

    /// Delivered as soon as it arrives, whatever came before.
    pub fn unordered(mut self) -> Self {
        self.flags.unordered = true;
        self
    }

    /// Asks the receiver to acknowledge at once (RFC 7053).
    pub fn immediate(mut self) -> Self {
        self.flags.immediate = true;
        self
    }

    /// Given up if it has not been delivered within this time (RFC 3758), where the peer can do that.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// A number that comes back with the notification if the message cannot be delivered.
    pub fn context(mut self, context: u32) -> Self {
        self.context = context;
        self
    }

    pub(crate) fn info(&self, association: AssocId) -> SendInfo {
        SendInfo {
            stream: self.stream,
            flags: self.flags,
            // The layer below takes the identifier as the octets that go on the wire.
            ppid: self.ppid.to_be(),
            context: self.context,
            association,
            lifetime: None,
        }
    }

    /// RFC 3758 §4.1: a life of 0 would mean none at all to the layer below, so the shortest is 1 ms.
    pub(crate) fn reliability(&self) -> Option<PartialReliability> {
        self.lifetime.map(|lifetime| PartialReliability {
            policy: 1,
            value: u32::try_from(lifetime.as_millis()).unwrap_or(u32::MAX).max(1),
        })
    }
}

/// What a receive call gave.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Received {
    /// A message, or a part of one, is in the buffer.
    Data(Part),
    /// Something happened to an association. Only kinds that were asked for come.
    Notification(Notification),
    /// The peer has shut the association down: nothing more will come.
    End,
}

/// A message or a part of one, whose octets are in the caller's buffer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// Octets in the buffer.
    pub len: usize,
    /// The message ends with them. If not, the next calls give the rest.
    pub complete: bool,
    /// Its stream.
    pub stream: u16,
    /// Its number within the stream.
    pub ssn: u16,
    /// Whether it was sent unordered.
    pub unordered: bool,
    /// Payload protocol identifier, in host order.
    pub ppid: u32,
    /// The association it came on.
    pub association: AssocId,
    /// The peer's address it came from.
    pub from: Option<SocketAddr>,
}

impl Part {
    pub(crate) fn new(len: usize, complete: bool, info: Option<ReceiveInfo>, from: Option<SocketAddr>) -> Self {
        let info = info.unwrap_or_default();
        Self {
            len,
            complete,
            stream: info.stream,
            ssn: info.ssn,
            unordered: info.unordered,
            ppid: u32::from_be(info.ppid),
            association: info.association,
            from,
        }
    }
}
