//! What is held in one place, the innermost last.

use super::{Held, Key};
use crate::engine::ProcessId;

/// The locks of a thread, or of a section in a task.
#[derive(Debug, Default)]
pub(super) struct List(Vec<Held>);

impl List {
    pub(super) const EMPTY: Self = Self(Vec::new());

    /// What `look` finds first, from the inside out.
    pub(super) fn find<T>(&mut self, look: impl FnMut(&Held) -> Option<T>) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        self.forget_other_processes();
        self.0.iter().rev().find_map(look)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn enter(&mut self, held: Held) {
        self.0.push(held);
    }

    /// Takes off one entry with this `key`.
    pub(super) fn leave(&mut self, key: Key) {
        if let Some(at) = self.0.iter().rposition(|held| held.key == key) {
            self.0.remove(at);
        }
    }

    /// Takes off what a fork has inherited.
    pub(super) fn forget_other_processes(&mut self) {
        let here = ProcessId::current();
        self.0.retain(|held| held.process == here);
    }
}
