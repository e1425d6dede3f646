//! [`LockGuard`]: a lock, held.

#[cfg(feature = "postgres")]
mod fence;
mod guards;
mod loss;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::context::{Listing, Reentry};
use crate::engine::{LossMonitor, RecordError, Recorded};
use crate::error::LockError;
use crate::gate::Outcome;
use crate::gate::{Gate, Grant};
use crate::holder::Holder;
use crate::name::LockName;
use crate::observer::Report;

pub use self::guards::LockGuards;

/// A lock, held. Dropping it releases the lock.
///
/// The lock is released as well when a panic unwinds through the guard's owner, when the guard is
/// dropped on another thread, and, by the operating system, when the process ends, however it
/// ends. The lock's file stays, unless the name is [keyed](LockName#keyed-names).
///
/// # On another thread
/// A guard can be sent to another thread or task and dropped there. Until then it counts for the
/// thread that acquired it, which gets [`LockError::Reentrant`] if it acquires the lock again, and
/// [`LockError::Order`] if it acquires one that is declared before. [`LockGuard::detach`] ends that.
#[must_use = "a lock is released as soon as its guard is dropped: write `let _guard = …`, not `let _ = …`"]
pub struct LockGuard {
    gate: Arc<Gate>,
    /// Where the lock is listed as held, if it is.
    listing: Option<Listing>,
    number: u64,
    token: u64,
    waited: Duration,
    abandoned: Option<Box<Holder>>,
    record_error: Option<Box<RecordError>>,
    is_left_abandoned: AtomicBool,
    report: Option<Arc<Report>>,
    /// Tells whether the lock is lost, where it can be.
    watch: Option<Arc<dyn LossMonitor>>,
    /// Whether who releases it may block until the engine has confirmed that.
    may_block: bool,
    is_released: bool,
}

impl LockGuard {
    pub(crate) fn new(
        gate: Arc<Gate>,
        listing: Option<Listing>,
        grant: Grant,
        report: Option<Arc<Report>>,
    ) -> Self {
        let Grant { number, recorded, loss_monitor: watch, waited } = grant;
        let Recorded { token, abandoned_by: abandoned, record_error, .. } = recorded;
        let is_left_abandoned = AtomicBool::new(false);
        Self {
            gate,
            listing,
            number,
            token,
            waited,
            abandoned,
            record_error,
            is_left_abandoned,
            report,
            watch,
            may_block: false,
            is_released: false,
        }
    }

    /// A further guard for what the owner holds already.
    pub(crate) fn of_reentry(gate: Arc<Gate>, reentry: Reentry) -> Self {
        let Reentry { listing, number, token, watch, report } = reentry;
        let recorded = Recorded { token, ..Recorded::default() };
        let grant = Grant { number, recorded, loss_monitor: watch, waited: Duration::ZERO };
        Self::new(gate, listing, grant, report)
    }

    /// The same guard, of a thread that has blocked for it.
    pub(crate) fn of_blocking(mut self) -> Self {
        self.may_block = true;
        self
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.gate.name()
    }

    /// How long the acquisition waited for other holders, and for the answer of a server; zero if the
    /// lock of a folder was free.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The number of this acquisition, which is greater than those of all writers before it: a
    /// fencing token.
    ///
    /// It rises across processes, restarts and removed files. It starts at the nanoseconds since 1970.
    /// If the record is lost, such as in a power cut, or cannot be read, which
    /// [`LockGuard::record_error`] shows, or if holders are not recorded, it rises as long as the
    /// clock is not set back. Keep it as an integer of 64 bits or as text: JSON and JavaScript round
    /// such numbers. Readers that hold the lock between the same two writers may have the same token,
    /// which lies between the writers'. Where a writer could not write the record, readers of other
    /// processes may still have a lesser one than it had.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The holder that died with the lock before, if nobody has recovered since: the first of them.
    ///
    /// A process that is killed, aborts or loses its power inside a section leaves the lock
    /// abandoned, and its work perhaps half-done. Every writer and every reader learns of that, until
    /// a writer that learned of it has released the lock without
    /// [marking](LockGuard::mark_abandoned) it as abandoned. A panic that unwinds is a release and no
    /// abandonment, as is `?`.
    ///
    /// Holders have to be [recorded](crate::LocksBuilder::record_holders), which they are by
    /// default; readers are not. [`LockGuard::record_error`] says whether the record could be read.
    /// If only a part of a record was written, it shows only that somebody died.
    #[must_use]
    pub fn abandoned(&self) -> Option<&Holder> {
        self.abandoned.as_deref()
    }

    /// What kept the record of this holder from being read or written, although the lock was
    /// acquired.
    ///
    /// The lock is held all the same. But an earlier [death](LockGuard::abandoned) may have gone
    /// unseen; or, if this holder dies, the next one may not learn of it; or tokens may go on from the
    /// time alone. The text says what was being done to which file, and what to do. A section with
    /// `recover = …` does not run if an earlier death may have gone unseen: its acquisition ends with
    /// this error.
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

    /// Has the next holder find the lock [abandoned](LockGuard::abandoned), as if this one had
    /// died.
    ///
    /// For a holder that cannot finish its work but keeps running. If this guard found the lock
    /// abandoned itself, the next one learns of the first death. On a reader's guard this has no
    /// effect. [`LockGuard::release`] returns what keeps the mark from being written.
    pub fn mark_abandoned(&self) {
        self.is_left_abandoned.store(true, Ordering::Relaxed);
    }

    /// The same guard, which no longer counts for the thread that acquired it: for a guard that moves
    /// to another thread or task, such as from `spawn_blocking`.
    ///
    /// Then the thread that acquired it can acquire the lock again, and waits until this guard is
    /// dropped, unless a [further](crate::Lock::reentrant) guard, or the section around it, still
    /// counts.
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
        self.leave();
        self
    }

    /// Releases the lock and tells whether that worked; dropping the guard does the same silently.
    ///
    /// A drop sends a server a message and does not wait. This waits until the server has confirmed
    /// it, unless the lock was acquired by a task: then what is known at once is told.
    ///
    /// # Errors
    /// - [`LockError::Io`] when the system refuses to unlock the file. It is closed then, which
    ///   ends the lock too. Or when the [record](LockGuard::record_error) cannot be written: the
    ///   lock is released, but the next holder learns of a death that was none, or does not learn
    ///   that it was [left abandoned](LockGuard::mark_abandoned).
    /// - [`LockError::Forked`] when the guard was inherited through `fork(2)`. The parent's lock
    ///   is left alone.
    /// - [`LockError::Lost`] when the lock was known to be lost.
    pub fn release(mut self) -> Result<(), LockError> {
        let result = self.end();
        let Some(watch) = self.watch.as_ref().filter(|_| self.may_block) else { return result };
        watch.flush();
        result.and(self.ensure())
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.report.as_deref()
    }

    /// Where the lock is listed as held, if it is.
    pub(crate) fn listing(&self) -> Option<&Listing> {
        self.listing.as_ref()
    }

    /// Takes the lock off the list of what is held.
    fn leave(&mut self) {
        if let Some(listing) = self.listing.take() {
            listing.leave(&self.gate, self.number);
        }
    }

    /// Releases the lock, unless another guard stands for it too.
    fn end(&mut self) -> Result<(), LockError> {
        self.is_released = true;
        let is_abandoned = *self.is_left_abandoned.get_mut();
        let left = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
        let lost = self.ensure();
        // Before others can hear of the release, and this thread from them.
        self.leave();
        let released = self.gate.release(self.number, left);
        let Some(result) = released else { return lost };
        if let Some(report) = &self.report {
            report.released(self.waited);
        }
        lost.and(result)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !self.is_released {
            // A drop has nobody to tell; `release` has.
            let _ = self.end();
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
            .finish_non_exhaustive()
    }
}
