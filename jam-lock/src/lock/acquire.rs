//! The steps of an acquisition, and their two drivers: a thread, which blocks, and a task.

use std::sync::Arc;
use std::task::Poll;

use super::ancestor_check::AncestorCheck;
use super::observed_wait::ObservedWait;
use super::{Lock, yield_to_executor};
use crate::context::Owner;
use crate::deadlock::{self, PublishedWait};
use crate::engine::OwnerId;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Admission, EndedWait, Gate, Grant, Outcome, Wait, WaiterKind};
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
                Poll::Ready(ended) => {
                    waiting.withdraw();
                    break match ended {
                        EndedWait::Known(result) => result,
                        EndedWait::TimedOut(waited) => Err(waiting.wait.timed_out(waited)),
                    };
                }
                Poll::Pending => {
                    waiting.skip_if_observed();
                    let holder = deadlock::explain_holder(self.gate.holder(), &self.gate);
                    if let Err(error) = waiting.interrupted(&self.gate, holder.as_deref()) {
                        break Err(error);
                    }
                }
            }
        };
        let result = match result {
            Err(error) if !waiting.is_try() => Err(deadlock::explain(error, &self.gate)),
            result => result,
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
            // Every task that waits has room for the futures and results that are alive at an `await`, so
            // the rare ones have a box of their own.
            let result = loop {
                if let Poll::Ready(ended) = waiting.wait.wait_async().await {
                    waiting.withdraw();
                    break match ended {
                        EndedWait::Known(result) => result,
                        EndedWait::TimedOut(waited) => {
                            Err(waiting.wait.timed_out_async(waited).await)
                        }
                    };
                }
                waiting.skip_if_observed();
                let holder = Box::pin(async {
                    let holder = self.gate.holder_async().await;
                    deadlock::explain_holder_async(holder, &self.gate).await
                });
                let holder = holder.await;
                if let Err(error) = waiting.interrupted(&self.gate, holder.as_deref()) {
                    break Err(error);
                }
            };
            let result = if result.is_ok() || waiting.is_try() {
                result
            } else {
                Box::pin(self.explained(result)).await
            };
            let (grant, notifier) = self.finish(waiting, result)?;
            Ok(self.guard(owner, &request, grant, notifier, WaiterKind::Task))
        }
    }

    /// The result of a wait, with an error that names what the holder waits for.
    async fn explained(&self, result: Result<Grant, LockError>) -> Result<Grant, LockError> {
        match result {
            Ok(grant) => Ok(grant),
            Err(error) => Err(deadlock::explain_async(error, &self.gate).await),
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
            Admission::Queued(wait) => {
                let observed = ObservedWait::start(&wait, notifier, is_try);
                let ancestor_check = AncestorCheck::start(&self.gate, deadline);
                // A try waits for no holder.
                let held = if is_try { Vec::new() } else { owner.held_as_writer() };
                let published = PublishedWait::new(&wait, &held);
                let mut waiting = Waiting { published, observed, ancestor_check, wait };
                waiting.set_interrupt();
                Started::Waiting(waiting)
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

/// A wait for the lock. It is withdrawn before it ends, and the observer learns of its end before the
/// place in the queue is given up.
struct Waiting<'wait> {
    published: Option<Box<PublishedWait>>,
    observed: ObservedWait,
    ancestor_check: Option<AncestorCheck>,
    wait: Wait<'wait>,
}

impl Waiting<'_> {
    /// Lets the waiters behind go first if the observer is to be notified, which may be slow.
    fn skip_if_observed(&self) {
        if self.observed.is_due() {
            self.wait.skip_until_polled();
        }
    }

    /// Does what the wait was interrupted for; an error ends it.
    fn interrupted(&mut self, gate: &Gate, holder: Option<&Holder>) -> Result<(), LockError> {
        self.observed.still_waiting(holder);
        if let Some(check) = &mut self.ancestor_check {
            check.check(gate, holder)?;
        }
        self.set_interrupt();
        Ok(())
    }

    fn set_interrupt(&mut self) {
        let check = self.ancestor_check.as_ref().and_then(AncestorCheck::next);
        self.wait.interrupt_at =
            [self.observed.still_waiting_at, check].into_iter().flatten().min();
    }

    fn is_try(&self) -> bool {
        self.observed.is_try
    }

    /// Withdraws the wait, which has ended. Its owner goes on as soon as a holder has been looked up, and so
    /// is in no cycle any more.
    fn withdraw(&mut self) {
        self.published = None;
    }
}
