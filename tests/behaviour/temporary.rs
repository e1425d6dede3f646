//! Locks in a temporary folder, which is removed with them.

use std::path::{Path, PathBuf};

use jam_lock::{LockName, Locks};

use crate::lock_names;
use jam_lock_tests::child::try_in_child;

/// Locks, and their folder.
fn temporary() -> (Locks, PathBuf) {
    let locks = Locks::temporary().expect("a temporary folder can be made");
    let folder = PathBuf::from(locks.location());
    (locks, folder)
}

fn name() -> LockName {
    LockName::new("x").unwrap()
}

#[test]
fn another_process_that_gets_the_folder_is_excluded() {
    let (locks, folder) = temporary();
    let guard = locks.lock(name()).acquire().unwrap();
    assert!(try_in_child(&folder, "x").contains("is already held"));
    drop(guard);
    assert_eq!(try_in_child(&folder, "x"), "acquired");
}

#[test]
fn each_folder_is_new() {
    let ((_one, folder), (_other, another)) = (temporary(), temporary());
    assert_ne!(folder, another);
    let parent = std::fs::canonicalize(std::env::temp_dir()).unwrap();
    assert_eq!(folder.parent().map(Path::to_owned), Some(parent));
}

#[cfg(unix)]
#[test]
fn no_other_user_may_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let (_locks, folder) = temporary();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_folder_is_removed_with_the_last_of_clone_lock_and_guard() {
    let (locks, folder) = temporary();
    let clone = locks.clone();
    drop(locks);
    assert!(folder.exists());
    let lock = clone.lock(name());
    drop(clone);
    assert!(folder.exists());
    let guard = lock.acquire().unwrap();
    drop(lock);
    assert!(folder.join("x.lock").exists());
    drop(guard);
    assert!(!folder.exists());
}

#[test]
fn a_declared_name_does_not_keep_the_folder() {
    let (locks, folder) = temporary();
    drop(locks.lock(lock_names::FIRST).acquire().unwrap());
    drop(locks.lock(lock_names::customer_id(7)).acquire().unwrap());
    drop(locks);
    assert!(!folder.exists());
}
