//! What is held in one place, the innermost last.

use std::process;

use super::Held;

/// The locks of a thread, or of a section in a task.
#[derive(Debug, Default)]
pub(super) struct List(Vec<Held>);

impl List {
    /// What `look` finds first, from the inside out.
    pub(super) fn find<T>(&mut self, look: impl FnMut(&mut Held) -> Option<T>) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let here = process::id();
        self.0.retain(|held| held.process == here);
        self.0.iter_mut().rev().find_map(look)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn enter(&mut self, held: Held) {
        self.0.push(held);
    }

    /// Notes one guard less of the acquisition `number` of `gate`, which goes with the last.
    pub(super) fn leave(&mut self, gate: usize, number: u64) {
        let is_it = |held: &Held| (held.gate, held.number) == (gate, number);
        let Some(at) = self.0.iter().rposition(is_it) else { return };
        self.0[at].guards -= 1;
        if self.0[at].guards == 0 {
            self.0.remove(at);
        }
    }
}
