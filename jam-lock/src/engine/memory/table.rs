//! [`Table`]: the locks of one engine, by name.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lock::MemoryLock;
use crate::name::LockName;

/// The locks of one engine.
///
/// A lock that is no longer used is removed, so that an unlimited number of names needs a limited amount
/// of memory: unless it was left abandoned, or the next run of its job may not begin yet; then a sweep
/// removes it.
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

    /// Removes the locks that are no longer used and whose last runs no longer matter; returns how many.
    pub(super) fn sweep(&self) -> usize {
        let mut entries = self.entries();
        let unused = entries.locks.iter().filter(|(_, entry)| entry.references == 0);
        let names: Vec<_> = unused.map(|(name, _)| name.clone()).collect();
        names.iter().filter(|name| entries.remove_unless_needed(name)).count()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Removes a lock that is not referenced, unless it has something that the next holder must learn;
    /// returns whether it did.
    fn remove_unless_needed(&mut self, name: &LockName) -> bool {
        let Some(entry) = self.locks.get(name) else { return false };
        let (token, is_needed) = {
            let state = entry.lock.lock();
            let is_too_soon = state.last_run.as_ref().is_some_and(|run| !run.is_over());
            (state.token, state.abandoned_by.is_some() || is_too_soon)
        };
        if !is_needed {
            self.locks.remove(name);
            self.token_floor = self.token_floor.max(token);
        }
        !is_needed
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
        if entry.references == 0 {
            entries.remove_unless_needed(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::memory::last_run::RecordedRun;
    use crate::holder::Holder;
    use crate::wall_clock;

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

    #[test]
    fn a_lock_whose_next_run_may_not_begin_yet_is_kept_and_swept_later() {
        let table = Arc::new(Table::default());
        let run = |period| RecordedRun {
            began: wall_clock::of_runs(),
            period: Duration::from_secs(period),
            holder: Holder::default(),
        };
        let lock = Table::lock_ref(&table, &name("x"));
        lock.lock().last_run = Some(Box::new(run(3600)));
        drop(lock);
        assert_eq!((table.sweep(), table.all().len()), (0, 1));
        let lock = Table::lock_ref(&table, &name("x"));
        assert!(lock.lock().last_run.is_some());
        lock.lock().last_run = Some(Box::new(run(0)));
        drop(lock);
        assert!(table.all().is_empty());
    }
}
