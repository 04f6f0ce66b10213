//! The same functions under a prefix, for programs that want no interposition: `libusctp.a` with `usctp.h`.
//!
//! They know the descriptors that they have made, and say EBADF of all others. What `exit` owes the peers is done by
//! `atexit`; fork is as with the shared object.
//!
//! SAFETY of all blocks in `prefixed!`: the caller's pointers are passed on as they came, to functions that look at memory
//! before they touch it.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use libc::{c_int, c_uint, c_ulong, c_void, iovec, msghdr, sa_family_t, sockaddr, socklen_t, ssize_t};
use rustix::io::Errno;

use crate::{
    abi::layout,
    calls::{
        data, file, name,
        open::{self, Wanted},
        option,
    },
    errno::guard,
    libsctp::{self, Described, Info, InfoPlace},
    process::{self, Owner},
};

/// The local UDP port that `usctp_init` has set; 0: none.
pub(crate) fn initial_udp_port() -> Option<u16> {
    u16::try_from(UDP_PORT.load(Ordering::Relaxed)).ok().filter(|port| *port != 0)
}

/// Whether a socket was made by a function with the prefix.
pub(crate) fn is_used() -> bool {
    IS_USED.load(Ordering::Relaxed)
}

/// Sets the local UDP port of the stack, as USCTP_UDP_PORT does. To be called before the first socket is made.
#[unsafe(no_mangle)]
pub extern "C" fn usctp_init(local_udp_port: u16) {
    UDP_PORT.store(local_udp_port.into(), Ordering::Relaxed);
}

/// As socket(2), for SCTP; EPROTONOSUPPORT for everything else.
#[unsafe(no_mangle)]
pub extern "C" fn usctp_socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    guard(|| {
        let wanted = Wanted::from_arguments(domain, kind, protocol).ok_or(Errno::PROTONOSUPPORT)?;
        if process::is_shared_memory_child() {
            return Err(Errno::OPNOTSUPP);
        }
        IS_USED.store(true, Ordering::Relaxed);
        let process = process::obtain()?;
        static AT_EXIT: AtomicBool = AtomicBool::new(false);
        if !AT_EXIT.swap(true, Ordering::Relaxed) {
            // SAFETY: a function without arguments that lasts as long as the program.
            unsafe { libc::atexit(at_exit) };
        }
        open::socket(process, wanted)
    })
}

/// As close(2).
#[unsafe(no_mangle)]
pub extern "C" fn usctp_close(fd: c_int) -> c_int {
    guard(|| match process::find(fd) {
        Owner::Other => Err(Errno::BADF),
        _ if process::is_shared_memory_child() => Err(Errno::OPNOTSUPP),
        _ => {
            open::close(process::current().ok_or(Errno::BADF)?, fd);
            Ok(0)
        }
    })
}

/// Defines a function whose first argument is a descriptor of ours.
macro_rules! prefixed {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($fd:ident $(, $arg:ident: $ty:ty)*) -> $ret:ty = |$socket:ident| $answer:expr;
    )*) => {$(
        $(#[$meta])*
        ///
        /// # Safety
        ///
        /// Pointers with their lengths, or bad pointers.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($fd: c_int $(, $arg: $ty)*) -> $ret {
            guard(|| match process::find($fd) {
                Owner::Ours($socket) => $answer,
                Owner::Inherited => {
                    process::tell_inherited();
                    Err(Errno::OPNOTSUPP)
                }
                Owner::Other => Err(Errno::BADF),
            })
        }
    )*};
}

prefixed! {
    /// As bind(2).
    fn usctp_bind(fd, address: *const sockaddr, len: socklen_t) -> c_int
        = |socket| unsafe { name::bind(&socket, address, len) };

    /// As connect(2).
    fn usctp_connect(fd, address: *const sockaddr, len: socklen_t) -> c_int
        = |socket| unsafe { name::connect(&socket, address, len) };

    /// As listen(2).
    fn usctp_listen(fd, backlog: c_int) -> c_int = |socket| name::listen(&socket, backlog);

    /// As accept(2).
    fn usctp_accept(fd, address: *mut sockaddr, len: *mut socklen_t) -> c_int
        = |socket| unsafe { open::accept(process::current().ok_or(Errno::BADF)?, fd, &socket, address, len, 0) };

    /// As accept4(2).
    fn usctp_accept4(fd, address: *mut sockaddr, len: *mut socklen_t, flags: c_int) -> c_int
        = |socket| unsafe { open::accept(process::current().ok_or(Errno::BADF)?, fd, &socket, address, len, flags) };

    /// As getsockname(2).
    fn usctp_getsockname(fd, address: *mut sockaddr, len: *mut socklen_t) -> c_int
        = |socket| unsafe { name::getsockname(&socket, address, len) };

    /// As getpeername(2).
    fn usctp_getpeername(fd, address: *mut sockaddr, len: *mut socklen_t) -> c_int
        = |socket| unsafe { name::getpeername(&socket, address, len) };

    /// As shutdown(2).
    fn usctp_shutdown(fd, how: c_int) -> c_int = |socket| name::shutdown(&socket, how);

    /// As setsockopt(2).
    fn usctp_setsockopt(fd, level: c_int, name: c_int, value: *const c_void, len: socklen_t) -> c_int
        = |socket| unsafe { option::setsockopt(&socket, level, name, value, len) };

    /// As getsockopt(2).
    fn usctp_getsockopt(fd, level: c_int, name: c_int, value: *mut c_void, len: *mut socklen_t) -> c_int
        = |socket| unsafe {
            option::getsockopt(process::current().ok_or(Errno::BADF)?, &socket, level, name, value, len)
        };

    /// As fcntl(2).
    fn usctp_fcntl(fd, operation: c_int, argument: usize) -> c_int
        = |socket| file::fcntl(process::current().ok_or(Errno::BADF)?, fd, &socket, operation, argument);

    /// As ioctl(2).
    fn usctp_ioctl(fd, request: c_ulong, argument: usize) -> c_int
        = |socket| file::ioctl(process::current().ok_or(Errno::BADF)?, fd, &socket, request, argument);

    /// As read(2).
    fn usctp_read(fd, buffer: *mut c_void, len: usize) -> ssize_t
        = |socket| unsafe { data::read(&socket, buffer, len) };

    /// As write(2).
    fn usctp_write(fd, octets: *const c_void, len: usize) -> ssize_t
        = |socket| unsafe { data::write(&socket, octets, len) };

    /// As readv(2).
    fn usctp_readv(fd, pieces: *const iovec, number: c_int) -> ssize_t
        = |socket| unsafe { data::readv(&socket, pieces, number) };

    /// As writev(2).
    fn usctp_writev(fd, pieces: *const iovec, number: c_int) -> ssize_t
        = |socket| unsafe { data::writev(&socket, pieces, number) };

    /// As send(2).
    fn usctp_send(fd, octets: *const c_void, len: usize, flags: c_int) -> ssize_t
        = |socket| unsafe { data::sendto(&socket, octets, len, flags, std::ptr::null(), 0) };

    /// As sendto(2).
    fn usctp_sendto(
        fd, octets: *const c_void, len: usize, flags: c_int, to: *const sockaddr, to_len: socklen_t
    ) -> ssize_t = |socket| unsafe { data::sendto(&socket, octets, len, flags, to, to_len) };

    /// As sendmsg(2).
    fn usctp_sendmsg(fd, message: *const msghdr, flags: c_int) -> ssize_t
        = |socket| unsafe { data::sendmsg(&socket, message, flags) };

    /// As recv(2).
    fn usctp_recv(fd, buffer: *mut c_void, len: usize, flags: c_int) -> ssize_t
        = |socket| unsafe {
            data::recvfrom(&socket, buffer, len, flags, std::ptr::null_mut(), std::ptr::null_mut())
        };

    /// As recvfrom(2).
    fn usctp_recvfrom(
        fd, buffer: *mut c_void, len: usize, flags: c_int, from: *mut sockaddr, from_len: *mut socklen_t
    ) -> ssize_t = |socket| unsafe { data::recvfrom(&socket, buffer, len, flags, from, from_len) };

    /// As recvmsg(2).
    fn usctp_recvmsg(fd, message: *mut msghdr, flags: c_int) -> ssize_t
        = |socket| unsafe { data::recvmsg(&socket, message, flags) };

    /// As sctp_bindx(3).
    fn usctp_sctp_bindx(fd, addresses: *const sockaddr, number: c_int, flags: c_int) -> c_int
        = |_socket| unsafe { libsctp::bindx(fd, addresses, number, flags) };

    /// As sctp_connectx(3).
    fn usctp_sctp_connectx(fd, addresses: *const sockaddr, number: c_int, id: *mut i32) -> c_int
        = |_socket| unsafe { libsctp::connectx(fd, addresses, number, id) };

    /// As sctp_peeloff(3).
    fn usctp_sctp_peeloff(fd, id: i32) -> c_int = |_socket| libsctp::peeloff(fd, id);

    /// As sctp_peeloff_flags.
    fn usctp_sctp_peeloff_flags(fd, id: i32, flags: c_uint) -> c_int
        = |_socket| libsctp::peeloff_flags(fd, id, flags);

    /// As sctp_opt_info(3).
    fn usctp_sctp_opt_info(fd, id: i32, option: c_int, value: *mut c_void, len: *mut socklen_t) -> c_int
        = |_socket| unsafe { libsctp::opt_info(fd, id, option, value, len) };

    /// As sctp_getpaddrs(3).
    fn usctp_sctp_getpaddrs(fd, id: i32, addresses: *mut *mut sockaddr) -> c_int
        = |_socket| unsafe { libsctp::getpaddrs(fd, id, addresses) };

    /// As sctp_getladdrs(3).
    fn usctp_sctp_getladdrs(fd, id: i32, addresses: *mut *mut sockaddr) -> c_int
        = |_socket| unsafe { libsctp::getladdrs(fd, id, addresses) };

    /// An id for an address; -1 and errno if there is none.
    fn usctp_sctp_getassocid(fd, address: *const sockaddr) -> c_int
        = |_socket| unsafe { libsctp::getassocid(fd, address) };

    /// As sctp_sendmsg(3).
    fn usctp_sctp_sendmsg(
        fd, message: *const c_void, len: usize, to: *const sockaddr, to_len: socklen_t, ppid: u32, flags: u32,
        stream: u16, time_to_live: u32, context: u32
    ) -> ssize_t = |_socket| {
        let described = Described { ppid, flags, stream, time_to_live, context };
        unsafe { libsctp::sendmsg(fd, message, len, to, to_len, described) }
    };

    /// As sctp_sendmsgx(3).
    fn usctp_sctp_sendmsgx(
        fd, message: *const c_void, len: usize, addresses: *const sockaddr, number: c_int, ppid: u32, flags: u32,
        stream: u16, time_to_live: u32, context: u32
    ) -> ssize_t = |_socket| {
        let described = Described { ppid, flags, stream, time_to_live, context };
        unsafe { libsctp::sendmsgx(fd, message, len, addresses, number, described) }
    };

    /// As sctp_send(3).
    fn usctp_sctp_send(
        fd, message: *const c_void, len: usize, info: *const layout::SndRcvInfo, flags: c_int
    ) -> ssize_t = |_socket| unsafe { libsctp::send(fd, message, len, info, flags) };

    /// As sctp_sendx.
    fn usctp_sctp_sendx(
        fd, message: *const c_void, len: usize, addresses: *const sockaddr, number: c_int,
        info: *const layout::SndRcvInfo, flags: c_int
    ) -> ssize_t = |_socket| unsafe { libsctp::sendx(fd, message, len, addresses, number, info, flags) };

    /// As sctp_sendv(3).
    fn usctp_sctp_sendv(
        fd, pieces: *const iovec, pieces_number: c_int, addresses: *const sockaddr, number: c_int,
        info: *const c_void, info_len: socklen_t, kind: c_uint, flags: c_int
    ) -> ssize_t = |_socket| {
        let info = Info { info, len: info_len, kind };
        unsafe { libsctp::sendv(fd, pieces, pieces_number, addresses, number, info, flags) }
    };

    /// As sctp_recvmsg(3).
    fn usctp_sctp_recvmsg(
        fd, message: *mut c_void, len: usize, from: *mut sockaddr, from_len: *mut socklen_t,
        info: *mut layout::SndRcvInfo, flags: *mut c_int
    ) -> ssize_t = |_socket| unsafe { libsctp::recvmsg(fd, message, len, from, from_len, info, flags) };

    /// As sctp_recvv(3).
    fn usctp_sctp_recvv(
        fd, pieces: *const iovec, number: c_int, from: *mut sockaddr, from_len: *mut socklen_t, info: *mut c_void,
        info_len: *mut socklen_t, kind: *mut c_uint, flags: *mut c_int
    ) -> ssize_t = |_socket| {
        let place = InfoPlace { info, len: info_len, kind };
        unsafe { libsctp::recvv(fd, pieces, number, from, from_len, place, flags) }
    };
}

/// Frees what `usctp_sctp_getpaddrs` or `usctp_sctp_getladdrs` gave.
///
/// # Safety
///
/// Null, or given by one of them and not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn usctp_sctp_freepaddrs(addresses: *mut sockaddr) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { libsctp::freeaddrs(addresses) };
    0
}

/// The same.
///
/// # Safety
///
/// As [`usctp_sctp_freepaddrs`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn usctp_sctp_freeladdrs(addresses: *mut sockaddr) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { usctp_sctp_freepaddrs(addresses) }
}

/// As sctp_getaddrlen(3).
#[unsafe(no_mangle)]
pub extern "C" fn usctp_sctp_getaddrlen(family: sa_family_t) -> c_int {
    libsctp::getaddrlen(family)
}

extern "C" fn at_exit() {
    let _: c_int = guard(|| {
        process::finish();
        Ok(0)
    });
}

static IS_USED: AtomicBool = AtomicBool::new(false);
static UDP_PORT: AtomicU32 = AtomicU32::new(0);
