//! [`TaskSection`]: a section of a task, nested in others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::held_locks::{HeldLock, HeldLocks, Key};
use crate::engine::OwnerId;

/// The locks that a section of a task holds, or a future of it, linked to the sections around it.
#[derive(Debug)]
pub(crate) struct TaskSection {
    /// The same for all nested sections.
    owner: OwnerId,
    outer: Option<Arc<Self>>,
    held: Mutex<HeldLocks>,
}

impl TaskSection {
    /// A section inside `outer`, or an outermost one.
    pub(super) fn inside(outer: Option<Arc<Self>>) -> Self {
        let owner = outer.as_ref().map_or_else(super::next_owner_id, |outer| outer.owner);
        Self { owner, outer, held: Mutex::default() }
    }

    /// For guards of a future inside `outer`. A server knows them by the owner of each acquisition.
    pub(super) fn of_future(outer: Option<Arc<Self>>) -> Self {
        let owner = outer.as_ref().map_or(OwnerId::NONE, |outer| outer.owner);
        Self { owner, outer, held: Mutex::default() }
    }

    pub(super) fn owner(&self) -> OwnerId {
        self.owner
    }

    /// The first result of `visit`, from the innermost lock outwards.
    pub(super) fn find<T>(
        self: &Arc<Self>,
        mut visit: impl FnMut(&HeldLock) -> Option<T>,
    ) -> Option<T> {
        let mut sections = std::iter::successors(Some(self), |section| section.outer.as_ref());
        sections.find_map(|section| section.held().find(&mut visit))
    }

    pub(super) fn push(&self, held: HeldLock) {
        self.held().push(held);
    }

    pub(super) fn remove(&self, key: Key) {
        self.held().remove(key);
    }

    /// Ignores poison: a panic under the mutex leaves nothing half-done.
    fn held(&self) -> MutexGuard<'_, HeldLocks> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
