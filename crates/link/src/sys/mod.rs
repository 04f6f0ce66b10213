//! All unsafe code of the crate: system calls, their structures and descriptors. Safe functions out.
//!
//! Where rustix has a call it is used directly, outside of this module. Here is what it lacks: batches, control messages
//! of its unknown kinds, options by number. They are made through `syscall(2)`, which is not a name that anybody takes
//! over.
#![allow(unsafe_code)]

pub(crate) mod batch;
pub(crate) mod control;
pub(crate) mod descriptor;
pub(crate) mod option;
pub(crate) mod signals;
pub(crate) mod sockaddr;

use rustix::io::Errno;

/// What `syscall(2)` answered.
fn answer(value: libc::c_long) -> Result<usize, Errno> {
    usize::try_from(value).map_err(|_| last_errno())
}

fn last_errno() -> Errno {
    // SAFETY: libc gives the address of this thread's errno, which is always valid.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
