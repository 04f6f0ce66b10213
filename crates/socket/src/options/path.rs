//! Options about peer addresses: parameters, thresholds, primary, encapsulation, and the SACK delay that stands among
//! them in `sctp_paddrparams`.

use std::{net::SocketAddr, time::Duration};

use usctp_proto::{Address, AssociationKey, PathConfig, PathState, Time};

use super::{
    DelayedSack, OptionName, OptionValue, PathInfo, PathParameters, PathThresholds, Scope, Target, Targets,
    value::{PATH_ACTIVE, PATH_INACTIVE, PATH_POTENTIALLY_FAILED, PATH_UNCONFIRMED},
};
use crate::{
    AssocId, SocketError,
    settings::{EXPOSED, HIDDEN},
    table::State,
};

impl State {
    pub(super) fn path_option(&self, index: usize, name: OptionName, scope: Scope) -> Result<OptionValue, SocketError> {
        let id = scope.association;
        Ok(match name {
            OptionName::PrimaryAddress => {
                let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
                let record = self.associations.get(&key).ok_or(SocketError::InvalidArgument)?;
                OptionValue::PrimaryAddress(self.sockets[index].present(record.primary.0, record.primary.1))
            }
            OptionName::PathInfo => {
                let address = scope.address.ok_or(SocketError::InvalidArgument)?;
                let (key, address) = self.path_of(index, address, id).ok_or(SocketError::InvalidArgument)?;
                OptionValue::PathInfo(self.path_info(index, key, address)?)
            }
            OptionName::DelayedSack => {
                let target = self.target(index, id)?;
                let inherited = self.inherited_of(index, target)?;
                let frequency = self.config_of(index, target)?.sack_every;
                OptionValue::DelayedSack(if inherited.sack_delayed {
                    DelayedSack { delay: inherited.sack_delay, frequency }
                } else {
                    DelayedSack { delay: Duration::ZERO, frequency: 1 }
                })
            }
            OptionName::PathThresholds => {
                self.refuse_nobody(index, scope)?;
                let config = self.path_config(index, scope).map_err(|error| match scope.address {
                    Some(_) => SocketError::NoEntry,
                    None => error,
                })?;
                let target = self.target(index, id).unwrap_or(Target::Endpoint);
                OptionValue::PathThresholds(PathThresholds {
                    max_retransmissions: config.max_retransmissions,
                    potentially_failed: config.potentially_failed_threshold,
                    primary_switchover: Some(self.inherited_of(index, target)?.primary_switchover),
                })
            }
            OptionName::EncapsulationPort => {
                self.refuse_nobody(index, scope)?;
                OptionValue::EncapsulationPort(self.path_config(index, scope)?.udp_port.unwrap_or(0))
            }
            OptionName::ExposePotentiallyFailed => {
                let target = self.target(index, id)?;
                OptionValue::ExposePotentiallyFailed(self.inherited_of(index, target)?.exposes_failing)
            }
            _ => OptionValue::PathParameters(self.path_parameters(index, scope)?),
        })
    }

    pub(super) fn set_path_option(
        &mut self,
        now: Time,
        index: usize,
        scope: Scope,
        value: &OptionValue,
    ) -> Result<(), SocketError> {
        match *value {
            OptionValue::PrimaryAddress(address) => {
                let (key, address) =
                    self.path_of(index, address, scope.association).ok_or(SocketError::InvalidArgument)?;
                if !self.endpoint.set_primary(now, key, address) {
                    return Err(SocketError::InvalidArgument);
                }
                if let Some(record) = self.associations.get_mut(&key) {
                    record.primary.0 = address;
                }
                Ok(())
            }
            OptionValue::PathParameters(parameters) => self.set_path_parameters(now, index, scope, parameters),
            OptionValue::PathThresholds(thresholds) => self.set_thresholds(now, index, scope, thresholds),
            OptionValue::DelayedSack(sack) => self.set_delayed_sack(now, index, scope.association, sack),
            OptionValue::EncapsulationPort(port) => {
                self.refuse_nobody(index, scope)?;
                let way = self.way(index, scope, SocketError::InvalidArgument)?;
                // 0 takes back what was asked: the stack's default decides.
                let asked = (port != 0).then_some(port);
                self.change_paths(now, index, way, &mut |config| config.udp_port = asked)
            }
            OptionValue::ExposePotentiallyFailed(how) => {
                let target = self.target(index, scope.association)?;
                if how > EXPOSED {
                    return Err(SocketError::InvalidArgument);
                }
                self.change_inherited(index, &Targets::one(target), |inherited| inherited.exposes_failing = how)
            }
            _ => Err(SocketError::NoSuchOption),
        }
    }

    /// The association that has a peer address, and the address, unless `id` names another association
    /// (`sctp_addr_id2transport`).
    fn path_of(&self, index: usize, address: SocketAddr, id: AssocId) -> Option<(AssociationKey, Address)> {
        let socket = &self.sockets[index];
        let (address, port) = socket.address(address).ok()?;
        let key = self.endpoint.find(socket.binding?, address, port)?;
        if self.associations.get(&key)?.socket != Some(index) {
            return None;
        }
        match self.named(index, id) {
            Some(named) if named != key => None,
            _ => Some((key, address)),
        }
    }

    /// D7-11: an id that is nobody's beside an address is an error, except on Linux, where the address decides.
    fn refuse_nobody(&self, index: usize, scope: Scope) -> Result<(), SocketError> {
        if !self.personality.is_linux() && scope.address.is_some() {
            self.target(index, scope.association)?;
        }
        Ok(())
    }

    /// Whose path settings are meant. `missing` is the error for an address that is no peer's.
    fn way(&self, index: usize, scope: Scope, missing: SocketError) -> Result<Way, SocketError> {
        match scope.address.filter(|address| !address.ip().is_unspecified()) {
            Some(address) => {
                let (key, address) = self.path_of(index, address, scope.association).ok_or(missing)?;
                Ok(Way::Path(key, address))
            }
            None => self.target(index, scope.association).map(Way::Target),
        }
    }

    fn path_config(&self, index: usize, scope: Scope) -> Result<PathConfig, SocketError> {
        match self.way(index, scope, SocketError::InvalidArgument)? {
            Way::Path(key, address) => {
                self.endpoint.path(key, address).map(|path| path.config).ok_or(SocketError::InvalidArgument)
            }
            Way::Target(target) => self.config_of(index, target).map(|config| config.path),
        }
    }

    /// Changes one path, or the defaults of an association together with all of its paths, or of the endpoint.
    fn change_paths(
        &mut self,
        now: Time,
        index: usize,
        way: Way,
        change: &mut dyn FnMut(&mut PathConfig),
    ) -> Result<(), SocketError> {
        match way {
            Way::Path(key, address) => {
                if self.endpoint.configure_path(now, key, Some(address), change) {
                    Ok(())
                } else {
                    Err(SocketError::InvalidArgument)
                }
            }
            Way::Target(target) => {
                self.change_config(now, index, target, |config| change(&mut config.path))?;
                if let Target::Association(key) = target {
                    self.endpoint.configure_path(now, key, None, change);
                }
                Ok(())
            }
        }
    }

    fn path_parameters(&self, index: usize, scope: Scope) -> Result<PathParameters, SocketError> {
        self.target(index, scope.association)?;
        let config = self.path_config(index, scope)?;
        let way = self.way(index, scope, SocketError::InvalidArgument)?;
        let target = match way {
            Way::Path(key, _) => Target::Association(key),
            Way::Target(target) => target,
        };
        let inherited = self.inherited_of(index, target)?;
        let mtu = match way {
            Way::Path(key, address) => self.endpoint.path(key, address).map_or(0, |path| path.mtu),
            Way::Target(Target::Association(key)) => {
                let primary = self.associations.get(&key).map(|record| record.primary.0);
                primary.and_then(|primary| self.endpoint.path(key, primary)).map_or(0, |path| path.mtu)
            }
            Way::Target(Target::Endpoint) => config.mtu,
        };
        let mut flags = 0;
        flags |= if config.heartbeat { PathParameters::HEARTBEAT_ENABLE } else { PathParameters::HEARTBEAT_DISABLE };
        flags |= if config.mtu_discovery {
            PathParameters::MTU_DISCOVERY_ENABLE
        } else {
            PathParameters::MTU_DISCOVERY_DISABLE
        };
        flags |=
            if inherited.sack_delayed { PathParameters::SACK_DELAY_ENABLE } else { PathParameters::SACK_DELAY_DISABLE };
        if config.flow_label != 0 {
            flags |= PathParameters::FLOW_LABEL;
        }
        if config.dscp != 0 {
            flags |= PathParameters::DSCP;
        }
        Ok(PathParameters {
            heartbeat_interval: config.heartbeat_interval,
            max_retransmissions: config.max_retransmissions,
            mtu,
            sack_delay: inherited.sack_delay,
            flags,
            flow_label: config.flow_label,
            dscp: config.dscp << 2,
        })
    }

    fn set_path_parameters(
        &mut self,
        now: Time,
        index: usize,
        scope: Scope,
        parameters: PathParameters,
    ) -> Result<(), SocketError> {
        let has = |flag| parameters.flags & flag != 0;
        let both = |on, off| has(on) && has(off);
        if both(PathParameters::HEARTBEAT_ENABLE, PathParameters::HEARTBEAT_DISABLE)
            || both(PathParameters::MTU_DISCOVERY_ENABLE, PathParameters::MTU_DISCOVERY_DISABLE)
            || both(PathParameters::SACK_DELAY_ENABLE, PathParameters::SACK_DELAY_DISABLE)
            || parameters.sack_delay > MAX_SACK_DELAY
            || parameters.mtu != 0 && parameters.mtu < MIN_MTU
        {
            return Err(SocketError::InvalidArgument);
        }
        let way = self.way(index, scope, SocketError::InvalidArgument)?;
        let named = self.target(index, scope.association)?;
        if has(PathParameters::HEARTBEAT_DEMAND) {
            match way {
                Way::Path(key, address) => {
                    self.endpoint.heartbeat(now, key, address);
                }
                Way::Target(Target::Association(key)) => {
                    for address in self.endpoint.peer(key).map_or_else(Vec::new, |(_, addresses)| addresses) {
                        self.endpoint.heartbeat(now, key, address);
                    }
                }
                // Only a path or an association can be asked now.
                Way::Target(Target::Endpoint) => return Err(SocketError::InvalidArgument),
            }
        }
        self.change_paths(now, index, way, &mut |config| apply(config, &parameters))?;
        // The SACK delay is the association's, also when it is set by way of one of its paths.
        let target = match way {
            Way::Path(key, _) => Target::Association(key),
            Way::Target(_) => named,
        };
        self.change_inherited(index, &Targets::one(target), |inherited| {
            if has(PathParameters::SACK_DELAY_ENABLE) {
                inherited.sack_delayed = true;
                if !parameters.sack_delay.is_zero() {
                    inherited.sack_delay = parameters.sack_delay;
                }
            }
            if has(PathParameters::SACK_DELAY_DISABLE) {
                inherited.sack_delayed = false;
            }
        })?;
        self.apply_sack_delay(now, index, target)
    }

    fn apply_sack_delay(&mut self, now: Time, index: usize, target: Target) -> Result<(), SocketError> {
        let delay = self.inherited_of(index, target)?.effective_sack_delay();
        self.change_config(now, index, target, |config| config.sack_delay = delay)
    }

    fn set_delayed_sack(&mut self, now: Time, index: usize, id: AssocId, sack: DelayedSack) -> Result<(), SocketError> {
        if sack.delay.is_zero() && sack.frequency == 0 {
            return Ok(());
        }
        if sack.delay > MAX_SACK_DELAY {
            return Err(SocketError::InvalidArgument);
        }
        let targets = self.targets(index, id)?;
        self.change_inherited(index, &targets, |inherited| {
            if !sack.delay.is_zero() {
                inherited.sack_delay = sack.delay;
                inherited.sack_delayed = true;
            }
            match sack.frequency {
                0 => {}
                1 => inherited.sack_delayed = false,
                _ => inherited.sack_delayed = true,
            }
        })?;
        for target in targets.each() {
            if sack.frequency > 1 {
                self.change_config(now, index, target, |config| config.sack_every = sack.frequency)?;
            }
            self.apply_sack_delay(now, index, target)?;
        }
        Ok(())
    }

    fn set_thresholds(
        &mut self,
        now: Time,
        index: usize,
        scope: Scope,
        thresholds: PathThresholds,
    ) -> Result<(), SocketError> {
        if thresholds.primary_switchover.is_some_and(|switchover| thresholds.potentially_failed > switchover) {
            return Err(SocketError::InvalidArgument);
        }
        self.refuse_nobody(index, scope)?;
        let way = self.way(index, scope, SocketError::NoEntry)?;
        self.change_paths(now, index, way, &mut |config| {
            if thresholds.max_retransmissions > 0 {
                config.max_retransmissions = thresholds.max_retransmissions;
            }
            config.potentially_failed_threshold = thresholds.potentially_failed;
        })?;
        if let Some(switchover) = thresholds.primary_switchover {
            let target = match way {
                Way::Path(key, _) => Target::Association(key),
                Way::Target(target) => target,
            };
            self.change_inherited(index, &Targets::one(target), |inherited| {
                inherited.primary_switchover = switchover;
            })?;
        }
        Ok(())
    }

    /// SCTP_GET_PEER_ADDR_INFO of one address.
    pub(super) fn path_info(
        &self,
        index: usize,
        key: AssociationKey,
        address: Address,
    ) -> Result<PathInfo, SocketError> {
        let (Some(path), Some(record)) = (self.endpoint.path(key, address), self.associations.get(&key)) else {
            return Err(SocketError::InvalidArgument);
        };
        if path.state == PathState::PotentiallyFailed && record.inherited.exposes_failing == HIDDEN {
            return Err(SocketError::AccessDenied);
        }
        Ok(PathInfo {
            association: record.id,
            address: self.sockets[index].present(address, record.primary.1),
            state: match path.state {
                PathState::Inactive => PATH_INACTIVE,
                PathState::PotentiallyFailed => PATH_POTENTIALLY_FAILED,
                PathState::Active => PATH_ACTIVE,
                PathState::Unconfirmed => PATH_UNCONFIRMED,
            },
            cwnd: path.cwnd,
            srtt: path.srtt,
            rto: path.rto,
            mtu: path.mtu,
        })
    }
}

/// Whose path settings.
#[derive(Clone, Copy)]
enum Way {
    Path(AssociationKey, Address),
    Target(Target),
}

fn apply(config: &mut PathConfig, parameters: &PathParameters) {
    let has = |flag| parameters.flags & flag != 0;
    if has(PathParameters::HEARTBEAT_ENABLE) {
        config.heartbeat = true;
        if has(PathParameters::HEARTBEAT_TIME_IS_ZERO) {
            config.heartbeat_interval = Duration::ZERO;
        } else if !parameters.heartbeat_interval.is_zero() {
            config.heartbeat_interval = parameters.heartbeat_interval;
        }
    }
    if has(PathParameters::HEARTBEAT_DISABLE) {
        config.heartbeat = false;
    }
    if has(PathParameters::MTU_DISCOVERY_DISABLE) {
        config.mtu_discovery = false;
        if parameters.mtu > 0 {
            config.mtu = parameters.mtu;
        }
    }
    if has(PathParameters::MTU_DISCOVERY_ENABLE) {
        config.mtu_discovery = true;
    }
    if parameters.max_retransmissions > 0 {
        config.max_retransmissions = parameters.max_retransmissions;
    }
    if has(PathParameters::FLOW_LABEL) {
        config.flow_label = parameters.flow_label & 0xf_ffff;
    }
    if has(PathParameters::DSCP) {
        config.dscp = parameters.dscp >> 2;
    }
}

/// RFC 9260 §6.2: a SACK is never delayed by more than 500 ms.
const MAX_SACK_DELAY: Duration = Duration::from_millis(500);
/// `SCTP_DEFAULT_MINSEGMENT`.
const MIN_MTU: u32 = 512;
