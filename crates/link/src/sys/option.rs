//! Socket options by level and number.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use super::answer;

/// Sets an option of any layout.
pub(crate) fn set(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads `value.len()` octets at `value` and keeps no pointer to them; no option that this crate
    // sets through here holds a pointer (the filter has a function of its own).
    let answered = unsafe {
        libc::syscall(libc::SYS_setsockopt, fd.as_raw_fd(), level, name, value.as_ptr(), value.len() as libc::c_uint)
    };
    answer(answered).map(drop)
}

/// Sets an `int` option.
pub(crate) fn set_int(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> Result<(), Errno> {
    set(fd, level, name, &value.to_ne_bytes())
}

/// Reads an `int` option.
pub(crate) fn int(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<i32, Errno> {
    let mut value: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: both pointers are to locals of the size that `len` says.
    let answered =
        unsafe { libc::syscall(libc::SYS_getsockopt, fd.as_raw_fd(), level, name, &raw mut value, &raw mut len) };
    answer(answered).map(|_| value)
}

/// One instruction of a classic socket filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub(crate) struct Instruction {
    pub(crate) code: u16,
    pub(crate) jump_true: u8,
    pub(crate) jump_false: u8,
    pub(crate) operand: u32,
}

/// Attaches a filter; one that is there is replaced at once, without a gap.
pub(crate) fn attach_filter(fd: BorrowedFd<'_>, program: &[Instruction]) -> Result<(), Errno> {
    let len = libc::c_ushort::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: `Instruction` has the layout of `sock_filter`; the kernel copies the program and does not write to it.
    let answered = unsafe {
        libc::syscall(
            libc::SYS_setsockopt,
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            &raw const program,
            size_of::<libc::sock_fprog>() as libc::c_uint,
        )
    };
    answer(answered).map(drop)
}

const _: () = assert!(size_of::<Instruction>() == size_of::<libc::sock_filter>());
const _: () = assert!(align_of::<Instruction>() >= align_of::<libc::sock_filter>());
