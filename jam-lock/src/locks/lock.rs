//! The locks of [`Locks`]: one, or several together.

use std::sync::{Arc, RwLockWriteGuard};

use super::{Gates, Locks};
use crate::gate;
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::name::{LockName, in_lock_order};

impl Locks {
    /// The lock called `name`, which is not acquired; no file is touched yet.
    pub fn lock(&self, name: LockName) -> Lock {
        let settings = Arc::clone(&self.shared.settings);
        let declared = &self.shared.declared;
        // A forked child may have inherited `declared` locked, so this never waits for it.
        if let Some(gate) = declared.try_read().ok().and_then(|gates| gates.get(&name).cloned()) {
            return Lock::new(name, gate, settings);
        }
        let gate = gate::gate(&self.shared.engine, &name);
        if name.is_declared() {
            let insert = |mut gates: RwLockWriteGuard<'_, Gates>| {
                gates.insert(name.clone(), Arc::clone(&gate))
            };
            // Dropping a gate may drop an engine, which must not happen while `declared` is locked.
            drop(declared.try_write().ok().map(insert));
        }
        Lock::new(name, gate, settings)
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
