//! Why something could not be opened, bound or claimed.

use std::path::PathBuf;

use thiserror::Error;

use crate::Address;

/// Why links could not be opened or bound. The text is one line for the person who started the program.
#[derive(Clone, Debug, Error)]
pub enum LinkError {
    /// A raw socket was demanded and refused.
    #[error(
        "cannot open a raw socket: {errno}; raw IP needs root or CAP_NET_RAW, UDP encapsulation does not (--link udp)"
    )]
    Raw {
        /// The errno.
        errno: rustix::io::Errno,
    },
    /// The UDP port is taken.
    #[error("UDP port {port} is in use on {}; choose another one with --udp-port N (USCTP_UDP_PORT)", .address.ip)]
    UdpPortTaken {
        /// The address.
        address: Address,
        /// The port.
        port: u16,
    },
    /// A UDP socket could not be bound otherwise.
    #[error("cannot bind UDP port {port} on {}: {errno}", .address.ip)]
    Udp {
        /// The address.
        address: Address,
        /// The port.
        port: u16,
        /// The errno.
        errno: rustix::io::Errno,
    },
    /// The file for recorded packets could not be made.
    #[error("cannot write {}: {errno}", .path.display())]
    Pcap {
        /// The file.
        path: PathBuf,
        /// The errno.
        errno: rustix::io::Errno,
    },
    /// Something else that a stack cannot do without.
    #[error("cannot open {what}: {errno}")]
    Open {
        /// What it was.
        what: &'static str,
        /// The errno.
        errno: rustix::io::Errno,
    },
}

impl LinkError {
    /// The errno that a socket call fails with because of this.
    #[must_use]
    pub fn errno(&self) -> i32 {
        match self {
            Self::UdpPortTaken { .. } => rustix::io::Errno::ADDRINUSE.raw_os_error(),
            Self::Raw { errno } | Self::Udp { errno, .. } | Self::Pcap { errno, .. } | Self::Open { errno, .. } => {
                errno.raw_os_error()
            }
        }
    }
}

/// Why a port could not be claimed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ClaimError {
    /// Another stack has it (EADDRINUSE).
    #[error("another process has the port")]
    InUse,
    /// The process cannot open a descriptor for it, as with EMFILE. The errno.
    #[error("no descriptor for the claim: errno {0}")]
    Descriptor(i32),
}
