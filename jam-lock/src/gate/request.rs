//! A request for a lock, what the gate grants, and how the grant ends.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{LossMonitor, Mode, OwnerId, Recorded};
use crate::site::Site;

/// A request of a thread or a task for a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AcquireRequest {
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// Whether the holder is recorded for other processes.
    pub(crate) is_recorded: bool,
    pub(crate) owner: OwnerId,
    /// Whether a timeout names the holder; if not, it is not looked up in other processes.
    pub(crate) names_holder: bool,
    /// How many permits the lock has; one, unless it is declared otherwise.
    pub(crate) permits: u16,
}

/// A granted request.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Identifies the holder when it releases the lock.
    pub(crate) number: u64,
    pub(crate) recorded: Recorded,
    /// Reports whether the lock is lost; `None` if it cannot be.
    pub(crate) loss_monitor: Option<Arc<dyn LossMonitor>>,
    /// Zero if the lock was free.
    pub(crate) waited: Duration,
}

/// The state in which a holder leaves what the lock protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Consistent, as the next holder expects it.
    Clean,
    /// Unfinished, as if the holder had died.
    Abandoned,
}
