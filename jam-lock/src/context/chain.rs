//! The sections of a task, each inside another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::list::List;
use super::{Held, Key};

/// What a section holds, and after that, what the sections around it hold.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The same for all sections of a chain.
    number: u64,
    outer: Option<Arc<Self>>,
    held: Mutex<List>,
}

impl Chain {
    /// A link for a section inside `outer`.
    pub(super) fn after(outer: Option<Arc<Self>>) -> Self {
        let number = outer.as_ref().map_or_else(super::next_number, |outer| outer.number);
        Self { number, outer, held: Mutex::default() }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// What `look` finds first, from the inside out.
    pub(super) fn find<T>(self: &Arc<Self>, mut look: impl FnMut(&Held) -> Option<T>) -> Option<T> {
        let mut links = std::iter::successors(Some(self), |link| link.outer.as_ref());
        links.find_map(|link| link.held().find(&mut look))
    }

    pub(super) fn enter(&self, held: Held) {
        self.held().enter(held);
    }

    pub(super) fn leave(&self, key: Key) {
        self.held().leave(key);
    }

    /// Nothing that can panic half-way runs under the mutex.
    fn held(&self) -> MutexGuard<'_, List> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
