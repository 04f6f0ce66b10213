//! What goes wrong on a link by chance.

use std::time::Duration;

use crate::Rng;

/// How packets are lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// Never.
    #[default]
    None,
    /// Each with this probability.
    Random(f64),
    /// In bursts (Gilbert's model): while it is good nothing is lost, while it is bad everything.
    Burst {
        /// Probability, per packet, of turning bad.
        begin: f64,
        /// Probability, per packet, of turning good again; one over the mean length of a burst.
        end: f64,
    },
}

/// What one direction of a link does to packets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairment {
    /// How packets are lost.
    pub loss: Loss,
    /// Probability that a packet arrives twice.
    pub duplication: f64,
    /// Probability that a packet is held back so that later ones overtake it.
    pub reordering: f64,
    /// How long it is held back, at most.
    pub held_back: Duration,
    /// Probability that a packet is damaged ([`crate::Payload::corrupt`]).
    pub corruption: f64,
}

/// Where the process of losses stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LossState {
    bad: bool,
}

impl LossState {
    pub(crate) const GOOD: Self = Self { bad: false };

    /// Whether the next packet is lost.
    pub(crate) fn is_lost(&mut self, loss: Loss, rng: &mut Rng) -> bool {
        match loss {
            Loss::None => false,
            Loss::Random(probability) => rng.chance(probability),
            Loss::Burst { begin, end } => {
                let turn = if self.bad { end } else { begin };
                self.bad ^= rng.chance(turn);
                self.bad
            }
        }
    }
}
