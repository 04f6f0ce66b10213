//! Chance, from a seed.

use std::{fmt, num::ParseIntError, ops::Range, str::FromStr, time::Duration};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng},
};

/// What a run is repeated by. Shown and read as a decimal number, so that a failing one can be passed back in a variable
/// of the environment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.trim().parse().map(Self)
    }
}

/// Numbers that follow from a seed.
#[derive(Clone, Debug)]
pub struct Rng {
    numbers: ChaCha8Rng,
}

impl Rng {
    /// All numbers of `seed`, from the first.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { numbers: ChaCha8Rng::seed_from_u64(seed.0) }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.numbers.next_u64()
    }

    /// A number of `range`; its start when it is empty.
    pub fn between(&mut self, range: Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start);
        let scaled = (u128::from(self.number()) * u128::from(width)) >> 64;
        range.start + u64::try_from(scaled).unwrap_or(0)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.between(0..bound as u64)).unwrap_or(0)
    }

    /// True so often: 0.0 never, 1.0 always.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits, as many as an f64 tells apart between 0 and 1.
        let number = (self.number() >> 11) as f64 / (1u64 << 53) as f64;
        number < probability
    }

    /// A time below `bound`; zero when `bound` is zero.
    pub fn time_below(&mut self, bound: Duration) -> Duration {
        Duration::from_nanos(self.between(0..u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// 32 octets, for the seed of something else.
    pub fn octets(&mut self) -> [u8; 32] {
        let mut octets = [0; 32];
        self.numbers.fill_bytes(&mut octets);
        octets
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// When there is none.
    pub fn choose<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
