//! The steps of an acquisition, and their two drivers: a thread, which blocks, and a task.

use std::sync::Arc;
use std::task::Poll;

use super::{Lock, yield_to_executor};
use crate::context::Owner;
use crate::engine::OwnerId;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Admission, Grant, Outcome, Wait, WaiterKind};
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::observer::Notifier;
use crate::site::Site;
use crate::timeout::Deadline;

impl Lock {
    /// Acquires the lock for `owner`, and blocks the thread until then.
    pub(crate) fn acquire_for(
        &self,
        owner: Owner,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuard, LockError> {
        let request = self.request(&owner, site);
        let mut waiting = match self.start(&owner, &request, deadline, WaiterKind::Thread)? {
            Started::Reentrant(guard) => return Ok(guard),
            Started::Granted(grant, notifier) => {
                return Ok(self.guard(owner, &request, grant, notifier, WaiterKind::Thread));
            }
            Started::Waiting(waiting) => waiting,
        };
        let result = loop {
            match waiting.wait.wait() {
                Poll::Ready(result) => break result,
                Poll::Pending => {
                    waiting.wait.skip_until_polled();
                    waiting.observed.still_waiting(self.gate.holder().as_deref());
                }
            }
        };
        let (grant, notifier) = self.finish(waiting, result)?;
        Ok(self.guard(owner, &request, grant, notifier, WaiterKind::Thread))
    }

    /// Acquires the lock for `owner`, and lets other tasks run until then.
    // An `async fn` would store its arguments twice.
    pub(crate) fn acquire_async_for(
        &self,
        owner: Owner,
        site: Site,
        deadline: Deadline,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send {
        let request = self.request(&owner, site);
        async move {
            yield_to_executor::yield_if_budget_spent().await;
            let mut waiting = match self.start(&owner, &request, deadline, WaiterKind::Task)? {
                Started::Reentrant(guard) => return Ok(guard),
                Started::Granted(grant, notifier) => {
                    yield_to_executor::spend_budget();
                    return Ok(self.guard(owner, &request, grant, notifier, WaiterKind::Task));
                }
                Started::Waiting(waiting) => waiting,
            };
            let result = loop {
                match waiting.wait.wait_async().await {
                    Poll::Ready(result) => break result,
                    Poll::Pending => {
                        waiting.wait.skip_until_polled();
                        waiting.observed.still_waiting(self.gate.holder_async().await.as_deref());
                    }
                }
            };
            let (grant, notifier) = self.finish(waiting, result)?;
            Ok(self.guard(owner, &request, grant, notifier, WaiterKind::Task))
        }
    }

    pub(super) fn request(&self, owner: &Owner, site: Site) -> AcquireRequest {
        AcquireRequest {
            mode: self.options.mode,
            site,
            is_recorded: self.settings.records_holders,
            owner: if self.gate.detects_deadlocks() { owner.id() } else { OwnerId::NONE },
            names_holder: self.options.names_holder,
        }
    }

    fn notifier(&self, site: Site) -> Option<Arc<Notifier>> {
        let observer = self.settings.observer.as_ref();
        observer.map(|observer| Arc::new(Notifier::new(observer, self.name(), site)))
    }

    /// Re-enters the lock if the owner holds it, or acquires it if it is free, or starts to wait.
    fn start<'wait>(
        &'wait self,
        owner: &Owner,
        request: &'wait AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<Started<'wait>, LockError> {
        let is_try = matches!(deadline, Deadline::Once);
        let is_reentrant = self.options.is_reentrant;
        if let Some(grant) = owner.check(&self.name, &self.gate, request, is_reentrant, !is_try)? {
            return Ok(Started::Reentrant(LockGuard::reentrant(Arc::clone(&self.gate), grant)));
        }
        let notifier = self.notifier(request.site);
        Ok(match self.gate.acquire_or_enqueue(request, deadline, kind)? {
            Admission::Granted(grant) => {
                Started::Granted(self.refuse_if_record_is_needed(grant)?, notifier)
            }
            Admission::Queued(mut wait) => {
                let observed = ObservedWait::start(&mut wait, notifier, is_try);
                Started::Waiting(Waiting { observed, wait })
            }
        })
    }

    /// The grant or the error that a wait ended with.
    fn finish(
        &self,
        mut waiting: Waiting<'_>,
        result: Result<Grant, LockError>,
    ) -> Result<(Grant, Option<Arc<Notifier>>), LockError> {
        if let Err(error) = &result {
            waiting.observed.timed_out(error);
        }
        let grant = self.refuse_if_record_is_needed(result?)?;
        Ok((grant, waiting.observed.notifier.take()))
    }

    /// Returns the grant; or releases it, and leaves it as it was found, if its record is needed and
    /// cannot be read.
    fn refuse_if_record_is_needed(&self, mut grant: Grant) -> Result<Grant, LockError> {
        let error = &mut grant.recorded.record_error;
        let hiding = error.take_if(|error| self.options.needs_record && error.may_hide_abandonment);
        let Some(error) = hiding else { return Ok(grant) };
        let is_abandoned = grant.recorded.abandoned_by.is_some();
        let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
        // The first error is the one to report.
        let _ = self.gate.release(grant.number, outcome);
        Err(error.error)
    }

    fn guard(
        &self,
        owner: Owner,
        request: &AcquireRequest,
        grant: Grant,
        notifier: Option<Arc<Notifier>>,
        kind: WaiterKind,
    ) -> LockGuard {
        let registration =
            owner.register(&self.name, &self.gate, request, &grant, notifier.as_ref());
        let may_block = matches!(kind, WaiterKind::Thread);
        let guard =
            LockGuard::new(Arc::clone(&self.gate), registration, grant, notifier, may_block);
        if let Some(notifier) = guard.notifier() {
            if let Some(error) = guard.record_error() {
                notifier.record_error(guard.waited(), error);
            }
            if let Some(holder) = guard.unreleased() {
                notifier.unreleased(guard.waited(), holder);
            }
            notifier.acquired(guard.waited(), guard.token(), guard.abandoned());
        }
        guard
    }
}

/// How an acquisition has started.
enum Started<'wait> {
    Reentrant(LockGuard),
    Granted(Grant, Option<Arc<Notifier>>),
    Waiting(Waiting<'wait>),
}

/// A wait for the lock; the observer learns of its end before the place in the queue is given up.
struct Waiting<'wait> {
    observed: ObservedWait,
    wait: Wait<'wait>,
}

/// Notifies the observer of a wait, and of its end if it is dropped. A try waits for no holder, so the
/// observer is notified only if it is granted or times out.
struct ObservedWait {
    notifier: Option<Arc<Notifier>>,
    is_try: bool,
}

impl ObservedWait {
    fn start(wait: &mut Wait<'_>, notifier: Option<Arc<Notifier>>, is_try: bool) -> Self {
        if let Some(notifier) = notifier.as_deref().filter(|_| !is_try) {
            // An observer may be slow, and must not delay other waiters.
            wait.skip_until_polled();
            wait.interrupt_at = notifier.still_waiting_at();
            notifier.waiting();
        }
        Self { notifier, is_try }
    }

    fn still_waiting(&self, holder: Option<&Holder>) {
        if let Some(notifier) = &self.notifier {
            notifier.still_waiting(holder);
        }
    }

    /// Notifies the observer if `error` is a timeout.
    fn timed_out(&mut self, error: &LockError) {
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
