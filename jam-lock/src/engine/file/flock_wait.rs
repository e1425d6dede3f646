//! [`FlockWait`]: a wait for the lock on a file, on a thread of the engine's own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::flock;
use super::lock_file::LockFile;
use crate::engine::Mode;

/// A wait for the lock on a file.
pub(super) struct FlockWait {
    pub(super) id: FlockWaitId,
    pub(super) file: Arc<LockFile>,
    pub(super) mode: Mode,
    /// Whether to wait for other holders; otherwise it tries once.
    pub(super) is_blocking: bool,
    /// How long to leave the lock to others first.
    pub(super) pause: Duration,
    /// Called once, with whether the lock was acquired.
    pub(super) done: Box<dyn FnOnce(io::Result<bool>) + Send>,
}

/// Identifies a wait in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FlockWaitId(u64);

impl FlockWaitId {
    /// An id that no other wait of this process has.
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl FlockWait {
    /// Blocks this thread until the lock is acquired, or a single try was made.
    pub(super) fn block(self) {
        if !self.pause.is_zero() {
            thread::sleep(self.pause);
        }
        let result = if self.is_blocking {
            flock::lock(self.file.file(), self.mode).map(|()| true)
        } else {
            flock::try_lock(self.file.file(), self.mode)
        };
        self.finish(result);
    }

    /// Reports the result to the caller.
    pub(super) fn finish(self, result: io::Result<bool>) {
        drop(self.file);
        (self.done)(result);
    }
}
