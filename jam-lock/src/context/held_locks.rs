//! [`HeldLocks`]: the locks that a thread, or a section of a task, holds.

use std::sync::Weak;

use crate::engine::{Mode, ProcessId};
use crate::name::LockName;
use crate::observer::Notifier;
use crate::site::Site;

/// A lock that is held by one guard; a lock that was re-entered has an entry for each guard.
///
/// It keeps no user value alive, because it is dropped under a borrow or a mutex.
#[derive(Clone, Debug)]
pub(super) struct HeldLock {
    pub(super) key: Key,
    /// The process that holds it: a forked child inherits the entry, but not the lock.
    pub(super) process: ProcessId,
    /// Its name, if that has a place in the lock order.
    pub(super) name: Option<LockName>,
    pub(super) site: Site,
    pub(super) mode: Mode,
    pub(super) notifier: Weak<Notifier>,
}

/// Identifies an entry in its list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Key {
    /// The address of the gate, which lives as long as its guards.
    pub(super) gate: usize,
    /// The number of the acquisition at the gate.
    pub(super) number: u64,
    pub(super) held_by: HeldBy,
}

/// What holds a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HeldBy {
    /// A section of a task, whose guard is a local variable of generated code.
    TaskSection,
    /// A section of a thread, likewise.
    ThreadSection,
    /// A guard that the acquiring future owns or borrows, so that it cannot be released meanwhile.
    Future,
    /// A guard in user code, which may have moved to another thread or task.
    Guard,
}

impl HeldBy {
    /// Whether it certainly belongs to the code of a task that is nested in it: the task's other futures
    /// do not hold a lock that blocking code holds.
    pub(super) fn is_of_task(self) -> bool {
        matches!(self, Self::TaskSection | Self::Future)
    }

    /// Whether it is a guard in user code, whose section may not be entered again.
    pub(super) fn is_guard(self) -> bool {
        matches!(self, Self::Future | Self::Guard)
    }
}

/// The locks that are held, the innermost last.
#[derive(Debug, Default)]
pub(super) struct HeldLocks(Vec<HeldLock>);

impl HeldLocks {
    pub(super) const EMPTY: Self = Self(Vec::new());

    /// The first result of `visit`, from the innermost lock outwards.
    pub(super) fn find<T>(&mut self, visit: impl FnMut(&HeldLock) -> Option<T>) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        self.remove_inherited();
        self.0.iter().rev().find_map(visit)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, held: HeldLock) {
        self.0.push(held);
    }

    /// Removes one entry with this `key`.
    pub(super) fn remove(&mut self, key: Key) {
        if let Some(at) = self.0.iter().rposition(|held| held.key == key) {
            self.0.remove(at);
        }
    }

    /// Removes the entries that a forked child has inherited.
    pub(super) fn remove_inherited(&mut self) {
        let here = ProcessId::current();
        self.0.retain(|held| held.process == here);
    }
}
