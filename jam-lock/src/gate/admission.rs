//! How a request comes to a gate: it is granted, refused, or queued.

use std::sync::Arc;
use std::time::Instant;

use super::state::{Attempt, Verdict};
use super::wait_queue::{Ticket, WaiterKind};
use super::{AcquireRequest, Gate, Grant, Wait, sync};
use crate::engine::{Capability, Mode};
use crate::error::LockError;
use crate::timeout::Deadline;

/// The result of a request: granted at once, or queued.
pub(crate) enum Admission {
    Granted(Grant),
    Queued(Wait),
}

impl Gate {
    /// Acquires the lock if that needs no waiting, or queues the request.
    ///
    /// # Errors
    /// - [`LockError::Unsupported`] if the lock is shared and the engine has no shared locks.
    /// - [`LockError::Forked`] in a fork.
    /// - Failures of the engine.
    pub(crate) fn acquire_or_enqueue(
        self: &Arc<Self>,
        request: &AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<Admission, LockError> {
        if request.mode == Mode::Shared && !self.engine.supports(Capability::SharedLocks) {
            return Err(LockError::Unsupported {
                what: "a shared lock",
                location: self.location.clone(),
                remedy: "acquire it as a writer".into(),
            });
        }
        let blocking = !matches!(deadline, Deadline::Once);
        self.try_update(|state| {
            let attempt = match state.try_acquire(request)? {
                Attempt::Granted(grant) => return Ok(Admission::Granted(grant)),
                attempt => attempt,
            };
            let (begun, end) = self.time_span(deadline);
            let ticket = match attempt {
                // It is refused at once, and so need not queue.
                Attempt::Contended if !blocking => None,
                Attempt::Undecided(verdict) => {
                    Some(state.enqueue(request, kind, blocking, verdict))
                }
                _ => Some(state.enqueue(request, kind, blocking, Verdict::Proceed)),
            };
            Ok(Admission::Queued(self.queued_at(ticket, request, (begun, end))))
        })?
    }

    /// Acquires the lock if that needs no waiting; queues nothing.
    pub(super) fn try_now(&self, request: &AcquireRequest) -> Result<Attempt, LockError> {
        self.try_update(|state| state.try_acquire(request))?
    }

    /// Queues a request that only a wait at the engine can decide, and that waits for no other holder; `None`
    /// if another request has come first.
    pub(super) fn ask(
        self: &Arc<Self>,
        request: &AcquireRequest,
        span: (Instant, Option<Instant>),
        kind: WaiterKind,
        verdict: Verdict,
    ) -> Result<Option<Wait>, LockError> {
        self.try_update(|state| {
            let is_first = state.is_unused();
            is_first.then(|| {
                let ticket = state.enqueue(request, kind, false, verdict);
                self.queued_at(Some(ticket), request, span)
            })
        })
    }

    /// Queues a request that waits for other holders, without trying first.
    pub(super) fn queue(
        self: &Arc<Self>,
        request: &AcquireRequest,
        span: (Instant, Option<Instant>),
        kind: WaiterKind,
        verdict: Verdict,
    ) -> Result<Wait, LockError> {
        self.try_update(|state| {
            let ticket = state.enqueue(request, kind, true, verdict);
            self.queued_at(Some(ticket), request, span)
        })
    }

    fn queued_at(
        self: &Arc<Self>,
        ticket: Option<Ticket>,
        request: &AcquireRequest,
        (begun, end): (Instant, Option<Instant>),
    ) -> Wait {
        let (gate, request) = (Arc::clone(self), *request);
        Wait { gate, request, ticket, begun, end, interrupt_at: None }
    }

    /// When a wait with this deadline begins, and when it ends.
    pub(super) fn time_span(&self, deadline: Deadline) -> (Instant, Option<Instant>) {
        match deadline.starting_now() {
            Deadline::At { start, end } => (start, Some(end)),
            Deadline::Once => {
                let now = sync::now();
                (now, self.engine.response_timeout().map(|time| now + time))
            }
            Deadline::Never | Deadline::After(_) => (sync::now(), None),
        }
    }
}
