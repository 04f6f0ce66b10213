//! Options about associations as a whole: RTO, parameters, INIT, state, ids, counters.

use std::time::Duration;

use usctp_proto::{AssociationKey, AssociationState, Time};
use usctp_wire::StreamId;

use super::{
    AbandonedMessages, AssociationParameters, AssociationStatistics, OptionName, OptionValue, RtoParameters, Status,
    Target,
};
use crate::{AssocId, SocketError, Style, privilege, settings::apply_init, table::State};

impl State {
    pub(super) fn association_option(
        &self,
        index: usize,
        name: OptionName,
        id: AssocId,
    ) -> Result<OptionValue, SocketError> {
        let settings = &self.sockets[index].settings;
        let one_to_one = self.sockets[index].style == Style::OneToOne;
        Ok(match name {
            OptionName::Init => OptionValue::Init(settings.init()),
            OptionName::Autoclose if one_to_one => return Err(SocketError::NotSupported),
            OptionName::Autoclose => {
                OptionValue::Autoclose(u32::try_from(settings.association.autoclose.as_secs()).unwrap_or(u32::MAX))
            }
            OptionName::AdaptationLayer => OptionValue::AdaptationLayer(settings.association.adaptation.unwrap_or(0)),
            OptionName::AssociationNumber | OptionName::AssociationIds if one_to_one => {
                return Err(SocketError::NotSupported);
            }
            OptionName::AssociationNumber => OptionValue::AssociationNumber(
                u32::try_from(self.sockets[index].associations.len()).unwrap_or(u32::MAX),
            ),
            OptionName::AssociationIds => OptionValue::AssociationIds(self.ids_of(index)),
            OptionName::Status => OptionValue::Status(Box::new(self.status_of(index, id)?)),
            OptionName::AssociationStatistics => {
                OptionValue::AssociationStatistics(Box::new(self.statistics_of(index, id)?))
            }
            OptionName::Rto => {
                let config = self.config_of(index, self.target(index, id)?)?;
                let (initial, max, min) = (config.rto_initial, config.rto_max, config.rto_min);
                OptionValue::Rto(RtoParameters { initial, max, min })
            }
            OptionName::EcnSupported => OptionValue::EcnSupported(self.config_of(index, self.target(index, id)?)?.ecn),
            OptionName::PartialReliabilitySupported => {
                OptionValue::PartialReliabilitySupported(match self.target(index, id)? {
                    Target::Endpoint => settings.association.partial_reliability,
                    // What was agreed on.
                    Target::Association(key) => {
                        self.endpoint.status(key).is_some_and(|status| status.partial_reliability)
                    }
                })
            }
            OptionName::InterleavingSupported => OptionValue::InterleavingSupported(match self.target(index, id)? {
                Target::Endpoint => settings.association.interleaving,
                Target::Association(key) => self.endpoint.status(key).is_some_and(|status| status.interleaving),
            }),
            OptionName::Abandoned { stream, policy } => {
                OptionValue::Abandoned(self.abandoned_of(index, id, stream, policy)?)
            }
            _ => OptionValue::Association(self.parameters_of(index, self.target(index, id)?)?),
        })
    }

    pub(super) fn set_association_option(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        value: &OptionValue,
    ) -> Result<(), SocketError> {
        match *value {
            OptionValue::Rto(rto) => self.set_rto(now, index, id, rto),
            OptionValue::Association(parameters) => self.set_parameters(now, index, id, parameters),
            OptionValue::Init(init) => {
                apply_init(&mut self.socket(index)?.settings.association, &init);
                Ok(())
            }
            OptionValue::Autoclose(seconds) => {
                if self.socket(index)?.style == Style::OneToOne {
                    return Err(SocketError::NotSupported);
                }
                let seconds = seconds.min(self.socket(index)?.settings.max_autoclose);
                self.socket(index)?.settings.association.autoclose = Duration::from_secs(seconds.into());
                Ok(())
            }
            OptionValue::AdaptationLayer(code) => {
                // D7.1.11-2: Linux sends it if it is not 0, else once it is set.
                let is_linux = self.personality.is_linux();
                self.socket(index)?.settings.association.adaptation = Some(code).filter(|code| *code != 0 || !is_linux);
                Ok(())
            }
            OptionValue::EcnSupported(on) => {
                // New associations only: with one that is up it has been agreed.
                self.target(index, id)?;
                self.socket(index)?.settings.association.ecn = on;
                Ok(())
            }
            OptionValue::InterleavingSupported(on) => {
                self.target(index, id)?;
                let settings = &mut self.socket(index)?.settings;
                // RFC 8260 §2.2.1: only a program that can deal with messages that alternate.
                if settings.fragment_interleave == 0 {
                    return Err(SocketError::NotPermitted);
                }
                settings.association.interleaving = on;
                Ok(())
            }
            OptionValue::PartialReliabilitySupported(on) => {
                self.target(index, id)?;
                self.socket(index)?.settings.association.partial_reliability = on;
                Ok(())
            }
            _ => Err(SocketError::NoSuchOption),
        }
    }

    /// RFC 7496 §4.3, §4.4.
    fn abandoned_of(
        &self,
        index: usize,
        id: AssocId,
        stream: Option<u16>,
        policy: Option<u8>,
    ) -> Result<AbandonedMessages, SocketError> {
        let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
        let record = self.associations.get(&key).ok_or(SocketError::InvalidArgument)?;
        if stream.is_some_and(|stream| stream >= record.outbound_streams) {
            return Err(SocketError::InvalidArgument);
        }
        let all = self.endpoint.abandoned(key, stream.map(StreamId)).ok_or(SocketError::InvalidArgument)?;
        let mut abandoned = AbandonedMessages { stream, policy, ..AbandonedMessages::default() };
        for (number, counts) in (1..).zip(all) {
            if policy.is_none_or(|policy| policy == number) {
                abandoned.unsent += counts.unsent;
                abandoned.sent += counts.sent;
            }
        }
        Ok(abandoned)
    }

    fn set_rto(&mut self, now: Time, index: usize, id: AssocId, rto: RtoParameters) -> Result<(), SocketError> {
        let target = self.target(index, id)?;
        let config = self.config_of(index, target)?;
        let or = |new: Duration, old| if new.is_zero() { old } else { new };
        let (initial, max, min) =
            (or(rto.initial, config.rto_initial), or(rto.max, config.rto_max), or(rto.min, config.rto_min));
        if min > max {
            return Err(SocketError::InvalidArgument);
        }
        // RFC 6458 §10: what makes congestion control more aggressive is for the privileged. Linux lets everybody (D10-3).
        let is_aggressive = min < MINIMUM_RTO || initial < MINIMUM_RTO;
        let is_changed = min < config.rto_min || initial < config.rto_initial;
        if !self.personality.is_linux() && is_aggressive && is_changed && !privilege::may_change_network() {
            return Err(SocketError::NotPermitted);
        }
        self.change_config(now, index, target, |config| {
            (config.rto_initial, config.rto_max, config.rto_min) = (initial, max, min);
        })
    }

    fn set_parameters(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        parameters: AssociationParameters,
    ) -> Result<(), SocketError> {
        let target = self.target(index, id)?;
        let retransmissions = parameters.max_retransmissions;
        if let Target::Association(key) = target
            && let paths = self.path_retransmissions(key)
            && paths.len() > 1
            && u32::from(retransmissions) > paths.iter().map(|path| u32::from(*path)).sum()
        {
            // RFC 9260 §8.2: an association that outlives all of its paths would only be dormant.
            return Err(SocketError::InvalidArgument);
        }
        self.change_config(now, index, target, |config| {
            if retransmissions > 0 {
                config.max_retransmissions = retransmissions;
            }
            if !parameters.cookie_life.is_zero() {
                config.cookie_life = parameters.cookie_life;
            }
        })
    }

    fn path_retransmissions(&self, key: AssociationKey) -> Vec<u16> {
        let Some((_, addresses)) = self.endpoint.peer(key) else { return Vec::new() };
        addresses
            .into_iter()
            .filter_map(|address| Some(self.endpoint.path(key, address)?.config.max_retransmissions))
            .collect()
    }

    fn parameters_of(&self, index: usize, target: Target) -> Result<AssociationParameters, SocketError> {
        let config = self.config_of(index, target)?;
        let mut parameters = AssociationParameters {
            max_retransmissions: config.max_retransmissions,
            cookie_life: config.cookie_life,
            ..AssociationParameters::default()
        };
        if let Target::Association(key) = target
            && let (Some(status), Some((_, addresses))) = (self.endpoint.status(key), self.endpoint.peer(key))
        {
            parameters.peer_destinations = u16::try_from(addresses.len()).unwrap_or(u16::MAX);
            parameters.peer_rwnd = status.peer_rwnd;
            parameters.local_rwnd = status.local_rwnd;
        }
        Ok(parameters)
    }

    fn status_of(&self, index: usize, id: AssocId) -> Result<Status, SocketError> {
        let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
        let (Some(status), Some(record)) = (self.endpoint.status(key), self.associations.get(&key)) else {
            return Err(SocketError::InvalidArgument);
        };
        let few = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        Ok(Status {
            association: record.id,
            state: match status.state {
                AssociationState::CookieWait => 2,
                AssociationState::CookieEchoed => 3,
                AssociationState::Established => 4,
                AssociationState::ShutdownPending => 5,
                AssociationState::ShutdownSent => 6,
                AssociationState::ShutdownReceived => 7,
                AssociationState::ShutdownAckSent => 8,
            },
            peer_rwnd: status.peer_rwnd,
            unacknowledged: few(status.unacknowledged_chunks),
            pending: few(status.pending_chunks),
            inbound_streams: status.inbound_streams,
            outbound_streams: status.outbound_streams,
            fragmentation_point: status.fragmentation_point,
            primary: self.path_info(index, key, status.primary)?,
        })
    }

    fn statistics_of(&self, index: usize, id: AssocId) -> Result<AssociationStatistics, SocketError> {
        let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
        let (Some(status), Some(record)) = (self.endpoint.status(key), self.associations.get(&key)) else {
            return Err(SocketError::InvalidArgument);
        };
        Ok(AssociationStatistics {
            association: record.id,
            max_rto_address: Some(self.sockets[index].present(status.primary, record.primary.1)),
            counters: status.counters,
        })
    }

    fn ids_of(&self, index: usize) -> Vec<AssocId> {
        self.sockets[index]
            .associations
            .iter()
            .filter_map(|key| self.associations.get(key))
            .map(|record| record.id)
            .collect()
    }
}

/// RTO.Min and the least RTO.Initial (RFC 9260 §16).
const MINIMUM_RTO: Duration = Duration::from_secs(1);
