//! The steps of an acquisition, and how a thread drives them, which blocks.

use std::sync::Arc;
use std::task::Poll;

use super::Lock;
use super::waiting::Waiting;
use crate::context::Owner;
use crate::deadlock;
use crate::engine::OwnerId;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Admission, Gate, Grant, Outcome, WaiterKind};
use crate::guard::LockGuard;
use crate::name::LockName;
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
            Started::Granted(granted) => {
                let kind = WaiterKind::Thread;
                return Ok(granted.into_guard(owner, &self.name, &self.gate, &request, kind));
            }
            Started::Waiting(waiting) => waiting,
        };
        let result = loop {
            match waiting.wait.wait() {
                Poll::Ready(result) => break result,
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
        let granted = finish(waiting, result)?;
        Ok(granted.into_guard(owner, &self.name, &self.gate, &request, WaiterKind::Thread))
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
    pub(super) fn start(
        &self,
        owner: &Owner,
        request: &AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<Started, LockError> {
        let is_try = matches!(deadline, Deadline::Once);
        let is_reentrant = self.options.is_reentrant;
        if let Some(grant) = owner.check(&self.name, &self.gate, request, is_reentrant, !is_try)? {
            return Ok(Started::Reentrant(LockGuard::reentrant(Arc::clone(&self.gate), grant)));
        }
        let notifier = self.notifier(request.site);
        Ok(match self.gate.acquire_or_enqueue(request, deadline, kind)? {
            Admission::Granted(grant) => {
                let needs_record = self.options.needs_record;
                let grant = refuse_if_record_is_needed(grant, needs_record, &self.gate)?;
                Started::Granted(Granted { grant, notifier })
            }
            Admission::Queued(wait) => {
                let held = || owner.held_as_writer();
                let needs_record = self.options.needs_record;
                Started::Waiting(Waiting::start(wait, deadline, needs_record, notifier, held))
            }
        })
    }
}

/// The grant or the error that a wait ended with.
pub(super) fn finish(
    mut waiting: Waiting,
    result: Result<Grant, LockError>,
) -> Result<Granted, LockError> {
    if let Err(error) = &result {
        waiting.notify_if_timed_out(error);
    }
    let grant = refuse_if_record_is_needed(result?, waiting.needs_record, &waiting.wait.gate)?;
    Ok(Granted { grant, notifier: waiting.into_notifier() })
}

/// Returns the grant; or releases it, and leaves it as it was found, if its record is needed and cannot be
/// read.
fn refuse_if_record_is_needed(
    mut grant: Grant,
    is_needed: bool,
    gate: &Gate,
) -> Result<Grant, LockError> {
    let error = &mut grant.recorded.record_error;
    let hiding = error.take_if(|error| is_needed && error.may_hide_abandonment);
    let Some(error) = hiding else { return Ok(grant) };
    let is_abandoned = grant.recorded.abandoned_by.is_some();
    let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
    // The first error is the one to report.
    let _ = gate.release(grant.number, outcome);
    Err(error.error)
}

/// A lock that was granted, and is not registered as held yet.
pub(super) struct Granted {
    grant: Grant,
    notifier: Option<Arc<Notifier>>,
}

impl Granted {
    pub(super) fn into_guard(
        self,
        owner: Owner,
        name: &LockName,
        gate: &Arc<Gate>,
        request: &AcquireRequest,
        kind: WaiterKind,
    ) -> LockGuard {
        let Self { grant, notifier } = self;
        let registration = owner.register(name, gate, request, &grant, notifier.as_ref());
        let may_block = matches!(kind, WaiterKind::Thread);
        let guard = LockGuard::new(Arc::clone(gate), registration, grant, notifier, may_block);
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
pub(super) enum Started {
    Reentrant(LockGuard),
    Granted(Granted),
    Waiting(Waiting),
}
