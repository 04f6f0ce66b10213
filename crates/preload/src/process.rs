//! The end of the process, and what it becomes: exit, _exit, exec.
//!
//! A kernel goes on sending what is queued, and shuts the associations down, after their process is gone. We end with the
//! process; so its end waits until that is done, for as long as the protocol's own limits or USCTP_EXIT_TIMEOUT say.
//!
//! SAFETY of all blocks here: the caller's arguments are passed on as they came, to libc's function of the same name and
//! type, or to the kernel.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::ffi::CStr;

use libc::{SYS_execveat, c_char, c_int};
use usctp_capi::{
    errno::{errno, guard, set_errno},
    process,
    settings::environment,
};

use crate::{hook::next, next::Next, signal};

/// Calls the next function of a name that is no system call.
macro_rules! forward {
    ($name:ident($($arg:ident: $ty:ty),*)) => {{
        static NEXT: Next<unsafe extern "C-unwind" fn($($ty),*) -> c_int> = {
            const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => unreachable!(),
            };
            Next::new(NAME)
        };
        match NEXT.get() {
            Some(next) => unsafe { next($($arg),*) },
            None => {
                set_errno(libc::ENOSYS);
                -1
            }
        }
    }};
}

/// Runs after the program's own `atexit` functions, as one of the last things of `exit`.
#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C-unwind" fn() = at_exit;

extern "C-unwind" fn at_exit() {
    finish();
}

/// To be called before the first socket is made.
pub(crate) fn prepare() {
    usctp_socket::on_thread_start(signal::mark_stack_thread);
    usctp_socket::on_sleep(signal::before_sleep, signal::after_sleep);
    signal::wrap_all();
}

/// Waits for what is queued; errno stays as it is.
fn finish() {
    let _: c_int = guard(|| {
        process::finish();
        Ok(0)
    });
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _exit(status: c_int) -> ! {
    finish();
    loop {
        unsafe { libc::syscall(libc::SYS_exit_group, status) };
    }
}

#[allow(non_snake_case, reason = "the name of C99")]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _Exit(status: c_int) -> ! {
    unsafe { _exit(status) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quick_exit(status: c_int) -> ! {
    // libc runs the at_quick_exit functions and ends with an `_exit` of its own, out of reach; so ours comes first.
    finish();
    static NEXT: Next<unsafe extern "C-unwind" fn(c_int) -> !> = Next::new(c"quick_exit");
    match NEXT.get() {
        Some(next) => unsafe { next(status) },
        None => unsafe { _exit(status) },
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn execve(path: Text, arguments: Texts, environment: Texts) -> c_int {
    before_exec(|| can_execute(path));
    next!(execve: fn(path: Text, arguments: Texts, environment: Texts) -> c_int = libc::SYS_execve)
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn execv(path: Text, arguments: Texts) -> c_int {
    before_exec(|| can_execute(path));
    forward!(execv(path: Text, arguments: Texts))
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn execvp(file: Text, arguments: Texts) -> c_int {
    before_exec(|| can_find(file));
    forward!(execvp(file: Text, arguments: Texts))
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn execvpe(file: Text, arguments: Texts, environment: Texts) -> c_int {
    before_exec(|| can_find(file));
    forward!(execvpe(file: Text, arguments: Texts, environment: Texts))
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn fexecve(fd: c_int, arguments: Texts, environment: Texts) -> c_int {
    before_exec(|| true);
    forward!(fexecve(fd: c_int, arguments: Texts, environment: Texts))
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn execveat(
    directory: c_int,
    path: Text,
    arguments: Texts,
    environment: Texts,
    flags: c_int,
) -> c_int {
    before_exec(|| true);
    next!(
        execveat: fn(directory: c_int, path: Text, arguments: Texts, environment: Texts, flags: c_int) -> c_int
            = SYS_execveat
    )
}

/// Finishes, unless it can be seen that the program stays: exec of a file that is not there.
fn before_exec(will_run: impl FnOnce() -> bool) {
    if !process::current_exists() || process::is_shared_memory_child() {
        return;
    }
    let before = errno();
    if will_run() {
        finish();
    }
    set_errno(before);
}

fn can_execute(path: Text) -> bool {
    // SAFETY: the kernel checks the pointer.
    unsafe { libc::syscall(libc::SYS_faccessat, libc::AT_FDCWD, path, libc::X_OK) == 0 }
}

/// Whether a name is found as `execvp` looks for it.
fn can_find(file: Text) -> bool {
    // A bad pointer is libc's to meet, as it would be without us.
    let name = unsafe { CStr::from_ptr(file) }.to_bytes();
    if name.contains(&b'/') {
        return can_execute(file);
    }
    let path = environment("PATH").unwrap_or_else(|| b"/bin:/usr/bin".to_vec());
    path.split(|octet| *octet == b':').any(|directory| {
        let directory = if directory.is_empty() { b".".as_slice() } else { directory };
        let full = [directory, b"/", name, b"\0"].concat();
        can_execute(full.as_ptr().cast())
    })
}

/// A C string, and an array of them.
type Text = *const c_char;
type Texts = *const *const c_char;
