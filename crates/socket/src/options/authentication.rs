//! Options about authenticated chunks (RFC 4895): lists, algorithms, keys (RFC 6458 §8.1.18, §8.3, and the draft's two).
//!
//! Linux refuses them all where `net.sctp.auth_enable` is off. Here there is no such switch: setting one of them turns AUTH
//! on for the socket's future associations. What can be read says EACCES until then, as there.

use usctp_proto::{AssociationKey, AuthConfig, AuthError, KeyChange, Secret, Time};
use usctp_wire::{ChunkType, KeyId};

use super::{OptionValue, Target};
use crate::{AssocId, SocketError, table::State};

/// Options that can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "named after the options of RFC 6458")]
pub enum AuthenticationName {
    Algorithms,
    ActiveKey,
    PeerChunks,
    LocalChunks,
    Supported,
    /// SCTP_AUTH_CHUNKS of the draft.
    Chunks,
    /// SCTP_AUTH_SECRET of the draft.
    Secret,
}

/// Values.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthenticationValue {
    /// SCTP_AUTH_CHUNK: one type more.
    Chunk(u8),
    /// SCTP_HMAC_IDENT, the preferred first.
    Algorithms(Vec<u16>),
    /// SCTP_AUTH_KEY: number and octets.
    Key(u16, Secret),
    /// SCTP_AUTH_ACTIVE_KEY.
    ActiveKey(u16),
    /// SCTP_AUTH_DEACTIVATE_KEY.
    DeactivateKey(u16),
    /// SCTP_AUTH_DELETE_KEY.
    DeleteKey(u16),
    /// SCTP_PEER_AUTH_CHUNKS.
    PeerChunks(Vec<u8>),
    /// SCTP_LOCAL_AUTH_CHUNKS.
    LocalChunks(Vec<u8>),
    /// SCTP_AUTH_SUPPORTED.
    Supported(bool),
    /// SCTP_AUTH_CHUNKS of the draft: the whole list.
    Chunks(Vec<u8>),
    /// SCTP_AUTH_SECRET of the draft: key 0, made active.
    Secret(Secret),
}

impl State {
    pub(super) fn authentication_option(
        &self,
        index: usize,
        name: AuthenticationName,
        id: AssocId,
    ) -> Result<OptionValue, SocketError> {
        use AuthenticationName as Name;
        let target = self.target(index, id)?;
        let socket = &self.sockets[index].settings.association.auth;
        let config = &self.config_of(index, target)?.auth;
        let enabled = |auth: &AuthConfig| if auth.is_enabled() { Ok(()) } else { Err(SocketError::AccessDenied) };
        Ok(OptionValue::Authentication(match (name, target) {
            (Name::Supported, Target::Endpoint) => AuthenticationValue::Supported(config.is_enabled()),
            (Name::Supported, Target::Association(key)) => {
                AuthenticationValue::Supported(self.endpoint.peer_auth_chunks(key).is_some())
            }
            (Name::Algorithms, _) => {
                enabled(socket)?;
                AuthenticationValue::Algorithms(socket.algorithms().to_vec())
            }
            (Name::Chunks, _) => {
                enabled(socket)?;
                AuthenticationValue::Chunks(octets(socket.chunks()))
            }
            (Name::PeerChunks, Target::Endpoint) => return Err(SocketError::InvalidArgument),
            (Name::PeerChunks, Target::Association(key)) => {
                let chunks = self.endpoint.peer_auth_chunks(key).ok_or(SocketError::AccessDenied)?;
                AuthenticationValue::PeerChunks(octets(chunks))
            }
            (Name::LocalChunks, Target::Association(key)) => {
                let chunks = self.endpoint.local_auth_chunks(key).ok_or(SocketError::AccessDenied)?;
                AuthenticationValue::LocalChunks(octets(chunks))
            }
            (Name::LocalChunks, Target::Endpoint) => {
                enabled(config)?;
                AuthenticationValue::LocalChunks(octets(config.chunks()))
            }
            (Name::ActiveKey, _) => {
                self.check_authenticates(target, config)?;
                AuthenticationValue::ActiveKey(config.active().0)
            }
            (Name::Secret, _) => {
                self.check_authenticates(target, config)?;
                AuthenticationValue::Secret(config.secret(KeyId(0)).unwrap_or_else(|| Secret::new(&[])))
            }
        }))
    }

    pub(super) fn set_authentication_option(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        value: &AuthenticationValue,
    ) -> Result<(), SocketError> {
        use AuthenticationValue as Value;
        match value {
            Value::Chunk(kind) => self.set_list(index, |auth| auth.add_chunk(ChunkType(*kind))),
            Value::Chunks(kinds) => {
                let kinds: Vec<_> = kinds.iter().copied().map(ChunkType).collect();
                self.set_list(index, |auth| auth.set_chunks(&kinds))
            }
            Value::Algorithms(algorithms) => self.set_list(index, |auth| auth.set_algorithms(algorithms)),
            Value::Supported(on) => {
                // New associations only: with one that is up it has been agreed.
                self.target(index, id)?;
                self.socket(index)?.settings.association.auth.enable(*on);
                Ok(())
            }
            Value::Key(key, secret) => self.change_keys(now, index, id, &[KeyChange::Set(KeyId(*key), secret.clone())]),
            Value::ActiveKey(key) => self.change_keys(now, index, id, &[KeyChange::Activate(KeyId(*key))]),
            Value::DeactivateKey(key) => self.change_keys(now, index, id, &[KeyChange::Deactivate(KeyId(*key))]),
            Value::DeleteKey(key) => self.change_keys(now, index, id, &[KeyChange::Delete(KeyId(*key))]),
            Value::Secret(secret) => {
                let changes = [KeyChange::Set(KeyId(0), secret.clone()), KeyChange::Activate(KeyId(0))];
                self.change_keys(now, index, id, &changes)
            }
            Value::PeerChunks(_) | Value::LocalChunks(_) => Err(SocketError::NoSuchOption),
        }
    }

    /// A list is the endpoint's, whatever the id.
    fn set_list(
        &mut self,
        index: usize,
        set: impl FnOnce(&mut AuthConfig) -> Result<(), AuthError>,
    ) -> Result<(), SocketError> {
        let auth = &mut self.socket(index)?.settings.association.auth;
        set(auth).map_err(refused)?;
        auth.enable(true);
        Ok(())
    }

    /// Each that the id names gets the change; the first refusal is told.
    fn change_keys(&mut self, now: Time, index: usize, id: AssocId, changes: &[KeyChange]) -> Result<(), SocketError> {
        let mut result = Ok(());
        for target in self.targets(index, id)?.each().collect::<Vec<_>>() {
            for change in changes {
                let changed = match target {
                    Target::Endpoint => self.set_list(index, |auth| auth.change(change)),
                    Target::Association(key) => self.change_keys_of(now, key, change),
                };
                result = result.and(changed);
            }
        }
        result
    }

    fn change_keys_of(&mut self, now: Time, key: AssociationKey, change: &KeyChange) -> Result<(), SocketError> {
        // `sctp_auth_set_key` and the others: not where AUTH was not agreed on.
        self.endpoint.peer_auth_chunks(key).ok_or(SocketError::AccessDenied)?;
        self.endpoint.change_keys(now, key, change).map_err(refused)
    }

    fn check_authenticates(&self, target: Target, config: &AuthConfig) -> Result<(), SocketError> {
        let does = match target {
            Target::Endpoint => config.is_enabled(),
            Target::Association(key) => self.endpoint.peer_auth_chunks(key).is_some(),
        };
        if does { Ok(()) } else { Err(SocketError::AccessDenied) }
    }
}

fn refused(error: AuthError) -> SocketError {
    match error {
        AuthError::UnknownAlgorithm => SocketError::NotSupported,
        AuthError::NoKey | AuthError::KeyInUse | AuthError::Chunk | AuthError::NoSha1 | AuthError::NoAssociation => {
            SocketError::InvalidArgument
        }
    }
}

fn octets(kinds: Vec<ChunkType>) -> Vec<u8> {
    kinds.into_iter().map(|kind| kind.0).collect()
}
