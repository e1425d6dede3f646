//! A child process that inherits the descriptor of a lock.

use std::process::{Command, Stdio};

use jam_lock::{LockName, Locks};
use jam_lock_tests::child::try_in_child;

use crate::{folder, lock};

#[test]
fn a_release_ends_the_lock_for_a_child_that_has_its_descriptor() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    for lock in [lock.clone(), lock.shared()] {
        let guard = lock.acquire().unwrap();
        let descriptor = guard.duplicate_descriptor().unwrap().unwrap();
        let mut child = Command::new("sleep").arg("1000").stdin(Stdio::from(descriptor)).spawn();
        let child = child.as_mut().unwrap();
        assert!(try_in_child(folder.path(), "x").contains("is already held"));
        guard.release().unwrap();
        assert_eq!(try_in_child(folder.path(), "x"), "acquired");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_lock_without_a_file_has_none() {
    let guard = Locks::in_memory().lock(LockName::new("x").unwrap()).acquire().unwrap();
    assert!(guard.duplicate_descriptor().unwrap().is_none());
}
