//! [`Bits`]: a set of descriptor numbers, read without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use libc::c_int;

/// One bit per descriptor number. Lies in zeroed memory, so that untouched parts cost nothing.
pub(crate) struct Bits(Box<[AtomicU64]>);

impl Bits {
    pub(crate) fn new() -> Self {
        let zeroes = vec![0_u64; NUMBERS / 64].into_boxed_slice();
        let raw = Box::into_raw(zeroes) as *mut [AtomicU64];
        // SAFETY: AtomicU64 has the layout of u64, and the box was ours alone.
        Self(unsafe { Box::from_raw(raw) })
    }

    #[inline]
    pub(crate) fn has(&self, fd: c_int) -> bool {
        place(fd).is_some_and(|(word, bit)| self.0[word].load(Ordering::Acquire) & bit != 0)
    }

    pub(crate) fn set(&self, fd: c_int) {
        if let Some((word, bit)) = place(fd) {
            self.0[word].fetch_or(bit, Ordering::AcqRel);
        }
    }

    /// Says whether it was set.
    pub(crate) fn clear(&self, fd: c_int) -> bool {
        place(fd).is_some_and(|(word, bit)| self.0[word].fetch_and(!bit, Ordering::AcqRel) & bit != 0)
    }

    /// The lowest number in the set that is not below `from`.
    pub(crate) fn next(&self, from: c_int) -> Option<c_int> {
        let from = usize::try_from(from.max(0)).ok()?;
        let mut mask = !0_u64 << (from % 64);
        for (word, bits) in self.0.iter().enumerate().skip(from / 64) {
            let found = bits.load(Ordering::Acquire) & mask;
            mask = !0;
            if found != 0 {
                return c_int::try_from(word * 64 + found.trailing_zeros() as usize).ok();
            }
        }
        None
    }

    /// Adds the numbers of another set.
    pub(crate) fn add(&self, other: &Self) {
        for (ours, theirs) in self.0.iter().zip(&other.0) {
            let theirs = theirs.load(Ordering::Acquire);
            if theirs != 0 {
                ours.fetch_or(theirs, Ordering::AcqRel);
            }
        }
    }
}

#[inline]
fn place(fd: c_int) -> Option<(usize, u64)> {
    let number = usize::try_from(fd).ok().filter(|number| *number < NUMBERS)?;
    Some((number / 64, 1 << (number % 64)))
}

/// Numbers that can be known: Linux's own highest (`fs.nr_open`).
pub(crate) const NUMBERS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_order_and_only_when_set() {
        let bits = Bits::new();
        for fd in [3, 63, 64, 1023, 1_048_575] {
            assert!(!bits.has(fd));
            bits.set(fd);
            assert!(bits.has(fd));
        }
        assert_eq!(bits.next(-7), Some(3));
        assert_eq!(bits.next(4), Some(63));
        assert_eq!(bits.next(65), Some(1023));
        assert!(bits.clear(1023) && !bits.clear(1023));
        assert_eq!(bits.next(65), Some(1_048_575));
        let other = Bits::new();
        other.add(&bits);
        assert!(other.has(63) && !other.has(1023));
    }

    #[test]
    fn numbers_that_no_descriptor_has_are_never_in_the_set() {
        let bits = Bits::new();
        for fd in [-1, c_int::MIN, 1_048_576, c_int::MAX] {
            bits.set(fd);
            assert!(!bits.has(fd) && !bits.clear(fd));
        }
        assert_eq!(bits.next(0), None);
    }
}
