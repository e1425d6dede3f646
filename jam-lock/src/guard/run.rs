//! [`Run`]: whether the run of a job counts for `at_most_every`, and its record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::LockGuard;
use crate::error::LockError;
use crate::site::Site;

/// A run that has begun.
pub(crate) struct Run {
    site: Site,
    period: Duration,
    /// Whether it has ended well; a section says so at its end.
    has_ended_well: AtomicBool,
    is_undone: AtomicBool,
    /// Whether the thread panicked already when it began, as in a destructor.
    began_in_panic: bool,
}

impl Run {
    /// A run that counts unless it is undone.
    pub(crate) fn new(site: Site, period: Duration) -> Box<Self> {
        Box::new(Self {
            site,
            period,
            has_ended_well: AtomicBool::new(true),
            is_undone: AtomicBool::new(false),
            began_in_panic: thread::panicking(),
        })
    }
}

impl LockGuard {
    pub(crate) fn with_run(self, run: Option<Box<Run>>) -> Self {
        debug_assert!(self.run.is_none(), "a guard has one run");
        let mut guard = self;
        guard.run = run;
        guard
    }

    /// Makes this run of a job not count, so that the next one need not wait for its period.
    ///
    /// For a lock that was acquired [at most every](crate::Lock::at_most_every) so often: use it when the
    /// run has not done what it should, but neither panics nor returns an error. On another guard this has
    /// no effect.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    /// use std::time::Duration;
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("nightly")?);
    /// let lock = lock.at_most_every(Duration::from_secs(3600));
    /// let guard = lock.acquire()?;
    /// println!("the server to copy from is down: try again in a minute");
    /// guard.undo_run();
    /// drop(guard);
    /// lock.acquire()?.release()?; // this run counts
    /// assert!(lock.acquire().is_err_and(|error| error.is_too_soon()));
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn undo_run(&self) {
        if let Some(run) = &self.run {
            run.is_undone.store(true, Ordering::Relaxed);
        }
    }

    /// Sets whether the run would have ended well if it ended now.
    pub(crate) fn end_run(&self, has_ended_well: bool) {
        if let Some(run) = &self.run {
            run.has_ended_well.store(has_ended_well, Ordering::Relaxed);
        }
    }

    /// Records the run, if it counts.
    pub(super) fn record_run(&mut self, is_abandoned: bool) -> Result<(), LockError> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let Run { site, period, has_ended_well, is_undone, began_in_panic } = *run;
        let has_panicked = thread::panicking() && !began_in_panic;
        let counts = has_ended_well.into_inner() && !is_undone.into_inner();
        if !counts || has_panicked || is_abandoned {
            return Ok(());
        }
        let recorded = self.gate.record_run(&site, period);
        if let (Err(error), Some(notifier)) = (&recorded, &self.notifier) {
            notifier.record_error(self.waited, error);
        }
        recorded
    }
}
