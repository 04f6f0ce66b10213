//! socket, accept, dup and its kin, close and its kin.
//!
//! A child that shares our memory (vfork) has descriptors of its own: what it closes or duplicates changes nothing here.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, to the kernel, or to `calls`, which looks at memory before it touches it.
#![allow(clippy::undocumented_unsafe_blocks)]

use libc::{
    SYS_accept, SYS_accept4, SYS_close, SYS_close_range, SYS_dup, SYS_dup2, SYS_dup3, SYS_socket, c_int, c_uint,
    sockaddr, socklen_t,
};
use rustix::io::Errno;
use usctp_capi::{
    calls::open::{self, Duplicated, Wanted},
    errno::set_errno,
    process::{self, Owner},
};
use usctp_link::{is_stack_descriptor, next_stack_descriptor};

use crate::{
    hook::{hook, inside, next, whose},
    next::Next,
};

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    match Wanted::from_arguments(domain, kind, protocol) {
        None => next!(socket: fn(domain: c_int, kind: c_int, protocol: c_int) -> c_int = SYS_socket),
        // The number would be the child's, and the table is the parent's.
        Some(_) if process::is_shared_memory_child() => inside(|| Err(Errno::OPNOTSUPP)),
        Some(wanted) => inside(|| {
            let process = process::obtain()?;
            crate::process::prepare();
            open::socket(process, wanted)
        }),
    }
}

hook! {
    fn accept(fd: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int = SYS_accept, cancellable;
        |socket| unsafe { open::accept(process::current().ok_or(Errno::BADF)?, fd, &socket, address, len, 0) }

    fn accept4(fd: c_int, address: *mut sockaddr, len: *mut socklen_t, flags: c_int) -> c_int = SYS_accept4, cancellable;
        |socket| unsafe { open::accept(process::current().ok_or(Errno::BADF)?, fd, &socket, address, len, flags) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn dup(fd: c_int) -> c_int {
    match whose(fd) {
        Owner::Other => next!(dup: fn(fd: c_int) -> c_int = SYS_dup),
        _ if process::is_shared_memory_child() => unsafe { libc::syscall(SYS_dup, fd) as c_int },
        owner => inside(|| {
            let process = process::current().ok_or(Errno::BADF)?;
            let socket = match owner {
                Owner::Ours(socket) => Some(socket),
                _ => None,
            };
            open::duplicate(process, fd, socket.as_ref(), 0, false)
        }),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn dup2(fd: c_int, new: c_int) -> c_int {
    match (whose(fd), whose(new)) {
        (Owner::Other, Owner::Other) if !is_stack_descriptor(new) => {
            next!(dup2: fn(fd: c_int, new: c_int) -> c_int = SYS_dup2)
        }
        _ if process::is_shared_memory_child() => unsafe { libc::syscall(SYS_dup2, fd, new) as c_int },
        // Nothing changes, if there is such a descriptor.
        _ if fd == new => unsafe { libc::syscall(SYS_dup2, fd, new) as c_int },
        (old, _) => inside(|| duplicate_to(fd, old, new, 0)),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn dup3(fd: c_int, new: c_int, flags: c_int) -> c_int {
    match (whose(fd), whose(new)) {
        (Owner::Other, Owner::Other) if !is_stack_descriptor(new) => {
            next!(dup3: fn(fd: c_int, new: c_int, flags: c_int) -> c_int = SYS_dup3)
        }
        _ if process::is_shared_memory_child() => unsafe { libc::syscall(SYS_dup3, fd, new, flags) as c_int },
        (old, _) => inside(|| duplicate_to(fd, old, new, flags)),
    }
}

fn duplicate_to(fd: c_int, old: Owner, new: c_int, flags: c_int) -> Result<c_int, Errno> {
    // Onto one of the stack's own numbers, in a process that has no sockets: there can be no such number.
    let process = process::current().ok_or(Errno::BADF)?;
    let old = match old {
        Owner::Ours(socket) => Duplicated::Socket(socket),
        Owner::Inherited => Duplicated::Inherited,
        Owner::Other => Duplicated::Other,
    };
    open::duplicate_to(process, fd, &old, new, flags)
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn close(fd: c_int) -> c_int {
    match whose(fd) {
        Owner::Other if is_stack_descriptor(fd) && !process::is_shared_memory_child() => {
            set_errno(libc::EBADF);
            -1
        }
        Owner::Other => next!(close: fn(fd: c_int) -> c_int = SYS_close),
        _ if process::is_shared_memory_child() => unsafe { libc::syscall(SYS_close, fd) as c_int },
        _ => inside(|| {
            open::close(process::current().ok_or(Errno::BADF)?, fd);
            Ok(0)
        }),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    let only_marks = flags & CLOSE_RANGE_CLOEXEC != 0;
    if !concerns_us(first, last) || only_marks || process::is_shared_memory_child() {
        if only_marks && !process::is_shared_memory_child() {
            process::current().into_iter().for_each(|process| open::close_range_on_exec(process, first, last));
        }
        return next!(close_range: fn(first: c_uint, last: c_uint, flags: c_int) -> c_int = SYS_close_range);
    }
    inside(|| open::close_range(process::current(), first, last, flags))
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn closefrom(lowest: c_int) {
    let first = lowest.max(0).cast_unsigned();
    if !concerns_us(first, c_uint::MAX) || process::is_shared_memory_child() {
        static NEXT: Next<unsafe extern "C-unwind" fn(c_int)> = Next::new(c"closefrom");
        if let Some(next) = NEXT.get() {
            return unsafe { next(lowest) };
        }
    }
    inside(|| open::close_range(process::current(), first, c_uint::MAX, 0));
}

/// Whether there is an SCTP socket or a descriptor of the stack's own in the range.
fn concerns_us(first: c_uint, last: c_uint) -> bool {
    let Some(process) = process::current() else { return false };
    let Ok(from) = c_int::try_from(first) else { return false };
    let within = |fd: c_int| fd.cast_unsigned() <= last;
    process.next_socket(from).is_some_and(within) || next_stack_descriptor(from).is_some_and(within)
}

/// The names that libc has for its own use.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __close(fd: c_int) -> c_int {
    unsafe { close(fd) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __dup2(fd: c_int, new: c_int) -> c_int {
    unsafe { dup2(fd, new) }
}

const CLOSE_RANGE_CLOEXEC: c_int = 4;
