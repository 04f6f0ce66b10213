//! Options about addresses that come and go while associations live (RFC 5061): SCTP_ASCONF_SUPPORTED, SCTP_AUTO_ASCONF,
//! SCTP_SET_PEER_PRIMARY_ADDR. The addresses themselves come and go by `sctp_bindx`.

use std::net::SocketAddr;

use usctp_proto::{PeerPrimaryError, Time};

use super::{OptionValue, Target, Targets};
use crate::{AssocId, SocketError, table::State};

/// Options that can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "named after the options")]
pub enum ReconfigurationName {
    AsconfSupported,
    AutoAsconf,
}

/// Values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReconfigurationValue {
    /// SCTP_ASCONF_SUPPORTED: for future associations.
    AsconfSupported(bool),
    /// SCTP_AUTO_ASCONF: peers are told of the host's addresses as they come and go.
    AutoAsconf(bool),
    /// SCTP_SET_PEER_PRIMARY_ADDR: one of our addresses; `None`: what the program gave is none.
    PeerPrimary(Option<SocketAddr>),
}

impl State {
    pub(super) fn reconfiguration_option(
        &self,
        index: usize,
        name: ReconfigurationName,
        id: AssocId,
    ) -> Result<OptionValue, SocketError> {
        let settings = &self.sockets[index].settings.association;
        Ok(OptionValue::Reconfiguration(match name {
            ReconfigurationName::AsconfSupported => {
                ReconfigurationValue::AsconfSupported(match self.target(index, id)? {
                    Target::Endpoint => settings.asconf,
                    Target::Association(key) => self.endpoint.does_asconf(key),
                })
            }
            ReconfigurationName::AutoAsconf => {
                ReconfigurationValue::AutoAsconf(settings.auto_asconf && self.is_bound_to_all(index))
            }
        }))
    }

    pub(super) fn set_reconfiguration_option(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        value: ReconfigurationValue,
    ) -> Result<(), SocketError> {
        match value {
            ReconfigurationValue::AsconfSupported(on) => {
                // New associations only: with one that is up it has been agreed.
                self.target(index, id)?;
                self.socket(index)?.settings.association.asconf = on;
                Ok(())
            }
            ReconfigurationValue::AutoAsconf(on) => {
                // `sctp_setsockopt_auto_asconf`: only where all addresses are bound.
                if on && !self.is_bound_to_all(index) {
                    return Err(SocketError::InvalidArgument);
                }
                let associations = self.socket(index)?.associations.clone();
                for target in (Targets { endpoint: true, associations }).each() {
                    // One that has just ended needs it no more.
                    let _ = self.change_config(now, index, target, |config| config.auto_asconf = on);
                }
                Ok(())
            }
            ReconfigurationValue::PeerPrimary(address) => self.set_peer_primary(now, index, id, address),
        }
    }

    /// In the order of `sctp_setsockopt_peer_primary_addr`.
    fn set_peer_primary(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        address: Option<SocketAddr>,
    ) -> Result<(), SocketError> {
        if !self.socket(index)?.settings.association.asconf {
            return Err(SocketError::NotPermitted);
        }
        let address = address.ok_or(SocketError::InvalidArgument)?;
        let key = self.named(index, id).ok_or(SocketError::InvalidArgument)?;
        let (address, _) = self.socket(index)?.address(address).map_err(|_| SocketError::AddressNotAvailable)?;
        self.endpoint.set_peer_primary(now, key, address).map_err(|error| match error {
            PeerPrimaryError::NoAssociation => SocketError::InvalidArgument,
            PeerPrimaryError::NotAgreed => SocketError::NotPermitted,
            PeerPrimaryError::NotUp => SocketError::NotConnected,
            PeerPrimaryError::NotOurs => SocketError::AddressNotAvailable,
        })
    }

    fn is_bound_to_all(&self, index: usize) -> bool {
        let binding = self.sockets.get(index).and_then(|socket| socket.binding);
        binding.and_then(|key| self.endpoint.binding(key)).is_some_and(|binding| binding.addresses.is_empty())
    }
}
