//! An attempt to acquire the lock without waiting, and the grant of a new holder.

use std::time::{Duration, Instant};

use super::fairness::Verdict;
use super::recorded_holder::RecordedHolder;
use super::{Hold, State, sync};
use crate::engine::{Mode, Recorded, TryAcquire, Usage};
use crate::error::LockError;
use crate::gate::{AcquireRequest, Grant};

/// The result of an attempt to acquire the lock without waiting.
pub(in super::super) enum Attempt {
    Granted(Grant),
    /// Another holder or a waiter precedes it.
    Contended,
    /// Only a wait at the engine can decide, after this process has yielded if it must.
    Undecided(Verdict),
}

impl State {
    /// Tries to acquire the lock; tries the engine only if the queue is empty.
    pub(in super::super) fn try_acquire(
        &mut self,
        request: &AcquireRequest,
    ) -> Result<Attempt, LockError> {
        let since = match (self.hold, request.mode) {
            (Hold::None, mode) if self.queue.is_empty() => {
                let now = sync::now();
                let verdict = self.fairness.should_yield(now, || self.claim.is_polled());
                if let Verdict::Yield(_) = verdict {
                    self.claim.check_process()?;
                    return Ok(Attempt::Undecided(verdict));
                }
                match self.claim.try_acquire(mode)? {
                    TryAcquire::Acquired => Some(now),
                    TryAcquire::Contended => None,
                    TryAcquire::Unknown => return Ok(Attempt::Undecided(verdict)),
                }
            }
            (Hold::Idle(Mode::Exclusive), Mode::Exclusive) if !self.is_reserved => {
                self.claim.reassign(request.owner).then_some(self.idle_since)
            }
            // A writer in the queue holds later readers back.
            (Hold::Idle(Mode::Shared), Mode::Shared) if !self.queue.has_writer() => {
                self.claim.reassign(request.owner).then(sync::now)
            }
            (Hold::Shared(_), Mode::Shared) if !self.queue.has_writer() && !self.is_lost() => {
                let now = sync::now();
                self.may_join_readers(now)?.then_some(now)
            }
            _ => None,
        };
        let Some(since) = since else {
            // In a fork, a waiter and a refused attempt would not learn of it otherwise.
            self.claim.check_process()?;
            return Ok(Attempt::Contended);
        };
        Ok(Attempt::Granted(self.grant(request, since)))
    }

    /// Makes `request` a holder, which the hold must allow.
    pub(super) fn grant(&mut self, request: &AcquireRequest, since: Instant) -> Grant {
        let mut recorded = self.record_holder(request);
        self.hold = self.hold.joined(request.mode);
        // Kept until a writer leaves the lock clean: this one may fail too, or die.
        self.abandoned_by = self.abandoned_by.take().or(recorded.abandoned_by.take());
        recorded.abandoned_by.clone_from(&self.abandoned_by);
        self.offers = 1;
        let number = self.holders.add(request, since, &recorded);
        let loss_monitor = self.claim.loss_monitor();
        self.start_own_waits();
        Grant { number, recorded, loss_monitor, waited: Duration::ZERO }
    }

    /// Has the engine record the holder, unless its record fits already.
    pub(super) fn record_holder(&mut self, request: &AcquireRequest) -> Recorded {
        if request.mode == Mode::Exclusive {
            let waking = self.waking_holder.take();
            if let Some(recorded) = waking.and_then(|waking| waking.into_record(request)) {
                return recorded;
            }
            let is_abandoned = self.abandoned_by.is_some();
            let reused = self.recorded.as_mut().and_then(|it| it.reuse(request, is_abandoned));
            if let Some(recorded) = reused {
                self.token = recorded.token;
                return recorded;
            }
        }
        let site = request.is_recorded.then_some(&request.site);
        let AcquireRequest { permits, .. } = *request;
        let usage =
            Usage { abandoned_by: self.abandoned_by.as_deref(), last_token: self.token, permits };
        let recorded = self.claim.record_holder(request.mode, site, usage);
        if request.mode == Mode::Exclusive {
            self.token = recorded.token;
            let is_abandoned = self.abandoned_by.is_some() || recorded.abandoned_by.is_some();
            self.recorded = RecordedHolder::new(request, &recorded, is_abandoned);
        }
        recorded
    }
}
