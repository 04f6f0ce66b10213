//! The C border of usctp: system-call-shaped functions and libsctp's, on Linux's ABI.
//!
//! Pointers come in, values are inside, `errno` goes out. [`calls`] has one Rust function per system call; `libsctp` the
//! functions of RFC 6458 on top; `abi` the numbers and layouts of Linux. The shared object (`usctp-preload`) gives them
//! the names that programs call.
#![allow(unsafe_code)]

pub mod abi;
mod bits;
pub mod calls;
pub mod descriptor;
pub mod errno;
pub mod libsctp;
pub mod log;
mod memory;
pub mod prefixed;
pub mod process;
pub mod settings;
