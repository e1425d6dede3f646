//! [`Table`]: the locks of one engine, by name.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lock::MemoryLock;
use crate::name::LockName;

/// The locks of one engine.
///
/// A lock that is no longer used is removed, unless it was left abandoned, so that an unlimited
/// number of names needs a limited amount of memory.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    locks: HashMap<LockName, Entry>,
    /// At least the greatest token of every lock that was removed.
    token_floor: u64,
}

#[derive(Debug)]
struct Entry {
    lock: Arc<MemoryLock>,
    references: usize,
}

impl Table {
    /// A reference to the lock `name`, which is created if it is missing.
    pub(super) fn lock_ref(table: &Arc<Self>, name: &LockName) -> LockRef {
        let mut entries = table.entries();
        let token = entries.token_floor;
        let new = || Entry { lock: Arc::new(MemoryLock::with_token(token)), references: 0 };
        let entry = entries.locks.entry(name.clone()).or_insert_with(new);
        entry.references += 1;
        let lock = Arc::clone(&entry.lock);
        LockRef { table: Arc::clone(table), name: name.clone(), lock }
    }

    /// The lock `name`, if there is one.
    pub(super) fn get(&self, name: &LockName) -> Option<Arc<MemoryLock>> {
        self.entries().locks.get(name).map(|entry| Arc::clone(&entry.lock))
    }

    /// All locks that there are.
    pub(super) fn all(&self) -> Vec<(LockName, Arc<MemoryLock>)> {
        let entries = self.entries();
        let locks = entries.locks.iter();
        locks.map(|(name, entry)| (name.clone(), Arc::clone(&entry.lock))).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock that stays in the table as long as it is referenced.
pub(super) struct LockRef {
    table: Arc<Table>,
    name: LockName,
    lock: Arc<MemoryLock>,
}

impl LockRef {
    pub(super) fn name(&self) -> &LockName {
        &self.name
    }
}

impl Clone for LockRef {
    fn clone(&self) -> Self {
        Table::lock_ref(&self.table, &self.name)
    }
}

impl Deref for LockRef {
    type Target = MemoryLock;

    fn deref(&self) -> &MemoryLock {
        &self.lock
    }
}

impl Drop for LockRef {
    fn drop(&mut self) {
        let mut entries = self.table.entries();
        let Some(entry) = entries.locks.get_mut(&self.name) else { return };
        entry.references -= 1;
        if entry.references > 0 {
            return;
        }
        let (token, is_abandoned) = {
            let state = self.lock.lock();
            (state.token, state.abandoned_by.is_some())
        };
        if !is_abandoned {
            entries.locks.remove(&self.name);
            entries.token_floor = entries.token_floor.max(token);
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
    fn a_lock_that_is_no_longer_used_is_removed_except_for_its_token() {
        let table = Arc::new(Table::default());
        let used = Table::lock_ref(&table, &name("x"));
        used.lock().token = 8;
        let also = used.clone();
        drop(used);
        assert_eq!(also.lock().token, 8);
        drop(also);
        assert!(table.all().is_empty());
        assert_eq!(Table::lock_ref(&table, &name("y")).lock().token, 8);
    }

    #[test]
    fn a_lock_that_was_left_abandoned_is_kept() {
        let table = Arc::new(Table::default());
        Table::lock_ref(&table, &name("x")).lock().abandoned_by = Some(Box::default());
        let found = Table::lock_ref(&table, &name("x")).lock().abandoned_by.take();
        assert_eq!(found.as_deref(), Some(&Holder::default()));
        assert!(table.all().is_empty());
    }
}
