//! HMAC with an association shared key, in the algorithms of RFC 4895 §3.3.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::auth::{SHA1, SHA256};

/// An algorithm that is known here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const fn from_id(id: u16) -> Option<Self> {
        match id {
            SHA1 => Some(Self::Sha1),
            SHA256 => Some(Self::Sha256),
            _ => None,
        }
    }

    pub(super) const fn id(self) -> u16 {
        match self {
            Self::Sha1 => SHA1,
            Self::Sha256 => SHA256,
        }
    }

    /// Octets of the MAC.
    pub(super) const fn mac_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// One association shared key, ready for every algorithm. The states are overwritten when they are dropped.
pub(super) struct MacKey {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl MacKey {
    /// RFC 4895 §6.1: the endpoint pair shared key, then the numerically smaller key vector, then the larger. A vector
    /// begins with a bit that is set, so that a longer one is larger.
    pub(super) fn derive(secret: &[u8], one: &[u8], other: &[u8]) -> Self {
        let (smaller, larger) = if (one.len(), one) <= (other.len(), other) { (one, other) } else { (other, one) };
        let key = Zeroizing::new([secret, smaller, larger].concat());
        let any_length = "HMAC takes a key of any length";
        Self {
            sha1: Hmac::new_from_slice(&key).expect(any_length),
            sha256: Hmac::new_from_slice(&key).expect(any_length),
        }
    }

    /// Appends the MAC over `parts`.
    pub(super) fn append(&self, algorithm: Algorithm, parts: &[&[u8]], to: &mut Vec<u8>) {
        match algorithm {
            Algorithm::Sha1 => to.extend_from_slice(&with(&self.sha1, parts).finalize().into_bytes()),
            Algorithm::Sha256 => to.extend_from_slice(&with(&self.sha256, parts).finalize().into_bytes()),
        }
    }

    /// Whether `mac` is the MAC over `parts`, compared in constant time; one of another length never is.
    pub(super) fn verify(&self, algorithm: Algorithm, parts: &[&[u8]], mac: &[u8]) -> bool {
        match algorithm {
            Algorithm::Sha1 => with(&self.sha1, parts).verify_slice(mac).is_ok(),
            Algorithm::Sha256 => with(&self.sha256, parts).verify_slice(mac).is_ok(),
        }
    }
}

fn with<M: Mac + Clone>(keyed: &M, parts: &[&[u8]]) -> M {
    let mut mac = keyed.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    // The key is what the three parts make in their order: with no vectors it is the secret alone. RFC 2202 and RFC 4231,
    // test case 2.
    #[test]
    fn known_answers() {
        let key = MacKey::derive(b"Jefe", b"", b"");
        let mut macs = [Vec::new(), Vec::new()];
        for (algorithm, mac) in [Algorithm::Sha1, Algorithm::Sha256].into_iter().zip(&mut macs) {
            key.append(algorithm, &[b"what do ya want ", b"for nothing?"], mac);
            assert!(key.verify(algorithm, &[b"what do ya want for nothing?"], mac));
            assert!(!key.verify(algorithm, &[b"what do ya want for nothing?"], &mac[..mac.len() - 1]));
            assert!(!key.verify(algorithm, &[b"what do ya want for nothing"], mac));
            assert_eq!(mac.len(), algorithm.mac_len());
        }
        assert_eq!(hex(&macs[0]), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(hex(&macs[1]), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn both_sides_put_the_vectors_in_the_same_order() {
        let mac = |one: &[u8], other: &[u8]| {
            let mut mac = Vec::new();
            MacKey::derive(b"k", one, other).append(Algorithm::Sha1, &[b"data"], &mut mac);
            mac
        };
        let direct = |key: &[u8]| {
            let mut mac = Vec::new();
            MacKey::derive(key, b"", b"").append(Algorithm::Sha1, &[b"data"], &mut mac);
            mac
        };
        let (low, high, long) = (&[0x80, 1][..], &[0x80, 2][..], &[0x80, 0, 0][..]);
        for (one, other) in [(low, high), (high, long), (low, long), (low, low)] {
            assert_eq!(mac(one, other), mac(other, one));
            assert_eq!(mac(one, other), direct(&[b"k", one, other].concat()));
        }
    }
}
