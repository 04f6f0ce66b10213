//! A claimed port.

use std::{any::Any, fmt};

/// An SCTP port that this stack holds; dropped, it is free for others.
#[must_use = "dropping the claim frees the port"]
pub struct PortClaim {
    port: u16,
    _held: Box<dyn Any + Send + Sync>,
}

impl PortClaim {
    /// `held` frees the port when it is dropped.
    pub(crate) fn new(port: u16, held: impl Any + Send + Sync) -> Self {
        Self { port, _held: Box::new(held) }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Debug for PortClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortClaim").field("port", &self.port).finish_non_exhaustive()
    }
}
