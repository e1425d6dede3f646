//! Whatever is done to the file or its folder, two holders never hold two different files.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};

use jam_lock::{LockError, LockGuard};

use crate::{LONG, folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{blocked_on, wait_until};

/// A thread that waits for the lock, once its wait has reached the kernel.
fn waiter(folder: &Path) -> JoinHandle<Result<LockGuard, LockError>> {
    let path = folder.join("x.lock");
    let before = blocked_on(&path);
    let lock = lock(folder, "x").timeout(LONG);
    let waiter = thread::spawn(move || lock.acquire());
    wait_until("it waits", || blocked_on(&path) > before);
    waiter
}

/// Whether the guard's file is the one at the path, so that nobody else can lock it.
fn is_held(folder: &Path) -> bool {
    try_in_child(folder, "x").contains("is already held")
}

#[test]
fn the_file_stays_after_release() {
    let folder = folder();
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert!(folder.path().join("x.lock").is_file());
}

#[test]
fn a_removed_file_is_created_again() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    drop(lock.acquire().unwrap());
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let _guard = lock.try_acquire().unwrap();
    assert!(is_held(folder.path()));
}

#[test]
fn a_file_that_is_removed_while_it_is_held_stays_with_its_holder() {
    let folder = folder();
    let holder = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let guard = lock(folder.path(), "x").try_acquire().unwrap();
    assert!(is_held(folder.path()));
    holder.release();
    assert!(is_held(folder.path()));
    drop(guard);
}

/// Removes the file from its path while a process holds it and a thread here waits for it.
fn assert_new_file_is_locked_after(loss: impl FnOnce(&Path) -> std::io::Result<()>) {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let waiter = waiter(folder.path());
    loss(&folder.path().join("x.lock")).unwrap();
    child.release();
    let _guard = waiter.join().unwrap().unwrap();
    assert!(is_held(folder.path()));
}

#[test]
fn a_waiter_whose_file_is_removed_locks_the_new_one() {
    assert_new_file_is_locked_after(|file| fs::remove_file(file));
}

#[test]
fn a_waiter_whose_file_is_renamed_locks_the_new_one() {
    assert_new_file_is_locked_after(|file| fs::rename(file, file.with_extension("away")));
}

#[test]
fn a_waiter_whose_file_is_replaced_waits_for_the_holder_of_the_new_one() {
    let folder = folder();
    let old = Child::holding(folder.path(), "x");
    let waiter = waiter(folder.path());
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let new = Child::holding(folder.path(), "x");
    old.release();
    let path = folder.path().join("x.lock");
    wait_until("it waits for the new file", || blocked_on(&path) == 1);
    new.release();
    let _guard = waiter.join().unwrap().unwrap();
    assert!(is_held(folder.path()));
}

#[test]
fn a_new_holder_wakes_the_waiters_for_a_removed_file() {
    let folder = folder();
    let _old = Child::holding(folder.path(), "x");
    let first = waiter(folder.path());
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let newcomer = lock(folder.path(), "x").timeout(LONG);
    let second = thread::spawn(move || newcomer.acquire().map(drop));
    // The holder of the removed file still exists.
    drop(first.join().unwrap().unwrap());
    second.join().unwrap().unwrap();
}

#[test]
fn a_folder_that_was_moved_away_and_created_anew_is_noticed() {
    let folder = folder();
    let locks = folder.path().join("locks");
    let lock = lock(&locks, "x");
    drop(lock.acquire().unwrap());
    fs::rename(&locks, folder.path().join("away")).unwrap();
    fs::create_dir(&locks).unwrap();
    let _guard = lock.try_acquire().unwrap();
    assert!(is_held(&locks));
}

#[test]
fn a_removed_folder_is_created_again() {
    let folder = folder();
    let locks = folder.path().join("locks");
    let lock = lock(&locks, "x");
    drop(lock.acquire().unwrap());
    fs::remove_dir_all(&locks).unwrap();
    let _guard = lock.try_acquire().unwrap();
    assert!(is_held(&locks));
}
