//! One function per system call, for descriptors that are SCTP sockets.
//!
//! They take what a system call takes, raw pointers included, and the [`Description`](crate::descriptor::Description)
//! behind the descriptor; they return what it returns, with [`Errno`] for `-1`. Pointers are looked at through
//! `memory::Checked`, so that a bad one is EFAULT. Nothing here passes through libc's names: the shared object
//! has taken them over.
//!
//! Callers run them inside [`crate::errno::guard`].

pub mod data;
pub mod file;
mod general;
pub mod name;
pub mod open;
pub mod option;
pub mod rights;
pub mod transfer;
mod tunnel;

use rustix::{fd::BorrowedFd, io::Errno};
use usctp_socket::SocketError;

use crate::process;

/// A result of the socket layer as a system call has it.
///
/// While the process ends, its sockets are closed under threads that still use them. In a kernel those threads would end
/// with the process and never see it; so here they wait for that.
pub(crate) fn outcome<T>(result: Result<T, SocketError>) -> Result<T, Errno> {
    result.map_err(|error| {
        if error == SocketError::Closed && process::is_ending() {
            wait_for_the_end();
        }
        Errno::from_raw_os_error(error.errno())
    })
}

fn wait_for_the_end() -> ! {
    loop {
        // SAFETY: waits for signals; their handlers run, and it waits again.
        unsafe { libc::pause() };
    }
}

/// The kernel's descriptor behind a number of ours.
pub(crate) fn kernel<'a>(fd: libc::c_int) -> BorrowedFd<'a> {
    // SAFETY: used for one system call, which says EBADF if the program has closed the number meanwhile.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
