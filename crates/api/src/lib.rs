//! SCTP for Rust, on a stack in user space: message-oriented, multihomed, multi-streamed, shaped like [`std::net`].
//!
//! ```no_run
//! use usctp::blocking::{SctpAssociation, SctpListener};
//! use usctp::{Received, SendOptions};
//!
//! # fn main() -> Result<(), usctp::Error> {
//! let listener = SctpListener::bind("127.0.0.1:5007")?;
//! let client = SctpAssociation::connect("127.0.0.1:5007")?;
//! let (server, _peer) = listener.accept()?;
//!
//! client.send_with(b"hello", &SendOptions::new().stream(1).ppid(46))?;
//! let mut buffer = [0; 2048];
//! if let Received::Data(part) = server.recv(&mut buffer)? {
//!     assert_eq!(&buffer[..part.len], b"hello");
//!     assert_eq!((part.stream, part.ppid, part.complete), (1, 46, true));
//! }
//! client.shutdown()?;
//! # Ok(())
//! # }
//! ```
//!
//! * [`blocking`]: [`SctpListener`](blocking::SctpListener), [`SctpAssociation`](blocking::SctpAssociation)
//!   (one-to-one, like a TCP stream that keeps messages apart) and [`SctpSocket`](blocking::SctpSocket) (one-to-many,
//!   like a UDP socket whose peers are associations).
//! * [`Stack`] and [`StackBuilder`]: which link carries the packets (raw IP or UDP), on which ports, and what is
//!   recorded. Nobody has to make one: a process has a default stack, made at its first use.
//! * [`ToSctpAddrs`]: one address, or all the addresses of a multihomed host.

#![forbid(unsafe_code)]

mod address;
pub mod blocking;
mod error;
mod message;
mod options;
mod stack;

pub use address::{SctpAddrs, ToSctpAddrs};
pub use error::Error;
pub use message::{Part, Received, SendOptions};
pub use options::{PathStatus, Statistics, Status};
pub use stack::{Stack, StackBuilder};
pub use usctp_socket::{
    AssocId, AssociationChangeState, BadSysctl, InitParameters, LinkChoice, Notification, NotificationKind,
    Personality, SocketError, StackError, Sysctls,
};

/// The README's example must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
