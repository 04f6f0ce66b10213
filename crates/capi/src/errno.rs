//! Errors of the border, and the guard at it.
//!
//! Every function that C calls runs inside [`guard`]: a `Result` becomes a return value and `errno`, and a panic, which
//! must not unwind into C, becomes EIO.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::{c_int, ssize_t};
use rustix::io::Errno;

/// What a C function returns on success; `-1` stands for failure.
pub trait Return {
    /// The value that says "see errno".
    const FAILED: Self;
}

impl Return for c_int {
    const FAILED: Self = -1;
}

impl Return for ssize_t {
    const FAILED: Self = -1;
}

/// Runs `call`. On success `errno` is left as it was, as a system call leaves it.
#[inline]
pub fn guard<T: Return>(call: impl FnOnce() -> Result<T, Errno>) -> T {
    let before = errno();
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => {
            set_errno(before);
            value
        }
        Ok(Err(error)) => {
            set_errno(error.raw_os_error());
            T::FAILED
        }
        Err(_panic) => {
            set_errno(libc::EIO);
            T::FAILED
        }
    }
}

/// The calling thread's `errno`.
#[must_use]
pub fn errno() -> c_int {
    // SAFETY: libc gives every thread a valid place.
    unsafe { *libc::__errno_location() }
}

/// Sets the calling thread's `errno`.
pub fn set_errno(value: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_leaves_errno_alone() {
        set_errno(libc::EXDEV);
        assert_eq!(
            guard(|| {
                set_errno(libc::EBUSY);
                Ok::<c_int, Errno>(7)
            }),
            7
        );
        assert_eq!(errno(), libc::EXDEV);
    }

    #[test]
    fn an_error_becomes_minus_one_and_errno() {
        assert_eq!(guard(|| Err::<ssize_t, _>(Errno::NOTCONN)), -1);
        assert_eq!(errno(), libc::ENOTCONN);
    }

    #[test]
    fn a_panic_does_not_leave() {
        assert_eq!(guard(|| -> Result<c_int, Errno> { panic!("shown by the test on purpose") }), -1);
        assert_eq!(errno(), libc::EIO);
    }
}
