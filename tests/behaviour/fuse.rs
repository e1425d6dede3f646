//! Folders on file systems in user space, where a look at a path does not show which file it names.

use std::fs;
use std::path::Path;

use jam_lock::{LockError, LockName, Locks};

use crate::{LONG, folder, lock, lock_names};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::mounts::Mount;
use jam_lock_tests::observe::{blocked_on, open_files_below, wait_until};

/// The inode number of a file is derived from its path.
const PATH_HASH: &[&str] = &["-o", "use_ino,inodecalc=path-hash"];

#[test]
fn the_files_of_a_key_stay_until_they_are_swept() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let locks = Locks::open(mount.path()).unwrap();
    drop(locks.lock(lock_names::customer_id(7)).acquire().unwrap());
    assert!(mount.path().join("customer_7.lock").exists());
    assert_eq!(locks.sweep().unwrap(), 1);
    assert!(!mount.path().join("customer_7.lock").exists());
}

#[test]
fn a_waiter_waits_for_the_holder_of_a_new_file_that_looks_like_the_old_one() {
    let folder = folder();
    let Some(mount) = Mount::mergerfs(folder.path(), PATH_HASH) else { return };
    let path = mount.path().join("x.lock");
    let old = Child::holding(mount.path(), "x");
    let waiter = Child::waiting(mount.path(), "x");
    wait_until("it waits", || blocked_on(&path) == 1);
    fs::remove_file(&path).unwrap();
    let new = Child::holding(mount.path(), "x");
    old.release_lost();
    wait_until("it waits for the new file", || blocked_on(&path) == 1);
    new.release();
    waiter.after("held").release();
}

#[test]
fn a_file_that_looks_like_a_removed_one_is_opened() {
    let folder = folder();
    let Some(mount) = Mount::mergerfs(folder.path(), PATH_HASH) else { return };
    let lock = lock(mount.path(), "x");
    drop(lock.acquire().unwrap());
    fs::remove_file(mount.path().join("x.lock")).unwrap();
    let _other = Child::holding(mount.path(), "x");
    assert!(lock.try_acquire().unwrap_err().is_timeout());
}

#[test]
fn a_file_system_with_another_inode_number_at_each_look_is_unsupported() {
    let folder = folder();
    let Some(mount) = Mount::unstable_inodes(folder.path()) else { return };
    let check = || {
        for lock in [lock(mount.path(), "x"), lock(mount.path(), "x").shared()] {
            for result in [lock.try_acquire(), lock.timeout(LONG).acquire()] {
                let error = result.unwrap_err();
                assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
            }
        }
    };
    check();
    let _holder = Child::flock(&mount.path().join("x.lock"), "-x");
    check();
}

#[test]
fn no_file_is_kept_open_between_acquisitions() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let locks = Locks::open(mount.path()).unwrap();
    let names = [LockName::new("x").unwrap(), lock_names::customer_id(7)];
    for lock in names.map(|name| locks.lock(name)) {
        drop(lock.acquire().unwrap());
        drop(lock.shared().acquire().unwrap());
        assert_eq!(open_files_below(mount.path()), 0, "{}", lock.name());
    }
}

#[test]
fn a_lock_works_after_its_folder_was_mounted_again() {
    let folder = folder();
    for arguments in [&[][..], &["--multithreaded", "--enable-lock-forwarding"]] {
        let Some(mut mount) = Mount::bindfs(folder.path(), arguments) else { return };
        let locks = Locks::open(mount.path()).unwrap();
        let lock = [lock_names::FIRST, lock_names::customer_id(7)].map(|name| locks.lock(name));
        for lock in &lock {
            drop(lock.acquire().unwrap());
            drop(lock.shared().acquire().unwrap());
        }
        mount.remount();
        for lock in &lock {
            let guard = lock.acquire().unwrap();
            assert!(guard.record_error().is_none(), "{:?}", guard.record_error());
            assert!(is_held(mount.path(), lock.name()));
            guard.release().unwrap();
            lock.shared().acquire().unwrap().release().unwrap();
        }
    }
}

fn is_held(folder: &Path, name: &LockName) -> bool {
    try_in_child(folder, name.as_str()).contains("is already held")
}
