//! Socket options of level IPPROTO_SCTP, typed: one `get`, one `set`.
//!
//! A value that in C carries an association id or an address has them in [`Scope`].

mod general;
mod value;

pub use general::{GeneralName, GeneralValue};
pub use value::{
    AssociationParameters, AssociationStatistics, DelayedSack, PathInfo, PathParameters, PathThresholds, RtoParameters,
    Status,
};

use std::net::SocketAddr;

use crate::{AssocId, InitParameters, NotificationKind, PartialReliability, SendInfo, Subscriptions};

/// What an option is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Association id, or SCTP_FUTURE_ASSOC (0), SCTP_CURRENT_ASSOC (1), SCTP_ALL_ASSOC (2).
    pub association: AssocId,
    /// A peer address; `None` stands for the wildcard address.
    pub address: Option<SocketAddr>,
}

/// Options that can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "named after the options of RFC 6458 §8")]
pub enum OptionName {
    Rto,
    Association,
    Init,
    NoDelay,
    Autoclose,
    PrimaryAddress,
    AdaptationLayer,
    DisableFragments,
    PathParameters,
    DefaultSendParameters,
    Events,
    MappedV4,
    MaximumSegment,
    Status,
    PathInfo,
    DelayedSack,
    Context,
    FragmentInterleave,
    PartialDeliveryPoint,
    MaximumBurst,
    AssociationNumber,
    AssociationIds,
    PathThresholds,
    ReceiveInfo,
    NextInfo,
    DefaultSendInfo,
    ReusePort,
    DefaultPartialReliability,
    AssociationStatistics,
    /// SCTP_EVENT: one kind.
    Event(NotificationKind),
    EncapsulationPort,
    EcnSupported,
}

/// Values of options; which it is says what is set.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "named after the options of RFC 6458 §8")]
pub enum OptionValue {
    Rto(RtoParameters),
    Association(AssociationParameters),
    Init(InitParameters),
    NoDelay(bool),
    /// Seconds; 0: off.
    Autoclose(u32),
    PrimaryAddress(SocketAddr),
    AdaptationLayer(u32),
    DisableFragments(bool),
    PathParameters(PathParameters),
    /// `lifetime` is `Some`.
    DefaultSendParameters(SendInfo),
    /// Octet n says whether kind 0x8000 + n is wanted; only the first `len` are set.
    Events {
        wanted: Subscriptions,
        len: usize,
    },
    MappedV4(bool),
    MaximumSegment(u32),
    Status(Box<Status>),
    PathInfo(PathInfo),
    DelayedSack(DelayedSack),
    Context(u32),
    FragmentInterleave(u32),
    PartialDeliveryPoint(u32),
    MaximumBurst(u32),
    AssociationNumber(u32),
    AssociationIds(Vec<AssocId>),
    PathThresholds(PathThresholds),
    ReceiveInfo(bool),
    NextInfo(bool),
    /// `lifetime` is `None`.
    DefaultSendInfo(SendInfo),
    ReusePort(bool),
    DefaultPartialReliability(PartialReliability),
    AssociationStatistics(Box<AssociationStatistics>),
    Event(NotificationKind, bool),
    /// The peer's UDP port, host order; 0: none asked.
    EncapsulationPort(u16),
    EcnSupported(bool),
}
