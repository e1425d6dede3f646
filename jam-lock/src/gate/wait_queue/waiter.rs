//! One waiter, and the states it goes through until its wait has ended.

use std::task::Waker;
use std::time::Instant;

use crate::error::LockError;
use crate::gate::AcquireRequest;

/// A thread, which runs soon after it is woken, or a task, which runs when its executor polls it, or
/// never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaiterKind {
    Thread,
    Task,
}

/// A waiter, from its arrival until it has collected the result of its wait.
pub(in crate::gate) struct Waiter {
    pub(in crate::gate) request: AcquireRequest,
    pub(in crate::gate) kind: WaiterKind,
    /// Whether it waits for other holders; otherwise it only waits for the engine's answer.
    pub(in crate::gate) blocking: bool,
    pub(super) state: WaiterState,
    /// When the idle claim was first offered to it. The offer outlives the states: a waiter that finds
    /// the claim taken by a faster thread keeps the right to the next idle claim.
    pub(super) offered_since: Option<Instant>,
}

/// Where a waiter is between its arrival and its removal.
///
/// ```text
/// Queued                   -- wake -->                     Woken
/// Queued, Woken            -- notify -->                   Notified
/// Woken, Notified          -- poll -->                     Queued
/// Queued, Woken, Notified  -- skip, refusal, failure -->   PassedOver, Refused, Failed
/// PassedOver               -- poll -->                     Queued, at its old place
/// Refused, Failed          -- poll -->                     removed
/// Refused                  -- skip -->                     PassedOver: the engine is asked again
/// ```
///
/// Only a waiter that is `Queued`, `Woken` or `Notified` is in the queue.
pub(super) enum WaiterState {
    /// Waits for its turn, with the waker of its last poll; `None` until the first.
    Queued(Option<Waker>),
    /// Woken without an offer, and not polled since.
    Woken { at: Instant },
    /// Woken and offered the idle claim, and not polled since.
    Notified { at: Instant },
    /// Out of turn until it is polled: it did not run when it was woken, or is busy elsewhere.
    PassedOver,
    /// Does not block, and the lock is not free.
    Refused,
    /// Its wait ended with an error, which it has not collected.
    Failed(Box<LockError>),
}

/// The state in which a poll finds a waiter.
pub(in crate::gate) enum Polled {
    /// In the queue; a thread that was woken keeps running for a moment.
    Queued { request: AcquireRequest, is_offered: bool, keeps_running: bool },
    /// Passed over, and now in the queue again.
    PassedOver,
    /// Out of the queue.
    Refused,
    /// Out of the queue.
    Failed(LockError),
}

impl Waiter {
    pub(super) fn new(request: &AcquireRequest, kind: WaiterKind, blocking: bool) -> Self {
        let state = WaiterState::Queued(None);
        Self { request: *request, kind, blocking, state, offered_since: None }
    }

    /// Whether it may take the claim when the claim is idle.
    pub(in crate::gate) fn is_offered(&self) -> bool {
        self.offered_since.is_some()
    }

    /// When it was woken, if it has not been polled since.
    pub(in crate::gate) fn woken_at(&self) -> Option<Instant> {
        match self.state {
            WaiterState::Woken { at } | WaiterState::Notified { at } => Some(at),
            _ => None,
        }
    }

    /// Whether there is a thread or a task to wake.
    pub(in crate::gate) fn is_asleep(&self) -> bool {
        matches!(self.state, WaiterState::Queued(Some(_)))
    }

    #[cfg(test)]
    pub(super) fn is_queued(&self) -> bool {
        matches!(self.state, WaiterState::Queued(_)) || self.woken_at().is_some()
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.state, WaiterState::Failed(_))
    }

    /// Wakes it without an offer; returns its waker if it is asleep.
    pub(super) fn wake(&mut self, now: Instant) -> Option<Waker> {
        if self.woken_at().is_some() {
            return None;
        }
        self.enter(WaiterState::Woken { at: now })
    }

    /// Offers it the idle claim; returns its waker if it is asleep.
    pub(super) fn notify(&mut self, now: Instant) -> Option<Waker> {
        self.offered_since.get_or_insert(now);
        let at = self.woken_at().unwrap_or(now);
        self.enter(WaiterState::Notified { at })
    }

    /// Changes the state; returns the waker if it was asleep.
    pub(super) fn enter(&mut self, state: WaiterState) -> Option<Waker> {
        match std::mem::replace(&mut self.state, state) {
            WaiterState::Queued(waker) => waker,
            _ => None,
        }
    }
}
