//! [`LockGuard`]: a lock, held.

use std::sync::Arc;
use std::time::Duration;

use crate::gate::Gate;
use crate::{LockError, LockName};

/// A lock, held. Dropping it releases the lock.
///
/// The lock is released as well when a panic unwinds through the guard's owner, when the guard is
/// dropped on another thread, and, by the operating system, when the process ends, however it
/// ends. The lock's file stays.
#[derive(Debug)]
#[must_use = "a lock is released as soon as its guard is dropped: write `let _guard = …`, not `let _ = …`"]
pub struct LockGuard {
    gate: Arc<Gate>,
    waited: Duration,
    released: bool,
}

impl LockGuard {
    pub(crate) fn new(gate: Arc<Gate>, waited: Duration) -> Self {
        Self { gate, waited, released: false }
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// How long the acquisition waited for other holders; zero where the lock was free.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Releases the lock and tells whether that worked; dropping the guard does the same silently.
    ///
    /// # Errors
    /// - [`LockError::Io`] when the system refuses to unlock the file. It is closed then, which
    ///   ends the lock too.
    /// - [`LockError::Forked`] when the guard was inherited through `fork(2)`. The parent's lock
    ///   is left alone.
    pub fn release(mut self) -> Result<(), LockError> {
        self.released = true;
        self.gate.release()
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !self.released {
            // A drop has nobody to tell; `release` has.
            let _ = self.gate.release();
        }
    }
}
