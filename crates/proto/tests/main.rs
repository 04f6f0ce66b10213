//! Conversations between endpoints, and between an endpoint and a peer driven by hand: one program, one file per topic.
//! Time is virtual and all chance comes from a seed.

mod expect;
mod log;
mod mailbox;
mod pair;
mod peer;
mod sealed;

mod asconf;
mod asconf_sent;
mod auth;
mod auth_keys;
mod collision;
mod congestion;
mod corpus;
mod crowd;
mod ecn;
mod encapsulation;
mod forged;
mod hostile;
mod interleaving;
mod loss;
mod mtu;
mod multihoming;
mod opening;
mod partial;
mod partial_received;
mod scheduling;
mod shutdown;
mod soak;
mod throughput;
mod transfer;
mod window;
