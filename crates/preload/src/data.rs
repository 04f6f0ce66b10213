//! read, write, send, recv and all that reduces to them.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, to the kernel, or to `calls`, which looks at memory before it touches it.
#![allow(clippy::undocumented_unsafe_blocks)]

use libc::{
    SYS_preadv, SYS_preadv2, SYS_pwritev, SYS_pwritev2, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmmsg, SYS_recvmsg,
    SYS_sendfile, SYS_sendmmsg, SYS_sendmsg, SYS_sendto, SYS_splice, SYS_write, SYS_writev, c_int, c_uint, c_void,
    iovec, loff_t, mmsghdr, msghdr, off_t, size_t, sockaddr, socklen_t, ssize_t, timespec,
};
use rustix::io::Errno;
use usctp_capi::{
    calls::{data, rights, transfer},
    process::{self, Owner},
};

use crate::{
    cancel::point,
    hook::{hook, inherited, inside, next, whose},
    next::Next,
};

hook! {
    fn read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t = SYS_read, cancellable;
        |socket| unsafe { data::read(&socket, buffer, len) }

    fn write(fd: c_int, data: *const c_void, len: size_t) -> ssize_t = SYS_write, cancellable;
        |socket| unsafe { data::write(&socket, data, len) }

    fn readv(fd: c_int, pieces: *const iovec, number: c_int) -> ssize_t = SYS_readv, cancellable;
        |socket| unsafe { data::readv(&socket, pieces, number) }

    fn writev(fd: c_int, pieces: *const iovec, number: c_int) -> ssize_t = SYS_writev, cancellable;
        |socket| unsafe { data::writev(&socket, pieces, number) }

    fn sendto(
        fd: c_int, data: *const c_void, len: size_t, flags: c_int, address: *const sockaddr, address_len: socklen_t,
    ) -> ssize_t = SYS_sendto, cancellable;
        |socket| unsafe { data::sendto(&socket, data, len, flags, address, address_len) }

    fn sendmmsg(fd: c_int, messages: *mut mmsghdr, number: c_uint, flags: c_int) -> c_int = SYS_sendmmsg, cancellable;
        |socket| unsafe { transfer::sendmmsg(&socket, messages, number, flags) }

    fn recvfrom(
        fd: c_int, buffer: *mut c_void, len: size_t, flags: c_int, address: *mut sockaddr, address_len: *mut socklen_t,
    ) -> ssize_t = SYS_recvfrom, cancellable;
        |socket| unsafe { data::recvfrom(&socket, buffer, len, flags, address, address_len) }

    fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t = SYS_recvmsg, cancellable;
        |socket| unsafe { data::recvmsg(&socket, message, flags) }

    fn recvmmsg(
        fd: c_int, messages: *mut mmsghdr, number: c_uint, flags: c_int, limit: *mut timespec,
    ) -> c_int = SYS_recvmmsg, cancellable;
        |socket| unsafe { transfer::recvmmsg(&socket, messages, number, flags, limit) }

    // A socket has no places to read from or write to.
    fn preadv(fd: c_int, pieces: *const iovec, number: c_int, offset: off_t) -> ssize_t = SYS_preadv;
        |_socket| Err(Errno::SPIPE)

    fn preadv64(fd: c_int, pieces: *const iovec, number: c_int, offset: off_t) -> ssize_t = SYS_preadv;
        |_socket| Err(Errno::SPIPE)

    fn pwritev(fd: c_int, pieces: *const iovec, number: c_int, offset: off_t) -> ssize_t = SYS_pwritev;
        |_socket| Err(Errno::SPIPE)

    fn pwritev64(fd: c_int, pieces: *const iovec, number: c_int, offset: off_t) -> ssize_t = SYS_pwritev;
        |_socket| Err(Errno::SPIPE)
}

/// preadv2 and its kin: an offset of -1 makes them readv and writev.
macro_rules! hook_with_offset {
    ($($name:ident as $plain:ident = $call:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(
            fd: c_int,
            pieces: *const iovec,
            number: c_int,
            offset: off_t,
            flags: c_int,
        ) -> ssize_t {
            point(|| match whose(fd) {
                Owner::Ours(_) if offset != -1 => inside(|| Err(Errno::SPIPE)),
                Owner::Ours(socket) => inside(|| unsafe { data::$plain(&socket, pieces, number) }),
                Owner::Inherited => inherited(),
                Owner::Other => {
                    let result: ssize_t = next!(
                        $name: fn(fd: c_int, pieces: *const iovec, number: c_int, offset: off_t, flags: c_int) -> ssize_t
                            = $call
                    );
                    result
                }
            })
        }
    )*};
}

hook_with_offset! {
    preadv2 as readv = SYS_preadv2;
    preadv64v2 as readv = SYS_preadv2;
    pwritev2 as writev = SYS_pwritev2;
    pwritev64v2 as writev = SYS_pwritev2;
}

/// sendmsg; through a socket that is not ours it may carry descriptors that are.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    point(|| match whose(fd) {
        Owner::Ours(socket) => inside(|| unsafe { data::sendmsg(&socket, message, flags) }),
        Owner::Inherited => inherited(),
        Owner::Other => {
            let mut replaced = process::current().and_then(|process| unsafe { rights::without_ours(process, message) });
            let message = replaced.as_mut().map_or(message, |replaced| replaced.message());
            next!(sendmsg: fn(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t = SYS_sendmsg)
        }
    })
}

/// send: `sendto` without an address. Not a system call of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn send(fd: c_int, data: *const c_void, len: size_t, flags: c_int) -> ssize_t {
    point(|| {
        let (none, none_len): (*const sockaddr, socklen_t) = (std::ptr::null(), 0);
        match whose(fd) {
            Owner::Ours(socket) => inside(|| unsafe { data::sendto(&socket, data, len, flags, none, none_len) }),
            Owner::Inherited => inherited(),
            Owner::Other => {
                static NEXT: Next<unsafe extern "C-unwind" fn(c_int, *const c_void, size_t, c_int) -> ssize_t> =
                    Next::new(c"send");
                match NEXT.get() {
                    Some(next) => unsafe { next(fd, data, len, flags) },
                    None => unsafe { libc::syscall(SYS_sendto, fd, data, len, flags, none, none_len) as ssize_t },
                }
            }
        }
    })
}

/// recv: `recvfrom` without an address. Not a system call of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn recv(fd: c_int, buffer: *mut c_void, len: size_t, flags: c_int) -> ssize_t {
    point(|| {
        let (none, none_len): (*mut sockaddr, *mut socklen_t) = (std::ptr::null_mut(), std::ptr::null_mut());
        match whose(fd) {
            Owner::Ours(socket) => inside(|| unsafe { data::recvfrom(&socket, buffer, len, flags, none, none_len) }),
            Owner::Inherited => inherited(),
            Owner::Other => {
                static NEXT: Next<unsafe extern "C-unwind" fn(c_int, *mut c_void, size_t, c_int) -> ssize_t> =
                    Next::new(c"recv");
                match NEXT.get() {
                    Some(next) => unsafe { next(fd, buffer, len, flags) },
                    None => unsafe { libc::syscall(SYS_recvfrom, fd, buffer, len, flags, none, none_len) as ssize_t },
                }
            }
        }
    })
}

/// The checked forms that `_FORTIFY_SOURCE` makes: the buffer's real size is known, and asking for more ends the program.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __read_chk(fd: c_int, buffer: *mut c_void, len: size_t, size: size_t) -> ssize_t {
    fits(len, size);
    unsafe { read(fd, buffer, len) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __recv_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    size: size_t,
    flags: c_int,
) -> ssize_t {
    fits(len, size);
    unsafe { recv(fd, buffer, len, flags) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __recvfrom_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    size: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_len: *mut socklen_t,
) -> ssize_t {
    fits(len, size);
    unsafe { recvfrom(fd, buffer, len, flags, address, address_len) }
}

fn fits(len: size_t, size: size_t) {
    unsafe extern "C" {
        fn __chk_fail() -> !;
    }
    if len > size {
        unsafe { __chk_fail() }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn sendfile(out: c_int, from: c_int, offset: *mut loff_t, count: size_t) -> ssize_t {
    point(|| {
        match (whose(out), whose(from)) {
            (Owner::Inherited, _) | (_, Owner::Inherited) => inherited(),
            // No file to take octets from.
            (_, Owner::Ours(_)) => inside(|| Err(Errno::INVAL)),
            (Owner::Ours(socket), _) => inside(|| unsafe { transfer::sendfile(&socket, from, offset, count) }),
            _ => {
                next!(sendfile: fn(out: c_int, from: c_int, offset: *mut loff_t, count: size_t) -> ssize_t = SYS_sendfile)
            }
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn sendfile64(out: c_int, from: c_int, offset: *mut loff_t, count: size_t) -> ssize_t {
    unsafe { sendfile(out, from, offset, count) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn splice(
    from: c_int,
    from_offset: *mut loff_t,
    to: c_int,
    to_offset: *mut loff_t,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    point(|| {
        match (whose(from), whose(to)) {
            (Owner::Inherited, _) | (_, Owner::Inherited) => inherited(),
            // One end must be a pipe.
            (Owner::Ours(_), Owner::Ours(_)) => inside(|| Err(Errno::INVAL)),
            (Owner::Ours(_), _) if !from_offset.is_null() => inside(|| Err(Errno::SPIPE)),
            (_, Owner::Ours(_)) if !to_offset.is_null() => inside(|| Err(Errno::SPIPE)),
            (Owner::Ours(socket), _) => inside(|| transfer::splice_from(&socket, to, count, flags)),
            (_, Owner::Ours(socket)) => inside(|| transfer::splice_to(&socket, from, count, flags)),
            _ => next!(
                splice: fn(
                    from: c_int, from_offset: *mut loff_t, to: c_int, to_offset: *mut loff_t, count: size_t, flags: c_uint
                ) -> ssize_t = SYS_splice
            ),
        }
    })
}

/// The same functions under the names that libc has for its own use, and a few programs import.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t {
    unsafe { read(fd, buffer, len) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __write(fd: c_int, data: *const c_void, len: size_t) -> ssize_t {
    unsafe { write(fd, data, len) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __send(fd: c_int, data: *const c_void, len: size_t, flags: c_int) -> ssize_t {
    unsafe { send(fd, data, len, flags) }
}
