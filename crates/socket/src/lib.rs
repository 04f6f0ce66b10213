//! What an SCTP socket means (RFC 6458, as Linux does it), for the Rust API and the C ABI alike.
#![forbid(unsafe_code)]

mod ancillary;
mod bind;
mod buffer;
mod clock;
mod close;
mod connect;
mod defaults;
mod driver;
mod error;
mod events;
mod host;
mod inbox;
mod key_hash;
mod layout;
mod name;
mod notification;
mod options;
mod outbox;
pub mod personality;
mod privilege;
mod queue;
mod readiness;
mod readiness_fd;
mod receive;
mod send;
mod settings;
mod socket;
mod stack;
pub mod sysctl;
mod table;
mod wait;

pub use ancillary::{
    InitParameters, NextInfo, PartialReliability, ReceiveFlags, ReceiveInfo, Received, SendFlags, SendInfo,
    SendRequest, WantedItems,
};
pub use driver::on_thread_start;
pub use error::{SocketError, StackError};
pub use notification::{AssociationChangeState, Notification, NotificationKind, Subscriptions};
pub use options::{
    AbandonedMessages, AssociationParameters, AssociationStatistics, AuthenticationName, AuthenticationValue,
    DelayedSack, GeneralName, GeneralValue, OptionName, OptionValue, PathInfo, PathParameters, PathThresholds,
    ReconfigurationName, ReconfigurationValue, RtoParameters, Scope, Status,
};
pub use personality::Personality;
pub use readiness::Readiness;
pub use socket::{How, Socket};
pub use stack::{Domain, LinkChoice, Stack, StackConfig, Style};
pub use sysctl::{BadSysctl, Sysctls};
pub use usctp_proto::{Secret, StreamScheduler};
pub use wait::{SleepingPlace, on_sleep};

/// An association of a socket: `sctp_assoc_t`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AssocId(pub i32);

impl AssocId {
    /// None: the endpoint (SCTP_FUTURE_ASSOC).
    pub const NONE: Self = Self(0);
    /// All present associations (SCTP_CURRENT_ASSOC).
    pub const CURRENT: Self = Self(1);
    /// Present and future ones (SCTP_ALL_ASSOC).
    pub const ALL: Self = Self(2);
}
