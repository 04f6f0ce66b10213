//! Randomness: seeded, with separate streams for what the wire shows and for secrets.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use usctp_wire::VerificationTag;

/// All randomness of one endpoint. The same seed gives the same run.
#[derive(Debug)]
pub struct Entropy {
    wire: ChaCha20Rng,
    secret: ChaCha20Rng,
}

impl Entropy {
    /// From a seed of full entropy (from the operating system outside tests).
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let mut wire = ChaCha20Rng::from_seed(seed);
        let mut secret = ChaCha20Rng::from_seed(seed);
        wire.set_stream(1);
        secret.set_stream(2);
        Self { wire, secret }
    }

    /// A number that the peer or an observer may see: tags, initial TSNs, nonces, jitter, ports.
    pub fn number(&mut self) -> u32 {
        self.wire.next_u32()
    }

    /// As [`Self::number`], 64 bits.
    pub fn number64(&mut self) -> u64 {
        self.wire.next_u64()
    }

    /// A number of `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        // Multiply and shift: the bias of at most bound/2^32 does not matter for jitter and ports.
        (((u64::from(self.number())) * u64::from(bound)) >> 32) as u32
    }

    /// A verification tag: any number but 0 (RFC 9260 §5.3.1).
    pub(crate) fn tag(&mut self) -> VerificationTag {
        loop {
            let number = self.number();
            if number != 0 {
                return VerificationTag(number);
            }
        }
    }

    /// A random number of RFC 4895 §6.1, which the peer sees.
    pub(crate) fn random_number(&mut self) -> [u8; 32] {
        let mut number = [0; 32];
        self.wire.fill_bytes(&mut number);
        number
    }

    /// A key that never leaves the process.
    pub fn secret(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.secret.fill_bytes(&mut key);
        key
    }
}
