//! [`Waiting`]: a wait for a lock, and what happens beside it.

use std::sync::Arc;

use super::ancestor_check::AncestorCheck;
use super::observed_wait::ObservedWait;
use crate::deadlock::PublishedWait;
use crate::error::LockError;
use crate::gate::Wait;
use crate::holder::Holder;
use crate::observer::Notifier;
use crate::timeout::Deadline;

/// A wait for the lock. It is withdrawn before it ends, and the observer learns of its end before the
/// place in the queue is given up.
///
/// Every task that waits has one, so what most waits do not need is in a box.
pub(super) struct Waiting {
    published: Option<Box<PublishedWait>>,
    observed: Option<Box<ObservedWait>>,
    ancestor_check: AncestorCheck,
    is_try: bool,
    pub(super) wait: Wait,
}

impl Waiting {
    /// Starts what happens beside `wait`, whose owner has the locks that `held` returns.
    pub(super) fn start(
        wait: Wait,
        deadline: Deadline,
        notifier: Option<Arc<Notifier>>,
        held: impl FnOnce() -> Vec<(usize, u64)>,
    ) -> Self {
        let is_try = matches!(deadline, Deadline::Once);
        let observed = notifier.map(|notifier| {
            let skip = || wait.skip_until_polled();
            Box::new(ObservedWait::start(Some(notifier), is_try, skip))
        });
        let ancestor_check = AncestorCheck::start(&wait.gate, deadline);
        // A try waits for no holder.
        let held = if is_try { Vec::new() } else { held() };
        let published = PublishedWait::new(&wait, &held);
        let mut waiting = Self { published, observed, ancestor_check, is_try, wait };
        waiting.set_interrupt();
        waiting
    }

    /// Lets the waiters behind go first if the observer is to be notified, which may be slow.
    pub(super) fn skip_if_observed(&self) {
        if self.observed.as_ref().is_some_and(|observed| observed.is_due()) {
            self.wait.skip_until_polled();
        }
    }

    /// Does what the wait was interrupted for; an error ends it.
    pub(super) fn interrupted(&mut self, holder: Option<&Holder>) -> Result<(), LockError> {
        if let Some(observed) = &mut self.observed {
            observed.still_waiting(holder);
        }
        self.ancestor_check.check(&self.wait.gate, self.wait.begun, holder)?;
        self.set_interrupt();
        Ok(())
    }

    fn set_interrupt(&mut self) {
        let still_waiting = self.observed.as_ref().and_then(|observed| observed.still_waiting_at);
        let check = self.ancestor_check.next(self.wait.begun);
        self.wait.interrupt_at = [still_waiting, check].into_iter().flatten().min();
    }

    /// Withdraws the wait, which has ended. Its owner goes on as soon as a holder has been looked up, and so
    /// is in no cycle any more.
    pub(super) fn withdraw(&mut self) {
        self.published = None;
    }

    pub(super) fn is_try(&self) -> bool {
        self.is_try
    }

    /// Notifies the observer if `error` is a timeout.
    pub(super) fn notify_if_timed_out(&mut self, error: &LockError) {
        if let Some(observed) = &mut self.observed {
            observed.timed_out(error);
        }
    }

    /// What notifies the observer of the holder: the lock was granted.
    pub(super) fn into_notifier(mut self) -> Option<Arc<Notifier>> {
        self.observed.as_mut()?.notifier.take()
    }
}
