//! Notifications (RFC 6458 §6.1), typed, and their octets as Linux lays them out.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::AssocId;

/// Kinds of notification; the value is the number that Linux gives them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u16)]
#[allow(missing_docs, reason = "the names of RFC 6458 §6.1")]
pub enum NotificationKind {
    /// Not a notification: the subscription to SCTP_SNDRCV items.
    DataIo = 0x8000,
    AssociationChange = 0x8001,
    PeerAddressChange = 0x8002,
    SendFailed = 0x8003,
    RemoteError = 0x8004,
    Shutdown = 0x8005,
    PartialDelivery = 0x8006,
    Adaptation = 0x8007,
    Authentication = 0x8008,
    SenderDry = 0x8009,
    StreamReset = 0x800a,
    AssociationReset = 0x800b,
    StreamChange = 0x800c,
    SendFailedEvent = 0x800d,
}

impl NotificationKind {
    /// All, in the order of `struct sctp_event_subscribe`.
    pub const ALL: [Self; 14] = [
        Self::DataIo,
        Self::AssociationChange,
        Self::PeerAddressChange,
        Self::SendFailed,
        Self::RemoteError,
        Self::Shutdown,
        Self::PartialDelivery,
        Self::Adaptation,
        Self::Authentication,
        Self::SenderDry,
        Self::StreamReset,
        Self::AssociationReset,
        Self::StreamChange,
        Self::SendFailedEvent,
    ];

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number.checked_sub(0x8000)?)).copied()
    }

    pub(crate) const fn bit(self) -> u16 {
        1 << (self as u16 - 0x8000)
    }
}

/// Which kinds are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Subscriptions(u16);

impl Subscriptions {
    /// Whether `kind` is wanted.
    #[must_use]
    pub const fn has(self, kind: NotificationKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Switches `kind`.
    pub const fn set(&mut self, kind: NotificationKind, on: bool) {
        if on {
            self.0 |= kind.bit();
        } else {
            self.0 &= !kind.bit();
        }
    }

    /// Whether any kind is wanted that is put into the queue.
    pub(crate) const fn any_notification(self) -> bool {
        self.0 & !NotificationKind::DataIo.bit() != 0
    }

    /// With `kind` switched on.
    #[must_use]
    pub const fn with(mut self, kind: NotificationKind) -> Self {
        self.set(kind, true);
        self
    }
}

/// A notification.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields of RFC 6458 §6.1")]
pub enum Notification {
    AssociationChange {
        association: AssocId,
        state: AssociationChangeState,
        /// Cause code, 0 for none.
        error: u16,
        outbound_streams: u16,
        inbound_streams: u16,
        /// The ABORT's causes.
        info: Bytes,
    },
    PeerAddressChange {
        association: AssocId,
        address: SocketAddr,
        /// 0 available, 1 unreachable, 2 removed, 3 added, 4 made primary, 5 confirmed, 6 potentially failed.
        state: i32,
        error: i32,
    },
    RemoteError {
        association: AssocId,
        error: u16,
        data: Bytes,
    },
    /// SCTP_SEND_FAILED and SCTP_SEND_FAILED_EVENT.
    SendFailed {
        association: AssocId,
        /// Which of the two.
        event: bool,
        sent: bool,
        error: u16,
        stream: u16,
        ssn: u16,
        /// Flag octet of the DATA chunk.
        chunk_flags: u8,
        ppid: u32,
        context: u32,
        data: Bytes,
    },
    Shutdown {
        association: AssocId,
    },
    Adaptation {
        association: AssocId,
        code: u32,
    },
    PartialDelivery {
        association: AssocId,
        /// 0: aborted.
        indication: u32,
        stream: u32,
        sequence: u32,
    },
    Authentication {
        association: AssocId,
        key: u16,
        alternate_key: u16,
        /// 0 new key, 1 key free, 2 the peer has no AUTH.
        indication: u32,
    },
    SenderDry {
        association: AssocId,
    },
    StreamReset {
        association: AssocId,
        flags: u16,
        streams: Vec<u16>,
    },
    AssociationReset {
        association: AssocId,
        flags: u16,
        local_tsn: u32,
        remote_tsn: u32,
    },
    StreamChange {
        association: AssocId,
        flags: u16,
        inbound: u16,
        outbound: u16,
    },
}

/// `sac_state`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
#[allow(missing_docs, reason = "the names of RFC 6458 §6.1.1")]
pub enum AssociationChangeState {
    Up = 0,
    Lost = 1,
    Restart = 2,
    ShutdownComplete = 3,
    CannotStart = 4,
}

impl Notification {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> NotificationKind {
        match self {
            Self::AssociationChange { .. } => NotificationKind::AssociationChange,
            Self::PeerAddressChange { .. } => NotificationKind::PeerAddressChange,
            Self::RemoteError { .. } => NotificationKind::RemoteError,
            Self::SendFailed { event: false, .. } => NotificationKind::SendFailed,
            Self::SendFailed { event: true, .. } => NotificationKind::SendFailedEvent,
            Self::Shutdown { .. } => NotificationKind::Shutdown,
            Self::Adaptation { .. } => NotificationKind::Adaptation,
            Self::PartialDelivery { .. } => NotificationKind::PartialDelivery,
            Self::Authentication { .. } => NotificationKind::Authentication,
            Self::SenderDry { .. } => NotificationKind::SenderDry,
            Self::StreamReset { .. } => NotificationKind::StreamReset,
            Self::AssociationReset { .. } => NotificationKind::AssociationReset,
            Self::StreamChange { .. } => NotificationKind::StreamChange,
        }
    }
}
