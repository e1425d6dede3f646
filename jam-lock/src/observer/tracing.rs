//! [`TracingObserver`]: what happens to locks, as `tracing` spans and events.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::field::{Empty, display};
use tracing::{Span, debug, info_span, warn};

use super::{Event, Observer};
use crate::error::LockError;
use crate::holder::Holder;

/// Emits waits, acquisitions and releases to [`tracing`]; with the feature `tracing`.
///
/// A wait is a span `lock_wait` at level INFO, a child of the span in which it starts. An acquisition and a
/// release are events at level DEBUG, and so is a lock that was held when a timeout of 0 allowed no wait.
/// Warnings are a wait that lasts too long, one that timed out and an abandoned lock, all with the holder,
/// and a record that cannot be read or written. The fields are `name`, `site`,
/// `waited` and `held` in seconds, `token`, `holder` and `error`.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks, TracingObserver};
/// use std::time::Duration;
///
/// let observer = TracingObserver::new().warn_after(Duration::from_secs(1));
/// let locks = Locks::builder().observer(observer).temporary()?;
/// let guard = locks.lock(LockName::new("report")?).acquire()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TracingObserver {
    warn_after: Option<Duration>,
    /// The spans of the waits that have not ended.
    waits: Mutex<HashMap<u64, Span>>,
}

impl TracingObserver {
    /// Warns of a wait after five seconds.
    #[must_use]
    pub fn new() -> Self {
        Self { warn_after: Some(Duration::from_secs(5)), waits: Mutex::default() }
    }

    /// Warns of a wait that lasts for so long; `None` for never.
    #[must_use]
    pub fn warn_after(self, wait: impl Into<Option<Duration>>) -> Self {
        Self { warn_after: wait.into(), ..self }
    }

    /// Closes the span of a wait, and records how long the wait lasted; `false` if there was no wait.
    fn close_span(&self, event: &Event<'_>) -> bool {
        let span = self.waits().remove(&event.number);
        span.is_some_and(|span| {
            span.record("waited", event.waited.as_secs_f64());
            true
        })
    }

    fn waits(&self) -> MutexGuard<'_, HashMap<u64, Span>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for TracingObserver {
    fn waiting(&self, event: &Event<'_>) {
        let span = info_span!("lock_wait", name = %event.name, site = %event.site, waited = Empty);
        self.waits().insert(event.number, span);
    }

    fn still_waiting_after(&self) -> Option<Duration> {
        self.warn_after
    }

    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {
        let waited = event.waited.as_secs_f64();
        let holder = holder.map(display);
        warn!(name = %event.name, waited, holder, site = %event.site, "still waiting for a lock");
    }

    fn acquired(&self, event: &Event<'_>, token: u64) {
        self.close_span(event);
        let waited = event.waited.as_secs_f64();
        debug!(name = %event.name, waited, token, "lock acquired");
    }

    fn abandoned(&self, event: &Event<'_>, holder: &Holder) {
        warn!(name = %event.name, %holder, "the holder of a lock had died with it");
    }

    fn unreleased(&self, event: &Event<'_>, holder: &Holder) {
        warn!(
            name = %event.name,
            %holder,
            "a lock was granted although its holder has not released it: its lock file was removed, or \
             this folder and its own are two mounts or copies of one"
        );
    }

    fn record_error(&self, event: &Event<'_>, error: &LockError) {
        warn!(name = %event.name, %error, "the record of a lock's holder failed");
    }

    fn timed_out(&self, event: &Event<'_>, holder: Option<&Holder>) {
        let (waited, holder) = (event.waited.as_secs_f64(), holder.map(display));
        if !self.close_span(event) {
            // Whether that is a problem is known to the caller alone: a job may be skipped.
            debug!(name = %event.name, holder, site = %event.site, "lock is already held");
            return;
        }
        warn!(name = %event.name, waited, holder, site = %event.site, "timed out waiting for a lock");
    }

    fn gave_up(&self, event: &Event<'_>) {
        self.close_span(event);
    }

    fn released(&self, event: &Event<'_>, held: Duration) {
        let (waited, held) = (event.waited.as_secs_f64(), held.as_secs_f64());
        debug!(name = %event.name, waited, held, "lock released");
    }
}
