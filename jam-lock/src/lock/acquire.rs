//! The steps of an acquisition, and their two drivers: a thread, which blocks, and a task.

use std::slice;
use std::sync::Arc;
use std::task::Poll;

use super::ancestor_check::AncestorCheck;
use super::observed_wait::ObservedWait;
use super::waiting::Waiting;
use super::{Lock, yield_to_executor};
use crate::context::Owner;
use crate::deadlock::{self, PublishedWait};
use crate::engine::OwnerId;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Admission, EndedWait, Gate, Grant, Outcome, WaiterKind};
use crate::guard::{LockGuard, Run};
use crate::observer::Notifier;
use crate::permits;
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
        if let Some(permits) = &self.settings.permits {
            return self.acquire_permit_for(permits, owner, site, deadline);
        }
        let request = self.request(&owner, site);
        let mut waiting = match self.start(&owner, &request, deadline, WaiterKind::Thread)? {
            Started::Reentrant(guard) => return Ok(guard),
            Started::Granted(grant, notifier) => {
                return Ok(self.guard(
                    &self.gate,
                    owner,
                    &request,
                    grant,
                    notifier,
                    WaiterKind::Thread,
                ));
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
        Ok(self.guard(&self.gate, owner, &request, grant, notifier, WaiterKind::Thread))
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
            if let Some(permits) = &self.settings.permits {
                return Box::pin(self.acquire_permit_async_for(permits, owner, site, deadline))
                    .await;
            }
            let mut waiting = match self.start(&owner, &request, deadline, WaiterKind::Task)? {
                Started::Reentrant(guard) => return Ok(guard),
                Started::Granted(grant, notifier) => {
                    yield_to_executor::spend_budget();
                    return Ok(self.guard(
                        &self.gate,
                        owner,
                        &request,
                        grant,
                        notifier,
                        WaiterKind::Task,
                    ));
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
            Ok(self.guard(&self.gate, owner, &request, grant, notifier, WaiterKind::Task))
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
            // The holder of one permit is not the one that a waiter waits for, so there is no cycle.
            owner: if self.gate.detects_deadlocks() && self.settings.permits.is_none() {
                owner.id()
            } else {
                OwnerId::NONE
            },
            names_holder: self.options.names_holder,
            permits: self.name.permit_count(),
        }
    }

    pub(super) fn notifier(&self, site: Site) -> Option<Arc<Notifier>> {
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
        self.check_period()?;
        let is_try = matches!(deadline, Deadline::Once);
        let is_reentrant = self.options.is_reentrant;
        let gates = slice::from_ref(&self.gate);
        if let Some((gate, grant)) =
            owner.check(&self.name, gates, request, is_reentrant, !is_try)?
        {
            return Ok(Started::Reentrant(LockGuard::reentrant(gate, grant)));
        }
        let notifier = self.notifier(request.site);
        Ok(match self.gate.acquire_or_enqueue(request, deadline, kind)? {
            Admission::Granted(grant) => {
                Started::Granted(self.checked(&self.gate, grant)?, notifier)
            }
            Admission::Queued(wait) => {
                let observed = ObservedWait::start(notifier, is_try, || wait.skip_until_polled());
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
        let result = result.map_err(|error| self.disagreement_or(error));
        if let Err(error) = &result {
            waiting.observed.timed_out(error);
        }
        let grant = self.checked(&self.gate, result?)?;
        Ok((grant, waiting.observed.notifier.take()))
    }

    /// Another error, if the holder that a timeout names has another number of permits.
    fn disagreement_or(&self, error: LockError) -> LockError {
        match &error {
            LockError::Timeout { holder: Some(holder), .. } => {
                permits::agree(&self.name, &self.gate, Some(holder)).err().unwrap_or(error)
            }
            _ => error,
        }
    }

    /// Returns the grant; or releases it, and leaves it as it was found, if its record is needed and
    /// cannot be read, or if it is too soon for the next run.
    pub(super) fn checked(&self, gate: &Gate, mut grant: Grant) -> Result<Grant, LockError> {
        let error = &mut grant.recorded.record_error;
        let hiding = error.take_if(|error| self.options.needs_record && error.may_hide_abandonment);
        let result = match hiding {
            Some(error) => Err(error.error),
            None => self.begin_run(&mut grant),
        };
        let Err(error) = result else { return Ok(grant) };
        give_back(gate, &grant);
        Err(error)
    }

    pub(super) fn guard(
        &self,
        gate: &Arc<Gate>,
        owner: Owner,
        request: &AcquireRequest,
        grant: Grant,
        notifier: Option<Arc<Notifier>>,
        kind: WaiterKind,
    ) -> LockGuard {
        let registration = owner.register(&self.name, gate, request, &grant, notifier.as_ref());
        let may_block = matches!(kind, WaiterKind::Thread);
        let run = self.options.at_most_every.map(|period| Box::new(Run::new(request.site, period)));
        let guard = LockGuard::new(Arc::clone(gate), registration, grant, notifier, may_block);
        let guard = guard.with_run(run);
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

/// Releases a grant that is not used, and leaves the lock as it was found.
pub(super) fn give_back(gate: &Gate, grant: &Grant) {
    let is_abandoned = grant.recorded.abandoned_by.is_some();
    let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
    // The first error is the one to report.
    let _ = gate.release(grant.number, outcome);
}

/// How an acquisition has started.
enum Started<'wait> {
    Reentrant(LockGuard),
    Granted(Grant, Option<Arc<Notifier>>),
    Waiting(Waiting<'wait>),
}
