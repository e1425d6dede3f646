//! What generated code calls. Not for people, and without any promise.

pub use std::time::Duration;

pub use jam_lock_macros::{block, lock_names, name};

pub use crate::{FromLockError, LockName, Timeout};
use crate::{LockError, LockGuard, Locks, default_locks};

/// Acquires `name` of the default locks.
pub fn acquire(name: LockName, timeout: Timeout) -> Result<LockGuard, LockError> {
    acquire_of(default_locks()?, name, timeout)
}

/// Acquires `name` of `locks`.
pub fn acquire_of(
    locks: impl AsRef<Locks>,
    name: LockName,
    timeout: Timeout,
) -> Result<LockGuard, LockError> {
    locks.as_ref().lock(name).timeout(timeout).acquire()
}

/// Makes the constant of a name that `lock_names!` has found portable.
#[must_use]
pub const fn declared(name: &'static str) -> LockName {
    LockName::declared(name)
}

/// Calls what `or_else` names; a function, so that a closure there knows its argument's type.
pub fn or_else<R>(otherwise: impl FnOnce(LockError) -> R, error: LockError) -> R {
    otherwise(error)
}
