//! [`LockGuards`]: several locks, held together.

use std::ops::Deref;

use crate::error::LockError;
use crate::guard::LockGuard;

/// The locks of a [`LockSet`](crate::LockSet), held. Dropping it releases them, the last one first.
///
/// It dereferences to a slice of [`LockGuard`]s, in the order in which they were acquired.
#[derive(Debug, Default)]
#[must_use = "locks are released as soon as their guards are dropped: write `let _guards = …`, not `let _ = …`"]
pub struct LockGuards {
    guards: Vec<LockGuard>,
}

impl LockGuards {
    pub(crate) fn push(&mut self, guard: LockGuard) {
        self.guards.push(guard);
    }

    /// The guards, in the order in which they were acquired, each of which releases its own lock.
    pub(crate) fn into_vec(mut self) -> Vec<LockGuard> {
        std::mem::take(&mut self.guards)
    }

    /// Releases all the locks and reports errors, which dropping the guards ignores.
    ///
    /// # Errors
    /// As [`LockGuard::release`], for the first lock whose release failed. All are released.
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
