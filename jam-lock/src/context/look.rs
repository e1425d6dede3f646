//! A look at what is held, lock by lock: what may be entered again, and what is against it.

use super::{Held, Kind};
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::AcquireRequest;
use crate::name::LockName;

pub(super) struct Look<'a> {
    name: &'a LockName,
    /// Where the gate of `name` is.
    gate: usize,
    request: &'a AcquireRequest,
    is_reentrant: bool,
    /// What is against waiting for the lock, which is held already.
    reentrant: Option<LockError>,
    /// What is against it if the lock itself is not held.
    out_of_order: Option<LockError>,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        name: &'a LockName,
        gate: usize,
        request: &'a AcquireRequest,
        is_reentrant: bool,
    ) -> Self {
        Self { name, gate, request, is_reentrant, reentrant: None, out_of_order: None }
    }

    /// The same lock, if it is what is requested and may be entered again.
    pub(super) fn at(&mut self, held: &Held) -> Option<Held> {
        if held.key.gate != self.gate {
            if self.out_of_order.is_none() {
                self.out_of_order = self.against_order(held);
            }
            return None;
        }
        let is_enough = held.mode == Mode::Exclusive || self.request.mode == Mode::Shared;
        // Only a section's guard is certain to belong to those whom the section has called.
        if self.is_reentrant && is_enough && held.key.kind != Kind::Guard {
            return Some(held.clone());
        }
        if self.reentrant.is_none() {
            self.reentrant = Some(self.held_already(held));
        }
        None
    }

    /// What is against the acquisition, where nothing may be entered again.
    pub(super) fn objection(self, waits: bool) -> Option<LockError> {
        match (self.reentrant, self.out_of_order) {
            (Some(_), _) if !waits => None,
            (Some(error), _) => Some(error),
            (None, out_of_order) => out_of_order,
        }
    }

    fn held_already(&self, held: &Held) -> LockError {
        LockError::Reentrant {
            name: Box::new(self.name.clone()),
            requested_at: self.request.site,
            held_at: held.site,
            remedy: match (held.key.kind, self.is_reentrant) {
                (Kind::Guard, _) => {
                    "if its guard has moved to another thread or task, `detach` the guard; \
                     otherwise release it first, or hold the lock by a section (`locked!`), which \
                     can be entered again with `reentrant`"
                }
                (Kind::Section | Kind::AsyncSection, true) => {
                    "it is held as a reader, which cannot become a writer: \
                     acquire it as a writer first"
                }
                (Kind::Section | Kind::AsyncSection, false) => {
                    "release it first, or use `reentrant` to run under the lock that is held"
                }
            },
        }
    }

    fn against_order(&self, held: &Held) -> Option<LockError> {
        let outer = held.name.as_ref().filter(|it| self.name.is_declared_before(it))?;
        Some(LockError::Order {
            name: Box::new(self.name.clone()),
            requested_at: self.request.site,
            held: Box::new(outer.clone()),
            held_at: held.site,
            remedy: match held.key.kind {
                Kind::Guard => {
                    "acquire the locks in the declared order, or all at once; if the guard of the \
                     one that is held has moved to another thread or task, `detach` the guard"
                }
                Kind::Section | Kind::AsyncSection => {
                    "acquire the locks in the declared order, or all at once"
                }
            },
        })
    }
}
