//! Other programs that lock the same files: Jam.py, Python's filelock and `flock(1)`.

#![cfg(target_os = "linux")]

mod at_most_every;
mod exclusion;
mod files;
mod jam_application;
mod permits;
mod python;
mod turns;

use std::path::Path;

use jam_lock::{Lock, LockName, Locks};
use tempfile::TempDir;

/// A lock folder that is removed at the end of the test.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The lock `name` of `folder`.
fn lock(folder: &Path, name: &str) -> Lock {
    let name = LockName::new(name).expect("the test's name is portable");
    Locks::open(folder).expect("the test's folder can be opened").lock(name)
}
