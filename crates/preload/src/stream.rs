//! fdopen and dprintf on an SCTP socket.
//!
//! libc's own would use its inner `read` and `write`, which no one can take over, on the descriptor behind. So `fdopen`
//! makes a stream of functions that come back here, and `dprintf` formats first and sends the result as one message.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, or to `calls`, which looks at memory before it touches it.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::ptr;

use libc::{FILE, c_char, c_int, c_void, size_t, ssize_t};
use usctp_capi::{calls::data, errno::set_errno, process::Owner};

use crate::{
    data::{read, write},
    hook::{inherited, inside, whose},
    next::Next,
    open::close,
};

/// A C `va_list` as a function receives it.
type VaList = *mut c_void;

#[repr(C)]
#[derive(Clone, Copy)]
struct Functions {
    read: unsafe extern "C-unwind" fn(*mut c_void, *mut c_char, size_t) -> ssize_t,
    write: unsafe extern "C-unwind" fn(*mut c_void, *const c_char, size_t) -> ssize_t,
    seek: Option<unsafe extern "C-unwind" fn(*mut c_void, *mut i64, c_int) -> c_int>,
    close: unsafe extern "C-unwind" fn(*mut c_void) -> c_int,
}

/// How glibc's `FILE` begins: fixed, because programs were once compiled with its macros.
#[repr(C)]
struct StreamHead {
    flags: c_int,
    pointers: [*mut c_void; 13],
    number: c_int,
}

/// What `fopencookie` says in place of a descriptor's number.
const NO_NUMBER: c_int = -2;

unsafe extern "C" {
    fn fopencookie(cookie: *mut c_void, mode: *const c_char, functions: Functions) -> *mut FILE;
    fn vasprintf(text: *mut *mut c_char, format: *const c_char, arguments: VaList) -> c_int;
    fn __vasprintf_chk(text: *mut *mut c_char, flag: c_int, format: *const c_char, arguments: VaList) -> c_int;
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE {
    match whose(fd) {
        Owner::Other => {
            static NEXT: Next<unsafe extern "C-unwind" fn(c_int, *const c_char) -> *mut FILE> = Next::new(c"fdopen");
            match NEXT.get() {
                Some(next) => unsafe { next(fd, mode) },
                None => failed(libc::ENOSYS),
            }
        }
        Owner::Inherited => {
            let _: c_int = inherited();
            ptr::null_mut()
        }
        Owner::Ours(_) => {
            let functions =
                Functions { read: read_stream, write: write_stream, seek: Some(seek_stream), close: close_stream };
            // The cookie is the number itself.
            let stream = unsafe { fopencookie(ptr::without_provenance_mut(fd as usize), mode, functions) };
            // For `fileno`. Nothing else looks at it in a stream of functions.
            if let Some(head) = unsafe { stream.cast::<StreamHead>().as_mut() }
                && head.number == NO_NUMBER
            {
                head.number = fd;
            }
            stream
        }
    }
}

unsafe extern "C-unwind" fn read_stream(cookie: *mut c_void, buffer: *mut c_char, len: size_t) -> ssize_t {
    unsafe { read(cookie.addr() as c_int, buffer.cast(), len) }
}

/// A stream's buffer is one message. Here, unlike in `write`, failure is 0.
unsafe extern "C-unwind" fn write_stream(cookie: *mut c_void, data: *const c_char, len: size_t) -> ssize_t {
    unsafe { write(cookie.addr() as c_int, data.cast(), len) }.max(0)
}

/// A socket has no places.
unsafe extern "C-unwind" fn seek_stream(_cookie: *mut c_void, _offset: *mut i64, _from: c_int) -> c_int {
    set_errno(libc::ESPIPE);
    -1
}

unsafe extern "C-unwind" fn close_stream(cookie: *mut c_void) -> c_int {
    unsafe { close(cookie.addr() as c_int) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vdprintf(fd: c_int, format: *const c_char, arguments: VaList) -> c_int {
    match whose(fd) {
        Owner::Other => {
            static NEXT: Next<unsafe extern "C-unwind" fn(c_int, *const c_char, VaList) -> c_int> =
                Next::new(c"vdprintf");
            match NEXT.get() {
                Some(next) => unsafe { next(fd, format, arguments) },
                None => refused(),
            }
        }
        Owner::Inherited => inherited(),
        Owner::Ours(socket) => {
            let mut text = ptr::null_mut();
            let len = unsafe { vasprintf(&raw mut text, format, arguments) };
            send_text(&socket, text, len)
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __vdprintf_chk(
    fd: c_int,
    flag: c_int,
    format: *const c_char,
    arguments: VaList,
) -> c_int {
    match whose(fd) {
        Owner::Other => {
            type Function = unsafe extern "C-unwind" fn(c_int, c_int, *const c_char, VaList) -> c_int;
            static NEXT: Next<Function> = Next::new(c"__vdprintf_chk");
            match NEXT.get() {
                Some(next) => unsafe { next(fd, flag, format, arguments) },
                None => refused(),
            }
        }
        Owner::Inherited => inherited(),
        Owner::Ours(socket) => {
            let mut text = ptr::null_mut();
            let len = unsafe { __vasprintf_chk(&raw mut text, flag, format, arguments) };
            send_text(&socket, text, len)
        }
    }
}

fn send_text(socket: &usctp_capi::descriptor::Description, text: *mut c_char, len: c_int) -> c_int {
    let Ok(octets) = size_t::try_from(len) else { return -1 };
    let sent: ssize_t = inside(|| unsafe { data::write(socket, text.cast(), octets) });
    unsafe { libc::free(text.cast()) };
    if sent < 0 { -1 } else { len }
}

fn failed(errno: c_int) -> *mut FILE {
    set_errno(errno);
    ptr::null_mut()
}

fn refused() -> c_int {
    set_errno(libc::ENOSYS);
    -1
}
