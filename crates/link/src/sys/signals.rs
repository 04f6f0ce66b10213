//! The signal mask, for threads that the program must not notice.
#![allow(unsafe_code)]

/// Calls `f` with all signals blocked in this thread, so that a thread that `f` starts has them blocked from its first
/// instruction on.
pub fn with_signals_blocked<R>(f: impl FnOnce() -> R) -> R {
    let restore = Restore(change(libc::SIG_SETMASK, &all()));
    let result = f();
    drop(restore);
    result
}

/// Puts the old mask back, also when `f` panics.
struct Restore(libc::sigset_t);

impl Drop for Restore {
    fn drop(&mut self) {
        change(libc::SIG_SETMASK, &self.0);
    }
}

fn all() -> libc::sigset_t {
    // SAFETY: a signal set of zeros is a valid value, and `sigfillset` writes nothing but it.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        set
    }
}

/// Sets the mask and answers the one before.
fn change(how: libc::c_int, set: &libc::sigset_t) -> libc::sigset_t {
    // SAFETY: both pointers are to valid sets; the call fails for a bad `how` only.
    unsafe {
        let mut old = std::mem::zeroed();
        libc::pthread_sigmask(how, set, &raw mut old);
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blocked(signal: libc::c_int) -> bool {
        // SAFETY: no new set is given, so nothing changes; the old one is written to a local.
        unsafe {
            let mut old = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut old);
            libc::sigismember(&raw const old, signal) == 1
        }
    }

    #[test]
    fn a_thread_begun_inside_blocks_signals_and_the_caller_does_not_afterwards() {
        let inside = with_signals_blocked(|| std::thread::spawn(|| is_blocked(libc::SIGINT)));
        assert!(inside.join().expect("no panic"));
        assert!(!is_blocked(libc::SIGINT));
    }
}
