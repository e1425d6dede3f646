//! [`LockSet`]: several locks, acquired together.

use std::time::Duration;

use crate::context::Owner;
use crate::error::LockError;
use crate::guard::{LockGuard, LockGuards};
use crate::lock::{AcquiredBy, Lock, Options};
use crate::name::LockName;
use crate::site::Site;
use crate::timeout::{Deadline, Timeout};

/// Several named locks of a [`Locks`](crate::Locks), not yet acquired, to be acquired all or none.
///
/// They are acquired one after another: declared names in the order of their declaration, those of one
/// keyed name in the order of their keys, and names made at run time last, in the order of their text. So
/// processes that acquire some of the same locks cannot deadlock. A lock that is named twice is acquired
/// once.
///
/// # Example
/// ```
/// use jam_lock::{LockError, LockName, Locks};
///
/// let locks = Locks::temporary()?;
/// let both = locks.lock_all([LockName::new("stock")?, LockName::new("orders")?]);
/// let guards = both.timeout(10).acquire()?;
/// assert_eq!(guards[0].name().as_str(), "orders");
/// guards.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a `LockSet` is not held yet: write `let _guards = set.acquire()?`, not `let _guards = set`"]
pub struct LockSet {
    locks: Vec<Lock>,
    timeout: Timeout,
}

impl LockSet {
    /// The `locks`, to be acquired in this order.
    pub(crate) fn new(locks: Vec<Lock>) -> Self {
        Self { locks, timeout: Timeout::FOREVER }
    }

    /// The same locks, with a limit on how long acquiring all of them may take: a `Duration`, or whole
    /// seconds.
    ///
    /// By default an acquisition waits forever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self.clone() }
    }

    /// The same locks, to be held [as a reader](Lock::shared).
    pub fn shared(&self) -> Self {
        Self { locks: self.locks.iter().map(Lock::shared).collect(), timeout: self.timeout }
    }

    /// The same locks, each of which can be acquired again inside a section that
    /// [holds it](Lock::reentrant).
    pub fn reentrant(&self) -> Self {
        Self { locks: self.locks.iter().map(Lock::reentrant).collect(), timeout: self.timeout }
    }

    /// The same locks with `options`.
    ///
    /// # Errors
    /// As [`Lock::with_options`].
    pub(crate) fn with_options(
        self,
        options: Options,
        at_most_every: Option<Duration>,
    ) -> Result<Self, LockError> {
        let locks = self.locks.into_iter().map(|lock| lock.with_options(options, at_most_every));
        Ok(Self { locks: locks.collect::<Result<_, _>>()?, timeout: self.timeout })
    }

    /// The position of `name` in the order of acquisition, if it is one of the names.
    pub(crate) fn position(&self, name: &LockName) -> Option<usize> {
        self.locks.iter().position(|lock| lock.name() == name)
    }

    /// Acquires all the locks, and blocks the thread until they are acquired or the timeout passes.
    ///
    /// # Blocking
    /// As [`Lock::acquire`], within one timeout for all the locks.
    ///
    /// # Errors
    /// As [`Lock::acquire`], for the first lock that was not acquired. Those before it are released.
    #[must_use = "the locks are held by the guards: write `let _guards = set.acquire()?`"]
    #[track_caller]
    pub fn acquire(&self) -> Result<LockGuards, LockError> {
        self.acquire_for(&Owner::thread(), Site::here(), self.timeout.deadline())
    }

    /// Acquires all the locks if that needs no waiting, whatever the timeout.
    ///
    /// # Blocking
    /// As [`Lock::try_acquire`], for each lock.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`], for the first lock that was not acquired. Those before it are released.
    #[must_use = "the locks are held by the guards: write `let _guards = set.try_acquire()?`"]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<LockGuards, LockError> {
        self.acquire_for(&Owner::thread(), Site::here(), Deadline::Once)
    }

    /// Acquires the locks as [`LockSet::acquire`] does, and lets other tasks run while it waits.
    ///
    /// [`Lock::acquire_async`] says what that means.
    ///
    /// # Cancel safety
    /// Dropping the future at any moment releases the locks that it has acquired, and leaves no place in a
    /// queue behind.
    ///
    /// # Errors
    /// As [`LockSet::acquire`].
    #[must_use = "the locks are held by the guards: write `let _guards = set.acquire_async().await?`"]
    #[track_caller]
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuards, LockError>> + Send + use<> {
        let (locks, site) = (self.clone(), Site::here());
        async move {
            locks
                .acquire_async_for(&Owner::task_with_guards(), site, locks.timeout.deadline())
                .await
        }
    }

    pub(crate) fn acquire_for(
        &self,
        owner: &Owner,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuards, LockError> {
        let deadline = deadline.starting_now();
        let mut acquired = PartlyAcquired::default();
        for lock in &self.locks {
            acquired.guards.push(lock.acquire_for(owner.clone(), site, deadline)?);
        }
        Ok(acquired.complete())
    }

    pub(crate) async fn acquire_async_for(
        &self,
        owner: &Owner,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuards, LockError> {
        let deadline = deadline.starting_now();
        let mut acquired = PartlyAcquired::default();
        for lock in &self.locks {
            let acquired_by = AcquiredBy::Owner(owner.clone());
            let guard = lock.clone().acquire_async_for(acquired_by, site, deadline).await?;
            guard.keep_for(owner);
            acquired.guards.push(guard);
        }
        Ok(acquired.complete())
    }
}

/// The locks that were acquired so far. If the rest fails, an abandonment that these guards found was
/// reported to no section, so the next holder has to find it again.
#[derive(Default)]
struct PartlyAcquired {
    guards: LockGuards,
}

impl PartlyAcquired {
    fn complete(mut self) -> LockGuards {
        std::mem::take(&mut self.guards)
    }
}

impl Drop for PartlyAcquired {
    fn drop(&mut self) {
        let abandoned = self.guards.iter().filter(|guard| guard.abandoned().is_some());
        abandoned.for_each(LockGuard::mark_abandoned);
    }
}
