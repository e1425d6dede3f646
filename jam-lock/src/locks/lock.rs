//! The locks of [`Locks`]: one, or several together.

use std::sync::{Arc, RwLockWriteGuard};

use super::{Declared, Locks};
use crate::gate;
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::name::{LockName, in_lock_order};
use crate::permits::Permits;
use crate::settings::Settings;

impl Locks {
    /// The lock called `name`, which is not acquired; no file is touched yet.
    pub fn lock(&self, name: LockName) -> Lock {
        let declared = &self.shared.declared;
        // A forked child may have inherited `declared` locked, so this never waits for it.
        let found = declared.try_read().ok().and_then(|found| found.get(&name).cloned());
        let has_as_many = |settings: &Settings| {
            let permits = settings.permits.as_ref().map_or(1, |permits| permits.gates().len());
            permits == name.permits() as usize
        };
        if let Some((gate, settings)) = found.filter(|(_, settings)| has_as_many(settings)) {
            return Lock::new(name, gate, settings);
        }
        let engine = &self.shared.engine;
        let (gate, settings) = (gate::gate(engine, &name), self.settings_of(&name));
        if name.is_declared() {
            let insert = |mut found: RwLockWriteGuard<'_, Declared>| {
                found.insert(name.clone(), (Arc::clone(&gate), Arc::clone(&settings)))
            };
            // Dropping a gate may drop an engine, which must not happen while `declared` is locked.
            drop(declared.try_write().ok().map(insert));
        }
        Lock::new(name, gate, settings)
    }

    /// The settings of the lock `name`, with its permits if it has several.
    fn settings_of(&self, name: &LockName) -> Arc<Settings> {
        let settings = &self.shared.settings;
        match Permits::new(&self.shared.engine, name) {
            None => Arc::clone(settings),
            permits => Arc::new(Settings { permits, ..(**settings).clone() }),
        }
    }

    /// The locks of all `names`, to be acquired together; no file is touched yet.
    pub fn lock_all(&self, names: impl IntoIterator<Item = LockName>) -> LockSet {
        LockSet::new(in_lock_order(names).into_iter().map(|name| self.lock(name)).collect())
    }

    /// Where the locks are: the path of their folder, or a server's URL without its password.
    #[must_use]
    pub fn location(&self) -> String {
        self.shared.engine.location()
    }
}
