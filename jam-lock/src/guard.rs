//! [`LockGuard`]: a lock, held.

#[cfg(unix)]
mod descriptor;
#[cfg(feature = "postgres")]
mod fence;
mod guards;
mod loss;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::context::{Owner, ReentrantGrant, Registration};
use crate::engine::{LossMonitor, RecordError, Recorded};
use crate::error::LockError;
use crate::gate::{Gate, Grant, Outcome};
use crate::holder::Holder;
use crate::name::LockName;
use crate::observer::Notifier;

pub use self::guards::LockGuards;

/// A lock, held. Dropping it releases the lock.
///
/// Bind it to a variable that lives as long as the lock is needed: `let _guard = lock.acquire()?`. `let _ =
/// lock.acquire()?` drops it at once, and locks nothing. The compiler accepts that unless this is in
/// `Cargo.toml`:
///
/// ```toml
/// [lints.rust]
/// let_underscore_drop = "warn"
/// ```
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
///
/// let lock = Locks::temporary()?.lock(LockName::new("import")?);
/// {
///     let _guard = lock.acquire()?;
///     println!("imported, and no other process imports now");
/// }
/// assert!(!lock.status()?.state().is_held());
///
/// let guard = lock.acquire()?;
/// println!("waited for {:?}", guard.waited());
/// guard.release()?; // like a drop, but an error is returned
/// # Ok::<(), jam_lock::LockError>(())
/// ```
///
/// # When it is released
/// The lock is also released when a panic unwinds through the guard's scope, when the guard is dropped on
/// another thread, and, by the operating system, when the process ends, however it ends. The lock file
/// stays, unless the name is [keyed](LockName#keyed-names).
///
/// # On another thread
/// A guard can be sent to another thread or task and dropped there. Until then it counts as held by the
/// thread that acquired it, which gets [`LockError::Reentrant`] if it acquires the lock again, and
/// [`LockError::Order`] if it acquires a lock that is declared before. [`LockGuard::detach`] ends that.
#[doc(alias = "MutexGuard")]
#[must_use = "a lock is released as soon as its guard is dropped: write `let _guard = …`, not `let _ = …`"]
pub struct LockGuard {
    gate: Arc<Gate>,
    /// Where the lock is registered as held, if it is.
    registration: Option<Registration>,
    /// The number of the acquisition at the gate.
    number: u64,
    token: u64,
    waited: Duration,
    abandoned: Option<Box<Holder>>,
    unreleased: Option<Box<Holder>>,
    record_error: Option<Box<RecordError>>,
    is_left_abandoned: AtomicBool,
    notifier: Option<Arc<Notifier>>,
    /// Reports the loss of the lock, if it can be lost.
    loss_monitor: Option<Arc<dyn LossMonitor>>,
    /// Whether [`LockGuard::release`] may block until the engine has confirmed it.
    may_block: bool,
    is_released: bool,
}

impl LockGuard {
    pub(crate) fn new(
        gate: Arc<Gate>,
        registration: Option<Registration>,
        grant: Grant,
        notifier: Option<Arc<Notifier>>,
        may_block: bool,
    ) -> Self {
        let Grant { number, recorded, loss_monitor, waited } = grant;
        let Recorded { token, abandoned_by, unreleased_by, record_error, .. } = recorded;
        let is_left_abandoned = AtomicBool::new(false);
        Self {
            gate,
            registration,
            number,
            token,
            waited,
            abandoned: abandoned_by,
            unreleased: unreleased_by,
            record_error,
            is_left_abandoned,
            notifier,
            loss_monitor,
            may_block,
            is_released: false,
        }
    }

    /// One more guard of a lock that the owner already holds.
    pub(crate) fn reentrant(gate: Arc<Gate>, grant: ReentrantGrant) -> Self {
        let ReentrantGrant { registration, number, token, loss_monitor, notifier } = grant;
        let recorded = Recorded { token, ..Recorded::default() };
        let grant = Grant { number, recorded, loss_monitor, waited: Duration::ZERO };
        Self::new(gate, registration, grant, notifier, false)
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// How long the acquisition waited: for other holders, and for a server or a file system elsewhere.
    ///
    /// Zero if it was a lock of a folder on a local file system and was free.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Releases the lock and reports errors, which dropping the guard ignores.
    ///
    /// # Blocking
    /// On a server, this blocks until the server has confirmed the release, unless a task acquired the
    /// lock: then it returns at once, with the errors known so far. A drop never waits. In a folder, it makes
    /// a few system calls, as a drop does; where these may hang, on a file system elsewhere, it waits for them
    /// for 2 seconds at the most.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the file cannot be unlocked; it is closed instead, which ends the lock too.
    ///   Also if the [record](LockGuard::record_error) can be neither written nor removed: the lock is
    ///   released, but the next holder finds it abandoned without reason. Or if it does not learn that the
    ///   lock was [marked](LockGuard::mark_abandoned) abandoned.
    /// - [`LockError::Forked`] if the guard was inherited through `fork(2)`. The parent's lock stays held.
    /// - [`LockError::Lost`] if the lock is [lost](LockGuard::is_lost): another process may have it. The
    ///   record of another holder is left alone.
    #[doc(alias = "unlock")]
    pub fn release(mut self) -> Result<(), LockError> {
        let lost = self.ensure();
        let released = self.release_now();
        let result = lost.and(released);
        let loss_monitor = self.loss_monitor.as_ref().filter(|_| self.may_block);
        let Some(loss_monitor) = loss_monitor else { return result };
        loss_monitor.flush();
        result.and(self.ensure_as_reported())
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
        // The thread may be waiting, after it has sent the guard here.
        self.gate.remove_all_waits(self.number);
        self
    }

    /// Makes the lock count as held by `owner`, whose future owns or borrows this guard until it has ended.
    pub(crate) fn keep_for(&self, owner: &Owner) {
        owner.keep(&self.gate, self.number);
    }

    pub(crate) fn notifier(&self) -> Option<&Notifier> {
        self.notifier.as_deref()
    }

    /// Where the lock is registered as held, if it is.
    pub(crate) fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    /// Removes the lock from the list of held locks.
    fn unregister(&mut self) {
        if let Some(registration) = self.registration.take() {
            registration.remove(&self.gate, self.number);
        }
    }

    /// Releases the lock, unless the acquisition has another guard. Whether it was lost is left to the
    /// caller.
    fn release_now(&mut self) -> Result<(), LockError> {
        self.is_released = true;
        let is_abandoned = *self.is_left_abandoned.get_mut();
        let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
        // Before the release, after which another thread may acquire the lock and signal this one to
        // acquire it again.
        self.unregister();
        let released = self.gate.release(self.number, outcome);
        let Some(result) = released else { return Ok(()) };
        if let Some(notifier) = &self.notifier {
            notifier.released(self.waited);
        }
        result
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !self.is_released {
            // Only `release` can return an error.
            let _ = self.release_now();
        }
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("name", self.name())
            .field("token", &self.token)
            .field("waited", &self.waited)
            .field("abandoned", &self.abandoned)
            .field("unreleased", &self.unreleased)
            .finish_non_exhaustive()
    }
}
