//! What a guard shows of its acquisition and of the holders before it, and what it leaves to the next one.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::error::LockError;
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::name::LockName;

impl LockGuard {
    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// Which of the [permits](LockName::with_permits) of the lock this holds, from 1; always 1 if it has only
    /// one.
    ///
    /// No two holders have the same one at once, so it can stand for something of which there are as many,
    /// such as a port or a device.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("gpu")?.with_permits(2)?);
    /// let guard = lock.acquire()?;
    /// println!("using GPU {}", guard.permit() - 1);
    /// # assert_eq!(guard.permit(), 1);
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    #[must_use]
    pub fn permit(&self) -> u32 {
        self.gate.engine_name().permit().into()
    }

    /// How long the acquisition waited: for other holders, and for a server or a file system elsewhere.
    ///
    /// Zero if it was a lock of a folder on a local file system and was free.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The fencing token of this acquisition: a number greater than those of all writers before it.
    ///
    /// It rises across processes, restarts and removed files, starting at the nanoseconds since 1970. If
    /// holders are not recorded, or if the record was lost (such as in a power cut) or cannot be read (which
    /// [`LockGuard::record_error`] shows), it rises only as long as the clock is not set back. Store it as a
    /// 64-bit integer or as text: JSON and JavaScript round such numbers.
    ///
    /// Readers that hold the lock between the same two writers may have the same token, which lies between
    /// those of the writers. If a writer could not write the record, readers of other processes may have a
    /// smaller token than that writer.
    #[doc(alias = "fencing")]
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The first holder that died while holding the lock and has not been recovered since, if any.
    ///
    /// A process that is killed, aborts or loses power while it holds the lock leaves it abandoned, and its
    /// work perhaps half-done. Every writer and reader learns of that, until a writer that learned of it
    /// has released the lock without [marking](LockGuard::mark_abandoned) it as abandoned. A panic that
    /// unwinds releases the lock and does not abandon it, and neither does `?`.
    ///
    /// Holders must be [recorded](crate::LocksBuilder::record_holders), which is the default; readers are
    /// not recorded. [`LockGuard::record_error`] says whether the record could be read. If the record was
    /// written only in part, it shows that a holder died, but not which.
    #[must_use]
    pub fn abandoned(&self) -> Option<&Holder> {
        self.abandoned.as_deref()
    }

    /// The holder that has not released the lock, although it was granted to this guard, if any.
    ///
    /// That holder is running, and both may be in their sections at once. The likely causes are that its
    /// lock file was removed while it was held, or that this folder and its own are two mounts, or two
    /// copies, of one folder. It is not reported as [abandoned](LockGuard::abandoned). A section with
    /// `recover = …` passes it to that as well, where
    /// [`Holder::has_not_released`](crate::Holder::has_not_released) tells the two apart.
    ///
    /// Only Linux shows whether a holder lives, and only one that this process can see in `/proc`. On other
    /// systems, on another machine or outside of this container, it counts as dead.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let guard = Locks::temporary()?.lock(LockName::new("import")?).acquire()?;
    /// match guard.abandoned().or(guard.unreleased()) {
    ///     Some(holder) if holder.has_not_released() => panic!("still inside: {holder}"),
    ///     Some(holder) => println!("repairing what {holder} left half-done"),
    ///     None => {}
    /// }
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    #[must_use]
    pub fn unreleased(&self) -> Option<&Holder> {
        self.unreleased.as_deref()
    }

    /// Why the record of this holder could not be read or written, although the lock was acquired.
    ///
    /// The lock is held all the same. But an earlier [abandonment](LockGuard::abandoned) may have gone
    /// unnoticed; or, if this holder dies, the next one may not learn of it; or tokens may continue from the
    /// clock alone. The message has the operation, the file and the remedy. A section with `recover = …`
    /// does not run if an abandonment may have gone unnoticed: its acquisition fails with this error.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("import.holder"), "my notes")?;
    /// let guard = Locks::open(folder.path())?.lock(LockName::new("import")?).acquire()?;
    /// let error = guard.record_error().expect("it is no record");
    /// assert!(error.to_string().ends_with("it is not a holder record: move it away"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn record_error(&self) -> Option<&LockError> {
        self.record_error.as_ref().map(|found| &found.error)
    }

    /// Makes the next holder find the lock [abandoned](LockGuard::abandoned), as if this holder had died.
    ///
    /// Use it when a holder cannot finish its work but keeps running. If this guard itself found the lock
    /// abandoned, the next holder learns of that first abandonment. On a reader's guard this has no effect.
    /// [`LockGuard::release`] returns an error if the mark cannot be written.
    pub fn mark_abandoned(&self) {
        self.is_left_abandoned.store(true, Ordering::Relaxed);
    }

    /// The same guard, which no longer counts as held by the thread that acquired it.
    ///
    /// For a guard that moves to another thread or task, such as out of `spawn_blocking`. If the thread
    /// acquires the lock again, it waits until this guard is dropped, unless another
    /// [reentrant](crate::Lock::reentrant) guard, or the section around it, still counts.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    /// use std::thread;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let lock = Locks::in_memory().lock(LockName::new("upload")?);
    /// for file in ["a", "b"] {
    ///     let guard = lock.acquire()?.detach();
    ///     thread::spawn(move || {
    ///         println!("uploading {file}");
    ///         drop(guard);
    ///     });
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn detach(mut self) -> Self {
        self.unregister();
        self
    }
}
