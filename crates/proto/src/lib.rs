//! The SCTP protocol engine: an endpoint with its associations, without I/O.
//!
//! Four kinds of method. *Commands* (`bind`, `connect`, `send`, …) change state. `handle_*` takes what comes from the
//! network or the clock. `poll_*` gives what goes out: packets, the next deadline, events; polls may come in any order
//! and any number of times, and what was not drained is not lost. The rest looks and changes nothing.
//!
//! After any command or `handle_*`, drain `poll_event` and `poll_transmit`, then ask `poll_timeout`.
#![forbid(unsafe_code)]

mod address;
mod association;
mod auth;
mod config;
mod endpoint;
mod entropy;
mod error;
mod event;
mod fault;
mod fuzz;
mod reliability;
mod scheduler;
mod stats;
mod time;
mod transmit;

pub use address::{Address, Carrier, LinkId, LocalAddress, Route, Routing};
pub use auth::{AuthConfig, AuthError, KeyChange, Secret};
pub use config::{AssociationConfig, Binding, EndpointConfig, PathConfig};
pub use endpoint::{AssociationKey, BindingKey, Endpoint, MessageId, OutgoingMessage};
pub use entropy::Entropy;
pub use error::{BindError, CloseReason, ConnectError, PeerPrimaryError, SendError};
pub use event::{Delivery, Event, EventKind, KeyNews, PathChange, SendFailure};
#[doc(hidden)]
pub use fuzz::fuzz_association;
pub use reliability::{Abandoned, Reliability};
pub use scheduler::StreamScheduler;
pub use stats::{
    AssociationCounters, AssociationState, AssociationStatus, EndpointCounters, PathState, PathStatus, SendSequence,
};
pub use time::Time;
pub use transmit::{ChecksumState, Ecn, IcmpError, IcmpKind, Received, Transmit};
