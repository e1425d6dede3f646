//! [`Lock::at_most_every`]: refuses a run if the last one began too recently.

use std::sync::Arc;
use std::time::Duration;

use super::{Lock, Options};
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::Grant;
use crate::settings::Settings;

impl Lock {
    /// The same lock, for a job that runs at most once in `period`: it is acquired only if the last run
    /// that ended well began at least that long ago.
    ///
    /// Otherwise an acquisition fails with [`LockError::TooSoon`], at once if the lock is free, or else once
    /// the run in progress has ended. By default there is no period.
    ///
    /// The run begins with the acquisition. It counts, for all processes, when the guard is released or
    /// dropped; not if that is because of a panic, if the process dies, or if the guard was told
    /// [`undo_run`](crate::LockGuard::undo_run) or [marked](crate::LockGuard::mark_abandoned) as abandoned.
    /// A section of [`#[locked]`](macro@crate::locked) does not count either if it returns an `Err` or is
    /// cancelled. [The guide](crate::guide::scheduled_jobs) has the rest, such as which clock decides.
    ///
    /// # Errors
    /// Besides those of [`Lock::acquire`], an acquisition returns
    /// - [`LockError::TooSoon`] if the last run began less than `period` ago;
    /// - [`LockError::Unsupported`] if holders are not
    ///   [recorded](crate::LocksBuilder::record_holders), if the engine records no runs, or if the lock is
    ///   [shared](Lock::shared) or [reentrant](Lock::reentrant);
    /// - [`LockError::Io`] if the last run cannot be read, or if the end of this one could not be recorded.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    /// use std::time::Duration;
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("nightly")?);
    /// let hourly = lock.at_most_every(Duration::from_secs(3600));
    /// hourly.acquire()?.release()?;
    /// assert!(hourly.acquire().is_err_and(|error| error.is_too_soon()));
    /// assert!(lock.acquire().is_ok());
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    #[doc(alias = "debounce", alias = "throttle", alias = "cron")]
    pub fn at_most_every(&self, period: Duration) -> Self {
        let settings = Settings { at_most_every: Some(period), ..(*self.settings).clone() };
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// Checks that runs of this lock can be recorded.
    pub(super) fn check_period(&self) -> Result<(), LockError> {
        if self.settings.at_most_every.is_none() {
            return Ok(());
        }
        let Options { mode, is_reentrant, .. } = self.options;
        Err(if mode == Mode::Shared {
            self.unsupported_period(
                "`at_most_every` on a shared lock",
                "acquire it as a writer, because readers run at the same time",
            )
        } else if is_reentrant {
            self.unsupported_period(
                "`at_most_every` on a reentrant lock",
                "use one of them, because a run inside of a run of the same lock would always be too soon",
            )
        } else if self.settings.permits.is_some() {
            self.unsupported_period(
                "`at_most_every` on a name with several permits",
                "use a name with one permit, because only one run is the last",
            )
        } else if !self.gate.records_runs() {
            self.unsupported_period(
                "`at_most_every`",
                "use the locks of a folder or of a PostgreSQL database",
            )
        } else if !self.settings.records_holders {
            self.unsupported_period(
                "`at_most_every`",
                "it needs the record of holders; open the locks with `record_holders(true)`",
            )
        } else {
            return Ok(());
        })
    }

    /// The error of a section whose period is negative.
    pub(crate) fn negative_period(&self) -> LockError {
        self.unsupported_period(
            "a negative `at_most_every`",
            "pass a number of seconds, or a `Duration`",
        )
    }

    pub(super) fn unsupported_period(&self, what: &'static str, remedy: &'static str) -> LockError {
        let location = self.gate.location().to_owned();
        LockError::Unsupported { what, location, remedy: remedy.into() }
    }

    /// Begins the run that the lock was granted for, unless it is too soon.
    pub(super) fn begin_run(&self, grant: &mut Grant) -> Result<(), LockError> {
        let Some(period) = self.settings.at_most_every else { return Ok(()) };
        let last = self.gate.begin_run().map_err(|error| {
            // What went wrong before says more.
            let earlier = grant.recorded.record_error.take();
            earlier.map_or(error, |earlier| earlier.error)
        })?;
        let Some(last) = last.filter(|last| last.age() < period) else { return Ok(()) };
        Err(LockError::TooSoon {
            name: Box::new(self.name.clone()),
            location: self.gate.location().to_owned(),
            last: last.began(),
            next: last.began().checked_add(period),
            holder: Some(last.into_holder()),
        })
    }
}
