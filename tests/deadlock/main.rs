//! Owners that wait for each other: found at once, in one process and in several.

mod processes;
mod storm;
mod threads;

use jam_lock::{Lock, LockName, Locks};

fn lock(locks: &Locks, name: &str) -> Lock {
    locks.lock(LockName::new(name).unwrap())
}
