//! What can be set about the links of a stack.

use std::path::PathBuf;

/// Which link a new path starts on when nothing was asked for it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LinkChoice {
    /// Raw where the process may open it, else UDP.
    #[default]
    Auto,
    /// Raw IP protocol 132, no encapsulation.
    Raw,
    /// UDP encapsulation (RFC 6951).
    Udp,
}

/// Settings of [`crate::Links`].
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// The default link.
    pub choice: LinkChoice,
    /// Local UDP port. `None`: 9899 once a socket listens, ephemeral before.
    pub udp_port: Option<u16>,
    /// The peer's UDP port where nothing else was asked for, 9899.
    pub udp_peer_port: u16,
    /// File that every packet is recorded in, as pcapng.
    pub pcap: Option<PathBuf>,
}

/// The UDP port of SCTP encapsulation (RFC 6951 §5.1).
pub(crate) const ENCAPSULATION_PORT: u16 = 9899;

impl Default for LinkSettings {
    fn default() -> Self {
        Self { choice: LinkChoice::Auto, udp_port: None, udp_peer_port: ENCAPSULATION_PORT, pcap: None }
    }
}
