//! `hook!`: a name of libc, taken over.

use std::sync::atomic::{AtomicU64, Ordering};

use libc::c_int;
use usctp_capi::{
    errno::{self, Return, guard, set_errno},
    process::{self, Owner},
};

use crate::signal;

/// Defines a function with the name of one of libc's whose first argument is a descriptor.
///
/// `cancellable` makes it a cancellation point. For an SCTP socket the expression after `=>` answers, with the socket's description as `$socket`; for other
/// descriptors the next function of that name, or the system call where there is none.
macro_rules! hook {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($fd:ident: c_int $(, $arg:ident: $ty:ty)* $(,)?) -> $ret:ty
            = $call:expr $(, $cancellable:ident)?; |$socket:ident| $answer:expr
    )*) => {$(
        $(#[$meta])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name($fd: libc::c_int $(, $arg: $ty)*) -> $ret {
            $crate::hook::around!($($cancellable)?; match $crate::hook::whose($fd) {
                usctp_capi::process::Owner::Ours($socket) => $crate::hook::inside(|| $answer),
                usctp_capi::process::Owner::Inherited => $crate::hook::inherited(),
                usctp_capi::process::Owner::Other => {
                    $crate::hook::next!($name: fn($fd: libc::c_int $(, $arg: $ty)*) -> $ret = $call)
                }
            })
        }
    )*};
}

/// A body that is a cancellation point, or one that is not.
macro_rules! around {
    (cancellable; $body:expr) => {
        $crate::cancel::point(|| $body)
    };
    (; $body:expr) => {
        $body
    };
}

/// Calls the next function of a name, or the system call where there is none.
macro_rules! next {
    ($name:ident: fn($($arg:ident: $ty:ty),*) -> $ret:ty = $call:expr) => {{
        static NEXT: $crate::next::Next<unsafe extern "C-unwind" fn($($ty),*) -> $ret> = {
            const NAME: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
                concat!(stringify!($name), "\0").as_bytes(),
            ) {
                Ok(name) => name,
                Err(_) => unreachable!(),
            };
            $crate::next::Next::new(NAME)
        };
        match NEXT.get() {
            // SAFETY: libc's function of this name and type, with the caller's arguments.
            Some(next) => unsafe { next($($arg),*) },
            // SAFETY: the kernel checks its arguments.
            None => unsafe { libc::syscall($call $(, $arg)*) as $ret },
        }
    }};
}

pub(crate) use {around, hook, next};

/// Whose descriptor a number is.
#[inline]
pub(crate) fn whose(fd: c_int) -> Owner {
    if !process::may_concern_us(fd) {
        count_reentry();
        return Owner::Other;
    }
    // Finding takes a lock for a moment.
    signal::enter();
    let owner = process::find(fd);
    signal::leave();
    owner
}

/// Runs an answer of ours: errors to errno, panics caught, and signals put off until it ends.
pub(crate) fn inside<T: Return>(answer: impl FnOnce() -> Result<T, rustix::io::Errno>) -> T {
    signal::enter();
    let result = guard(answer);
    signal::leave();
    result
}

/// The answer for a socket of the parent process.
#[cold]
pub(crate) fn inherited<T: Return>() -> T {
    let before = errno::errno();
    process::tell_inherited();
    set_errno(before);
    set_errno(libc::EOPNOTSUPP);
    T::FAILED
}

/// Counts calls that come from inside this object: there must be none, and a test asks.
#[inline]
fn count_reentry() {
    if process::current_exists() && signal::is_inside() {
        REENTRIES.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often a name taken over was called from inside this object.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn usctp_reentries() -> u64 {
    REENTRIES.load(Ordering::Relaxed)
}

static REENTRIES: AtomicU64 = AtomicU64::new(0);
