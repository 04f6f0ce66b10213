//! From addresses, ports and tags to an association (RFC 9260 §1.3: an association is identified by the transport
//! addresses of its two ends).
#![allow(
    clippy::disallowed_types,
    reason = "hashed with a key from the entropy, and never iterated: replayable and safe"
)]

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{BuildHasher, Hasher},
};

use usctp_wire::VerificationTag;

use crate::{Address, AssociationKey};

/// A peer address with both ports: all that an association differs from another by, except for two bindings that share a
/// port on different local addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PeerKey {
    pub(crate) address: Address,
    pub(crate) peer_port: u16,
    pub(crate) local_port: u16,
}

/// Finds associations. The hash is keyed from the endpoint's entropy: peers cannot choose addresses and ports that collide,
/// and a run can be replayed.
#[derive(Debug)]
pub(crate) struct Demux {
    peers: HashMap<PeerKey, Entry, KeyedHash>,
    /// Associations in COOKIE-WAIT by local port and own tag: their INIT ACK may come from an address of the peer that
    /// they do not know yet (RFC 9260 §5.1.2).
    openings: HashMap<(u16, VerificationTag), AssociationKey, KeyedHash>,
}

impl Demux {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let hash = KeyedHash { key: secret };
        Self { peers: HashMap::with_hasher(hash.clone()), openings: HashMap::with_hasher(hash) }
    }

    /// Adds a peer address of an association; again does no harm.
    pub(crate) fn insert(&mut self, peer: PeerKey, association: AssociationKey) {
        match self.peers.get_mut(&peer) {
            None => {
                self.peers.insert(peer, Entry::One(association));
            }
            Some(Entry::One(one)) if *one == association => {}
            Some(entry @ Entry::One(_)) => {
                let mut all = entry.keys().to_vec();
                all.push(association);
                *entry = Entry::Many(all);
            }
            Some(Entry::Many(all)) => {
                if !all.contains(&association) {
                    all.push(association);
                }
            }
        }
    }

    /// Removes a peer address of an association.
    pub(crate) fn remove(&mut self, peer: PeerKey, association: AssociationKey) {
        let Some(entry) = self.peers.get_mut(&peer) else { return };
        let rest: Vec<_> = entry.keys().iter().copied().filter(|key| *key != association).collect();
        match rest[..] {
            [] => {
                self.peers.remove(&peer);
            }
            [one] => *entry = Entry::One(one),
            _ => *entry = Entry::Many(rest),
        }
    }

    /// The associations with this peer address; more than one only when several bindings share the port.
    pub(crate) fn find(&self, peer: PeerKey) -> &[AssociationKey] {
        self.peers.get(&peer).map_or(&[], Entry::keys)
    }

    /// An association waits for an INIT ACK with `tag`. False when the tag is taken on this port.
    pub(crate) fn insert_opening(&mut self, port: u16, tag: VerificationTag, association: AssociationKey) -> bool {
        match self.openings.entry((port, tag)) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(association);
                true
            }
        }
    }

    pub(crate) fn remove_opening(&mut self, port: u16, tag: VerificationTag) {
        self.openings.remove(&(port, tag));
    }

    /// The association that waits for an INIT ACK with `tag`.
    pub(crate) fn find_opening(&self, port: u16, tag: VerificationTag) -> Option<AssociationKey> {
        self.openings.get(&(port, tag)).copied()
    }

    /// A number that is stable for one peer and that peers cannot foresee: which of several listeners that share a port.
    pub(crate) fn share(&self, peer: PeerKey) -> u64 {
        self.peers.hasher().hash_one(peer)
    }
}

#[derive(Debug)]
enum Entry {
    One(AssociationKey),
    Many(Vec<AssociationKey>),
}

impl Entry {
    fn keys(&self) -> &[AssociationKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Many(keys) => keys,
        }
    }
}

/// std's SipHash with a secret in front of what is hashed.
#[derive(Clone)]
struct KeyedHash {
    key: [u8; 32],
}

impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash")
    }
}

impl BuildHasher for KeyedHash {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.key[..16]);
        hasher
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const fn key(slot: u32) -> AssociationKey {
        AssociationKey { slot, generation: 0 }
    }

    fn peer(last: u8, local_port: u16) -> PeerKey {
        PeerKey { address: IpAddr::from([10, 0, 0, last]).into(), peer_port: 7, local_port }
    }

    #[test]
    fn an_association_is_found_by_each_address_and_by_no_other() {
        let mut demux = Demux::new([1; 32]);
        demux.insert(peer(1, 5000), key(1));
        demux.insert(peer(2, 5000), key(1));
        demux.insert(peer(2, 5000), key(1));
        assert_eq!(demux.find(peer(1, 5000)), [key(1)]);
        assert_eq!(demux.find(peer(2, 5000)), [key(1)]);
        assert!(demux.find(peer(3, 5000)).is_empty());
        assert!(demux.find(peer(1, 5001)).is_empty());
        demux.remove(peer(2, 5000), key(1));
        assert!(demux.find(peer(2, 5000)).is_empty());
    }

    #[test]
    fn bindings_that_share_a_port_may_have_the_same_peer() {
        let mut demux = Demux::new([1; 32]);
        for slot in 1..4 {
            demux.insert(peer(1, 5000), key(slot));
        }
        assert_eq!(demux.find(peer(1, 5000)), [key(1), key(2), key(3)]);
        demux.remove(peer(1, 5000), key(2));
        assert_eq!(demux.find(peer(1, 5000)), [key(1), key(3)]);
        demux.remove(peer(1, 5000), key(1));
        demux.remove(peer(1, 5000), key(9));
        assert_eq!(demux.find(peer(1, 5000)), [key(3)]);
        demux.remove(peer(1, 5000), key(3));
        assert!(demux.peers.is_empty());
    }

    #[test]
    fn a_tag_of_an_opening_is_taken_once_per_port() {
        let mut demux = Demux::new([1; 32]);
        assert!(demux.insert_opening(5000, VerificationTag(9), key(1)));
        assert!(!demux.insert_opening(5000, VerificationTag(9), key(2)));
        assert!(demux.insert_opening(5001, VerificationTag(9), key(2)));
        assert_eq!(demux.find_opening(5000, VerificationTag(9)), Some(key(1)));
        demux.remove_opening(5000, VerificationTag(9));
        assert_eq!(demux.find_opening(5000, VerificationTag(9)), None);
    }

    #[test]
    fn the_order_of_buckets_depends_on_the_secret() {
        let (one, two) = (Demux::new([1; 32]), Demux::new([2; 32]));
        assert_ne!(one.share(peer(1, 5000)), two.share(peer(1, 5000)));
        assert_eq!(one.share(peer(1, 5000)), Demux::new([1; 32]).share(peer(1, 5000)));
    }
}
