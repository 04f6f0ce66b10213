//! What a program sets for authenticated chunks (RFC 4895): the chunk types, the algorithms, the shared keys.

use std::{collections::BTreeMap, fmt, sync::Arc};

use subtle::ConstantTimeEq;
use usctp_wire::{ChunkType, KeyId};
use zeroize::Zeroizing;

/// Settings of AUTH. They begin with AUTH off, no chunk type listed, HMAC-SHA-1 alone, and the empty key 0 active, as
/// Linux does with AUTH switched on. For an association that is up only the keys can change:
/// [`crate::Endpoint::change_keys`].
#[derive(Clone, Debug, Default)]
pub struct AuthConfig {
    /// One for all associations that have the same, and none while nothing was ever set: there may be very many.
    settings: Option<Arc<Settings>>,
}

#[derive(Clone, Debug)]
struct Settings {
    enabled: bool,
    chunks: ChunkSet,
    algorithms: Vec<u16>,
    keys: BTreeMap<u16, SharedKey>,
    active: KeyId,
}

/// A change of the keys of an endpoint or an association (RFC 6458 §8.3.3 to §8.3.6).
#[derive(Clone, Debug)]
pub enum KeyChange {
    /// Sets or replaces the key with this number. It can be used at once, also if it was deactivated before.
    Set(KeyId, Secret),
    /// Messages given from now on are authenticated with this key.
    Activate(KeyId),
    /// No new message may use this key. [`crate::KeyNews::Free`] tells when none does any more.
    Deactivate(KeyId),
    /// Forgets a key that is not active and not in use.
    Delete(KeyId),
}

/// What cannot be set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuthError {
    /// There is no key with this number, or it is deactivated.
    #[error("no such key")]
    NoKey,
    /// The key is the active one, or chunks on their way are authenticated with it.
    #[error("the key is in use")]
    KeyInUse,
    /// INIT, INIT ACK, SHUTDOWN COMPLETE and AUTH cannot be authenticated (RFC 4895 §3.2).
    #[error("chunks of this type cannot be authenticated")]
    Chunk,
    /// The list lacks HMAC-SHA-1, which it must have (RFC 4895 §6.1), or is too long.
    #[error("the list of algorithms lacks SHA-1")]
    NoSha1,
    /// An algorithm that is not known here.
    #[error("unknown algorithm")]
    UnknownAlgorithm,
    /// There is no such association.
    #[error("no such association")]
    NoAssociation,
}

/// The octets of an endpoint pair shared key: shared, never shown, overwritten when the last holder lets go.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

#[derive(Clone, Debug)]
struct SharedKey {
    secret: Secret,
    deactivated: bool,
}

/// HMAC-SHA-1 (RFC 4895 §3.3).
pub(crate) const SHA1: u16 = 1;
/// HMAC-SHA-256.
pub(crate) const SHA256: u16 = 3;

impl AuthConfig {
    /// Offer and use AUTH, or not.
    pub fn enable(&mut self, on: bool) {
        self.settings_mut().enabled = on;
    }

    /// Whether AUTH is offered and used.
    pub fn is_enabled(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.enabled)
    }

    /// Requires chunks of this type to be authenticated, beside those required already.
    ///
    /// # Errors
    /// [`AuthError::Chunk`].
    pub fn add_chunk(&mut self, kind: ChunkType) -> Result<(), AuthError> {
        if is_never_authenticated(kind) {
            return Err(AuthError::Chunk);
        }
        self.settings_mut().chunks.insert(kind);
        Ok(())
    }

    /// Requires exactly these types to be authenticated.
    ///
    /// # Errors
    /// [`AuthError::Chunk`]; then nothing has changed.
    pub fn set_chunks(&mut self, kinds: &[ChunkType]) -> Result<(), AuthError> {
        if kinds.iter().any(|kind| is_never_authenticated(*kind)) {
            return Err(AuthError::Chunk);
        }
        self.settings_mut().chunks = kinds.iter().copied().collect();
        Ok(())
    }

    /// The types that are accepted only when authenticated, in ascending order.
    pub fn chunks(&self) -> Vec<ChunkType> {
        self.chunk_set().iter().collect()
    }

    /// The algorithms that the peer may use, the preferred first: 1 is HMAC-SHA-1, 3 HMAC-SHA-256.
    ///
    /// # Errors
    /// [`AuthError::UnknownAlgorithm`], [`AuthError::NoSha1`].
    pub fn set_algorithms(&mut self, algorithms: &[u16]) -> Result<(), AuthError> {
        if algorithms.iter().any(|id| ![SHA1, SHA256].contains(id)) {
            return Err(AuthError::UnknownAlgorithm);
        }
        if !algorithms.contains(&SHA1) || algorithms.len() > MAX_ALGORITHMS {
            return Err(AuthError::NoSha1);
        }
        self.settings_mut().algorithms = algorithms.to_vec();
        Ok(())
    }

    /// What [`Self::set_algorithms`] has set.
    pub fn algorithms(&self) -> &[u16] {
        self.settings.as_ref().map_or(&[SHA1], |settings| &settings.algorithms)
    }

    /// The key that is used where a message names none.
    pub fn active(&self) -> KeyId {
        self.settings.as_ref().map_or(KeyId(0), |settings| settings.active)
    }

    /// The octets of a key.
    pub fn secret(&self, key: KeyId) -> Option<Secret> {
        match &self.settings {
            Some(settings) => settings.keys.get(&key.0).map(|key| key.secret.clone()),
            None => (key == KeyId(0)).then(|| Secret::new(&[])),
        }
    }

    /// Carries out a change for associations to come.
    ///
    /// # Errors
    /// [`AuthError::NoKey`], [`AuthError::KeyInUse`].
    pub fn change(&mut self, change: &KeyChange) -> Result<(), AuthError> {
        let (usable, active) = (|key| self.is_usable(key), self.active());
        match change {
            KeyChange::Set(..) => {}
            KeyChange::Activate(key) if !usable(*key) => return Err(AuthError::NoKey),
            KeyChange::Activate(_) => {}
            KeyChange::Deactivate(key) | KeyChange::Delete(key) if *key == active => return Err(AuthError::KeyInUse),
            KeyChange::Deactivate(key) | KeyChange::Delete(key) => {
                self.secret(*key).ok_or(AuthError::NoKey)?;
            }
        }
        let settings = self.settings_mut();
        match change {
            KeyChange::Set(key, secret) => {
                settings.keys.insert(key.0, SharedKey { secret: secret.clone(), deactivated: false });
            }
            KeyChange::Activate(key) => settings.active = *key,
            KeyChange::Deactivate(key) => {
                settings.keys.entry(key.0).and_modify(|key| key.deactivated = true);
            }
            KeyChange::Delete(key) => {
                settings.keys.remove(&key.0);
            }
        }
        Ok(())
    }

    /// Whether new messages may use the key.
    pub(crate) fn is_usable(&self, key: KeyId) -> bool {
        match &self.settings {
            Some(settings) => settings.keys.get(&key.0).is_some_and(|key| !key.deactivated),
            None => key == KeyId(0),
        }
    }

    pub(crate) fn chunk_set(&self) -> ChunkSet {
        self.settings.as_ref().map_or_else(ChunkSet::default, |settings| settings.chunks)
    }

    /// All keys.
    pub(crate) fn secrets(&self) -> Vec<(KeyId, Secret)> {
        match &self.settings {
            Some(settings) => settings.keys.iter().map(|(id, key)| (KeyId(*id), key.secret.clone())).collect(),
            None => vec![(KeyId(0), Secret::new(&[]))],
        }
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(self.settings.get_or_insert_default())
    }
}

impl Default for Settings {
    fn default() -> Self {
        let empty = SharedKey { secret: Secret::new(&[]), deactivated: false };
        Self {
            enabled: false,
            chunks: ChunkSet::default(),
            algorithms: vec![SHA1],
            keys: BTreeMap::from([(0, empty)]),
            active: KeyId(0),
        }
    }
}

impl Secret {
    /// A copy of `octets`.
    pub fn new(octets: &[u8]) -> Self {
        Self(Arc::new(Zeroizing::new(octets.to_vec())))
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    /// In constant time for secrets of one length.
    fn eq(&self, other: &Self) -> bool {
        self.octets().ct_eq(other.octets()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A set of chunk types.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ChunkSet([u128; 2]);

impl ChunkSet {
    pub(crate) const fn insert(&mut self, kind: ChunkType) {
        self.0[kind.0 as usize / 128] |= 1 << (kind.0 % 128);
    }

    pub(crate) const fn contains(&self, kind: ChunkType) -> bool {
        self.0[kind.0 as usize / 128] & 1 << (kind.0 % 128) != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ChunkType> + '_ {
        (0..=u8::MAX).map(ChunkType).filter(|kind| self.contains(*kind))
    }
}

impl FromIterator<ChunkType> for ChunkSet {
    fn from_iter<T: IntoIterator<Item = ChunkType>>(kinds: T) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

/// RFC 4895 §3.2.
pub(crate) const fn is_never_authenticated(kind: ChunkType) -> bool {
    matches!(kind, ChunkType::INIT | ChunkType::INIT_ACK | ChunkType::SHUTDOWN_COMPLETE | ChunkType::AUTH)
}

/// Algorithms of a list at most: there are two, and none need be named often.
const MAX_ALGORITHMS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_live_and_die_by_the_rules() {
        let mut auth = AuthConfig::default();
        let one = KeyId(1);
        assert_eq!(auth.change(&KeyChange::Activate(one)), Err(AuthError::NoKey));
        auth.change(&KeyChange::Set(one, Secret::new(b"first"))).unwrap();
        auth.change(&KeyChange::Activate(one)).unwrap();
        assert_eq!(auth.change(&KeyChange::Deactivate(one)), Err(AuthError::KeyInUse));
        assert_eq!(auth.change(&KeyChange::Delete(one)), Err(AuthError::KeyInUse));
        auth.change(&KeyChange::Deactivate(KeyId(0))).unwrap();
        assert_eq!(auth.change(&KeyChange::Activate(KeyId(0))), Err(AuthError::NoKey));
        auth.change(&KeyChange::Set(KeyId(0), Secret::new(b"again"))).unwrap();
        auth.change(&KeyChange::Activate(KeyId(0))).unwrap();
        auth.change(&KeyChange::Delete(one)).unwrap();
        assert_eq!(auth.change(&KeyChange::Delete(one)), Err(AuthError::NoKey));
        assert_eq!(auth.change(&KeyChange::Deactivate(one)), Err(AuthError::NoKey));
    }

    #[test]
    fn lists_are_checked_before_they_change() {
        let mut auth = AuthConfig::default();
        auth.set_chunks(&[ChunkType::DATA]).unwrap();
        for kind in [1, 2, 14, 15].map(ChunkType) {
            assert_eq!(auth.add_chunk(kind), Err(AuthError::Chunk));
            assert_eq!(auth.set_chunks(&[ChunkType::SACK, kind]), Err(AuthError::Chunk));
        }
        auth.add_chunk(ChunkType(255)).unwrap();
        assert_eq!(auth.chunks(), [ChunkType(0), ChunkType(255)]);
        assert_eq!(auth.set_algorithms(&[3]), Err(AuthError::NoSha1));
        assert_eq!(auth.set_algorithms(&[]), Err(AuthError::NoSha1));
        assert_eq!(auth.set_algorithms(&[1, 2]), Err(AuthError::UnknownAlgorithm));
        auth.set_algorithms(&[3, 1]).unwrap();
        assert_eq!(auth.algorithms(), [3, 1]);
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let mut auth = AuthConfig::default();
        auth.change(&KeyChange::Set(KeyId(7), Secret::new(b"hush"))).unwrap();
        let shown = format!("{auth:?}");
        assert!(!shown.contains("hush") && !shown.contains("104"), "{shown}");
    }
}
