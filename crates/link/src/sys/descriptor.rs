//! Descriptors of the stack's own, kept out of the way of the program that hosts it.
//!
//! A program closes what it does not know (`closefrom` loops), counts descriptors from 3, and hands all of them to its
//! children. A [`StackFd`] is close-on-exec, has a number above the program's own limit where the hard limit allows it,
//! and is known by number, so that the C border can refuse a `close` or `dup2` of it ([`is_stack_descriptor`]).
//!
//! It is closed by a system call of its own: std's `OwnedFd` would call libc's `close`, which is the name that the
//! shared object takes over.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

/// A descriptor that belongs to the stack, not to the program. See the module.
#[derive(Debug)]
pub struct StackFd(RawFd);

impl StackFd {
    /// Moves a descriptor up and out of the way. The old number is free again afterwards, also on failure.
    pub fn hide(fd: OwnedFd) -> Result<Self, Errno> {
        let low = Lower(fd.into_raw_fd());
        // SAFETY: `low` owns the descriptor and closes it only when dropped, after this borrow.
        let borrowed = unsafe { BorrowedFd::borrow_raw(low.0) };
        let high = Lower(duplicate_high(borrowed)?.into_raw_fd());
        if !mark(high.0) {
            return Err(Errno::MFILE);
        }
        let number = high.0;
        std::mem::forget(high);
        Ok(Self(number))
    }
}

impl AsFd for StackFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open as long as `self`: nobody else closes a marked number.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

impl AsRawFd for StackFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl Drop for StackFd {
    fn drop(&mut self) {
        // After a fork the child has closed all of them at once; the number may be somebody else's by now.
        if unmark(self.0) {
            // SAFETY: owned, and unmarked exactly once.
            unsafe { rustix::io::close(self.0) };
        }
    }
}

/// Whether the number is one of the stack's own descriptors.
pub fn is_stack_descriptor(fd: RawFd) -> bool {
    slot(fd).is_some_and(|(word, bit)| MARKED[word].load(Ordering::Relaxed) & bit != 0)
}

/// The lowest of the stack's own descriptors that is not below `from`.
pub fn next_stack_descriptor(from: RawFd) -> Option<RawFd> {
    let from = usize::try_from(from).ok()?;
    let first = from / 64;
    let mut mask = !0_u64 << (from % 64);
    for (word, marks) in MARKED.iter().enumerate().skip(first) {
        let found = marks.load(Ordering::Relaxed) & mask;
        mask = !0;
        if found != 0 {
            return RawFd::try_from(word * 64 + found.trailing_zeros() as usize).ok();
        }
    }
    None
}

/// Closes all of them: for the child of a fork, which has copies and no use for them, but would keep ports and files
/// of its parent busy. Takes no lock.
pub fn close_stack_descriptors_after_fork() {
    LIMIT_IS_RAISED.store(false, Ordering::Relaxed);
    let mut from = 0;
    while let Some(fd) = next_stack_descriptor(from) {
        if unmark(fd) {
            // SAFETY: a copy that nothing in this process uses: the threads that did are gone.
            unsafe { rustix::io::close(fd) };
        }
        from = fd.saturating_add(1);
    }
}

/// A number on its way up, closed if it does not get there.
struct Lower(RawFd);

impl Drop for Lower {
    fn drop(&mut self) {
        // SAFETY: owned, never marked.
        unsafe { rustix::io::close(self.0) };
    }
}

/// RLIMIT_NOFILE; `None` where a seccomp filter forbids to ask, which rustix's function of this kind does not expect.
fn descriptor_limit() -> Option<Rlimit> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let (new, process) = (std::ptr::null::<libc::rlimit64>(), 0);
    // SAFETY: `limit` is the system call's structure.
    let result = unsafe { libc::syscall(libc::SYS_prlimit64, process, libc::RLIMIT_NOFILE, new, &raw mut limit) };
    let number = |value| (value != libc::RLIM64_INFINITY).then_some(value);
    (result == 0).then(|| Rlimit { current: number(limit.rlim_cur), maximum: number(limit.rlim_max) })
}

/// Duplicates to a number that the program cannot get by opening files: above its soft limit, raised for this moment.
fn duplicate_high(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let Some(limit) = descriptor_limit() else {
        // Kept from asking: anywhere, then.
        return rustix::io::fcntl_dupfd_cloexec(fd, 3);
    };
    let soft = limit.current.unwrap_or(u64::MAX).min(NUMBERS as u64);
    let base = soft.min(HIGHEST_BASE);
    if base < soft {
        return rustix::io::fcntl_dupfd_cloexec(fd, base as RawFd);
    }
    let raised = match limit.maximum {
        Some(hard) => hard.min(NUMBERS as u64),
        None => NUMBERS as u64,
    };
    if raised <= soft || LIMIT_IS_RAISED.swap(true, Ordering::Acquire) {
        // No room above, or another thread is at it: the upper quarter, then anywhere.
        return rustix::io::fcntl_dupfd_cloexec(fd, (soft - soft / 4) as RawFd)
            .or_else(|_| rustix::io::fcntl_dupfd_cloexec(fd, 3));
    }
    let higher = Rlimit { current: Some(raised), maximum: limit.maximum };
    let result = match setrlimit(Resource::Nofile, higher) {
        Ok(()) => {
            let result = rustix::io::fcntl_dupfd_cloexec(fd, base as RawFd);
            let _ = setrlimit(Resource::Nofile, limit);
            result
        }
        Err(_) => rustix::io::fcntl_dupfd_cloexec(fd, (soft - soft / 4) as RawFd),
    };
    LIMIT_IS_RAISED.store(false, Ordering::Release);
    result
}

fn mark(fd: RawFd) -> bool {
    let slot = slot(fd);
    if let Some((word, bit)) = slot {
        MARKED[word].fetch_or(bit, Ordering::Relaxed);
    }
    slot.is_some()
}

/// Takes the mark away; says whether it was there.
fn unmark(fd: RawFd) -> bool {
    slot(fd).is_some_and(|(word, bit)| MARKED[word].fetch_and(!bit, Ordering::Relaxed) & bit != 0)
}

fn slot(fd: RawFd) -> Option<(usize, u64)> {
    let fd = usize::try_from(fd).ok().filter(|fd| *fd < NUMBERS)?;
    Some((fd / 64, 1 << (fd % 64)))
}

/// Descriptor numbers that can be known: Linux's own default for the hard limit (`fs.nr_open`).
const NUMBERS: usize = 1 << 20;
/// Not higher even where the limit is: the kernel's table grows with the highest number.
const HIGHEST_BASE: u64 = 8192;

/// One bit per number. Lies in zeroed memory that costs nothing until it is touched.
static MARKED: [AtomicU64; NUMBERS / 64] = [const { AtomicU64::new(0) }; NUMBERS / 64];
static LIMIT_IS_RAISED: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_descriptor_is_known_high_and_close_on_exec_until_dropped() {
        let (one, _other) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::DGRAM,
            rustix::net::SocketFlags::empty(),
            None,
        )
        .expect("a socket pair");
        let hidden = StackFd::hide(one).expect("a high number");
        let number = hidden.as_raw_fd();
        assert!(number >= 256, "{number} is among the program's own numbers");
        assert!(is_stack_descriptor(number));
        assert_eq!(next_stack_descriptor(number), Some(number));
        let flags = rustix::io::fcntl_getfd(&hidden).expect("flags");
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        drop(hidden);
        assert!(!is_stack_descriptor(number));
    }

    #[test]
    fn numbers_outside_the_table_are_nobodys() {
        assert!(!is_stack_descriptor(-1));
        assert!(!is_stack_descriptor(RawFd::MAX));
        assert_eq!(next_stack_descriptor(-5), None);
    }
}
