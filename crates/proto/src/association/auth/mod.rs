//! Authenticated chunks (RFC 4895): one association's keys, which chunks need them, and the AUTH chunk of a packet.
//!
//! A packet is written without AUTH, with room left for it; [`Authenticator::sign`] puts one in front of the first chunk
//! that the peer wants authenticated. What the peer sends is checked by [`Authenticator::verify`] before it is read.

mod keys;
mod mac;
mod offer;

use std::collections::{BTreeMap, BTreeSet};

use usctp_wire::{Auth, Chunk, ChunkType, HEADER_LEN, KeyId, Packet, RawChunk};

use self::mac::{Algorithm, MacKey};
pub(crate) use self::{
    keys::{Admission, Seal, check_cookie_echo},
    offer::{Announced, AuthOffer},
};
use crate::{
    AuthConfig, KeyChange,
    auth::{ChunkSet, Secret},
};

/// What both sides have agreed on, and the association shared keys.
#[derive(Debug)]
pub(crate) struct Authenticator {
    /// That we send with.
    algorithm: Algorithm,
    /// That we let the peer use.
    accepted: Vec<Algorithm>,
    /// Types that the peer accepts only when authenticated.
    required: ChunkSet,
    /// Types that we accept only when authenticated.
    demanded: ChunkSet,
    /// Ours and the peer's.
    vectors: [Vec<u8>; 2],
    keys: BTreeMap<u16, MacKey>,
    active: KeyId,
    /// Keys that the peer has used, or that need no telling.
    known: BTreeSet<u16>,
    /// Deactivated keys that chunks on their way still need.
    freeing: Vec<KeyId>,
}

/// An AUTH chunk, and what stands behind it in the packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthPart<'a> {
    raw: RawChunk<'a>,
    behind: &'a [u8],
}

/// Why nothing behind an AUTH chunk counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AuthFault {
    /// Too short.
    Malformed,
    /// An algorithm that was not in our list: to be reported (RFC 4895 §6.3).
    Algorithm(u16),
    /// A key that is not known here, or a MAC that is wrong: silence.
    Wrong,
}

impl Authenticator {
    /// `None`: the peer knows no algorithm that we know, which leaves AUTH aside.
    pub(crate) fn new(local: &AuthOffer, peer: &AuthOffer, config: &AuthConfig) -> Option<Self> {
        // RFC 4895 §6.1: the first that the peer lists and we support.
        let algorithm = peer.algorithms().find_map(Algorithm::from_id)?;
        let mut new = Self {
            algorithm,
            accepted: local.algorithms().filter_map(Algorithm::from_id).collect(),
            required: peer.chunks(),
            demanded: local.chunks(),
            vectors: [local.vector(), peer.vector()],
            keys: BTreeMap::new(),
            active: config.active(),
            known: BTreeSet::from([config.active().0]),
            freeing: Vec::new(),
        };
        for (key, secret) in config.secrets() {
            new.derive(key, &secret);
        }
        Some(new)
    }

    /// Chunks of this type are sent authenticated, whether the peer has listed them or not.
    pub(crate) const fn require(&mut self, kind: ChunkType) {
        self.required.insert(kind);
    }

    /// Whether the peer takes such a chunk only authenticated.
    pub(crate) const fn requires(&self, kind: ChunkType) -> bool {
        self.required.contains(kind)
    }

    /// Whether we take such a chunk only authenticated.
    pub(crate) const fn demands(&self, kind: ChunkType) -> bool {
        self.demanded.contains(kind)
    }

    /// Types that the peer takes only authenticated, in ascending order.
    pub(crate) fn required(&self) -> Vec<ChunkType> {
        self.required.iter().collect()
    }

    /// Octets that every packet leaves free for AUTH.
    pub(crate) fn reserve(&self) -> usize {
        if self.required.is_empty() { 0 } else { Auth::HEADER_LEN + self.algorithm.mac_len() }
    }

    /// Checks an AUTH chunk. Gives its key.
    pub(crate) fn verify(&self, part: &AuthPart<'_>) -> Result<KeyId, AuthFault> {
        let Ok(Chunk::Auth(auth)) = part.raw.decode() else { return Err(AuthFault::Malformed) };
        let algorithm = Algorithm::from_id(auth.hmac_id).filter(|algorithm| self.accepted.contains(algorithm));
        let algorithm = algorithm.ok_or(AuthFault::Algorithm(auth.hmac_id))?;
        let key = self.keys.get(&auth.key.0).ok_or(AuthFault::Wrong)?;
        // RFC 4895 §6.2: over the chunk with its MAC as zeros, and all that follows, padding included.
        let (header, zeros) = (&part.raw.octets[..Auth::HEADER_LEN], [0; MAX_MAC]);
        let parts = [header, &zeros[..algorithm.mac_len()], part.behind];
        if key.verify(algorithm, &parts, auth.hmac) { Ok(auth.key) } else { Err(AuthFault::Wrong) }
    }

    /// Notes that the peer has used a key. Whether that is worth telling: it is the first time.
    pub(crate) fn note_use(&mut self, key: KeyId) -> bool {
        self.known.insert(key.0)
    }

    /// Puts AUTH, with `key` or the active one, into the packet at the end of `buffer` that begins at `start`, if the peer
    /// wants any chunk of it authenticated. The checksum is the caller's.
    pub(crate) fn sign(&self, buffer: &mut Vec<u8>, start: usize, key: Option<KeyId>) {
        let Some(at) = self.first_required(&buffer[start..]).map(|at| start + at) else { return };
        let named = key.and_then(|key| Some((key, self.keys.get(&key.0)?)));
        let active = || Some((self.active, self.keys.get(&self.active.0)?));
        let Some((id, key)) = named.or_else(active) else { return };
        let (len, mac_len) = (Auth::HEADER_LEN + self.algorithm.mac_len(), self.algorithm.mac_len());
        let ([l0, l1], [k0, k1]) = ((len as u16).to_be_bytes(), id.0.to_be_bytes());
        let [a0, a1] = self.algorithm.id().to_be_bytes();
        let header = [ChunkType::AUTH.0, 0, l0, l1, k0, k1, a0, a1];
        let mut chunk = Vec::with_capacity(len);
        chunk.extend_from_slice(&header);
        key.append(self.algorithm, &[&header, &[0; MAX_MAC][..mac_len], &buffer[at..]], &mut chunk);
        buffer.splice(at..at, chunk);
    }

    /// The keys of the association have changed as the configuration says.
    pub(crate) fn apply(&mut self, change: &KeyChange) {
        match change {
            KeyChange::Set(key, secret) => {
                self.derive(*key, secret);
                self.freeing.retain(|freeing| freeing != key);
            }
            KeyChange::Activate(key) => self.active = *key,
            KeyChange::Deactivate(key) => self.freeing.push(*key),
            KeyChange::Delete(key) => {
                self.keys.remove(&key.0);
                self.known.remove(&key.0);
                self.freeing.retain(|freeing| freeing != key);
            }
        }
    }

    /// Deactivated keys that `in_use` says are used no more; each is given once.
    pub(crate) fn take_free(&mut self, mut in_use: impl FnMut(KeyId) -> bool) -> Vec<KeyId> {
        self.freeing.extract_if(.., |key| !in_use(*key)).collect()
    }

    /// Whether a deactivated key waits for chunks on their way.
    pub(crate) const fn awaits_free(&self) -> bool {
        !self.freeing.is_empty()
    }

    fn derive(&mut self, key: KeyId, secret: &Secret) {
        let [local, peer] = &self.vectors;
        self.keys.insert(key.0, MacKey::derive(secret.octets(), local, peer));
    }

    /// Where in a packet the first chunk stands that the peer wants authenticated.
    fn first_required(&self, packet: &[u8]) -> Option<usize> {
        let body = packet.get(HEADER_LEN..)?;
        let mut chunks = Packet::decode(packet).ok()?.chunks();
        loop {
            let at = body.len() - chunks.rest().len();
            if self.requires(chunks.next()?.ok()?.kind) {
                return Some(HEADER_LEN + at);
            }
        }
    }
}

impl<'a> AuthPart<'a> {
    /// `behind`: the rest of the packet, [`usctp_wire::Chunks::rest`].
    pub(crate) const fn new(raw: RawChunk<'a>, behind: &'a [u8]) -> Self {
        Self { raw, behind }
    }

    /// The AUTH chunk that a packet begins with, and the chunk after it.
    pub(crate) fn at_the_front(packet: &Packet<'a>) -> Option<(Self, RawChunk<'a>)> {
        let mut chunks = packet.chunks();
        let raw = chunks.next()?.ok().filter(|raw| raw.kind == ChunkType::AUTH)?;
        let behind = chunks.rest();
        Some((Self::new(raw, behind), chunks.next()?.ok()?))
    }
}

/// The longest MAC.
const MAX_MAC: usize = 32;
