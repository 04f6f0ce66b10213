//! What travels with a message: RFC 6458 §5.3, without C layout.

use std::{io::IoSlice, net::SocketAddr, time::Duration};

use crate::{AssocId, Notification};

/// How a message is to be sent (SCTP_SNDRCV, SCTP_SNDINFO).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SendInfo {
    /// Stream.
    pub stream: u16,
    /// Flags.
    pub flags: SendFlags,
    /// Payload protocol identifier as the program wrote it: opaque, its octets go on the wire in memory order.
    pub ppid: u32,
    /// Comes back in a SEND_FAILED notification.
    pub context: u32,
    /// The association; [`AssocId::NONE`] where the address names it. Ignored on one-to-one sockets.
    pub association: AssocId,
    /// Life of the message (SCTP_SNDRCV only; 0: no limit). `None`: as SCTP_SNDINFO, which has no such member; the
    /// default of the socket holds.
    pub lifetime: Option<Duration>,
}

/// `sinfo_flags` of a send.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of RFC 6458 §5.3.2")]
pub struct SendFlags {
    /// SCTP_UNORDERED.
    pub unordered: bool,
    /// SCTP_ADDR_OVER: send to the address given rather than to the primary.
    pub address_over: bool,
    /// SCTP_ABORT: abort; the data is the reason.
    pub abort: bool,
    /// SCTP_EOF: shut the association down.
    pub end_of_file: bool,
    /// SCTP_SACK_IMMEDIATELY (RFC 7053).
    pub immediate: bool,
    /// SCTP_SENDALL: to all associations of the socket.
    pub send_all: bool,
    /// Partial-reliability policy bits 4 and 5 (0 none, 1 TTL, 2 RTX, 3 PRIO).
    pub policy: u8,
}

impl SendFlags {
    /// Whether no flag is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// SCTP_PRINFO.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PartialReliability {
    /// 0 none, 1 TTL, 2 RTX, 3 PRIO.
    pub policy: u8,
    /// Milliseconds, retransmissions or priority, as the policy says.
    pub value: u32,
}

/// SCTP_INITMSG and SCTP_INIT: how a set-up is to be made. On a send, 0 keeps the socket's value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct InitParameters {
    /// Outbound streams wished for.
    pub outbound_streams: u16,
    /// Inbound streams at most.
    pub inbound_streams: u16,
    /// INITs sent before giving up.
    pub attempts: u16,
    /// Upper bound of the INIT's timer, milliseconds.
    pub timeout_ms: u16,
}

/// One send.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendRequest<'a> {
    /// `msg_name`.
    pub to: Option<SocketAddr>,
    /// Further addresses of the peer for an implicit set-up (SCTP_DSTADDRV4, SCTP_DSTADDRV6); their ports are ignored.
    pub further: &'a [std::net::IpAddr],
    /// SCTP_SNDRCV or SCTP_SNDINFO; `None`: the socket's defaults.
    pub info: Option<SendInfo>,
    /// SCTP_PRINFO.
    pub reliability: Option<PartialReliability>,
    /// SCTP_AUTHINFO.
    pub auth_key: Option<u16>,
    /// SCTP_INIT.
    pub init: Option<InitParameters>,
    /// The message.
    pub data: &'a [IoSlice<'a>],
    /// O_NONBLOCK or MSG_DONTWAIT.
    pub nonblocking: bool,
}

/// How to receive.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReceiveFlags {
    /// MSG_PEEK.
    pub peek: bool,
    /// O_NONBLOCK or MSG_DONTWAIT.
    pub nonblocking: bool,
}

/// What was received.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Received {
    /// Octets written to the caller's buffers. 0 with nothing else set: the end.
    pub len: usize,
    /// MSG_EOR: the message (or notification) ends here.
    pub end_of_record: bool,
    /// MSG_NOTIFICATION: the octets are (part of) a notification, laid out as Linux does.
    pub is_notification: bool,
    /// The notification itself, with its first part.
    pub notification: Option<Notification>,
    /// The peer's address. For an AF_INET6 socket an IPv4 one is mapped where the socket wants that.
    pub from: Option<SocketAddr>,
    /// About the message (never with a notification). The C border lays it out as SCTP_RCVINFO, SCTP_SNDRCV where
    /// [`Self::wants`] says so.
    pub info: Option<ReceiveInfo>,
    /// About the message after this one, when the socket asks for it and there is one.
    pub next: Option<NextInfo>,
    /// Which ancillary items the socket has asked for.
    pub wants: WantedItems,
}

/// Ancillary items that a socket has switched on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WantedItems {
    /// SCTP_DATA_IO_EVENT: SCTP_SNDRCV.
    pub send_receive_info: bool,
    /// SCTP_RECVRCVINFO.
    pub receive_info: bool,
    /// SCTP_RECVNXTINFO.
    pub next_info: bool,
}

/// SCTP_RCVINFO and SCTP_SNDRCV on receipt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReceiveInfo {
    /// Stream.
    pub stream: u16,
    /// Stream sequence number.
    pub ssn: u16,
    /// Sent unordered.
    pub unordered: bool,
    /// Payload protocol identifier, opaque as in [`SendInfo::ppid`].
    pub ppid: u32,
    /// TSN of the message's first chunk.
    pub tsn: u32,
    /// Cumulative TSN, 0 for ordered messages.
    pub cumulative_tsn: u32,
    /// SCTP_CONTEXT of the association.
    pub context: u32,
    /// The association.
    pub association: AssocId,
}

/// SCTP_NXTINFO.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NextInfo {
    /// Stream.
    pub stream: u16,
    /// Sent unordered.
    pub unordered: bool,
    /// It is a notification.
    pub notification: bool,
    /// All of it is there. Told by the RFC's personality only.
    pub complete: bool,
    /// Payload protocol identifier.
    pub ppid: u32,
    /// Octets of it that are there.
    pub length: u32,
    /// The association.
    pub association: AssocId,
}
