//! Blocks of memory that packets are received into, used again when the last packet in them is gone.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Blocks of one size. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    /// Keeps `kept` free blocks of `size` octets at most.
    pub(crate) fn new(size: usize, kept: usize) -> Self {
        Self { shared: Arc::new(Shared { free: Mutex::default(), size, kept }) }
    }

    /// A block, with whatever was in it.
    pub(crate) fn take(&self) -> Box<[u8]> {
        let free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // Zeroed once in its life; large ones come from the kernel as zero pages anyway.
        free.unwrap_or_else(|| vec![0; self.shared.size].into_boxed_slice())
    }

    /// The first `len` octets of a block of this pool, to be shared; the block comes back when the last share is dropped.
    pub(crate) fn share(&self, block: Box<[u8]>, len: usize) -> Bytes {
        let mut whole = Bytes::from_owner(Lease { block: Some(block), pool: Arc::clone(&self.shared) });
        whole.truncate(len);
        whole
    }
}

#[derive(Debug)]
struct Shared {
    free: Mutex<Vec<Box<[u8]>>>,
    size: usize,
    kept: usize,
}

/// A block on loan.
struct Lease {
    block: Option<Box<[u8]>>,
    pool: Arc<Shared>,
}

impl AsRef<[u8]> for Lease {
    fn as_ref(&self) -> &[u8] {
        self.block.as_deref().unwrap_or_default()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut free = self.pool.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.pool.kept {
            free.extend(self.block.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_when_its_last_share_is_dropped() {
        let pool = Pool::new(100, 1);
        let mut block = pool.take();
        block[0] = 7;
        let shared = pool.share(block, 10);
        assert_eq!(shared.len(), 10);
        let part = shared.slice(..1);
        drop(shared);
        assert_eq!(pool.take()[0], 0, "the block is still lent out");
        drop(part);
        assert_eq!(pool.take()[0], 7, "the same block again");
    }
}
