//! A hasher for keys that this process has given out itself: slots, generations, counted ids. Nobody outside chooses
//! them, so they need no defence against collisions, and they are looked up for every message.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by such keys.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// Multiplies each word by an odd constant (Fibonacci hashing) and mixes the upper half down.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_i32(&mut self, word: i32) {
        self.write_u64(u64::from(word.cast_unsigned()));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, hash::Hash};

    use super::*;

    #[test]
    fn keys_that_count_up_do_not_collide() {
        let hash = |slot: u32, generation: u32| {
            let mut hasher = KeyHasher::default();
            (slot, generation).hash(&mut hasher);
            hasher.finish()
        };
        let hashes: HashSet<_> = (0..100).flat_map(|slot| (0..100).map(move |next| hash(slot, next))).collect();
        assert_eq!(hashes.len(), 10_000);
        let lower: HashSet<_> = (0..1000).map(|slot| hash(slot, slot) & 0xfff).collect();
        assert!(lower.len() > 700, "{}", lower.len());
    }
}
