//! getsockopt, setsockopt, fcntl, ioctl.
//!
//! `fcntl` and `ioctl` are variadic in C, with at most one argument, which travels in the register of a third one on the
//! machines that Linux runs on: so a third parameter takes it, whatever its type.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, to the kernel, or to `calls`, which looks at memory before it touches it.
#![allow(clippy::undocumented_unsafe_blocks)]

use libc::{SYS_fcntl, SYS_getsockopt, SYS_ioctl, SYS_setsockopt, c_int, c_ulong, c_void, socklen_t};
use rustix::io::Errno;
use usctp_capi::{
    calls::{file, open, option},
    process::{self, Owner},
};

use crate::hook::{hook, inside, next, whose};

hook! {
    fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, len: socklen_t) -> c_int
        = SYS_setsockopt;
        |socket| unsafe { option::setsockopt(&socket, level, name, value, len) }

    fn getsockopt(fd: c_int, level: c_int, name: c_int, value: *mut c_void, len: *mut socklen_t) -> c_int
        = SYS_getsockopt;
        |socket| {
            let process = process::current().ok_or(Errno::BADF)?;
            unsafe { option::getsockopt(process, &socket, level, name, value, len) }
        }

    fn ioctl(fd: c_int, request: c_ulong, argument: usize) -> c_int = SYS_ioctl;
        |socket| match process::current() {
            // A vfork child that passes descriptors on: ours stay here.
            _ if process::is_shared_memory_child() => Ok(0),
            Some(process) => file::ioctl(process, fd, &socket, request, argument),
            None => Err(Errno::BADF),
        }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn fcntl(fd: c_int, operation: c_int, argument: usize) -> c_int {
    match whose(fd) {
        Owner::Other => next!(fcntl: fn(fd: c_int, operation: c_int, argument: usize) -> c_int = SYS_fcntl),
        owner => inside(|| of_socket(owner, fd, operation, argument)),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn fcntl64(fd: c_int, operation: c_int, argument: usize) -> c_int {
    unsafe { fcntl(fd, operation, argument) }
}

/// The name that libc has for its own use.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __fcntl(fd: c_int, operation: c_int, argument: usize) -> c_int {
    unsafe { fcntl(fd, operation, argument) }
}

fn of_socket(owner: Owner, fd: c_int, operation: c_int, argument: usize) -> Result<c_int, Errno> {
    // A child that shares our memory works on descriptors of its own, not on the table; and ours are not passed on.
    if process::is_shared_memory_child() {
        return if operation == libc::F_SETFD { Ok(0) } else { file::raw_fcntl(fd, operation, argument) };
    }
    let process = process::current().ok_or(Errno::BADF)?;
    match owner {
        Owner::Ours(socket) => file::fcntl(process, fd, &socket, operation, argument),
        // What a child does with its copies before it closes them or starts a program is the kernel's business.
        _ if matches!(operation, libc::F_DUPFD | libc::F_DUPFD_CLOEXEC) => {
            open::duplicate(process, fd, None, argument as c_int, operation == libc::F_DUPFD_CLOEXEC)
        }
        _ => file::raw_fcntl(fd, operation, argument),
    }
}
