//! The mode and the content of new lock files, and that existing ones are not changed.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jam_lock::{LockName, Locks};

use crate::{folder, lock, lock_names};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Acquires a lock in a child, because a umask is a process's own.
fn acquire_under_umask(umask: &str, order: &Order<'_>) {
    let script = format!("umask {umask} && exec {}", order.shell_command());
    let output = run_to_end(Command::new("sh").args(["-c", &script]));
    assert_eq!(printed(&output), "acquired");
}

#[test]
fn a_new_file_has_mode_666_minus_the_umask() {
    let folder = folder();
    acquire_under_umask("027", &Order::TryAcquire { location: folder.path(), name: "x" });
    assert_eq!(mode(&folder.path().join("x.lock")), 0o640);
}

#[test]
fn an_explicit_mode_overrides_the_umask() {
    let folder = folder();
    let order = Order::TryAcquireWithMode { folder: folder.path(), name: "x", mode: 0o664 };
    acquire_under_umask("077", &order);
    assert_eq!(mode(&folder.path().join("x.lock")), 0o664);
}

#[test]
fn an_existing_file_keeps_its_mode() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let order = Order::TryAcquireWithMode { folder: folder.path(), name: "x", mode: 0o666 };
    acquire_under_umask("0", &order);
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn an_existing_file_keeps_its_content() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    fs::write(&path, "another user's notes").unwrap();
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "another user's notes");
}

#[test]
fn a_failed_attempt_changes_nothing() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    fs::write(&path, "another user's notes").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let _child = Child::holding(folder.path(), "x");
    lock(folder.path(), "x").try_acquire().unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "another user's notes");
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_holder_record_of_constant_size_reads_well_in_a_terminal() {
    let folder = folder();
    let path = folder.path().join("x.holder");
    let lock = lock(folder.path(), "x");
    for _ in 0..2 {
        drop(lock.acquire().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.len() == 640 && text.ends_with('\n'), "{text}");
        let is_short = |line: &str| line.len() < 80 || line.starts_with("place ");
        assert!(text.lines().all(is_short), "{text}");
        let blank = text.lines().filter(|line| line.trim().is_empty()).count();
        assert!(blank <= 2, "{text}");
    }
}

#[test]
fn a_new_file_is_empty() {
    let folder = folder();
    let _guard = lock(folder.path(), "x").acquire().unwrap();
    assert_eq!(fs::read(folder.path().join("x.lock")).unwrap(), b"");
}

#[test]
fn a_file_with_an_explicit_mode_is_never_seen_without_it() {
    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).mode(0o666).open().unwrap();
    let is_over = AtomicBool::new(false);
    let modes = thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..5_000 {
                drop(locks.lock(lock_names::customer_id(7)).acquire().unwrap());
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut modes = BTreeSet::new();
        while !is_over.load(Ordering::Relaxed) {
            for kind in ["lock", "holder"] {
                let found = fs::metadata(folder.path().join(format!("customer_7.{kind}")));
                modes.extend(found.map(|found| found.permissions().mode() & 0o777));
            }
        }
        modes
    });
    assert_eq!(modes, [0o666].into());
}

#[test]
fn a_file_with_an_explicit_mode_has_one_name() {
    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).mode(0o660).open().unwrap();
    drop(locks.lock(LockName::new("x").unwrap()).acquire().unwrap());
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!((file.metadata().unwrap().nlink(), mode(&file.path())), (1, 0o660));
    }
}
