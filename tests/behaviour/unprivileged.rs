//! What an unprivileged user can do with files and folders of others.

#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{folder, is_refused, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::mounts::Mount;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::postgres::as_nobody;
use jam_lock_tests::program::program;

/// The result of an unprivileged process that tries to acquire the lock.
fn try_as_nobody(locks: &Path) -> String {
    run_as_nobody(locks, &Order::TryAcquire { location: locks, name: "x" })
}

/// The output of an unprivileged process that carries out the order.
fn run_as_nobody(locks: &Path, order: &Order<'_>) -> String {
    let copy = copy_of_program(locks.parent().expect("it is in a folder"));
    printed(&run_to_end(as_nobody(&copy).args(order.to_arguments())))
}

/// A copy of the program in `folder`: the program may be in one that only its owner can enter.
fn copy_of_program(folder: &Path) -> PathBuf {
    // `cp` copies it, because a child that is started here meanwhile would inherit the file open for
    // writing, and it could not be executed.
    let copy = folder.join("child");
    assert!(Command::new("cp").arg(program()).arg(&copy).status().unwrap().success());
    copy
}

/// A readable folder with a folder `locks` in it, which has the mode.
fn folder_with_mode(mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let locks = folder.path().join("locks");
    fs::create_dir(&locks).unwrap();
    fs::set_permissions(&locks, Permissions::from_mode(mode)).unwrap();
    (folder, locks)
}

fn file_with_mode(path: &Path, mode: u32) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_read_only_folder() {
    let (_folder, locks) = folder_with_mode(0o555);
    let answer = try_as_nobody(&locks);
    let path = locks.join("x.lock");
    let expected = format!("cannot create the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_read_only_file() {
    let (_folder, locks) = folder_with_mode(0o777);
    let path = locks.join("x.lock");
    file_with_mode(&path, 0o444);
    let answer = try_as_nobody(&locks);
    let expected = format!("cannot open the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
    assert!(answer.contains("`Locks::builder().mode(0o660)`"), "{answer}");
}

#[test]
fn a_reader_needs_no_write_permission() {
    let (folder, locks) = folder_with_mode(0o755);
    file_with_mode(&locks.join("x.lock"), 0o644);
    let order = Order::HoldShared { location: &locks, name: "x" };
    let copy = copy_of_program(folder.path());
    let reader = Child::start(as_nobody(&copy).args(order.to_arguments())).after("held");
    assert!(lock(&locks, "x").shared().try_acquire().is_ok());
    assert!(is_refused(&lock(&locks, "x")));
    reader.release();
    assert!(lock(&locks, "x").try_acquire().is_ok());
}

#[test]
fn a_reader_that_may_not_write_waits_for_a_writer_and_learns_of_its_death() {
    let (_folder, locks) = folder_with_mode(0o755);
    let child = Child::holding(&locks, "x");
    let order = Order::TryAcquireShared { location: &locks, name: "x" };
    let answer = run_as_nobody(&locks, &order);
    assert!(answer.contains("the timeout is 0"), "{answer}");
    let id = child.id();
    child.kill();
    let answer = run_as_nobody(&locks, &order);
    assert!(answer.starts_with(&format!("abandoned by child (pid {id}) on ")), "{answer}");
}

#[test]
fn a_reader_needs_read_permission() {
    let (_folder, locks) = folder_with_mode(0o755);
    let path = locks.join("x.lock");
    file_with_mode(&path, 0o600);
    let answer = run_as_nobody(&locks, &Order::TryAcquireShared { location: &locks, name: "x" });
    let expected = format!("cannot open the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_reader_on_a_read_only_file_system() {
    let folder = folder();
    fs::write(folder.path().join("x.lock"), "").unwrap();
    let Some(mount) = Mount::read_only(folder.path()) else { return };
    let reader = lock(mount.path(), "x").shared().try_acquire().unwrap();
    assert!(reader.record_error().is_none());
    assert!(is_refused(&lock(folder.path(), "x")));
    drop(reader);
    assert!(lock(folder.path(), "x").try_acquire().is_ok());
    for lock in [lock(mount.path(), "x"), lock(mount.path(), "y").shared()] {
        let error = lock.try_acquire().unwrap_err().to_string();
        assert!(error.contains("Read-only file system"), "{error}");
    }
    assert!(!folder.path().join("y.lock").exists());
}

#[test]
fn a_file_of_another_user_in_a_sticky_folder_can_be_locked() {
    let (_folder, locks) = folder_with_mode(0o1777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    assert_eq!(try_as_nobody(&locks), "acquired");
}

#[test]
fn another_program_of_another_user_is_named_as_far_as_it_can_be_seen() {
    let (_folder, locks) = folder_with_mode(0o777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    let holds = Child::flock(&locks.join("x.lock"), "-x");
    let answer = try_as_nobody(&locks);
    let expected = format!(": held by flock (pid {}) on ", holds.id());
    assert!(answer.contains(&expected), "{answer}");
    assert!(answer.ends_with(", as far as this user can see"), "{answer}");
}

#[test]
fn a_death_recorded_by_another_user_is_reported_and_cleared() {
    let (_folder, locks) = folder_with_mode(0o777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    let child = Child::holding(&locks, "x");
    fs::set_permissions(locks.join("x.holder"), Permissions::from_mode(0o444)).unwrap();
    let expected = format!("child (pid {}) on ", child.id());
    child.kill();
    let order = Order::PrintAbandonedBy { location: &locks, name: "x" };
    let answer = run_as_nobody(&locks, &order);
    assert!(answer.starts_with(&expected), "{answer}");
    assert_eq!(run_as_nobody(&locks, &order), "nobody");
}

#[test]
fn a_record_that_cannot_be_replaced_keeps_its_death_and_is_a_record_error() {
    // In a sticky folder another user's file cannot be replaced.
    let (_folder, locks) = folder_with_mode(0o1777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    Child::holding(&locks, "x").kill();
    let order = Order::PrintAbandonedBy { location: &locks, name: "x" };
    for _ in 0..2 {
        let answer = run_as_nobody(&locks, &order);
        assert!(answer.starts_with("child (pid "), "{answer}");
    }
    let answer = run_as_nobody(&locks, &Order::PrintRecordError { folder: &locks, name: "x" });
    assert!(answer.starts_with("cannot write the holder record "), "{answer}");
    assert!(answer.ends_with("move it away"), "{answer}");
}

#[test]
fn the_lock_works_without_a_record_of_another_user() {
    for mode in [0o000, 0o444] {
        let (_folder, locks) = folder_with_mode(0o1777);
        file_with_mode(&locks.join("x.lock"), 0o666);
        file_with_mode(&locks.join("x.holder"), mode);
        assert_eq!(try_as_nobody(&locks), "acquired");
        assert_eq!(fs::read(locks.join("x.holder")).unwrap(), b"");
    }
}
