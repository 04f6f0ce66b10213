//! Sockets whose calls wait, shaped like those of [`std::net`].
//!
//! All types can be cloned and shared between threads; sending and receiving at once on one association needs no lock
//! of the caller's.

mod association;
mod endpoint;
mod listener;
mod socket;

pub use association::SctpAssociation;
pub use listener::{Incoming, SctpListener};
pub use socket::SctpSocket;
