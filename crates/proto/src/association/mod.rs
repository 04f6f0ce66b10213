//! An association.

mod capability;
mod collision;
#[allow(dead_code, reason = "glued as the engine is built")]
mod congestion;
mod control;
mod ecn;
#[allow(dead_code, reason = "glued as the engine is built")]
mod inbound;
mod opening;
#[allow(dead_code, reason = "glued as the engine is built")]
mod outbound;
#[allow(dead_code, reason = "glued as the engine is built")]
mod path;
mod phase;
mod receive;
mod shutdown;
#[allow(dead_code, reason = "glued as the engine is built")]
mod timer;
mod transmit;
