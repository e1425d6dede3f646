//! The steps of an acquisition, and how a thread drives them, which blocks.

use std::slice;
use std::sync::Arc;
use std::task::Poll;

use super::Lock;
use super::waiting::Waiting;
use crate::context::Owner;
use crate::deadlock;
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
                    if let Err(error) = waiting.interrupted(holder.as_deref()) {
                        break Err(error);
                    }
                }
            }
        };
        waiting.withdraw();
        let result = match result {
            Err(error) if !waiting.is_try() => Err(deadlock::explain(error, &self.gate)),
            result => result,
        };
        let (grant, notifier) = self.finish(waiting, result)?;
        Ok(self.guard(&self.gate, owner, &request, grant, notifier, WaiterKind::Thread))
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
    pub(super) fn start(
        &self,
        owner: &Owner,
        request: &AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<Started, LockError> {
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
                let held = || owner.held_as_writer();
                Started::Waiting(Waiting::start(wait, deadline, notifier, held))
            }
        })
    }

    /// The grant or the error that a wait ended with.
    pub(super) fn finish(
        &self,
        mut waiting: Waiting,
        result: Result<Grant, LockError>,
    ) -> Result<(Grant, Option<Arc<Notifier>>), LockError> {
        let result = result.map_err(|error| self.disagreement_or(error));
        if let Err(error) = &result {
            waiting.notify_if_timed_out(error);
        }
        let grant = self.checked(&self.gate, result?)?;
        Ok((grant, waiting.into_notifier()))
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
        let run =
            self.settings.at_most_every.map(|period| Box::new(Run::new(request.site, period)));
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
pub(super) enum Started {
    Reentrant(LockGuard),
    Granted(Grant, Option<Arc<Notifier>>),
    Waiting(Waiting),
}
