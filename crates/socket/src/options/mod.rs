//! Socket options of level IPPROTO_SCTP, typed: one `get`, one `set`.
//!
//! A value that in C carries an association id or an address has them in [`Scope`].

mod association;
mod authentication;
mod delivery;
mod general;
mod path;
mod reconfiguration;
mod sending;
mod value;

pub use authentication::{AuthenticationName, AuthenticationValue};
pub use general::{GeneralName, GeneralValue};
pub use reconfiguration::{ReconfigurationName, ReconfigurationValue};
pub use value::{
    AbandonedMessages, AssociationParameters, AssociationStatistics, DelayedSack, PathInfo, PathParameters,
    PathThresholds, RtoParameters, Status,
};

use std::net::SocketAddr;

use usctp_proto::{AssociationConfig, AssociationKey, StreamScheduler, Time};

use crate::{
    AssocId, InitParameters, NotificationKind, PartialReliability, SendInfo, Socket, SocketError, Style, Subscriptions,
    settings::Inherited, table::State,
};

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
    /// Those about authentication.
    Authentication(AuthenticationName),
    /// Those about addresses that come and go.
    Reconfiguration(ReconfigurationName),
    PartialReliabilitySupported,
    ExposePotentiallyFailed,
    /// Messages given up: on one stream or on all, by one policy (1 TTL, 2 RTX, 3 PRIO) or by all.
    Abandoned {
        stream: Option<u16>,
        policy: Option<u8>,
    },
    InterleavingSupported,
    StreamScheduler,
    /// Of this stream.
    StreamValue(u16),
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
    /// Those about authentication.
    Authentication(AuthenticationValue),
    /// Those about addresses that come and go.
    Reconfiguration(ReconfigurationValue),
    PartialReliabilitySupported(bool),
    /// 0 unset, 1 off, 2 on (RFC 7829 §7.3).
    ExposePotentiallyFailed(u32),
    Abandoned(AbandonedMessages),
    InterleavingSupported(bool),
    StreamScheduler(StreamScheduler),
    /// A priority or weight.
    StreamValue {
        stream: u16,
        value: u16,
    },
}

impl Socket {
    /// Reads an option of level IPPROTO_SCTP.
    ///
    /// # Errors
    ///
    /// EINVAL for an unknown association or address, or a value that only associations have; EOPNOTSUPP.
    pub fn option(&self, name: OptionName, scope: Scope) -> Result<OptionValue, SocketError> {
        let mut state = self.stack().look();
        let index = self.index();
        state.socket(index)?;
        match name {
            OptionName::Rto
            | OptionName::Association
            | OptionName::Init
            | OptionName::Autoclose
            | OptionName::AdaptationLayer
            | OptionName::Status
            | OptionName::AssociationNumber
            | OptionName::AssociationIds
            | OptionName::AssociationStatistics
            | OptionName::EcnSupported
            | OptionName::PartialReliabilitySupported
            | OptionName::InterleavingSupported
            | OptionName::Abandoned { .. } => state.association_option(index, name, scope.association),
            OptionName::Authentication(name) => state.authentication_option(index, name, scope.association),
            OptionName::Reconfiguration(name) => state.reconfiguration_option(index, name, scope.association),
            OptionName::PrimaryAddress
            | OptionName::PathParameters
            | OptionName::PathInfo
            | OptionName::PathThresholds
            | OptionName::DelayedSack
            | OptionName::ExposePotentiallyFailed
            | OptionName::EncapsulationPort => state.path_option(index, name, scope),
            OptionName::Events
            | OptionName::Event(_)
            | OptionName::MappedV4
            | OptionName::Context
            | OptionName::FragmentInterleave
            | OptionName::PartialDeliveryPoint
            | OptionName::ReceiveInfo
            | OptionName::NextInfo => state.delivery_option(index, name, scope.association),
            OptionName::NoDelay
            | OptionName::DisableFragments
            | OptionName::DefaultSendParameters
            | OptionName::DefaultSendInfo
            | OptionName::DefaultPartialReliability
            | OptionName::MaximumSegment
            | OptionName::MaximumBurst
            | OptionName::StreamScheduler
            | OptionName::StreamValue(_)
            | OptionName::ReusePort => state.sending_option(index, name, scope.association),
        }
    }

    /// Sets an option of level IPPROTO_SCTP.
    ///
    /// # Errors
    ///
    /// EINVAL for a value out of range and for an unknown association or address, EOPNOTSUPP, ENOPROTOOPT for what can
    /// only be read.
    pub fn set_option(&self, scope: Scope, value: &OptionValue) -> Result<(), SocketError> {
        let mut state = self.enter();
        let now = state.now;
        let index = self.index();
        state.socket(index)?;
        match value {
            OptionValue::Rto(_)
            | OptionValue::Association(_)
            | OptionValue::Init(_)
            | OptionValue::Autoclose(_)
            | OptionValue::AdaptationLayer(_)
            | OptionValue::EcnSupported(_)
            | OptionValue::InterleavingSupported(_)
            | OptionValue::PartialReliabilitySupported(_) => {
                state.set_association_option(now, index, scope.association, value)?;
            }
            OptionValue::Authentication(value) => {
                state.set_authentication_option(now, index, scope.association, value)?;
            }
            OptionValue::Reconfiguration(value) => {
                state.set_reconfiguration_option(now, index, scope.association, *value)?;
            }
            OptionValue::PrimaryAddress(_)
            | OptionValue::PathParameters(_)
            | OptionValue::PathThresholds(_)
            | OptionValue::DelayedSack(_)
            | OptionValue::ExposePotentiallyFailed(_)
            | OptionValue::EncapsulationPort(_) => state.set_path_option(now, index, scope, value)?,
            OptionValue::Events { .. }
            | OptionValue::Event(..)
            | OptionValue::MappedV4(_)
            | OptionValue::Context(_)
            | OptionValue::FragmentInterleave(_)
            | OptionValue::PartialDeliveryPoint(_)
            | OptionValue::ReceiveInfo(_)
            | OptionValue::NextInfo(_) => state.set_delivery_option(now, index, scope.association, value)?,
            OptionValue::NoDelay(_)
            | OptionValue::DisableFragments(_)
            | OptionValue::DefaultSendParameters(_)
            | OptionValue::DefaultSendInfo(_)
            | OptionValue::DefaultPartialReliability(_)
            | OptionValue::MaximumSegment(_)
            | OptionValue::MaximumBurst(_)
            | OptionValue::StreamScheduler(_)
            | OptionValue::StreamValue { .. }
            | OptionValue::ReusePort(_) => state.set_sending_option(now, index, scope.association, value)?,
            OptionValue::Status(_)
            | OptionValue::PathInfo(_)
            | OptionValue::AssociationNumber(_)
            | OptionValue::AssociationIds(_)
            | OptionValue::Abandoned(_)
            | OptionValue::AssociationStatistics(_) => return Err(SocketError::NoSuchOption),
        }
        state.configure_listener(index);
        Ok(())
    }
}

/// Whom a value is asked of, or given to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Target {
    Endpoint,
    Association(AssociationKey),
}

/// Whom an option that knows SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC is given to.
struct Targets {
    endpoint: bool,
    associations: Vec<AssociationKey>,
}

impl State {
    /// One-to-one: the association, or the endpoint where there is none, whatever the id. One-to-many: 0 is the endpoint.
    fn target(&self, index: usize, id: AssocId) -> Result<Target, SocketError> {
        match self.named(index, id) {
            Some(key) => Ok(Target::Association(key)),
            None if id == AssocId::NONE || !self.is_one_to_many(index) => Ok(Target::Endpoint),
            None => Err(SocketError::InvalidArgument),
        }
    }

    /// As [`Self::target`], with the ids for all associations. D7-15: on Linux an unknown negative id reaches nobody and is
    /// no error.
    fn targets(&self, index: usize, id: AssocId) -> Result<Targets, SocketError> {
        if let Some(key) = self.named(index, id) {
            return Ok(Targets { endpoint: false, associations: vec![key] });
        }
        if !self.is_one_to_many(index) {
            return Ok(Targets { endpoint: true, associations: Vec::new() });
        }
        if id > AssocId::ALL || id < AssocId::NONE && !self.personality.is_linux() {
            return Err(SocketError::InvalidArgument);
        }
        let all = || self.sockets.get(index).map_or_else(Vec::new, |socket| socket.associations.clone());
        Ok(Targets {
            endpoint: id == AssocId::NONE || id == AssocId::ALL,
            associations: if id == AssocId::CURRENT || id == AssocId::ALL { all() } else { Vec::new() },
        })
    }

    fn is_one_to_many(&self, index: usize) -> bool {
        self.sockets.get(index).is_some_and(|socket| socket.style == Style::OneToMany)
    }

    /// The configuration of an association, or the one that new ones get.
    fn config_of(&self, index: usize, target: Target) -> Result<&AssociationConfig, SocketError> {
        match target {
            Target::Endpoint => self.sockets.get(index).map(|socket| &socket.settings.association),
            Target::Association(key) => self.endpoint.config(key),
        }
        .ok_or(SocketError::InvalidArgument)
    }

    fn change_config(
        &mut self,
        now: Time,
        index: usize,
        target: Target,
        mut change: impl FnMut(&mut AssociationConfig),
    ) -> Result<(), SocketError> {
        match target {
            Target::Endpoint => change(&mut self.socket(index)?.settings.association),
            Target::Association(key) => {
                if !self.endpoint.configure(now, key, &mut change) {
                    return Err(SocketError::InvalidArgument);
                }
            }
        }
        Ok(())
    }

    fn inherited_of(&self, index: usize, target: Target) -> Result<&Inherited, SocketError> {
        match target {
            Target::Endpoint => self.sockets.get(index).map(|socket| &socket.settings.inherited),
            Target::Association(key) => self.associations.get(&key).map(|record| &record.inherited),
        }
        .ok_or(SocketError::InvalidArgument)
    }

    fn change_inherited(
        &mut self,
        index: usize,
        targets: &Targets,
        mut change: impl FnMut(&mut Inherited),
    ) -> Result<(), SocketError> {
        if targets.endpoint {
            change(&mut self.socket(index)?.settings.inherited);
        }
        for key in &targets.associations {
            if let Some(record) = self.associations.get_mut(key) {
                change(&mut record.inherited);
            }
        }
        Ok(())
    }

    /// A listener's new associations begin with the socket's settings as they are now.
    fn configure_listener(&mut self, index: usize) {
        if let Some(socket) = self.sockets.get(index)
            && let Some(binding) = socket.binding
        {
            let config = socket.settings.association.clone();
            self.endpoint.configure_binding(binding, config);
        }
    }
}

impl Targets {
    fn one(target: Target) -> Self {
        match target {
            Target::Endpoint => Self { endpoint: true, associations: Vec::new() },
            Target::Association(key) => Self { endpoint: false, associations: vec![key] },
        }
    }

    /// Each of them.
    fn each(&self) -> impl Iterator<Item = Target> + '_ {
        self.endpoint
            .then_some(Target::Endpoint)
            .into_iter()
            .chain(self.associations.iter().map(|key| Target::Association(*key)))
    }
}
