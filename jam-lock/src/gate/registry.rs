//! The gates of this process.
//!
//! Gates belong to the process, not to a `Locks`: two of them in one folder share its gates, even if
//! its path is spelled differently.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Gate;
use crate::engine::Engine;
use crate::name::LockName;
use crate::per_process::PerProcess;

type Gates = HashMap<(OsString, LockName), Weak<Gate>>;

static GATES: PerProcess<Mutex<Gates>> = PerProcess::new();

/// The gate of `name` at `engine`; created if this process has none.
pub(crate) fn gate(engine: &Arc<dyn Engine>, name: &LockName) -> Arc<Gate> {
    if let Some(gate) = existing(&**engine, name) {
        return gate;
    }
    // Not under the mutex: an engine may use a lock of another engine.
    let new = Gate::new(Arc::clone(engine), name.clone());
    let key = (engine.identity().to_owned(), name.clone());
    let mut gates = gates();
    if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
        drop(gates);
        return gate;
    }
    gates.insert(key, Arc::downgrade(&new));
    new
}

/// The gate of `name` at `engine`, if this process has one.
pub(crate) fn existing(engine: &dyn Engine, name: &LockName) -> Option<Arc<Gate>> {
    let key = (engine.identity().to_owned(), name.clone());
    gates().get(&key).and_then(Weak::upgrade)
}

/// The gates that are at these addresses, in no particular order.
pub(crate) fn at_addresses(addresses: &[usize]) -> Vec<Arc<Gate>> {
    let gates = gates();
    let is_one = |gate: &&Weak<Gate>| addresses.contains(&gate.as_ptr().addr());
    gates.values().filter(is_one).filter_map(Weak::upgrade).collect()
}

/// Drops the entry of a gate that is gone, unless another one has taken its place.
pub(super) fn forget(identity: &OsStr, name: &LockName) {
    let key = (identity.to_owned(), name.clone());
    let mut gates = gates();
    if gates.get(&key).is_some_and(|gate| gate.strong_count() == 0) {
        gates.remove(&key);
    }
}

fn gates() -> MutexGuard<'static, Gates> {
    GATES.get().lock().unwrap_or_else(PoisonError::into_inner)
}
