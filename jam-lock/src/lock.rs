//! [`Lock`]: one named lock, not yet acquired.

use std::fmt;
use std::sync::Arc;

use crate::gate::Gate;
use crate::{LockError, LockGuard, LockName, Timeout};

/// One named lock of a [`Locks`](crate::Locks), not yet acquired.
///
/// Jam.py's `task.lock(name)`. It is cheap to clone and can be shared between threads; those that
/// wait for it are served in the order in which they came.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
/// use std::time::Duration;
///
/// # let folder = tempfile::tempdir()?;
/// let locks = Locks::open(folder.path())?;
/// let lock = locks.lock(LockName::new("report 2026")?);
/// let guard = lock.timeout(Duration::from_secs(10)).acquire()?;
/// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
/// drop(guard);
/// assert!(lock.try_acquire().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a `Lock` is not acquired until `acquire` or `try_acquire` is called"]
pub struct Lock {
    gate: Arc<Gate>,
    timeout: Timeout,
}

impl Lock {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, timeout: Timeout::FOREVER }
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// The same lock, with the time that [`Lock::acquire`] may take: a `Duration`, or whole
    /// seconds. Without this it waits for ever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { gate: Arc::clone(&self.gate), timeout: timeout.into() }
    }

    /// Acquires the lock, and blocks the thread until it can or the timeout has passed.
    ///
    /// The lock is exclusive between all processes that lock the same file with `flock(2)`, Jam.py
    /// and `flock(1)` among them, and between the threads of this process. Threads that wait are
    /// served in the order in which they came; between processes, whoever asks again at once after
    /// a release may be faster than those whom the kernel has only just woken. A thread that asks
    /// for a lock which it holds already waits for itself.
    ///
    /// # Errors
    /// - [`LockError::Timeout`] when the lock was held elsewhere until the timeout had passed:
    ///   never earlier, and with a timeout of 0 at once.
    /// - [`LockError::NotAFile`] when a link, a folder, a pipe or a device stands in the place of
    ///   the lock's file.
    /// - [`LockError::Io`] when the file cannot be made, opened or locked.
    /// - [`LockError::Unsupported`] when its file system has no `flock(2)`.
    /// - [`LockError::Forked`] when the lock was inherited through `fork(2)`.
    pub fn acquire(&self) -> Result<LockGuard, LockError> {
        let waited = self.gate.acquire(self.timeout.deadline())?;
        Ok(LockGuard::new(Arc::clone(&self.gate), waited))
    }

    /// Acquires the lock if that needs no waiting, whatever the timeout.
    ///
    /// # Errors
    /// As [`Lock::acquire`]; [`LockError::Timeout`] at once when the lock is held elsewhere, or
    /// others wait for it.
    pub fn try_acquire(&self) -> Result<LockGuard, LockError> {
        self.timeout(Timeout::ONCE).acquire()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("gate", &self.gate).field("timeout", &self.timeout).finish()
    }
}
