//! The methods of [`Lock`] that acquire it.

use super::{AcquiredBy, Lock};
use crate::context::Owner;
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::site::Site;
use crate::timeout::Deadline;

impl Lock {
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
    /// - [`LockError::Unsupported`] if the file system has no `flock(2)`, or the engine no shared locks, or if
    ///   the lock is [shared](Lock::shared) and has several [permits](crate::LockName::with_permits).
    /// - [`LockError::PermitsDiffer`] if a holder has another number of permits; the
    ///   [guide](crate::guide::permits#programs-that-disagree) says when that is noticed.
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
    #[doc(alias = "lock", alias = "lock_exclusive", alias = "write")]
    #[must_use = "the lock is held by the guard: write `let _guard = lock.acquire()?`"]
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
    /// also yields to them: for 100 to 250 µs once in 5 ms, or after each acquisition if its last
    /// wait took 100 ms, and once in 31 ms for 1 ms, or for 4 ms if programs that poll wait for the
    /// lock.
    ///
    /// # Errors
    /// As [`Lock::acquire`], but never [`LockError::Reentrant`]: it is [`LockError::Timeout`] if the lock
    /// is held, by this thread or elsewhere, or if a waiter is next.
    #[doc(alias = "try_lock", alias = "try_lock_exclusive", alias = "try_write")]
    #[must_use = "the lock is held by the guard: write `let _guard = lock.try_acquire()?`"]
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
    /// acquisition of the task does not see it, unless that is told by
    /// [`acquire_async_holding`](Lock::acquire_async_holding). Locks that a section of the task holds, of `#[locked]` or
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
    #[must_use = "the lock is held by the guard: write `let _guard = lock.acquire_async().await?`"]
    #[track_caller]
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send + use<> {
        let (site, deadline) = (self.site(Site::here()), self.timeout.deadline());
        self.clone().acquire_async_for(AcquiredBy::Current(Owner::task), site, deadline)
    }

    /// Acquires the lock as [`Lock::acquire_async`] does, for a task that holds these guards meanwhile.
    ///
    /// The guards cannot be released while the returned future exists, because it borrows them. So this wait
    /// takes part in the [detection of deadlocks](crate::guide::deadlocks), which a task's explicit guards
    /// otherwise do not; and the locks are checked as those of a section are. `held` are references to
    /// guards: `[&one, &other]`, a reference to a `Vec` of guards, or `iter()` of
    /// [`LockGuards`](crate::LockGuards).
    ///
    /// # Cancel safety
    /// As [`Lock::acquire_async`].
    ///
    /// # Errors
    /// As [`Lock::acquire`]; [`LockError::Reentrant`] and [`LockError::Order`] for a lock in `held`, or one that a
    /// section of the task holds.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, LockName, Locks};
    ///
    /// async fn transfer(locks: &Locks, from: LockName, to: LockName) -> Result<(), LockError> {
    ///     let from = locks.lock(from).acquire_async().await?;
    ///     // If the holder of `to` waits for `from`, this is `LockError::Deadlock` at once.
    ///     let to = locks.lock(to).acquire_async_holding([&from]).await?;
    ///     to.release()?;
    ///     from.release()
    /// }
    /// ```
    ///
    /// A guard cannot be released before the wait has ended:
    /// ```compile_fail,E0505
    /// # use jam_lock::{Lock, LockError, LockGuard};
    /// async fn transfer(from: LockGuard, to: &Lock) -> Result<LockGuard, LockError> {
    ///     let to = to.acquire_async_holding([&from]);
    ///     drop(from);
    ///     to.await
    /// }
    /// ```
    #[track_caller]
    pub fn acquire_async_holding<'held, I>(
        &self,
        held: I,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send + use<'held, I>
    where
        I: IntoIterator<Item = &'held LockGuard>,
    {
        let (lock, site) = (self.clone(), self.site(Site::here()));
        let held: Vec<_> = held.into_iter().collect();
        async move {
            let owner = Owner::task_with_guards();
            for guard in held {
                guard.keep_for(&owner);
            }
            let deadline = lock.timeout.deadline();
            lock.acquire_async_for(AcquiredBy::Owner(owner), site, deadline).await
        }
    }
}
