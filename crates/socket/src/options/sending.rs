//! Options about what is sent: Nagle, fragmentation, bursts, defaults of a send.

use usctp_proto::{StreamScheduler, Time};
use usctp_wire::StreamId;

use super::{OptionName, OptionValue, Target, Targets};
use crate::{AssocId, SendFlags, SocketError, Style, table::State};

impl State {
    pub(super) fn sending_option(
        &self,
        index: usize,
        name: OptionName,
        id: AssocId,
    ) -> Result<OptionValue, SocketError> {
        let settings = &self.sockets[index].settings;
        match name {
            OptionName::NoDelay => return Ok(OptionValue::NoDelay(settings.association.no_delay)),
            OptionName::DisableFragments => return Ok(OptionValue::DisableFragments(settings.disable_fragments)),
            OptionName::ReusePort => return Ok(OptionValue::ReusePort(settings.sctp_reuse_port)),
            _ => {}
        }
        if let OptionName::StreamValue(stream) = name {
            let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
            let value = self.endpoint.stream_value(key, StreamId(stream)).ok_or(SocketError::InvalidArgument)?;
            return Ok(OptionValue::StreamValue { stream, value });
        }
        let target = self.target(index, id)?;
        let defaults = self.inherited_of(index, target)?.defaults;
        Ok(match name {
            OptionName::DefaultSendParameters => OptionValue::DefaultSendParameters(defaults.send_info()),
            OptionName::DefaultSendInfo => {
                OptionValue::DefaultSendInfo(crate::SendInfo { lifetime: None, ..defaults.send_info() })
            }
            OptionName::DefaultPartialReliability => OptionValue::DefaultPartialReliability(defaults.reliability()),
            OptionName::MaximumSegment => OptionValue::MaximumSegment(match target {
                Target::Endpoint => settings.association.max_segment,
                // What it comes to on the present path.
                Target::Association(key) => {
                    self.endpoint.status(key).ok_or(SocketError::InvalidArgument)?.fragmentation_point
                }
            }),
            OptionName::StreamScheduler => OptionValue::StreamScheduler(self.config_of(index, target)?.scheduler),
            _ => OptionValue::MaximumBurst(self.config_of(index, target)?.max_burst),
        })
    }

    pub(super) fn set_sending_option(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        value: &OptionValue,
    ) -> Result<(), SocketError> {
        match value {
            OptionValue::NoDelay(on) => {
                let associations = self.socket(index)?.associations.clone();
                for target in (Targets { endpoint: true, associations }).each() {
                    // One that has just ended needs it no more.
                    let _ = self.change_config(now, index, target, |config| config.no_delay = *on);
                }
                Ok(())
            }
            OptionValue::DisableFragments(on) => {
                self.socket(index)?.settings.disable_fragments = *on;
                Ok(())
            }
            OptionValue::ReusePort(on) => {
                let socket = self.socket(index)?;
                if socket.style != Style::OneToOne {
                    return Err(SocketError::NotSupported);
                }
                if socket.binding.is_some() {
                    return Err(SocketError::TooLate);
                }
                socket.settings.sctp_reuse_port = *on;
                Ok(())
            }
            OptionValue::DefaultSendParameters(info) | OptionValue::DefaultSendInfo(info) => {
                // D7.1.14-2: RFC 6458 §8.1.14 has SCTP_SENDALL among the defaults, Linux not.
                if !is_default(info.flags) || info.flags.send_all && self.personality.is_linux() {
                    return Err(SocketError::InvalidArgument);
                }
                let targets = self.targets(index, id)?;
                self.change_inherited(index, &targets, |inherited| inherited.defaults.set(info))
            }
            OptionValue::DefaultPartialReliability(reliability) => {
                let targets = self.targets(index, id)?;
                self.change_inherited(index, &targets, |inherited| inherited.defaults.set_reliability(*reliability))
            }
            OptionValue::MaximumSegment(octets) => {
                if *octets != 0 && !(MIN_SEGMENT..=MAX_SEGMENT).contains(octets) {
                    return Err(SocketError::InvalidArgument);
                }
                let target = self.target(index, id)?;
                self.change_config(now, index, target, |config| config.max_segment = *octets)
            }
            OptionValue::MaximumBurst(packets) => {
                let targets = self.targets(index, id)?;
                targets
                    .each()
                    .try_for_each(|target| self.change_config(now, index, target, |config| config.max_burst = *packets))
            }
            OptionValue::StreamScheduler(scheduler) => {
                let targets = self.targets(index, id)?;
                targets.each().try_for_each(|target| {
                    self.change_config(now, index, target, |config| config.scheduler = *scheduler)
                })
            }
            OptionValue::StreamValue { stream, value } => self.set_stream_value(now, index, id, *stream, *value),
            _ => Err(SocketError::NoSuchOption),
        }
    }

    /// Of an association, or of all that there are (`sctp_setsockopt_scheduler_value`).
    fn set_stream_value(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        stream: u16,
        value: u16,
    ) -> Result<(), SocketError> {
        let associations = match self.named(index, id) {
            Some(key) => vec![key],
            None if id == AssocId::CURRENT && self.is_one_to_many(index) => self.socket(index)?.associations.clone(),
            None => return Err(SocketError::InvalidArgument),
        };
        for key in associations {
            let weighted =
                self.endpoint.config(key).is_some_and(|config| config.scheduler == StreamScheduler::WeightedFair);
            // A share of nothing.
            let refused = weighted && value == 0;
            if refused || !self.endpoint.set_stream_value(now, key, StreamId(stream), value) {
                return Err(SocketError::InvalidArgument);
            }
        }
        Ok(())
    }
}

/// Flags that make sense as a default (`sctp_setsockopt_default_send_param`).
fn is_default(flags: SendFlags) -> bool {
    !flags.immediate && flags.policy == 0
}

const MIN_SEGMENT: u32 = 464;
const MAX_SEGMENT: u32 = 65_516;
