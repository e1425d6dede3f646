//! The way of an acquisition: may I, is it my turn, and who is told of it.

use std::sync::Arc;
use std::task::Poll;

use super::{Lock, budget};
use crate::context::Scope;
use crate::engine::OwnerId;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Admission, Grant, Outcome, Wait, WaiterKind};
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::observer::Report;
use crate::site::Site;
use crate::timeout::Deadline;

impl Lock {
    /// Acquires the lock, and blocks the thread meanwhile.
    pub(crate) fn block(
        &self,
        scope: Scope,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuard, LockError> {
        let asked = self.asked(&scope, site);
        if let Some(guard) = self.reenter(&scope, &asked, deadline)? {
            return Ok(guard);
        }
        let report = self.report(site);
        let mut wait = match self.gate.acquire_or_enqueue(&asked, deadline, WaiterKind::Thread)? {
            Admission::Granted(grant) => {
                let grant = self.unless_deaths_are_hidden(grant)?;
                return Ok(self.admit(scope, &asked, grant, report).of_blocking());
            }
            Admission::Queued(wait) => wait,
        };
        let mut waiting = Waiting::begin(&mut wait, report, deadline);
        let grant = loop {
            match wait.wait() {
                Poll::Ready(result) => break waiting.end(result)?,
                Poll::Pending => {
                    wait.skip_until_polled();
                    waiting.still(self.gate.holder().as_deref());
                }
            }
        };
        let grant = self.unless_deaths_are_hidden(grant)?;
        let report = waiting.report.take();
        drop((waiting, wait));
        Ok(self.admit(scope, &asked, grant, report).of_blocking())
    }

    /// Acquires the lock, and lets other tasks run meanwhile.
    // An `async fn` would keep what it is given twice.
    pub(crate) fn ready(
        &self,
        scope: Scope,
        site: Site,
        deadline: Deadline,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send {
        let asked = self.asked(&scope, site);
        async move {
            budget::yield_if_spent().await;
            if let Some(guard) = self.reenter(&scope, &asked, deadline)? {
                return Ok(guard);
            }
            let report = self.report(asked.site);
            let mut wait = match self.gate.acquire_or_enqueue(&asked, deadline, WaiterKind::Task)? {
                Admission::Granted(grant) => {
                    budget::spend();
                    let grant = self.unless_deaths_are_hidden(grant)?;
                    return Ok(self.admit(scope, &asked, grant, report));
                }
                Admission::Queued(wait) => wait,
            };
            let mut waiting = Waiting::begin(&mut wait, report, deadline);
            let grant = loop {
                match wait.wait_async().await {
                    Poll::Ready(result) => break waiting.end(result)?,
                    Poll::Pending => {
                        wait.skip_until_polled();
                        waiting.still(self.gate.holder_async().await.as_deref());
                    }
                }
            };
            let grant = self.unless_deaths_are_hidden(grant)?;
            let report = waiting.report.take();
            drop((waiting, wait));
            Ok(self.admit(scope, &asked, grant, report))
        }
    }

    fn asked(&self, scope: &Scope, site: Site) -> AcquireRequest {
        let is_recorded = self.settings.records_holders;
        let owner = if self.gate.detects_deadlocks() { scope.number() } else { OwnerId::NONE };
        let names_holder = self.names_holder;
        AcquireRequest { mode: self.mode, site, is_recorded, owner, names_holder }
    }

    fn report(&self, site: Site) -> Option<Arc<Report>> {
        let observer = self.settings.observer.as_ref();
        observer.map(|observer| Arc::new(Report::new(observer, self.name(), site)))
    }

    /// Looks at what the call chain holds, and enters what it may enter again.
    fn reenter(
        &self,
        scope: &Scope,
        asked: &AcquireRequest,
        deadline: Deadline,
    ) -> Result<Option<LockGuard>, LockError> {
        let waits = !matches!(deadline, Deadline::Once);
        let reentry = scope.check(&self.name, &self.gate, asked, self.is_reentrant, waits)?;
        Ok(reentry.map(|reentry| LockGuard::of_reentry(Arc::clone(&self.gate), reentry)))
    }

    /// What was granted; it is given back, as it was found, where it must not be had without knowing
    /// who died with it, and that cannot be known.
    fn unless_deaths_are_hidden(&self, mut grant: Grant) -> Result<Grant, LockError> {
        let error = &mut grant.recorded.record_error;
        let hiding = error.take_if(|error| self.must_see_deaths && error.may_hide_abandonment);
        let Some(error) = hiding else { return Ok(grant) };
        let is_abandoned = grant.recorded.abandoned_by.is_some();
        let left = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
        // What went wrong first is what has to be known.
        let _ = self.gate.release(grant.number, left);
        Err(error.error)
    }

    fn admit(
        &self,
        scope: Scope,
        asked: &AcquireRequest,
        grant: Grant,
        report: Option<Arc<Report>>,
    ) -> LockGuard {
        let listing = scope.enter(&self.name, &self.gate, asked, &grant, report.as_ref());
        let guard = LockGuard::new(Arc::clone(&self.gate), listing, grant, report);
        if let Some(report) = guard.report() {
            if let Some(error) = guard.record_error() {
                report.record_error(guard.waited(), error);
            }
            report.acquired(guard.waited(), guard.token(), guard.abandoned());
        }
        guard
    }
}

/// A wait that is being reported; where it ends by being dropped, that is reported too. A try waits
/// for nobody, so only its end is worth a report.
struct Waiting {
    report: Option<Arc<Report>>,
    is_try: bool,
}

impl Waiting {
    fn begin(wait: &mut Wait<'_>, report: Option<Arc<Report>>, deadline: Deadline) -> Self {
        let is_try = matches!(deadline, Deadline::Once);
        if let Some(report) = report.as_deref().filter(|_| !is_try) {
            // An observer may take its time.
            wait.skip_until_polled();
            wait.interrupt_at = report.end_of_patience();
            report.waiting();
        }
        Self { report, is_try }
    }

    fn still(&self, holder: Option<&Holder>) {
        if let Some(report) = &self.report {
            report.still_waiting(holder);
        }
    }

    fn end(&mut self, result: Result<Grant, LockError>) -> Result<Grant, LockError> {
        if let Err(LockError::Timeout { waited, holder, .. }) = &result {
            if let Some(report) = self.report.take() {
                report.timed_out(*waited, holder.as_deref());
            }
        }
        result
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(report) = self.report.as_ref().filter(|_| !self.is_try) {
            report.gave_up();
        }
    }
}
