//! The four system calls below libsctp: ours for our descriptors, the kernel's for others.

use libc::{c_int, c_void, msghdr, socklen_t, ssize_t};
use rustix::io::Errno;

use crate::{
    calls::{self, open::last_error},
    process::{self, Owner},
};

pub(super) unsafe fn sendmsg(fd: c_int, message: &msghdr, flags: c_int) -> Result<ssize_t, Errno> {
    match process::find(fd) {
        // SAFETY: the caller's promise about the pointers in the message.
        Owner::Ours(socket) => unsafe { calls::data::sendmsg(&socket, message, flags) },
        Owner::Inherited => Err(inherited()),
        // SAFETY: the kernel checks its arguments.
        Owner::Other => length(unsafe { libc::syscall(libc::SYS_sendmsg, fd, message, flags) }),
    }
}

pub(super) unsafe fn recvmsg(fd: c_int, message: &mut msghdr, flags: c_int) -> Result<ssize_t, Errno> {
    match process::find(fd) {
        // SAFETY: the caller's promise about the pointers in the message.
        Owner::Ours(socket) => unsafe { calls::data::recvmsg(&socket, message, flags) },
        Owner::Inherited => Err(inherited()),
        // SAFETY: the kernel checks its arguments.
        Owner::Other => length(unsafe { libc::syscall(libc::SYS_recvmsg, fd, message, flags) }),
    }
}

pub(super) unsafe fn getsockopt(
    fd: c_int,
    name: c_int,
    value: *mut c_void,
    len: *mut socklen_t,
) -> Result<c_int, Errno> {
    match process::find(fd) {
        Owner::Ours(socket) => {
            let process = process::current().ok_or(Errno::BADF)?;
            // SAFETY: the caller's promise about the pointers.
            unsafe { calls::option::getsockopt(process, &socket, libc::IPPROTO_SCTP, name, value, len) }
        }
        Owner::Inherited => Err(inherited()),
        Owner::Other => {
            // SAFETY: the kernel checks its arguments.
            let result = unsafe { libc::syscall(libc::SYS_getsockopt, fd, libc::IPPROTO_SCTP, name, value, len) };
            length(result).map(|result| result as c_int)
        }
    }
}

pub(super) unsafe fn setsockopt(fd: c_int, name: c_int, value: *const c_void, len: usize) -> Result<c_int, Errno> {
    let len = socklen_t::try_from(len).map_err(|_| Errno::INVAL)?;
    match process::find(fd) {
        // SAFETY: the caller's promise about the pointer.
        Owner::Ours(socket) => unsafe { calls::option::setsockopt(&socket, libc::IPPROTO_SCTP, name, value, len) },
        Owner::Inherited => Err(inherited()),
        Owner::Other => {
            // SAFETY: the kernel checks its arguments.
            let result = unsafe { libc::syscall(libc::SYS_setsockopt, fd, libc::IPPROTO_SCTP, name, value, len) };
            length(result).map(|result| result as c_int)
        }
    }
}

fn inherited() -> Errno {
    process::tell_inherited();
    Errno::OPNOTSUPP
}

fn length(result: libc::c_long) -> Result<ssize_t, Errno> {
    if result < 0 { Err(last_error()) } else { Ok(result as ssize_t) }
}
