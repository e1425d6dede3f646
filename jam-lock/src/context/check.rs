//! [`Check`]: whether an acquisition may re-enter a held lock, would deadlock with it, or violates the
//! lock order.

use std::sync::Arc;

use super::held_locks::{HeldBy, HeldLock};
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::{AcquireRequest, Gate};
use crate::name::LockName;

/// A check of one acquisition against the held locks, one after another.
pub(super) struct Check<'a> {
    name: &'a LockName,
    /// The gates of the lock, one for each permit.
    gates: &'a [Arc<Gate>],
    request: &'a AcquireRequest,
    is_reentrant: bool,
    /// The error if the acquisition waits, because the lock is already held.
    reentrant: Option<LockError>,
    /// The error if the lock itself is not held.
    out_of_order: Option<LockError>,
}

impl<'a> Check<'a> {
    pub(super) fn new(
        name: &'a LockName,
        gates: &'a [Arc<Gate>],
        request: &'a AcquireRequest,
        is_reentrant: bool,
    ) -> Self {
        Self { name, gates, request, is_reentrant, reentrant: None, out_of_order: None }
    }

    /// Checks the request against one held lock; returns that lock if the request may re-enter it.
    pub(super) fn visit(&mut self, held: &HeldLock) -> Option<HeldLock> {
        if !self.gates.iter().any(|gate| Arc::as_ptr(gate).addr() == held.key.gate) {
            if self.out_of_order.is_none() {
                self.out_of_order = self.order_error(held);
            }
            return None;
        }
        let is_mode_enough = held.mode == Mode::Exclusive || self.request.mode == Mode::Shared;
        // Only the guard of a section certainly belongs to the code that the section calls.
        if self.is_reentrant && is_mode_enough && held.key.held_by != HeldBy::Guard {
            return Some(held.clone());
        }
        if self.reentrant.is_none() {
            self.reentrant = Some(self.reentrant_error(held));
        }
        None
    }

    /// The error of the acquisition, if it may not re-enter a lock.
    pub(super) fn error(self, waits: bool) -> Option<LockError> {
        match (self.reentrant, self.out_of_order) {
            (Some(_), _) if !waits => None,
            (Some(error), _) => Some(error),
            (None, out_of_order) => out_of_order,
        }
    }

    fn reentrant_error(&self, held: &HeldLock) -> LockError {
        LockError::Reentrant {
            name: Box::new(self.name.clone()),
            requested_at: self.request.site,
            held_at: held.site,
            remedy: match (held.key.held_by, self.is_reentrant) {
                (HeldBy::Guard, _) => {
                    "in async code, acquire it with `acquire_async`, or lock an `async fn` with \
                     `#[locked]`; if its guard has moved to another thread or task, `detach` the \
                     guard; otherwise release it first"
                }
                (HeldBy::ThreadSection | HeldBy::TaskSection, true) => {
                    "it is held as a reader, which cannot become a writer: \
                     acquire it as a writer first"
                }
                (HeldBy::ThreadSection | HeldBy::TaskSection, false) => {
                    "release it first, or add `reentrant` to run under the lock that is held"
                }
            },
        }
    }

    fn order_error(&self, held: &HeldLock) -> Option<LockError> {
        let outer = held.name.as_ref().filter(|it| self.name.is_declared_before(it))?;
        Some(LockError::Order {
            name: Box::new(self.name.clone()),
            requested_at: self.request.site,
            held: Box::new(outer.clone()),
            held_at: held.site,
            remedy: match held.key.held_by {
                HeldBy::Guard => {
                    "acquire the locks in declared order, or all at once; if the guard of the held \
                     lock has moved to another thread or task, `detach` it"
                }
                HeldBy::ThreadSection | HeldBy::TaskSection
                    if self.name.has_same_declaration(outer) =>
                {
                    "acquire both at once, with a placeholder for each, as in \
                     `\"customer_{from}\", \"customer_{to}\"`; they are acquired in the order of \
                     their keys"
                }
                HeldBy::ThreadSection | HeldBy::TaskSection => {
                    "acquire the locks in declared order, or all at once"
                }
            },
        })
    }
}
