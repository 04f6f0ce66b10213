//! [`Next`]: the libc function behind each name that is taken over.
//!
//! Found by `dlsym(RTLD_NEXT)`, so that other libraries that wrap the same name still have their turn, and found late: a
//! program pays only for the names that it calls. While a name is being looked up (the loader may allocate, and an
//! allocator may read files), the same thread's calls become plain system calls.

use std::{
    cell::Cell,
    ffi::CStr,
    marker::PhantomData,
    mem::{size_of, transmute_copy},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use libc::c_void;

/// The next function of a name, of function pointer type `F`.
pub(crate) struct Next<F> {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
    function: PhantomData<F>,
}

impl<F: Copy> Next<F> {
    /// Not looked up yet.
    pub(crate) const fn new(name: &'static CStr) -> Self {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        Self { name, address: AtomicPtr::new(ptr::null_mut()), function: PhantomData }
    }

    /// The function; `None` where there is none, or while this thread is looking one up.
    #[inline]
    pub(crate) fn get(&self) -> Option<F> {
        let address = self.address.load(Ordering::Acquire);
        let address = if address.is_null() { self.look_up() } else { address };
        if address.is_null() {
            return None;
        }
        // SAFETY: `F` is the function pointer type of this name, of the size of a pointer.
        Some(unsafe { transmute_copy(&address) })
    }

    #[cold]
    fn look_up(&self) -> *mut c_void {
        if LOOKING_UP.replace(true) {
            return ptr::null_mut();
        }
        // SAFETY: a C string.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        LOOKING_UP.set(false);
        self.address.store(address, Ordering::Release);
        address
    }
}

thread_local! {
    static LOOKING_UP: Cell<bool> = const { Cell::new(false) };
}
