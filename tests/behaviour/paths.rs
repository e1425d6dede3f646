//! A folder is the same folder, however it is spelled and wherever the process changes its directory to.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jam_lock::{LockError, LockName, Locks};

use crate::{LONG, folder, is_refused, lock};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::end::End;
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::order::Order;

#[test]
fn a_relative_folder_is_resolved_once() {
    let folder = folder();
    let order = Order::HoldFromAnotherDirectory { folder: Path::new("locks"), name: "x" };
    let _child = Child::start(order.command().current_dir(folder.path())).after("held");
    assert!(try_in_child(&folder.path().join("locks"), "x").contains("is already held"));
}

#[test]
fn a_symlinked_parent_leads_to_the_same_locks() {
    let folder = folder();
    fs::create_dir(folder.path().join("real")).unwrap();
    symlink("real", folder.path().join("alias")).unwrap();
    let _guard = lock(&folder.path().join("real/locks"), "x").acquire().unwrap();
    let other = lock(&folder.path().join("alias/locks"), "x");
    assert!(is_refused(&other));
}

#[test]
fn a_path_with_dots_leads_to_the_same_locks() {
    let folder = folder();
    let _guard = lock(folder.path(), "x").acquire().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    assert!(is_refused(&lock(&folder.path().join("a/.."), "x")));
}

#[test]
fn all_spellings_share_one_queue() {
    let folder = folder();
    symlink(folder.path(), folder.path().join("alias")).unwrap();
    let child = Child::holding(folder.path(), "x");
    let spellings = [folder.path().to_owned(), folder.path().join("alias")];
    let waiters = spellings.map(|spelling| {
        let lock = lock(&spelling, "x").timeout(LONG);
        thread::spawn(move || lock.acquire().map(drop))
    });
    let path = folder.path().join("x.lock");
    wait_until("it waits", || blocked_on(&path) == 1);
    child.release();
    for waiter in waiters {
        waiter.join().unwrap().unwrap();
    }
}

#[test]
fn a_folder_that_is_renamed_under_a_waiter_is_created_again() {
    let folder = folder();
    let locks = folder.path().join("locks");
    let child = Child::holding(&locks, "x");
    let waiting = lock(&locks, "x").timeout(LONG);
    let waiter = thread::spawn(move || waiting.acquire());
    wait_until("it waits", || blocked_on(&locks.join("x.lock")) == 1);
    fs::rename(&locks, folder.path().join("away")).unwrap();
    child.release_lost();
    let _guard = waiter.join().unwrap().unwrap();
    assert!(Path::new(&locks).join("x.lock").is_file());
    assert!(try_in_child(&locks, "x").contains("is already held"));
}

#[test]
fn folders_whose_names_are_not_utf_8_are_distinct() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let odd = [b"\xfe", b"\xff"].map(|name| folder.path().join(OsStr::from_bytes(name)));
    let _guard = lock(&odd[0], "x").acquire().unwrap();
    drop(lock(&odd[1], "x").try_acquire().unwrap());
    assert!(odd[1].join("x.lock").is_file());
}

#[test]
fn a_folder_that_others_remove_and_create_all_the_time_can_be_used() {
    let folder = folder();
    let locks = folder.path().join("some/locks");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = fs::remove_dir_all(folder.path().join("some"));
                let _ = fs::create_dir_all(&locks);
            }
        });
        let _end = End(&is_over);
        let use_it = || -> Result<(), LockError> {
            drop(Locks::open(&locks)?.lock(LockName::new("x")?).try_acquire()?);
            Ok(())
        };
        let used: Vec<_> = (0..2_000).map(|_| use_it()).collect();
        assert!(used.iter().all(Result::is_ok), "{:?}", used.iter().find(|it| it.is_err()));
    });
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = folder();
    let path = folder.path().join("locks");
    fs::write(&path, "").unwrap();
    let builder = || Locks::builder().folder(&path);
    for result in [builder().open(), builder().must_exist().open()] {
        let text = result.unwrap_err().to_string();
        assert!(text.starts_with("cannot use as the lock folder"), "{text}");
        assert!(text.contains("not a directory"), "{text}");
    }
}
