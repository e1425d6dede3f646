//! [`RecordedRun`]: the last run of a job that ended well.

use std::time::{Duration, SystemTime};

use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::wall_clock;

/// A run, as it is recorded.
#[derive(Clone, Debug)]
pub(super) struct RecordedRun {
    /// Since 1970.
    pub(super) began: Duration,
    pub(super) period: Duration,
    pub(super) holder: Holder,
}

impl RecordedRun {
    /// Whether the next run with the same period may begin now.
    pub(super) fn is_over(&self) -> bool {
        self.began.saturating_add(self.period) <= wall_clock::of_runs()
    }

    pub(super) fn to_last_run(&self) -> Option<LastRun> {
        let age = wall_clock::of_runs().saturating_sub(self.began);
        let began = SystemTime::UNIX_EPOCH.checked_add(self.began)?;
        Some(LastRun::new(began, age, self.period, Box::new(self.holder.clone())))
    }
}
