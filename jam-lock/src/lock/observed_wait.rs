//! [`ObservedWait`]: what the observer learns of a wait.

use std::sync::Arc;
use std::time::Instant;

use crate::error::LockError;
use crate::holder::Holder;
use crate::observer::Notifier;

/// Notifies the observer of a wait, and of its end if it is dropped. A try waits for no holder, so the
/// observer is notified only if it is granted or times out.
pub(super) struct ObservedWait {
    pub(super) notifier: Option<Arc<Notifier>>,
    pub(super) is_try: bool,
    /// When it is notified that the wait still lasts.
    pub(super) still_waiting_at: Option<Instant>,
}

impl ObservedWait {
    /// Notifies the observer that the wait has begun; `skip` lets the waiters behind go first meanwhile.
    pub(super) fn start(
        notifier: Option<Arc<Notifier>>,
        is_try: bool,
        skip: impl FnOnce(),
    ) -> Self {
        let mut still_waiting_at = None;
        if let Some(notifier) = notifier.as_deref().filter(|_| !is_try) {
            // An observer may be slow, and must not delay other waiters.
            skip();
            still_waiting_at = notifier.still_waiting_at();
            notifier.waiting();
        }
        Self { notifier, is_try, still_waiting_at }
    }

    pub(super) fn is_due(&self) -> bool {
        self.still_waiting_at.is_some_and(|at| at <= Instant::now())
    }

    /// Notifies the observer that the wait still lasts, once that is due.
    pub(super) fn still_waiting(&mut self, holder: Option<&Holder>) {
        if self.is_due() {
            self.still_waiting_at = None;
            if let Some(notifier) = &self.notifier {
                notifier.still_waiting(holder);
            }
        }
    }

    /// Notifies the observer if `error` is a timeout.
    pub(super) fn timed_out(&mut self, error: &LockError) {
        if let LockError::Timeout { waited, holder, .. } = error {
            if let Some(notifier) = self.notifier.take() {
                notifier.timed_out(*waited, holder.as_deref());
            }
        }
    }
}

impl Drop for ObservedWait {
    fn drop(&mut self) {
        if let Some(notifier) = self.notifier.as_ref().filter(|_| !self.is_try) {
            notifier.gave_up();
        }
    }
}
