//! [`LockSet`]: several locks that are acquired as one.

use crate::timeout::Deadline;
use crate::{Lock, LockError, LockGuards, Timeout};

/// Several named locks of a [`Locks`](crate::Locks), not yet acquired: all of them are, or none.
///
/// They are acquired one after another in the order in which their names are declared, those of one
/// keyed name in the order of their keys, and names made at run time last, in the order of their
/// text. So two processes that ask for the same locks never wait for each other. A lock that is
/// named twice is acquired once.
///
/// # Example
/// ```
/// use jam_lock::{LockError, LockName, Locks};
///
/// # let folder = tempfile::tempdir()?;
/// let locks = Locks::open(folder.path())?;
/// let both = locks.lock_all([LockName::new("stock")?, LockName::new("orders")?]);
/// let guards = both.timeout(10).acquire()?;
/// assert_eq!(guards[0].name().as_str(), "orders");
/// guards.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a `LockSet` is not acquired until `acquire` or `try_acquire` is called"]
pub struct LockSet {
    locks: Vec<Lock>,
    timeout: Timeout,
}

impl LockSet {
    /// The `locks`, to be acquired in this order.
    pub(crate) fn new(locks: Vec<Lock>) -> Self {
        Self { locks, timeout: Timeout::FOREVER }
    }

    /// The same locks, with the time that it may take to acquire all of them: a `Duration`, or
    /// whole seconds. Without this it waits for ever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self.clone() }
    }

    /// The same locks, to be held [as a reader](Lock::shared).
    pub fn shared(&self) -> Self {
        Self { locks: self.locks.iter().map(Lock::shared).collect(), timeout: self.timeout }
    }

    /// Acquires all the locks, and blocks the thread until it can or the timeout has passed.
    ///
    /// # Errors
    /// As [`Lock::acquire`], for the first lock that was not acquired. Those before it are released.
    pub fn acquire(&self) -> Result<LockGuards, LockError> {
        self.acquire_until(self.timeout.deadline().fixed())
    }

    /// Acquires all the locks if that needs no waiting, whatever the timeout.
    ///
    /// # Errors
    /// As [`LockSet::acquire`]; [`LockError::Timeout`] at once when one of the locks is held
    /// elsewhere, or others wait for it.
    pub fn try_acquire(&self) -> Result<LockGuards, LockError> {
        self.acquire_until(Deadline::Once)
    }

    /// Acquires the locks as [`LockSet::acquire`] does, and lets other tasks run while it waits.
    ///
    /// [`Lock::acquire_async`] says what that means. A future that is dropped releases the locks
    /// that it has.
    ///
    /// # Errors
    /// As [`LockSet::acquire`].
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuards, LockError>> + Send + use<> {
        let Self { locks, timeout } = self.clone();
        async move {
            let deadline = timeout.deadline().fixed();
            let mut guards = LockGuards::default();
            for lock in &locks {
                guards.push(lock.acquire_async_until(deadline).await?);
            }
            Ok(guards)
        }
    }

    fn acquire_until(&self, deadline: Deadline) -> Result<LockGuards, LockError> {
        let mut guards = LockGuards::default();
        for lock in &self.locks {
            guards.push(lock.acquire_until(deadline)?);
        }
        Ok(guards)
    }
}
