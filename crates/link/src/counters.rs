//! Counters of a link.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the link was opened.
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        pub struct LinkCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The same, counted by any thread.
        #[derive(Debug, Default)]
        pub(crate) struct Counts {
            $(pub(crate) $name: Count,)*
        }

        impl Counts {
            pub(crate) fn read(&self) -> LinkCounters {
                LinkCounters { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters! {
    /// SCTP packets given to the host.
    packets_sent,
    /// Octets of SCTP in them.
    octets_sent,
    /// System calls that sent something.
    send_calls,
    /// SCTP packets received and handed up.
    packets_received,
    /// Octets of SCTP in them.
    octets_received,
    /// System calls that received something.
    receive_calls,
    /// Packets that the host dropped because a receive buffer was full (SO_RXQ_OVFL).
    overflowed,
    /// Packets dropped here because they were cut off, or too short for a header.
    malformed,
    /// Packets left to another stack of this host.
    left_to_others,
    /// Packets whose checksum was not filled in and the host would not say why: handed up, to be dropped there.
    checksum_unfilled,
    /// Packets whose unfilled checksum the host vouched for.
    checksum_vouched,
    /// ICMP errors handed up.
    icmp,
    /// Sends refused because buffers were full.
    full,
}

/// One count.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}
