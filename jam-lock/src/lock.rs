//! [`Lock`]: one named lock, not yet acquired.

use std::fmt;
use std::sync::Arc;

use crate::engine::Mode;
use crate::gate::Gate;
use crate::timeout::Deadline;
use crate::{LockError, LockGuard, LockName, Timeout};

/// One named lock of a [`Locks`](crate::Locks), not yet acquired.
///
/// Jam.py's `task.lock(name)`. It is cheap to clone and can be shared between threads and tasks;
/// those that wait for it are served in the order in which they came.
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
    mode: Mode,
    timeout: Timeout,
}

impl Lock {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, mode: Mode::Exclusive, timeout: Timeout::FOREVER }
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// The same lock, with the time that an acquisition may take: a `Duration`, or whole seconds.
    /// Without this it waits for ever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self.clone() }
    }

    /// The same lock, to be held as a reader: together with other readers, while no writer is in.
    ///
    /// Without this an acquisition is exclusive, a writer's. Readers that wait next to each other
    /// enter together, and a writer that waits holds later readers of its process back. Between
    /// processes it is `flock(2)` with `LOCK_SH`, what `flock -s` takes; there the kernel lets
    /// readers in for as long as other readers are, whoever waits to write.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let lock = Locks::open(folder.path())?.lock(LockName::new("index")?);
    /// let reader = lock.shared().acquire()?;
    /// let another = lock.shared().acquire()?;
    /// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared(&self) -> Self {
        Self { mode: Mode::Shared, ..self.clone() }
    }

    /// Acquires the lock, and blocks the thread until it can or the timeout has passed.
    ///
    /// The lock is exclusive, unless it is [shared](Lock::shared), between all processes that lock
    /// the same file with `flock(2)`, Jam.py and `flock(1)` among them, and between the threads and
    /// tasks of this process. Those of this process that wait are served in the order in which they
    /// came; between processes, whoever asks again at once after a release may be faster than those
    /// whom the kernel has only just woken. A thread that asks for a lock which it holds already
    /// waits for itself.
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
        self.acquire_until(self.timeout.deadline())
    }

    /// Acquires the lock if that needs no waiting, whatever the timeout.
    ///
    /// # Errors
    /// As [`Lock::acquire`]; [`LockError::Timeout`] at once when the lock is held elsewhere, or
    /// others wait for it.
    pub fn try_acquire(&self) -> Result<LockGuard, LockError> {
        self.acquire_until(Deadline::Once)
    }

    /// Acquires the lock as [`Lock::acquire`] does, and lets other tasks run while it waits.
    ///
    /// It works with every executor. Nothing happens before the future is polled, and the timeout
    /// counts from there. A future that is dropped, at any moment, leaves nothing behind, neither a
    /// place in the queue nor a lock. One that is not polled although it was woken is passed over
    /// after 10 ms, and takes its turn when it is polled again.
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockError, LockName, Locks};
    ///
    /// async fn save(locks: &Locks) -> Result<(), LockError> {
    ///     let lock = locks.lock(LockName::new("invoice_saved")?).timeout(10);
    ///     let guard = lock.acquire_async().await?;
    ///     // Other tasks run while this one waits.
    ///     guard.release()
    /// }
    /// ```
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send + use<> {
        let lock = self.clone();
        async move {
            let deadline = lock.timeout.deadline();
            lock.acquire_async_until(deadline).await
        }
    }

    pub(crate) fn acquire_until(&self, deadline: Deadline) -> Result<LockGuard, LockError> {
        let waited = self.gate.acquire(self.mode, deadline)?;
        Ok(LockGuard::new(Arc::clone(&self.gate), waited))
    }

    pub(crate) async fn acquire_async_until(
        &self,
        deadline: Deadline,
    ) -> Result<LockGuard, LockError> {
        let waited = self.gate.acquire_async(self.mode, deadline).await?;
        Ok(LockGuard::new(Arc::clone(&self.gate), waited))
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("gate", &self.gate)
            .field("mode", &self.mode)
            .field("timeout", &self.timeout)
            .finish()
    }
}
