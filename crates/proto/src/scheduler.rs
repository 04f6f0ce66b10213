//! The choice among streams (RFC 8260 §3).

/// Which stream's message is sent next. Without I-DATA a message that has been begun is finished first.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum StreamScheduler {
    /// In the order of the calls (RFC 8260 §3.1).
    #[default]
    FirstCome,
    /// One message of each stream in turn; with I-DATA one chunk (RFC 8260 §3.2).
    RoundRobin,
    /// One packet of each stream in turn (RFC 8260 §3.3).
    RoundRobinPacket,
    /// The stream with the lowest value first; 0, the highest priority, is the default (RFC 8260 §3.4).
    Priority,
    /// As many octets of each stream (RFC 8260 §3.5).
    FairBandwidth,
    /// As many octets of each stream as its value, the weight, says; 1 is the default (RFC 8260 §3.6).
    WeightedFair,
}

impl StreamScheduler {
    /// Whether it counts octets.
    pub(crate) const fn is_fair(self) -> bool {
        matches!(self, Self::FairBandwidth | Self::WeightedFair)
    }
}
