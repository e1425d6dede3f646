//! What generated code calls. Not for people, and without any promise.

use std::fmt::Display;
pub use std::time::Duration;

pub use jam_lock_macros::{block, lock_names, name};

pub use crate::{FromLockError, LockGuards, LockName, Timeout};
use crate::{Lock, LockError, LockGuard, LockSet, Locks, default_locks};

/// What an attribute or a block asks for.
pub struct Request<'locks, N> {
    names: N,
    locks: Option<&'locks Locks>,
    timeout: Timeout,
    is_shared: bool,
}

/// Asks for one name.
#[must_use]
pub fn one(name: LockName) -> Request<'static, LockName> {
    Request { names: name, locks: None, timeout: Timeout::FOREVER, is_shared: false }
}

/// Asks for several names at once.
#[must_use]
pub fn all<const N: usize>(names: [LockName; N]) -> Request<'static, [LockName; N]> {
    Request { names, locks: None, timeout: Timeout::FOREVER, is_shared: false }
}

impl<'locks, N> Request<'locks, N> {
    /// Of these locks, instead of the default ones.
    #[must_use]
    pub fn of(self, locks: &'locks (impl AsRef<Locks> + ?Sized)) -> Self {
        Self { locks: Some(locks.as_ref()), ..self }
    }

    /// For so long.
    #[must_use]
    pub fn timeout(self, timeout: Timeout) -> Self {
        Self { timeout, ..self }
    }

    /// As a reader.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    fn locks(&self) -> Result<&'locks Locks, LockError> {
        match self.locks {
            Some(locks) => Ok(locks),
            None => default_locks(),
        }
    }
}

impl Request<'_, LockName> {
    /// Acquires the lock, and blocks the thread meanwhile.
    pub fn acquire(self) -> Result<LockGuard, LockError> {
        self.lock()?.acquire()
    }

    /// Acquires the lock, and lets other tasks run meanwhile.
    pub async fn acquire_async(self) -> Result<LockGuard, LockError> {
        self.lock()?.acquire_async().await
    }

    fn lock(self) -> Result<Lock, LockError> {
        let lock = self.locks()?.lock(self.names).timeout(self.timeout);
        Ok(if self.is_shared { lock.shared() } else { lock })
    }
}

impl<const N: usize> Request<'_, [LockName; N]> {
    /// Acquires the locks, and blocks the thread meanwhile.
    pub fn acquire(self) -> Result<LockGuards, LockError> {
        self.locks_all()?.acquire()
    }

    /// Acquires the locks, and lets other tasks run meanwhile.
    pub async fn acquire_async(self) -> Result<LockGuards, LockError> {
        self.locks_all()?.acquire_async().await
    }

    fn locks_all(self) -> Result<LockSet, LockError> {
        let locks = self.locks()?.lock_all(self.names).timeout(self.timeout);
        Ok(if self.is_shared { locks.shared() } else { locks })
    }
}

/// Makes the constant of a name that `lock_names!` has found portable.
#[must_use]
pub const fn declared(name: &'static str, registry: &'static str, position: usize) -> LockName {
    LockName::declared(name, registry, position)
}

/// Makes a keyed name of what stands around its holes, and what fills them.
#[must_use]
pub fn keyed(
    literals: &[&str],
    registry: &'static str,
    position: usize,
    keys: &[&dyn Display],
) -> LockName {
    LockName::keyed(literals, registry, position, keys)
}

/// Calls what `or_else` names; a function, so that a closure there knows its argument's type.
pub fn or_else<R>(otherwise: impl FnOnce(LockError) -> R, error: LockError) -> R {
    otherwise(error)
}
