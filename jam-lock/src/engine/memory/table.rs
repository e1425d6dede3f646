//! The names that somebody uses, and what is left of the others.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arbiter::Arbiter;
use crate::name::LockName;

/// The names of one engine.
///
/// A name that nobody uses any more is forgotten, unless it was left abandoned, so that names without
/// end need no memory without end.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Names>);

#[derive(Debug, Default)]
struct Names {
    known: HashMap<LockName, Entry>,
    /// No token of a name that was forgotten is greater.
    token_floor: u64,
}

#[derive(Debug)]
struct Entry {
    arbiter: Arc<Arbiter>,
    users: usize,
}

impl Table {
    /// The arbiter of `name`, which stays as long as somebody uses it.
    pub(super) fn used(table: &Arc<Self>, name: &LockName) -> Usage {
        let mut names = table.lock();
        let floor = names.token_floor;
        let new = || Entry { arbiter: Arc::new(Arbiter::starting_from(floor)), users: 0 };
        let entry = names.known.entry(name.clone()).or_insert_with(new);
        entry.users += 1;
        let arbiter = Arc::clone(&entry.arbiter);
        Usage { table: Arc::clone(table), name: name.clone(), arbiter }
    }

    /// The arbiter of `name`, if it is known.
    pub(super) fn existing(&self, name: &LockName) -> Option<Arc<Arbiter>> {
        self.lock().known.get(name).map(|entry| Arc::clone(&entry.arbiter))
    }

    /// All that are known.
    pub(super) fn all(&self) -> Vec<(LockName, Arc<Arbiter>)> {
        let names = self.lock();
        let known = names.known.iter();
        known.map(|(name, entry)| (name.clone(), Arc::clone(&entry.arbiter))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An arbiter that somebody uses.
pub(super) struct Usage {
    table: Arc<Table>,
    name: LockName,
    arbiter: Arc<Arbiter>,
}

impl Usage {
    pub(super) fn name(&self) -> &LockName {
        &self.name
    }
}

impl Clone for Usage {
    fn clone(&self) -> Self {
        Table::used(&self.table, &self.name)
    }
}

impl Deref for Usage {
    type Target = Arbiter;

    fn deref(&self) -> &Arbiter {
        &self.arbiter
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        let mut names = self.table.lock();
        let Some(entry) = names.known.get_mut(&self.name) else { return };
        entry.users -= 1;
        if entry.users > 0 {
            return;
        }
        let (token, is_abandoned) = {
            let state = self.arbiter.lock();
            (state.token, state.abandoned.is_some())
        };
        if !is_abandoned {
            names.known.remove(&self.name);
            names.token_floor = names.token_floor.max(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holder::Holder;

    fn name(name: &'static str) -> LockName {
        LockName::declared(name, "table", 0)
    }

    #[test]
    fn a_name_that_nobody_uses_is_forgotten_but_for_the_tokens() {
        let table = Arc::new(Table::default());
        let used = Table::used(&table, &name("x"));
        used.lock().token = 8;
        let also = used.clone();
        drop(used);
        assert_eq!(also.lock().token, 8);
        drop(also);
        assert!(table.all().is_empty());
        assert_eq!(Table::used(&table, &name("y")).lock().token, 8);
    }

    #[test]
    fn a_name_that_was_left_abandoned_is_kept() {
        let table = Arc::new(Table::default());
        Table::used(&table, &name("x")).lock().abandoned = Some(Box::default());
        let found = Table::used(&table, &name("x")).lock().abandoned.take();
        assert_eq!(found.as_deref(), Some(&Holder::default()));
        assert!(table.all().is_empty());
    }
}
