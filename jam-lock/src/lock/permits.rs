//! How a lock with several permits is acquired: whichever permit falls free first.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::Lock;
use super::acquire::give_back;
use super::observed_wait::ObservedWait;
use crate::context::Owner;
use crate::deadlock;
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::{AcquireRequest, AnyAdmission, AnyError, AnyWait, Gate, Grant, WaiterKind};
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::observer::Notifier;
use crate::permits::{self, Permits};
use crate::site::Site;
use crate::timeout::Deadline;

/// How long a wait lasts until the holders are looked at; most end before.
const FIRST_CHECK: Duration = Duration::from_millis(200);

impl Lock {
    /// Acquires a permit for `owner`, and blocks the thread until then.
    pub(super) fn acquire_permit_for(
        &self,
        permits: &Permits,
        owner: Owner,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuard, LockError> {
        let explains = !matches!(deadline, Deadline::Once);
        let (kind, request) = (WaiterKind::Thread, self.request(&owner, site));
        let mut started = match self.start_permit(permits, &owner, &request, deadline, kind)? {
            Started::Reentrant(guard) => return Ok(guard),
            Started::Begun(started) => started,
        };
        if let Some(at) = started.suspect.take() {
            let holder = permits.gates()[at].holder();
            self.agree_with(holder.as_deref()).or_else(|error| started.end(error))?;
        }
        let (at, grant, notifier) = match started.outcome {
            Outcome::Granted(at, grant, notifier) => (at, grant, notifier),
            Outcome::Waiting(mut waiting) => loop {
                match waiting.wait.wait() {
                    Poll::Ready(Ok((at, grant))) => {
                        break (at, grant, waiting.observed.notifier.take());
                    }
                    Poll::Ready(Err(mut error)) => {
                        if let (AnyError::TimedOut { holders, .. }, true) = (&mut error, explains) {
                            for (holder, gate) in holders.iter_mut().zip(permits.gates()) {
                                *holder = deadlock::explain_holder(holder.take(), gate);
                            }
                        }
                        return Err(self.permit_error(&mut waiting, error));
                    }
                    Poll::Pending => {
                        waiting.skip_if_observed();
                        let holders: Vec<_> =
                            permits.gates().iter().map(|gate| gate.holder()).collect();
                        waiting.interrupted(self, &holders)?;
                    }
                }
            },
        };
        self.permit_guard(permits, owner, &request, (at, grant, notifier), kind)
    }

    /// Acquires a permit for `owner`, and lets other tasks run until then.
    pub(super) async fn acquire_permit_async_for(
        &self,
        permits: &Permits,
        owner: Owner,
        site: Site,
        deadline: Deadline,
    ) -> Result<LockGuard, LockError> {
        let explains = !matches!(deadline, Deadline::Once);
        let (kind, request) = (WaiterKind::Task, self.request(&owner, site));
        let mut started = match self.start_permit(permits, &owner, &request, deadline, kind)? {
            Started::Reentrant(guard) => return Ok(guard),
            Started::Begun(started) => started,
        };
        if let Some(at) = started.suspect.take() {
            let holder = permits.gates()[at].holder_async().await;
            self.agree_with(holder.as_deref()).or_else(|error| started.end(error))?;
        }
        let (at, grant, notifier) = match started.outcome {
            Outcome::Granted(at, grant, notifier) => {
                super::yield_to_executor::spend_budget();
                (at, grant, notifier)
            }
            Outcome::Waiting(mut waiting) => loop {
                match waiting.wait.wait_async().await {
                    Poll::Ready(Ok((at, grant))) => {
                        break (at, grant, waiting.observed.notifier.take());
                    }
                    Poll::Ready(Err(mut error)) => {
                        if let (AnyError::TimedOut { holders, .. }, true) = (&mut error, explains) {
                            for (holder, gate) in holders.iter_mut().zip(permits.gates()) {
                                *holder = deadlock::explain_holder_async(holder.take(), gate).await;
                            }
                        }
                        return Err(self.permit_error(&mut waiting, error));
                    }
                    Poll::Pending => {
                        waiting.skip_if_observed();
                        let mut holders = Vec::with_capacity(permits.gates().len());
                        for gate in permits.gates() {
                            holders.push(gate.holder_async().await);
                        }
                        waiting.interrupted(self, &holders)?;
                    }
                }
            },
        };
        self.permit_guard(permits, owner, &request, (at, grant, notifier), kind)
    }

    /// Re-enters the lock if the owner holds it, or acquires a permit if one is free, or starts to wait.
    fn start_permit<'wait>(
        &'wait self,
        permits: &'wait Permits,
        owner: &Owner,
        request: &'wait AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<Started<'wait>, LockError> {
        if request.mode == Mode::Shared {
            return Err(LockError::Unsupported {
                what: "a shared lock of a name with permits",
                location: self.gate.location().to_owned(),
                remedy: "acquire it without `shared`: as many as it has permits hold it at once"
                    .into(),
            });
        }
        self.check_period()?;
        let is_try = matches!(deadline, Deadline::Once);
        let (gates, is_reentrant) = (permits.gates(), self.options.is_reentrant);
        if let Some((gate, grant)) =
            owner.check(&self.name, gates, request, is_reentrant, !is_try)?
        {
            return Ok(Started::Reentrant(LockGuard::reentrant(gate, grant)));
        }
        let notifier = self.notifier(request.site);
        let first = permits.first();
        let admission = AnyWait::start(gates, first, request, deadline, kind)?;
        let (tried, outcome) = match admission {
            AnyAdmission::Granted(at, grant) => {
                let tried = (at + gates.len() - first) % gates.len();
                (tried, Outcome::Granted(at, grant, notifier))
            }
            AnyAdmission::Queued(wait) => {
                let observed = ObservedWait::start(notifier, is_try, || wait.skip_until_polled());
                let check = (!is_try).then(|| HoldersCheck::start(&self.gate, deadline));
                let mut waiting = PermitWait { observed, check, wait };
                waiting.set_interrupt();
                (gates.len(), Outcome::Waiting(Box::new(waiting)))
            }
        };
        let suspect = permits.find_disagreement(request.permits, first, tried);
        Ok(Started::Begun(Begun { permits, suspect, outcome }))
    }

    /// Fails if `holder` has another number of permits than this lock.
    fn agree_with(&self, holder: Option<&Holder>) -> Result<(), LockError> {
        permits::agree(&self.name, &self.gate, holder)
    }

    /// The error of a wait, of which the observer learns.
    fn permit_error(&self, waiting: &mut PermitWait<'_>, error: AnyError) -> LockError {
        let error = match error {
            AnyError::Failed(error) => error,
            AnyError::TimedOut { waited, holders, blocked_on } => {
                let differing =
                    holders.iter().find_map(|holder| self.agree_with(holder.as_deref()).err());
                let mut holders = holders.into_iter().flatten();
                differing.unwrap_or_else(|| LockError::Timeout {
                    name: Box::new(self.name.clone()),
                    location: self.gate.location().to_owned(),
                    waited,
                    holder: holders.next(),
                    other_holders: holders.map(|holder| *holder).collect(),
                    blocked_on: blocked_on.map(Into::into),
                })
            }
        };
        waiting.observed.timed_out(&error);
        error
    }

    fn permit_guard(
        &self,
        permits: &Permits,
        owner: Owner,
        request: &AcquireRequest,
        (at, grant, notifier): (usize, Grant, Option<Arc<Notifier>>),
        kind: WaiterKind,
    ) -> Result<LockGuard, LockError> {
        let gate = &permits.gates()[at];
        let grant = self.checked(gate, grant)?;
        permits.acquired(at);
        Ok(self.guard(gate, owner, request, grant, notifier, kind))
    }
}

/// How an acquisition has started.
enum Started<'wait> {
    Reentrant(LockGuard),
    Begun(Begun<'wait>),
}

/// An acquisition that has begun, and the permit whose holder seems to have another number of permits.
struct Begun<'wait> {
    permits: &'wait Permits,
    suspect: Option<usize>,
    outcome: Outcome<'wait>,
}

enum Outcome<'wait> {
    Granted(usize, Grant, Option<Arc<Notifier>>),
    Waiting(Box<PermitWait<'wait>>),
}

impl Begun<'_> {
    /// Gives back what was granted, because of `error`.
    fn end(&mut self, error: LockError) -> Result<(), LockError> {
        if let Outcome::Granted(at, grant, _) = &self.outcome {
            give_back(&self.permits.gates()[*at], grant);
        }
        Err(error)
    }
}

/// A wait for any of the permits. The observer learns of its end before the places in the queues are given
/// up.
struct PermitWait<'wait> {
    observed: ObservedWait,
    check: Option<HoldersCheck>,
    wait: AnyWait<'wait>,
}

impl PermitWait<'_> {
    /// Lets the waiters behind go first if the observer is to be notified, which may be slow.
    fn skip_if_observed(&self) {
        if self.observed.is_due() {
            self.wait.skip_until_polled();
        }
    }

    /// Does what the wait was interrupted for; an error ends it.
    fn interrupted(
        &mut self,
        lock: &Lock,
        holders: &[Option<Box<Holder>>],
    ) -> Result<(), LockError> {
        self.observed.still_waiting(holders.iter().flatten().next().map(|holder| &**holder));
        if let Some(check) = &mut self.check {
            check.check(lock, holders)?;
        }
        self.set_interrupt();
        Ok(())
    }

    fn set_interrupt(&mut self) {
        let check = self.check.as_ref().and_then(HoldersCheck::next);
        self.wait.interrupt_at =
            [self.observed.still_waiting_at, check].into_iter().flatten().min();
    }
}

/// Looks at the holders some time after a wait has begun.
struct HoldersCheck {
    begun: Instant,
    /// After how long the next look is due, if there is one.
    after: Option<Duration>,
    /// Whether the wait may last forever, and fails if all holders wait for this process to exit.
    detects_ancestors: bool,
}

impl HoldersCheck {
    fn start(gate: &Gate, deadline: Deadline) -> Self {
        let is_endless = matches!(deadline.starting_now(), Deadline::Never);
        let detects_ancestors = is_endless && gate.detects_ancestors();
        Self { begun: Instant::now(), after: Some(FIRST_CHECK), detects_ancestors }
    }

    fn next(&self) -> Option<Instant> {
        self.after.and_then(|after| self.begun.checked_add(after))
    }

    /// Fails if the look is due and one of the `holders` has another number of permits, or if all of them
    /// wait for this process to exit.
    fn check(&mut self, lock: &Lock, holders: &[Option<Box<Holder>>]) -> Result<(), LockError> {
        if self.next().is_none_or(|next| Instant::now() < next) {
            return Ok(());
        }
        self.after = self.after.filter(|_| self.detects_ancestors).map(|after| 2 * after);
        holders.iter().try_for_each(|holder| lock.agree_with(holder.as_deref()))?;
        let waits = |holder: &Option<Box<Holder>>| {
            holder.as_ref().is_some_and(|holder| holder.waits_for_this_process())
        };
        match holders {
            [Some(holder), ..] if self.detects_ancestors && holders.iter().all(waits) => {
                Err(LockError::HeldByAncestor {
                    name: Box::new(lock.name.clone()),
                    location: lock.gate.location().to_owned(),
                    holder: holder.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}
