//! The caller's memory: looked at before it is touched.
//!
//! A kernel answers a bad pointer with EFAULT; we run in the program's own address space, where touching one is a
//! SIGSEGV. So each page is tried first by a system call that touches it for us and does nothing else:
//!
//! * reading: `rt_sigprocmask` with a `how` that does not exist reads its `set` argument, then says EINVAL;
//! * writing: `futex(FUTEX_WAKE_OP)` on a word of our own with a second word in the page in question, which it combines
//!   with 0 by OR: written atomically, left as it is.
//!
//! Either costs some tens of nanoseconds, once per page and call: [`Checked`] remembers the pages of one call. What lies on
//! the calling thread's own stack, above this very function, is mapped for certain and is not tried: the structures of a
//! call mostly are. A page that another thread unmaps in the middle of the call still ends the program; no C program can
//! rely on that.

use std::{cell::Cell, mem::size_of};

use libc::{c_int, c_long, c_void};
use rustix::io::Errno;

use crate::abi::Plain;

/// The pages that one call has tried already.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    readable: Recent,
    writable: Recent,
}

impl Checked {
    /// Nothing tried yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Says EFAULT unless `len` octets at `start` can be read.
    #[inline]
    pub(crate) fn can_read(&mut self, start: *const u8, len: usize) -> Result<(), Errno> {
        each_page(start, len, &mut self.readable, page_is_readable)
    }

    /// Says EFAULT unless `len` octets at `start` can be written.
    #[inline]
    pub(crate) fn can_write(&mut self, start: *mut u8, len: usize) -> Result<(), Errno> {
        each_page(start, len, &mut self.writable, page_is_writable)
    }

    /// The octets at `start`.
    ///
    /// # Safety
    ///
    /// Nobody changes or unmaps them during `'a`, which must not outlast the call.
    pub(crate) unsafe fn slice<'a>(&mut self, start: *const u8, len: usize) -> Result<&'a [u8], Errno> {
        if len == 0 {
            return Ok(&[]);
        }
        if len > MOST_OCTETS {
            return Err(Errno::INVAL);
        }
        self.can_read(start, len)?;
        // SAFETY: readable (tried above), not null, and the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts(start, len) })
    }

    /// The value at `start`, which need not be aligned.
    pub(crate) fn read<T: Plain>(&mut self, start: *const T) -> Result<T, Errno> {
        self.can_read(start.cast(), size_of::<T>())?;
        // SAFETY: readable (tried above), and any octets are a value.
        Ok(unsafe { start.read_unaligned() })
    }

    /// A value to `start`, which need not be aligned.
    pub(crate) fn write<T: Plain>(&mut self, start: *mut T, value: T) -> Result<(), Errno> {
        self.can_write(start.cast(), size_of::<T>())?;
        // SAFETY: writable (tried above).
        unsafe { start.write_unaligned(value) };
        Ok(())
    }

    /// A copy of the octets at `start`, at most `limit` of them.
    pub(crate) fn copy_in(&mut self, start: *const u8, len: usize, limit: usize) -> Result<Vec<u8>, Errno> {
        if len > limit {
            return Err(Errno::INVAL);
        }
        // SAFETY: copied at once.
        Ok(unsafe { self.slice(start, len) }?.to_vec())
    }

    /// As much of `octets` as `room` holds, to `start`.
    pub(crate) fn copy_out(&mut self, octets: &[u8], start: *mut u8, room: usize) -> Result<(), Errno> {
        let len = octets.len().min(room);
        self.can_write(start, len)?;
        // SAFETY: writable (tried above); `octets` is ours and not there.
        unsafe { std::ptr::copy_nonoverlapping(octets.as_ptr(), start, len) };
        Ok(())
    }
}

/// A few pages that were tried, the latest last. A message and its parts rarely touch more.
#[derive(Debug, Default)]
struct Recent {
    pages: [usize; 4],
    next: usize,
}

impl Recent {
    fn holds(&self, page: usize) -> bool {
        self.pages.contains(&page)
    }

    fn remember(&mut self, page: usize) {
        self.pages[self.next % self.pages.len()] = page;
        self.next += 1;
    }
}

fn each_page(start: *const u8, len: usize, tried: &mut Recent, can: fn(usize) -> bool) -> Result<(), Errno> {
    if len == 0 {
        return Ok(());
    }
    let first = start.addr();
    let last = first.checked_add(len - 1).ok_or(Errno::FAULT)?;
    // The page at 0 is nobody's; `Recent` uses it as its empty value.
    if first < PAGE {
        return Err(Errno::FAULT);
    }
    if is_on_own_stack(first, last) {
        return Ok(());
    }
    let mut page = first & !(PAGE - 1);
    loop {
        if !tried.holds(page) {
            if !can(page) {
                return Err(Errno::FAULT);
            }
            tried.remember(page);
        }
        if last - page < PAGE {
            return Ok(());
        }
        page += PAGE;
    }
}

/// Whether the octets from `first` to `last` lie in the frames of this thread's callers.
///
/// A thread that runs on a stack of its own making (a coroutine, a signal's alternate stack) is outside the one that libc
/// knows of, and gets no shortcut.
fn is_on_own_stack(first: usize, last: usize) -> bool {
    let here = (&raw const first).addr();
    let (bottom, top) = match STACK.get() {
        UNKNOWN => find_stack(),
        known => known,
    };
    (bottom..top).contains(&here) && first >= here && last < top
}

#[cold]
fn find_stack() -> (usize, usize) {
    let mut stack = NO_STACK;
    // SAFETY: libc fills the attributes of the calling thread, which are asked and let go.
    unsafe {
        let mut attributes = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) == 0 {
            let (mut start, mut size) = (std::ptr::null_mut(), 0);
            if libc::pthread_attr_getstack(&raw const attributes, &raw mut start, &raw mut size) == 0 {
                stack = (start.addr(), start.addr() + size);
            }
            libc::pthread_attr_destroy(&raw mut attributes);
        }
    }
    STACK.set(stack);
    stack
}

fn page_is_readable(page: usize) -> bool {
    const NO_SUCH_HOW: c_long = -1;
    const NO_OLD_SET: usize = 0;
    const SET_OCTETS: usize = 8;
    // SAFETY: the kernel reads 8 octets at `page`, if it can, and refuses `how`.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, NO_SUCH_HOW, page, NO_OLD_SET, SET_OCTETS) };
    crate::errno::errno() != libc::EFAULT
}

fn page_is_writable(page: usize) -> bool {
    /// FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, -2048): OR with 0; the comparison that wakes nobody of interest.
    const OR_WITH_ZERO: u32 = (libc::FUTEX_OP_OR as u32) << 28 | (libc::FUTEX_OP_CMP_LT as u32) << 24 | 0x800;
    static OWN: u32 = 0;
    let none: c_long = 0;
    let operation: c_int = libc::FUTEX_WAKE_OP | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: nobody waits on `OWN`; the word at `page` is written, if it can be, with the value that it has.
    let result = unsafe {
        libc::syscall(libc::SYS_futex, &raw const OWN, operation, none, none, page as *mut c_void, OR_WITH_ZERO)
    };
    result >= 0 || crate::errno::errno() != libc::EFAULT
}

thread_local! {
    /// Where this thread's stack begins and ends.
    static STACK: Cell<(usize, usize)> = const { Cell::new(UNKNOWN) };
}

const UNKNOWN: (usize, usize) = (0, 0);
const NO_STACK: (usize, usize) = (1, 1);

/// The smallest page there is; larger ones are tried more than once.
const PAGE: usize = 4096;
/// What Linux moves in one call at most (MAX_RW_COUNT).
const MOST_OCTETS: usize = 0x7fff_f000;

#[cfg(test)]
mod tests {
    use super::*;

    struct Mapping(*mut u8, usize);

    impl Mapping {
        fn new(pages: usize, protection: c_int) -> Self {
            let len = pages * PAGE;
            // SAFETY: a fresh anonymous mapping.
            let start = unsafe {
                libc::mmap(std::ptr::null_mut(), len, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
            };
            assert_ne!(start, libc::MAP_FAILED);
            Self(start.cast(), len)
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: mapped by us.
            unsafe { libc::munmap(self.0.cast(), self.1) };
        }
    }

    #[test]
    fn null_and_unmapped_and_kernel_addresses_are_faults() {
        let mut checked = Checked::new();
        for address in [0_usize, 1, 4095, 8192, usize::MAX - 4, 0xffff_8000_0000_0000, 1 << 60] {
            let pointer = address as *mut u8;
            assert_eq!(checked.can_read(pointer, 8), Err(Errno::FAULT), "{address:#x}");
            assert_eq!(checked.can_write(pointer, 8), Err(Errno::FAULT), "{address:#x}");
        }
    }

    #[test]
    fn a_read_only_page_can_be_read_and_not_written() {
        let page = Mapping::new(1, libc::PROT_READ);
        assert_eq!(Checked::new().can_read(page.0, PAGE), Ok(()));
        assert_eq!(Checked::new().can_write(page.0, 1), Err(Errno::FAULT));
    }

    #[test]
    fn every_page_of_a_range_counts() {
        let pages = Mapping::new(3, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: within the mapping.
        unsafe { libc::mprotect(pages.0.add(2 * PAGE).cast(), PAGE, libc::PROT_NONE) };
        let mut checked = Checked::new();
        assert_eq!(checked.can_write(pages.0, 2 * PAGE), Ok(()));
        assert_eq!(checked.can_write(pages.0, 2 * PAGE + 1), Err(Errno::FAULT));
        assert_eq!(checked.can_read(pages.0, 2 * PAGE + 1), Err(Errno::FAULT));
        assert_eq!(checked.can_read(pages.0.wrapping_add(2 * PAGE - 1), 1), Ok(()));
    }

    #[test]
    fn trying_to_write_changes_nothing() {
        let mut octets = vec![0xa5_u8; 3 * PAGE];
        assert_eq!(Checked::new().can_write(octets.as_mut_ptr(), octets.len()), Ok(()));
        assert!(octets.iter().all(|octet| *octet == 0xa5));
    }

    #[test]
    fn the_callers_frames_are_known_and_what_lies_beyond_them_is_not() {
        fn inside(word: &u64) {
            let first = std::ptr::from_ref(word).addr();
            assert!(is_on_own_stack(first, first + 7));
        }
        std::thread::spawn(|| {
            inside(&std::hint::black_box(7));
            let (bottom, top) = STACK.get();
            assert!(!is_on_own_stack(top, top));
            assert!(!is_on_own_stack(bottom, bottom + 7), "below what is in use");
        })
        .join()
        .expect("no panic");
        inside(&std::hint::black_box(7));
        let heap = Box::new(0_u64);
        let heap = (&raw const *heap).addr();
        assert!(!is_on_own_stack(heap, heap + 7));
    }

    #[test]
    fn no_octets_may_be_anywhere() {
        assert_eq!(Checked::new().can_read(std::ptr::null(), 0), Ok(()));
        assert_eq!(Checked::new().can_write(std::ptr::null_mut(), 0), Ok(()));
    }
}
