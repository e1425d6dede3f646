//! [`Lock`]: one named lock, not yet acquired.

mod acquire;
mod acquire_async;
mod ancestor_check;
#[cfg(feature = "postgres")]
mod in_transaction;
mod options;
mod waiting;
mod yield_to_executor;

use std::fmt;
use std::sync::Arc;

use crate::context::Owner;
use crate::deadlock;
use crate::error::LockError;
use crate::gate::Gate;
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::name::LockName;
use crate::settings::Settings;
use crate::site::Site;
use crate::status::Status;
use crate::timeout::{Deadline, Timeout};

pub(crate) use self::acquire_async::AcquiredBy;
pub(crate) use self::options::Options;

/// One named lock of a [`Locks`](crate::Locks), not yet acquired.
///
/// It is held while the [`LockGuard`] lives that [`acquire`](Lock::acquire) returns. `lock.timeout(10)` is
/// another `Lock`, and acquires nothing.
///
/// It corresponds to Jam.py's `task.lock(name)`. It is cheap to clone, and threads and tasks can share
/// it; they are served first come, first served.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
/// use std::time::Duration;
///
/// let locks = Locks::temporary()?;
/// let lock = locks.lock(LockName::new("report 2026")?);
/// let guard = lock.timeout(Duration::from_secs(10)).acquire()?;
/// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
/// drop(guard);
/// assert!(lock.try_acquire().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "Mutex", alias = "flock", alias = "semaphore")]
#[must_use = "a `Lock` is not held yet: write `let _guard = lock.acquire()?`, not `let _guard = lock`"]
pub struct Lock {
    /// As it was requested; the gate may have been created for the same name with another declaration, or
    /// with none.
    name: LockName,
    gate: Arc<Gate>,
    settings: Arc<Settings>,
    options: Options,
    timeout: Timeout,
}

impl Lock {
    pub(crate) fn new(name: LockName, gate: Arc<Gate>, settings: Arc<Settings>) -> Self {
        let (options, timeout) = (Options::default(), Timeout::FOREVER);
        Self { name, gate, settings, options, timeout }
    }

    /// Acquires the lock, and blocks the thread until it is acquired or the timeout passes.
    ///
    /// The lock is exclusive, unless it is [shared](Lock::shared): between all processes that lock the
    /// same file with `flock(2)`, including Jam.py and `flock(1)`, and between the threads and tasks of
    /// this process. The guard releases it.
    ///
    /// # Blocking
    /// It blocks until the lock is acquired, up to the [timeout](Lock::timeout). Looking up the holder
    /// that a timeout names takes up to 0.1 seconds more, or a second on a server.
    ///
    /// # Fairness
    /// Waiters of this process are served first come, first served. A process that acquires the lock again
    /// right after releasing it may overtake processes that the kernel has only just woken, for 5 ms; then
    /// it yields. [`promises`](crate::guide::promises) has the bounds.
    ///
    /// # Platform-specific behavior
    /// Locks of a folder are `flock(2)` on Unix and `LockFileEx` on Windows. A timeout names a holder in
    /// another process only on Linux, or on a server.
    ///
    /// # Errors
    /// - [`LockError::Timeout`] if the lock was held elsewhere until the timeout passed, and never earlier.
    ///   With a timeout of 0, also if this thread holds the lock itself.
    /// - [`LockError::Reentrant`] at once, if this thread, or a section of the task that it polls, already
    ///   holds the lock, so that waiting would deadlock.
    /// - [`LockError::Order`] at once, if it holds a lock that is declared after this one: it could
    ///   deadlock with a section that acquires them in declared order.
    /// - [`LockError::NotAFile`] if the lock file is a link, a folder, a pipe or a device.
    /// - [`LockError::Io`] if the lock file cannot be created, opened or locked.
    /// - [`LockError::Unsupported`] if the file system has no `flock(2)`, or the engine no shared locks.
    /// - [`LockError::Engine`] if a server, or the connection to it, failed.
    /// - [`LockError::Deadlock`] at once, if this wait closes a [cycle of owners](crate::guide::deadlocks) that
    ///   wait for each other; on a server, once that has detected it and chosen this acquisition to fail.
    /// - [`LockError::HeldByAncestor`] without a timeout, if the holder has started this process and certainly
    ///   waits for it to exit.
    /// - [`LockError::Forked`] if the lock was inherited through `fork(2)`.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("import")?).timeout(10);
    /// let guard = lock.acquire()?;
    /// println!("waited for {:?}", guard.waited());
    /// guard.release()?; // or drop
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    #[doc(alias = "lock")]
    #[track_caller]
    pub fn acquire(&self) -> Result<LockGuard, LockError> {
        self.acquire_for(Owner::thread(), self.site(Site::here()), self.timeout.deadline())
    }

    /// Acquires the lock if that needs no waiting, whatever the timeout.
    ///
    /// A shared lock is also acquired beside other readers, unless a writer waits.
    ///
    /// # Blocking
    /// It waits for no holder. But if the lock is held, the error names the holder, and looking that up
    /// takes up to 0.1 seconds, or a second on a server. A loop of acquisitions that leaves others no gap
    /// also yields to them: for 100 to 250 µs once in 5 ms, and once in 31 ms for 1 ms, or for 4 ms if
    /// programs that poll wait for the lock.
    ///
    /// # Errors
    /// As [`Lock::acquire`], but never [`LockError::Reentrant`]: it is [`LockError::Timeout`] if the lock
    /// is held, by this thread or elsewhere, or if a waiter is next.
    #[doc(alias = "try_lock")]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<LockGuard, LockError> {
        self.acquire_for(Owner::thread(), self.site(Site::here()), Deadline::Once)
    }

    /// Acquires the lock as [`Lock::acquire`] does, and lets other tasks run while it waits.
    ///
    /// It works with every executor whose wakers can be used from other threads, as `Waker` requires;
    /// [`executors`](crate::guide::executors) lists those that were tried. Nothing happens before the
    /// first poll, when the timeout starts. Even with a timeout of 0, other tasks may run before the
    /// error is returned, while the holder that it names is looked up.
    ///
    /// The guard is not tracked for its task, because it could belong to any of the task's futures: a later
    /// acquisition of the task does not see it. Locks that a section of the task holds, of `#[locked]` or
    /// `locked!`, are seen.
    ///
    /// # Cancel safety
    /// Dropping the future at any moment leaves nothing behind, neither a place in the queue nor a lock.
    ///
    /// # Fairness
    /// As [`Lock::acquire`]. In addition, a future that is woken but not polled is passed over after 10 ms,
    /// and takes its turn when it is polled again. A loop that acquires free locks lets other tasks run
    /// once in 128 acquisitions.
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
    #[track_caller]
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send + use<> {
        let (site, deadline) = (self.site(Site::here()), self.timeout.deadline());
        self.clone().acquire_async_for(AcquiredBy::Current(Owner::task), site, deadline)
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.name
    }

    /// How many waiters it has in this process.
    #[cfg(feature = "conformance")]
    pub(crate) fn queued(&self) -> usize {
        self.gate.queued()
    }

    /// The current holder of the lock, if it is certain: the one that a [timeout](LockError::Timeout)
    /// names.
    ///
    /// # Blocking
    /// It blocks for up to 0.1 seconds for a lock of a folder, and for up to a second for one of a server;
    /// if that is too short, it returns `None`.
    ///
    /// # Platform-specific behavior
    /// A holder in another process is certain only on Linux, or on a server.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        deadlock::explain_holder(self.gate.holder(), &self.gate).map(|holder| *holder)
    }

    /// The current status of the lock: its holder, and how many wait, as far as that can be seen.
    ///
    /// A lock that was never used is free. No file is created. [`Locks::list`](crate::Locks::list) shows
    /// all locks, and its documentation says what can be seen, and when a lock is tried to see it.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// # Errors
    /// - [`LockError::NotAFile`] if the lock file is a link, a folder, a pipe or a device.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    /// - [`LockError::Unsupported`] if the engine cannot see the status of its locks.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks, State};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("report")?);
    /// assert!(!lock.status()?.state().is_held());
    /// let guard = lock.acquire()?;
    /// let status = lock.status()?;
    /// assert_eq!(status.state(), State::Writer);
    /// println!("held by {}", status.holder().expect("it is this process"));
    /// # drop(guard);
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn status(&self) -> Result<Status, LockError> {
        let status = self.gate.status()?;
        Ok(deadlock::explain_status(status, self.gate.engine(), &self.name))
    }

    /// The lock's label, or else `here`.
    fn site(&self, here: Site) -> Site {
        self.settings.label.map_or(here, Site::labelled)
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("gate", &self.gate)
            .field("mode", &self.options.mode)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
