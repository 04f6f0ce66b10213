//! bind, connect, listen, getsockname, getpeername, shutdown.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, to the kernel, or to `calls`, which looks at memory before it touches it.
#![allow(clippy::undocumented_unsafe_blocks)]

use libc::{
    SYS_bind, SYS_connect, SYS_getpeername, SYS_getsockname, SYS_listen, SYS_shutdown, c_int, sockaddr, socklen_t,
};
use usctp_capi::calls::name;

use crate::hook::hook;

hook! {
    fn bind(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int = SYS_bind;
        |socket| unsafe { name::bind(&socket, address, len) }

    fn connect(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int = SYS_connect, cancellable;
        |socket| unsafe { name::connect(&socket, address, len) }

    fn listen(fd: c_int, backlog: c_int) -> c_int = SYS_listen;
        |socket| name::listen(&socket, backlog)

    fn getsockname(fd: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int = SYS_getsockname;
        |socket| unsafe { name::getsockname(&socket, address, len) }

    fn getpeername(fd: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int = SYS_getpeername;
        |socket| unsafe { name::getpeername(&socket, address, len) }

    fn shutdown(fd: c_int, how: c_int) -> c_int = SYS_shutdown;
        |socket| name::shutdown(&socket, how)
}

/// The name that libc has for its own use.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __connect(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int {
    unsafe { connect(fd, address, len) }
}
