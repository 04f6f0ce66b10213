//! socket, accept, dup and its kin, close and its kin.
//!
//! The kernel's descriptor and the table's entry change one after the other. The order is chosen so that a number never
//! means an SCTP socket when the kernel may already have given it to something else.

use std::{ffi::c_uint, os::fd::IntoRawFd, sync::Arc};

use libc::{c_int, sockaddr, socklen_t};
use rustix::io::{DupFlags, Errno};
use usctp_socket::{Domain, Socket, Style};

use super::{kernel, name::address_out, outcome};
use crate::{
    descriptor::{Description, Removed},
    memory::Checked,
    process::Process,
};

/// What `socket` is asked for, when it is an SCTP socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    domain: Domain,
    style: Style,
    flags: c_int,
}

impl Wanted {
    /// `None` for everything that is not ours to answer: other families, types and protocols.
    ///
    /// As in Linux, SOCK_SEQPACKET without a protocol is SCTP in the Internet families, and SOCK_STREAM is not.
    #[must_use]
    pub fn from_arguments(domain: c_int, kind: c_int, protocol: c_int) -> Option<Self> {
        let domain = match domain {
            libc::AF_INET => Domain::Inet,
            libc::AF_INET6 => Domain::Inet6,
            _ => return None,
        };
        let flags = kind & CREATION_FLAGS;
        let style = match (kind & !CREATION_FLAGS, protocol) {
            (libc::SOCK_STREAM, libc::IPPROTO_SCTP) => Style::OneToOne,
            (libc::SOCK_SEQPACKET, libc::IPPROTO_SCTP | 0) => Style::OneToMany,
            _ => return None,
        };
        Some(Self { domain, style, flags })
    }
}

/// socket(2).
///
/// # Errors
///
/// What making the stack or the descriptor says.
pub fn socket(process: &Process, wanted: Wanted) -> Result<c_int, Errno> {
    let socket = outcome(process.stack()?.socket(wanted.domain, wanted.style))?;
    install(process, socket, wanted.flags)
}

/// accept4(2).
///
/// # Safety
///
/// `address` and `len` as for the system call.
///
/// # Errors
///
/// As accept4(2).
pub unsafe fn accept(
    process: &Process,
    fd: c_int,
    listener: &Description,
    address: *mut sockaddr,
    len: *mut socklen_t,
    flags: c_int,
) -> Result<c_int, Errno> {
    if flags & !CREATION_FLAGS != 0 {
        return Err(Errno::INVAL);
    }
    // A process at its limit must not lose an association: a number is tried for first, as in the kernel.
    // By fcntl, which a seccomp filter is likelier to allow.
    close_kernel(rustix::io::fcntl_dupfd_cloexec(kernel(fd), 0)?.into_raw_fd());
    let (socket, peer) = outcome(listener.socket.accept(listener.is_nonblocking()))?;
    let fd = install(process, socket, flags)?;
    if let Some(accepted) = process.table().find(fd) {
        super::general::take_over_kept(listener, &accepted);
    }
    if address.is_null() {
        return Ok(fd);
    }
    // SAFETY: the caller's promise.
    match unsafe { address_out(&mut Checked::new(), Some(&peer), address, len) } {
        Ok(()) => Ok(fd),
        Err(error) => {
            close(process, fd);
            Err(error)
        }
    }
}

/// A number for a new socket.
///
/// # Errors
///
/// What the kernel says about a new descriptor.
pub fn install(process: &Process, socket: Socket, flags: c_int) -> Result<c_int, Errno> {
    let fd = outcome(socket.attach_readiness_fd())?;
    process.forget_inherited(fd);
    let (nonblocking, close_on_exec) = (flags & libc::SOCK_NONBLOCK != 0, flags & libc::SOCK_CLOEXEC != 0);
    match process.table().insert(fd, socket, nonblocking, close_on_exec) {
        Ok(()) => Ok(fd),
        Err(error) => {
            close_kernel(fd);
            Err(error)
        }
    }
}

/// dup(2), and `fcntl` with F_DUPFD or F_DUPFD_CLOEXEC.
///
/// # Errors
///
/// As fcntl(2).
pub fn duplicate(
    process: &Process,
    fd: c_int,
    description: Option<&Arc<Description>>,
    lowest: c_int,
    close_on_exec: bool,
) -> Result<c_int, Errno> {
    let in_kernel = close_on_exec || description.is_some();
    let operation = if in_kernel { libc::F_DUPFD_CLOEXEC } else { libc::F_DUPFD };
    let new = super::file::raw_fcntl(fd, operation, lowest as usize)?;
    enter(process, new, description, close_on_exec)?;
    Ok(new)
}

/// dup3(2), where at least one of the two is an SCTP socket. `old` is `None` if it is something else.
///
/// # Errors
///
/// As dup3(2).
pub fn duplicate_to(process: &Process, fd: c_int, old: &Duplicated, new: c_int, flags: c_int) -> Result<c_int, Errno> {
    if usctp_link::is_stack_descriptor(new) {
        return Err(Errno::BADF);
    }
    if flags & !libc::O_CLOEXEC != 0 || fd == new {
        return Err(Errno::INVAL);
    }
    let close_on_exec = flags & libc::O_CLOEXEC != 0;
    let in_kernel = close_on_exec || matches!(old, Duplicated::Socket(_));
    raw_dup3(fd, new, if in_kernel { DupFlags::CLOEXEC } else { DupFlags::empty() })?;
    match old {
        Duplicated::Socket(description) => enter(process, new, Some(description), close_on_exec)?,
        Duplicated::Inherited => enter(process, new, None, close_on_exec)?,
        Duplicated::Other => {
            process.forget_inherited(new);
            drop(process.table().remove(new));
        }
    }
    Ok(new)
}

/// What is duplicated.
pub enum Duplicated {
    /// A socket of ours.
    Socket(Arc<Description>),
    /// A socket of the parent process.
    Inherited,
    /// Something else.
    Other,
}

/// close(2).
pub fn close(process: &Process, fd: c_int) {
    let removed = process.table().remove(fd);
    process.forget_inherited(fd);
    close_kernel(fd);
    // The number is free; now the socket may take its time.
    drop(removed);
}

/// close_range(2) with CLOSE_RANGE_CLOEXEC: what it does to our numbers. The kernel's have the flag already.
pub fn close_range_on_exec(process: &Process, first: c_uint, last: c_uint) {
    let mut from = c_int::try_from(first).unwrap_or(c_int::MAX);
    while let Some(fd) = process.table().next(from).filter(|fd| fd.cast_unsigned() <= last) {
        process.table().set_close_on_exec(fd, true);
        from = fd + 1;
    }
}

/// close_range(2), without CLOSE_RANGE_CLOEXEC.
///
/// # Errors
///
/// As close_range(2).
pub fn close_range(process: Option<&Process>, first: c_uint, last: c_uint, flags: c_int) -> Result<c_int, Errno> {
    if first > last {
        return Err(Errno::INVAL);
    }
    let mut removed: Vec<Removed> = Vec::new();
    if let Some(process) = process {
        let mut from = c_int::try_from(first).unwrap_or(c_int::MAX);
        while let Some(fd) = process.next_socket(from).filter(|fd| u32::try_from(*fd).is_ok_and(|fd| fd <= last)) {
            removed.extend(process.table().remove(fd));
            process.forget_inherited(fd);
            from = fd + 1;
        }
    }
    let mut from = first;
    loop {
        let keep = c_int::try_from(from).ok().and_then(usctp_link::next_stack_descriptor).map(c_int::cast_unsigned);
        match keep.filter(|keep| *keep <= last) {
            None => return raw_close_range(from, last, flags).map(|()| 0),
            Some(keep) => {
                if keep > from {
                    raw_close_range(from, keep - 1, flags)?;
                }
                if keep == last {
                    return Ok(0);
                }
                from = keep + 1;
            }
        }
    }
}

fn enter(
    process: &Process,
    new: c_int,
    description: Option<&Arc<Description>>,
    close_on_exec: bool,
) -> Result<(), Errno> {
    match description {
        Some(description) => {
            process.forget_inherited(new);
            process.table().share(new, description, close_on_exec).inspect_err(|_| close_kernel(new))
        }
        None => {
            drop(process.table().remove(new));
            process.share_inherited(new);
            Ok(())
        }
    }
}

/// Closes the kernel's descriptor. An error cannot be acted on.
pub(crate) fn close_kernel(fd: c_int) {
    // SAFETY: the number is the program's, which wants it closed; nothing of ours holds on to it.
    unsafe { rustix::io::close(fd) };
}

pub(crate) fn raw_dup3(old: c_int, new: c_int, flags: DupFlags) -> Result<(), Errno> {
    // SAFETY: three integers; what `new` was is closed, as the program wants.
    let result = unsafe { libc::syscall(libc::SYS_dup3, old, new, flags.bits()) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

fn raw_close_range(first: c_uint, last: c_uint, flags: c_int) -> Result<(), Errno> {
    // SAFETY: three integers; what is closed is what the program wants closed.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

pub(crate) fn last_error() -> Errno {
    Errno::from_raw_os_error(crate::errno::errno())
}

const CREATION_FLAGS: c_int = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_takes_for_sctp_is_ours_and_nothing_else() {
        let ours = |domain, kind, protocol| Wanted::from_arguments(domain, kind, protocol).is_some();
        assert!(ours(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_SCTP));
        assert!(ours(libc::AF_INET6, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, libc::IPPROTO_SCTP));
        assert!(ours(libc::AF_INET, libc::SOCK_SEQPACKET | libc::SOCK_NONBLOCK, 0));
        assert!(!ours(libc::AF_INET, libc::SOCK_STREAM, 0));
        assert!(!ours(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_SCTP));
        assert!(!ours(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_SCTP));
        assert!(!ours(libc::AF_UNIX, libc::SOCK_SEQPACKET, 0));
        assert!(!ours(libc::AF_INET, libc::SOCK_STREAM | 0x100, libc::IPPROTO_SCTP));
    }
}
