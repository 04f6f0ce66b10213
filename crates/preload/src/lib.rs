//! `libsctp.so.1`: the shared object that runs programs written for kernel SCTP unmodified.
//!
//! Under `LD_PRELOAD`, or in place of the distribution's library, it defines the names of libc through which programs
//! reach sockets. Each asks one question first: is this descriptor an SCTP socket of ours? If not, libc's own function
//! goes on, and nothing else has happened. Which names, and what cannot be taken over, is in `docs/preload.md`.
//!
//! Inside this object no std I/O type and none of the names below may be used: they would come back here. `usctp_reentries`
//! counts.
#![allow(unsafe_code, unreachable_pub, clippy::missing_safety_doc)]

mod cancel;
mod data;
mod hook;
mod libsctp;
mod name;
mod next;
mod open;
mod option;
mod process;
mod signal;
mod stream;
mod variadic;
