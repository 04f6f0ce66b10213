//! fcntl and ioctl.

use std::{os::fd::AsRawFd, sync::Arc};

use libc::{c_int, c_long, c_ulong};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType},
};
use usctp_link::StackFd;

use super::{
    open::{duplicate, last_error},
    outcome,
};
use crate::{descriptor::Description, memory::Checked, process::Process};

/// fcntl(2). O_NONBLOCK is the description's and FD_CLOEXEC the number's; everything else is the business of the kernel's
/// descriptor: owner and signal, locks. That descriptor itself never blocks and is always close-on-exec.
///
/// # Errors
///
/// As fcntl(2).
pub fn fcntl(
    process: &Process,
    fd: c_int,
    socket: &Arc<Description>,
    operation: c_int,
    argument: usize,
) -> Result<c_int, Errno> {
    match operation {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => {
            let lowest = argument as c_int;
            duplicate(process, fd, Some(socket), lowest, operation == libc::F_DUPFD_CLOEXEC)
        }
        libc::F_GETFD => Ok(if process.table().is_close_on_exec(fd) { libc::FD_CLOEXEC } else { 0 }),
        libc::F_SETFD => {
            process.table().set_close_on_exec(fd, argument as c_int & libc::FD_CLOEXEC != 0);
            Ok(0)
        }
        libc::F_GETFL => {
            let flags = raw_fcntl(fd, operation, 0)?;
            let nonblocking = if socket.is_nonblocking() { libc::O_NONBLOCK } else { 0 };
            Ok(flags & !libc::O_NONBLOCK | nonblocking)
        }
        libc::F_SETFL => {
            let flags = argument as c_int;
            raw_fcntl(fd, operation, (flags | libc::O_NONBLOCK) as usize)?;
            socket.set_nonblocking(flags & libc::O_NONBLOCK != 0);
            Ok(0)
        }
        _ => raw_fcntl(fd, operation, argument),
    }
}

/// ioctl(2). What asks about interfaces is answered by a kernel socket of the Internet family, as any such socket would.
///
/// # Errors
///
/// As ioctl(2).
pub fn ioctl(
    process: &Process,
    fd: c_int,
    socket: &Description,
    request: c_ulong,
    argument: usize,
) -> Result<c_int, Errno> {
    // Programs pass negative ints for some requests: only the lower half counts.
    match request & 0xffff_ffff {
        libc::FIONBIO => {
            let on = Checked::new().read(argument as *const Int)?;
            socket.set_nonblocking(on.ssb_adaptation_ind != 0);
            Ok(0)
        }
        libc::FIONREAD => {
            let octets = outcome(socket.socket.readable_octets())?;
            let octets = Int { ssb_adaptation_ind: u32::try_from(octets).unwrap_or(u32::MAX) };
            Checked::new().write(argument as *mut Int, octets)?;
            Ok(0)
        }
        libc::FIOCLEX | libc::FIONCLEX => {
            process.table().set_close_on_exec(fd, request & 0xffff_ffff == libc::FIOCLEX);
            Ok(0)
        }
        libc::TIOCOUTQ => Err(Errno::NOTTY),
        INTERFACES_FIRST..=INTERFACES_LAST => {
            let inet = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
            let inet = StackFd::hide(inet)?;
            raw_ioctl(inet.as_raw_fd(), request, argument)
        }
        _ => raw_ioctl(fd, request, argument),
    }
}

/// fcntl as a system call: libc's name is taken over.
///
/// # Errors
///
/// As fcntl(2).
pub fn raw_fcntl(fd: c_int, operation: c_int, argument: usize) -> Result<c_int, Errno> {
    // SAFETY: the kernel checks the argument, pointer or not.
    let result = unsafe { libc::syscall(libc::SYS_fcntl, c_long::from(fd), c_long::from(operation), argument) };
    if result < 0 { Err(last_error()) } else { Ok(result as c_int) }
}

fn raw_ioctl(fd: c_int, request: c_ulong, argument: usize) -> Result<c_int, Errno> {
    // SAFETY: the kernel checks the argument, pointer or not.
    let result = unsafe { libc::syscall(libc::SYS_ioctl, c_long::from(fd), request, argument) };
    if result < 0 { Err(last_error()) } else { Ok(result as c_int) }
}

/// A structure of one `int`.
type Int = crate::abi::layout::SetAdaptation;

/// SIOCADDRT to the last that Linux has for interfaces and routes.
const INTERFACES_FIRST: c_ulong = 0x890b;
const INTERFACES_LAST: c_ulong = 0x89ff;
