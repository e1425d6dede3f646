//! [`LastRun`]: the last run of a job that ended well.

use std::time::{Duration, SystemTime};

use crate::holder::Holder;

/// The last run of a job that ended well, as it is recorded for
/// [`at_most_every`](crate::Lock::at_most_every).
///
/// Its times are those of the clock by which runs are recorded: that of this machine, or that of a server.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
/// use std::time::Duration;
///
/// let lock = Locks::temporary()?.lock(LockName::new("nightly")?);
/// lock.at_most_every(Duration::from_secs(3600)).acquire()?.release()?;
/// let status = lock.status()?;
/// let last = status.last_run().expect("it has run");
/// assert_eq!(last.next(), last.began().checked_add(Duration::from_secs(3600)));
/// # Ok::<(), jam_lock::LockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    began: SystemTime,
    age: Duration,
    period: Duration,
    holder: Box<Holder>,
}

impl LastRun {
    /// The run of `holder` that began at `began`, which is `age` ago, and keeps the next one waiting for
    /// `period`.
    ///
    /// For an [engine](crate::engine::Engine) of your own.
    #[must_use]
    pub fn new(began: SystemTime, age: Duration, period: Duration, holder: Box<Holder>) -> Self {
        Self { began, age, period, holder }
    }

    /// When the run began.
    #[must_use]
    pub fn began(&self) -> SystemTime {
        self.began
    }

    /// How long before it was looked up the run began; zero if the clock has been set back since.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// The period that the run was acquired with.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the next run may begin, if it has the same period; `None` if that is too far away for the
    /// clock.
    #[must_use]
    pub fn next(&self) -> Option<SystemTime> {
        self.began.checked_add(self.period)
    }

    /// Who ran it.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The holder of the run, alone.
    pub(crate) fn into_holder(self) -> Box<Holder> {
        self.holder
    }
}
