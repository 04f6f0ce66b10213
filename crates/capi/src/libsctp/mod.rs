//! The functions of RFC 6458 §9 and of `libsctp`, over system calls of their own making.
//!
//! Like stock `libsctp` they are a layer over `sendmsg`, `recvmsg`, `getsockopt` and `setsockopt`; so a descriptor that
//! is not ours (a kernel's SCTP socket, or no socket at all) gets the kernel's answer.

mod address;
mod association;
mod receive;
mod send;
mod system;

pub use address::{
    bindx, connectx, connectx_of_version_1, connectx_of_version_2, freeaddrs, getaddrlen, getladdrs, getpaddrs,
};
pub use association::{getassocid, opt_info, peeloff, peeloff_flags};
pub use receive::{InfoPlace, recvmsg, recvv};
pub use send::{Described, Info, sctp_send as send, sendmsg, sendmsgx, sendv, sendx};
