//! [`DescriptorTable`]: which descriptors of the program are SCTP sockets.
//!
//! A descriptor is a number; what it refers to is a [`Description`], as in a kernel: `dup` makes a second number for one
//! description, and the socket is closed with the last number. The kernel's descriptor behind each number exists too (it
//! polls as the socket would); `calls` keeps the two in step.
//!
//! Asking about a number that is not ours is one load from a table of bits. Nothing here is shared with a forked child:
//! it makes a new table and never looks into the old one, whose locks a vanished thread may hold.

use std::{
    array,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use libc::c_int;
use rustix::io::Errno;
use usctp_link::StackFd;
use usctp_socket::Socket;

use crate::bits::{Bits, NUMBERS};

/// An open socket: what one or more descriptors refer to.
pub struct Description {
    /// The socket.
    pub socket: Socket,
    nonblocking: AtomicBool,
    descriptors: AtomicUsize,
    keeper: OnceLock<StackFd>,
}

impl Description {
    fn new(socket: Socket, nonblocking: bool) -> Self {
        Self {
            socket,
            nonblocking: AtomicBool::new(nonblocking),
            descriptors: AtomicUsize::new(0),
            keeper: OnceLock::new(),
        }
    }

    /// The kernel socket that keeps options without effect here, made when first needed.
    pub(crate) fn keeper(&self, make: impl FnOnce() -> Result<StackFd, Errno>) -> Result<&StackFd, Errno> {
        if self.keeper.get().is_none() {
            // A second one, made at the same moment by another thread, is dropped again.
            let _ = self.keeper.set(make()?);
        }
        self.keeper.get().ok_or(Errno::NOMEM)
    }

    /// That socket, if there is one.
    pub(crate) fn made_keeper(&self) -> Option<&StackFd> {
        self.keeper.get()
    }

    /// O_NONBLOCK.
    #[must_use]
    pub fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Ordering::Relaxed)
    }

    /// Sets O_NONBLOCK.
    pub fn set_nonblocking(&self, on: bool) {
        self.nonblocking.store(on, Ordering::Relaxed);
    }
}

/// The descriptors of a process that are SCTP sockets. See the module.
pub struct DescriptorTable {
    bits: Bits,
    /// FD_CLOEXEC, as the program has it. The kernel's descriptors all have it: no program that is started gets one, and
    /// so none can read from it what makes it poll as it does.
    close_on_exec: Bits,
    chunks: Box<[OnceLock<Box<Chunk>>]>,
}

impl Default for DescriptorTable {
    fn default() -> Self {
        Self::new()
    }
}

impl DescriptorTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bits: Bits::new(),
            close_on_exec: Bits::new(),
            chunks: (0..NUMBERS / CHUNK).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Whether `fd` is an SCTP socket. Cheap, and no lock.
    #[inline]
    #[must_use]
    pub fn holds(&self, fd: c_int) -> bool {
        self.bits.has(fd)
    }

    /// What `fd` refers to.
    #[must_use]
    pub fn find(&self, fd: c_int) -> Option<Arc<Description>> {
        if !self.holds(fd) {
            return None;
        }
        self.slot(fd).and_then(|slot| slot.clone())
    }

    /// Enters a new socket.
    ///
    /// # Errors
    ///
    /// EMFILE if the number is beyond the table.
    pub fn insert(&self, fd: c_int, socket: Socket, nonblocking: bool, close_on_exec: bool) -> Result<(), Errno> {
        self.share(fd, &Arc::new(Description::new(socket, nonblocking)), close_on_exec)
    }

    /// Lets `fd` refer to `description` too; what it referred to before loses a number.
    ///
    /// # Errors
    ///
    /// EMFILE if the number is beyond the table.
    pub fn share(&self, fd: c_int, description: &Arc<Description>, close_on_exec: bool) -> Result<(), Errno> {
        let number = usize::try_from(fd).ok().filter(|number| *number < NUMBERS).ok_or(Errno::MFILE)?;
        description.descriptors.fetch_add(1, Ordering::Relaxed);
        let chunk = self.chunks[number / CHUNK].get_or_init(|| Box::new(array::from_fn(|_| Mutex::new(None))));
        let before = lock(&chunk[number % CHUNK]).replace(Arc::clone(description));
        self.set_close_on_exec(fd, close_on_exec);
        self.bits.set(fd);
        if let Some(before) = before {
            lose_number(&before);
        }
        Ok(())
    }

    /// Forgets `fd`. Its socket is closed when the answer is dropped, if this was its last number: so that the caller can
    /// close the kernel's descriptor in between, which must not be delayed by a lingering socket.
    pub fn remove(&self, fd: c_int) -> Option<Removed> {
        if !self.bits.clear(fd) {
            return None;
        }
        self.slot(fd)?.take().map(Removed)
    }

    /// FD_CLOEXEC of a number.
    #[must_use]
    pub fn is_close_on_exec(&self, fd: c_int) -> bool {
        self.close_on_exec.has(fd)
    }

    /// Sets FD_CLOEXEC of a number.
    pub fn set_close_on_exec(&self, fd: c_int, on: bool) {
        if on {
            self.close_on_exec.set(fd);
        } else {
            self.close_on_exec.clear(fd);
        }
    }

    /// The lowest SCTP descriptor that is not below `from`.
    #[must_use]
    pub fn next(&self, from: c_int) -> Option<c_int> {
        self.bits.next(from)
    }

    /// The table's bits, for a child that inherits the numbers and nothing else.
    pub(crate) fn bits(&self) -> &Bits {
        &self.bits
    }

    fn slot(&self, fd: c_int) -> Option<MutexGuard<'_, Option<Arc<Description>>>> {
        let number = usize::try_from(fd).ok()?;
        let chunk = self.chunks.get(number / CHUNK)?.get()?;
        Some(lock(&chunk[number % CHUNK]))
    }
}

/// A number that was taken out of the table. Dropping it counts the number off, and closes the socket with its last:
/// waking whoever waits, lingering if it must.
#[must_use = "dropping this closes the socket"]
pub struct Removed(Arc<Description>);

impl Drop for Removed {
    fn drop(&mut self) {
        lose_number(&self.0);
    }
}

fn lose_number(description: &Description) {
    if description.descriptors.fetch_sub(1, Ordering::AcqRel) == 1 {
        description.socket.close();
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Arc<Description>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

type Slot = Mutex<Option<Arc<Description>>>;
type Chunk = [Slot; CHUNK];

const CHUNK: usize = 1024;
