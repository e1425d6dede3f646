//! [`LockSet`]: several locks that are acquired as one.

use crate::context::Scope;
use crate::error::LockError;
use crate::guard::{LockGuard, LockGuards};
use crate::lock::Lock;
use crate::site::Site;
use crate::timeout::{Deadline, Timeout};

/// Several named locks of a [`Locks`](crate::Locks), not yet acquired: all of them are, or none.
///
/// They are acquired one after another in the order in which their names are declared, those of one
/// keyed name in the order of their keys, and names made at run time last, in the order of their
/// text. So processes that ask for some of the same locks cannot wait for each other in a circle. A
/// lock that is named twice is acquired once.
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

    /// The same locks, each of which can be acquired again inside a [section](Lock::reentrant) that
    /// holds it.
    pub fn reentrant(&self) -> Self {
        let locks = self.locks.iter().map(Lock::reentrant).collect();
        Self { locks, timeout: self.timeout }
    }

    /// The same locks, whose timeout does not name the holder, so that nobody looks for it.
    pub(crate) fn without_holder(&self) -> Self {
        let locks = self.locks.iter().map(Lock::without_holder).collect();
        Self { locks, timeout: self.timeout }
    }

    /// The same locks, of which none is acquired where its record cannot be read.
    pub(crate) fn must_see_deaths(&self) -> Result<Self, LockError> {
        let locks = self.locks.iter().map(Lock::must_see_deaths).collect::<Result<_, _>>()?;
        Ok(Self { locks, timeout: self.timeout })
    }

    /// Acquires all the locks, and blocks the thread until it can or the timeout has passed.
    ///
    /// # Errors
    /// As [`Lock::acquire`], for the first lock that was not acquired. Those before it are released.
    #[track_caller]
    pub fn acquire(&self) -> Result<LockGuards, LockError> {
        self.block(&Scope::thread(), Site::here(), self.timeout.deadline())
    }

    /// Acquires all the locks if that needs no waiting, whatever the timeout.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`], for the first lock that was not acquired. Those before it are
    /// released.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<LockGuards, LockError> {
        self.block(&Scope::thread(), Site::here(), Deadline::Once)
    }

    /// Acquires the locks as [`LockSet::acquire`] does, and lets other tasks run while it waits.
    ///
    /// [`Lock::acquire_async`] says what that means. A future that is dropped releases the locks
    /// that it has.
    ///
    /// # Errors
    /// As [`LockSet::acquire`].
    #[track_caller]
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuards, LockError>> + Send + use<> {
        let (locks, site) = (self.clone(), Site::here());
        async move { locks.ready(&Scope::task(), site, locks.timeout.deadline()).await }
    }

    pub(crate) fn block(
        &self,
        scope: &Scope,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuards, LockError> {
        let deadline = deadline.fixed();
        let mut acquired = Acquired::default();
        for lock in &self.locks {
            acquired.0.push(lock.block(scope.clone(), site, deadline)?);
        }
        Ok(acquired.all())
    }

    pub(crate) async fn ready(
        &self,
        scope: &Scope,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuards, LockError> {
        let deadline = deadline.fixed();
        let mut acquired = Acquired::default();
        for lock in &self.locks {
            acquired.0.push(lock.ready(scope.clone(), site, deadline).await?);
        }
        Ok(acquired.all())
    }
}

/// Locks that were acquired, but not all: if it stays at that, nobody is told that a holder died
/// with one of them, so the next one has to be.
#[derive(Default)]
struct Acquired(LockGuards);

impl Acquired {
    fn all(mut self) -> LockGuards {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Acquired {
    fn drop(&mut self) {
        let found = self.0.iter().filter(|guard| guard.abandoned().is_some());
        found.for_each(LockGuard::mark_abandoned);
    }
}
