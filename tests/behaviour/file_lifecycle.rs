//! Whatever is done to the file or its folder, two holders never hold two different files.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};

use jam_lock::{Holder, LockError, LockGuard, Locks, locked};

use crate::{LONG, folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::order::Order;

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
    holder.release_lost();
    assert!(is_held(folder.path()));
    drop(guard);
}

/// Removes the file from its path while a process holds it and a thread here waits for it.
fn assert_new_file_is_locked_after(loss: impl FnOnce(&Path) -> std::io::Result<()>) {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let waiter = waiter(folder.path());
    loss(&folder.path().join("x.lock")).unwrap();
    child.release_lost();
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
    old.release_lost();
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

/// A process that holds a removed file, and one that holds the file in its place.
fn holders_of_a_removed_file_and_its_successor(folder: &Path) -> (Child, Child) {
    let old = Child::holding(folder, "x");
    fs::remove_file(folder.join("x.lock")).unwrap();
    (old, Child::holding(folder, "x"))
}

#[test]
fn the_holder_of_a_removed_file_leaves_the_record_of_the_next_one() {
    let folder = folder();
    let (old, new) = holders_of_a_removed_file_and_its_successor(folder.path());
    let record = fs::read(folder.path().join("x.holder")).unwrap();
    old.release_lost();
    assert_eq!(fs::read(folder.path().join("x.holder")).unwrap(), record);
    let error = lock(folder.path(), "x").try_acquire().unwrap_err().to_string();
    assert!(error.contains(&format!("(pid {})", new.id())), "{error}");
    let id = new.id();
    new.kill();
    let guard = lock(folder.path(), "x").try_acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(id));
}

#[test]
fn so_does_one_that_marks_its_lock_as_abandoned_or_hands_it_on() {
    let folder = folder();
    let lock = lock(folder.path(), "x").timeout(LONG);
    let old = lock.acquire().unwrap();
    let mut next = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let new = Child::holding(folder.path(), "x");
    let record = fs::read(folder.path().join("x.holder")).unwrap();
    old.mark_abandoned();
    assert!(matches!(old.release(), Err(LockError::Lost { .. })));
    assert_eq!(fs::read(folder.path().join("x.holder")).unwrap(), record);
    new.release();
    drop(smol::block_on(next).unwrap());
}

#[test]
fn a_holder_learns_that_its_file_was_removed_renamed_or_replaced() {
    let losses: [fn(&Path) -> std::io::Result<()>; 3] = [
        |file| fs::remove_file(file),
        |file| fs::rename(file, file.with_extension("away")),
        |file| {
            fs::write(file.with_extension("new"), "")
                .and_then(|()| fs::rename(file.with_extension("new"), file))
        },
    ];
    for loss in losses {
        for is_shared in [false, true] {
            let folder = folder();
            let lock = lock(folder.path(), "x");
            let lock = if is_shared { lock.shared() } else { lock };
            let guard = lock.acquire().unwrap();
            guard.ensure().unwrap();
            loss(&folder.path().join("x.lock")).unwrap();
            assert!(guard.is_lost());
            let error = guard.ensure().unwrap_err().to_string();
            assert!(error.contains("was lost while held: its lock file was removed"), "{error}");
            assert!(matches!(guard.release(), Err(LockError::Lost { .. })));
            lock.acquire().unwrap().release().unwrap();
        }
    }
}

#[test]
fn the_holder_of_an_unrecorded_lock_learns_it_too() {
    let folder = folder();
    let order = Order::HoldUnrecorded { folder: folder.path(), name: "x" };
    let child = Child::spawn(&order).after("held");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    child.release_lost();
}

#[test]
fn the_body_of_a_task_goes_on_although_its_file_was_removed() {
    #[locked("first", locks = locks, guard = held)]
    async fn section(locks: &Locks, file: &Path) -> Result<bool, LockError> {
        fs::remove_file(file).unwrap();
        smol::future::yield_now().await;
        Ok(held.is_lost())
    }

    let folder = folder();
    let (locks, file) = (Locks::open(folder.path()).unwrap(), folder.path().join("first.lock"));
    assert!(smol::block_on(section(&locks, &file)).unwrap());
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
