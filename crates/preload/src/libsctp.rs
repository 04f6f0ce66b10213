//! The functions of libsctp, under the versions that programs were linked with.
//!
//! `symbols.map` declares the versions VERS_1, VERS_2 and VERS_3, and the lines of assembler below say which symbol has
//! which. `sctp_connectx` exists three times: with three arguments in VERS_1, with the id once the association stands in
//! VERS_2, with the id also while it is being set up in VERS_3, which is what new programs get.
//!
//! Functions that were `int` in one header and `ssize_t` in another return a full register: it serves callers of both.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to functions that look at memory before
//! they touch it.
#![allow(clippy::undocumented_unsafe_blocks, clippy::too_many_arguments)]

use libc::{c_int, c_uint, c_void, iovec, sa_family_t, size_t, sockaddr, socklen_t, ssize_t};
use usctp_capi::{
    abi::layout,
    libsctp::{self, Described, Info, InfoPlace},
};

use crate::{cancel::point, hook::inside};

std::arch::global_asm!(
    ".symver usctp_lib_bindx, sctp_bindx@@VERS_1",
    ".symver usctp_lib_connectx_1, sctp_connectx@VERS_1",
    ".symver usctp_lib_connectx_2, sctp_connectx@VERS_2",
    ".symver usctp_lib_connectx_3, sctp_connectx@@VERS_3",
    ".symver usctp_lib_getpaddrs, sctp_getpaddrs@@VERS_1",
    ".symver usctp_lib_freepaddrs, sctp_freepaddrs@@VERS_1",
    ".symver usctp_lib_getladdrs, sctp_getladdrs@@VERS_1",
    ".symver usctp_lib_freeladdrs, sctp_freeladdrs@@VERS_1",
    ".symver usctp_lib_getaddrlen, sctp_getaddrlen@@VERS_1",
    ".symver usctp_lib_opt_info, sctp_opt_info@@VERS_1",
    ".symver usctp_lib_peeloff, sctp_peeloff@@VERS_1",
    ".symver usctp_lib_peeloff_flags, sctp_peeloff_flags@@VERS_1",
    ".symver usctp_lib_getassocid, sctp_getassocid@@VERS_1",
    ".symver usctp_lib_sendmsg, sctp_sendmsg@@VERS_1",
    ".symver usctp_lib_sendmsgx, sctp_sendmsgx@@VERS_1",
    ".symver usctp_lib_send, sctp_send@@VERS_1",
    ".symver usctp_lib_sendx, sctp_sendx@@VERS_1",
    ".symver usctp_lib_sendv, sctp_sendv@@VERS_1",
    ".symver usctp_lib_recvmsg, sctp_recvmsg@@VERS_1",
    ".symver usctp_lib_recvv, sctp_recvv@@VERS_1",
);

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_bindx(
    fd: c_int,
    addresses: *const sockaddr,
    number: c_int,
    flags: c_int,
) -> c_int {
    inside(|| unsafe { libsctp::bindx(fd, addresses, number, flags) })
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_connectx_1(fd: c_int, addresses: *const sockaddr, number: c_int) -> c_int {
    point(|| inside(|| unsafe { libsctp::connectx_of_version_1(fd, addresses, number) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_connectx_2(
    fd: c_int,
    addresses: *const sockaddr,
    number: c_int,
    id: *mut i32,
) -> c_int {
    point(|| inside(|| unsafe { libsctp::connectx_of_version_2(fd, addresses, number, id) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_connectx_3(
    fd: c_int,
    addresses: *const sockaddr,
    number: c_int,
    id: *mut i32,
) -> c_int {
    point(|| inside(|| unsafe { libsctp::connectx(fd, addresses, number, id) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_getpaddrs(fd: c_int, id: i32, addresses: *mut *mut sockaddr) -> c_int {
    inside(|| unsafe { libsctp::getpaddrs(fd, id, addresses) })
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_freepaddrs(addresses: *mut sockaddr) -> c_int {
    unsafe { libsctp::freeaddrs(addresses) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_getladdrs(fd: c_int, id: i32, addresses: *mut *mut sockaddr) -> c_int {
    inside(|| unsafe { libsctp::getladdrs(fd, id, addresses) })
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_freeladdrs(addresses: *mut sockaddr) -> c_int {
    unsafe { libsctp::freeaddrs(addresses) };
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn usctp_lib_getaddrlen(family: sa_family_t) -> c_int {
    libsctp::getaddrlen(family)
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_opt_info(
    fd: c_int,
    id: i32,
    option: c_int,
    argument: *mut c_void,
    size: *mut socklen_t,
) -> c_int {
    inside(|| unsafe { libsctp::opt_info(fd, id, option, argument, size) })
}

#[unsafe(no_mangle)]
extern "C-unwind" fn usctp_lib_peeloff(fd: c_int, id: i32) -> c_int {
    inside(|| libsctp::peeloff(fd, id))
}

#[unsafe(no_mangle)]
extern "C-unwind" fn usctp_lib_peeloff_flags(fd: c_int, id: i32, flags: c_uint) -> c_int {
    inside(|| libsctp::peeloff_flags(fd, id, flags))
}

/// An id, or 0 and errno.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_getassocid(fd: c_int, address: *const sockaddr) -> i32 {
    inside(|| unsafe { libsctp::getassocid(fd, address) }).max(0)
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_sendmsg(
    fd: c_int,
    message: *const c_void,
    len: size_t,
    to: *const sockaddr,
    to_len: socklen_t,
    ppid: u32,
    flags: u32,
    stream: u16,
    time_to_live: u32,
    context: u32,
) -> ssize_t {
    let described = Described { ppid, flags, stream, time_to_live, context };
    point(|| inside(|| unsafe { libsctp::sendmsg(fd, message, len, to, to_len, described) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_sendmsgx(
    fd: c_int,
    message: *const c_void,
    len: size_t,
    addresses: *const sockaddr,
    number: c_int,
    ppid: u32,
    flags: u32,
    stream: u16,
    time_to_live: u32,
    context: u32,
) -> ssize_t {
    let described = Described { ppid, flags, stream, time_to_live, context };
    point(|| inside(|| unsafe { libsctp::sendmsgx(fd, message, len, addresses, number, described) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_send(
    fd: c_int,
    message: *const c_void,
    len: size_t,
    info: *const layout::SndRcvInfo,
    flags: c_int,
) -> ssize_t {
    point(|| inside(|| unsafe { libsctp::send(fd, message, len, info, flags) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_sendx(
    fd: c_int,
    message: *const c_void,
    len: size_t,
    addresses: *const sockaddr,
    number: c_int,
    info: *const layout::SndRcvInfo,
    flags: c_int,
) -> ssize_t {
    point(|| inside(|| unsafe { libsctp::sendx(fd, message, len, addresses, number, info, flags) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_sendv(
    fd: c_int,
    pieces: *const iovec,
    pieces_number: c_int,
    addresses: *const sockaddr,
    number: c_int,
    info: *const c_void,
    info_len: socklen_t,
    kind: c_uint,
    flags: c_int,
) -> ssize_t {
    let info = Info { info, len: info_len, kind };
    point(|| inside(|| unsafe { libsctp::sendv(fd, pieces, pieces_number, addresses, number, info, flags) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_recvmsg(
    fd: c_int,
    message: *mut c_void,
    len: size_t,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
    info: *mut layout::SndRcvInfo,
    flags: *mut c_int,
) -> ssize_t {
    point(|| inside(|| unsafe { libsctp::recvmsg(fd, message, len, from, from_len, info, flags) }))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn usctp_lib_recvv(
    fd: c_int,
    pieces: *const iovec,
    number: c_int,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
    info: *mut c_void,
    info_len: *mut socklen_t,
    kind: *mut c_uint,
    flags: *mut c_int,
) -> ssize_t {
    let place = InfoPlace { info, len: info_len, kind };
    point(|| inside(|| unsafe { libsctp::recvv(fd, pieces, number, from, from_len, place, flags) }))
}
