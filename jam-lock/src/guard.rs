//! [`LockGuard`] and [`LockGuards`]: locks, held.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::gate::Gate;
use crate::{LockError, LockName};

/// A lock, held. Dropping it releases the lock.
///
/// The lock is released as well when a panic unwinds through the guard's owner, when the guard is
/// dropped on another thread, and, by the operating system, when the process ends, however it
/// ends. The lock's file stays, unless the name is [keyed](LockName#keyed-names).
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

/// The locks of a [`LockSet`](crate::LockSet), held. Dropping them releases the locks, the last
/// one first.
///
/// It is a slice of [`LockGuard`]s, in the order in which they were acquired.
#[derive(Debug, Default)]
#[must_use = "locks are released as soon as their guards are dropped: write `let _guards = …`, not `let _ = …`"]
pub struct LockGuards {
    guards: Vec<LockGuard>,
}

impl LockGuards {
    pub(crate) fn push(&mut self, guard: LockGuard) {
        self.guards.push(guard);
    }

    /// Releases all the locks and tells whether that worked; dropping them does the same silently.
    ///
    /// # Errors
    /// As [`LockGuard::release`], for the first lock that was not released well. All are released.
    pub fn release(mut self) -> Result<(), LockError> {
        let mut result = Ok(());
        while let Some(guard) = self.guards.pop() {
            result = result.and(guard.release());
        }
        result
    }
}

impl Deref for LockGuards {
    type Target = [LockGuard];

    fn deref(&self) -> &[LockGuard] {
        &self.guards
    }
}

impl Drop for LockGuards {
    fn drop(&mut self) {
        while self.guards.pop().is_some() {}
    }
}
