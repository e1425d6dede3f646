//! Locks whose holder died, and what the next holder learns of it.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use jam_lock::{Holder, LockGuard, Locks};

use crate::{folder, lock, lock_names, on_another_thread};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::run_to_end;

/// Kills a process that holds the lock `first` in its function `on_apply`.
pub(crate) fn die_with_first(folder: &Path) {
    Child::spawn(&Order::RunSection { folder }).after("held").kill();
}

pub(crate) fn locks(folder: &Path) -> Locks {
    Locks::open(folder).unwrap()
}

/// The holder that abandoned the lock, as the next holder sees it.
pub(crate) fn abandoned_by(folder: &Path, name: &str) -> Option<Holder> {
    on_another_thread(|| lock(folder, name).try_acquire().unwrap().abandoned().cloned())
}

#[test]
fn a_killed_holder_is_reported_to_the_next_holder_only() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let id = child.id();
    child.kill();
    let died = abandoned_by(folder.path(), "x").expect("the holder died");
    assert_eq!((died.process(), died.program()), (Some(id), Some(program())));
    assert_eq!(died.file(), Some("tests/child/hold.rs"));
    assert_eq!(abandoned_by(folder.path(), "x"), None);
}

fn program() -> &'static str {
    if cfg!(windows) { "child.exe" } else { "child" }
}

#[test]
fn a_process_that_exits_with_the_lock_is_reported() {
    let folder = folder();
    let order = Order::LeakGuard { folder: folder.path(), name: "x" };
    assert!(run_to_end(&mut order.command()).status.success());
    assert!(abandoned_by(folder.path(), "x").is_some());
}

#[test]
fn a_process_that_aborts_with_the_lock_is_reported() {
    let folder = folder();
    let order = Order::Abort { folder: folder.path(), name: "x" };
    assert!(!run_to_end(&mut order.command()).status.success());
    assert!(abandoned_by(folder.path(), "x").is_some());
}

#[test]
fn a_drop_a_release_and_a_panic_that_unwinds_report_nothing() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    assert_eq!(abandoned_by(folder.path(), "x"), None);
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert_eq!(abandoned_by(folder.path(), "x"), None);
    let panics = || {
        let _guard = lock(folder.path(), "x").acquire().unwrap();
        panic!("it unwinds");
    };
    assert!(panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(abandoned_by(folder.path(), "x"), None);
}

#[test]
fn a_live_holder_can_mark_the_lock_as_abandoned() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let token = guard.token();
    guard.mark_abandoned();
    drop(guard);
    let holder = abandoned_by(folder.path(), "x").expect("it was marked");
    assert_eq!((holder.file(), holder.token()), (Some(file!()), Some(token)));
    assert_eq!(abandoned_by(folder.path(), "x"), None);
}

#[test]
fn a_waiter_in_the_same_process_gets_the_report() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut next = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    guard.mark_abandoned();
    drop(guard);
    assert!(smol::block_on(next).unwrap().abandoned().is_some());
    assert_eq!(abandoned_by(folder.path(), "x"), None);
}

#[test]
fn a_cancelled_wait_leaves_the_report_to_the_next_holder() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut cancelled = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut cancelled)).is_none());
    guard.mark_abandoned();
    drop(guard);
    drop(cancelled);
    assert!(abandoned_by(folder.path(), "x").is_some());
}

#[test]
fn every_reader_gets_the_report_until_a_writer_has_had_the_lock() {
    let folder = folder();
    Child::holding(folder.path(), "x").kill();
    let reader = lock(folder.path(), "x").shared().acquire().unwrap();
    assert!(reader.abandoned().is_some());
    let another =
        on_another_thread(|| lock(folder.path(), "x").shared().acquire().unwrap().detach());
    assert!(another.abandoned().is_some());
    reader.mark_abandoned();
    drop((reader, another));
    assert!(abandoned_by(folder.path(), "x").is_some());
    assert!(lock(folder.path(), "x").shared().acquire().unwrap().abandoned().is_none());
}

#[test]
fn a_lock_set_that_fails_leaves_the_report_to_the_next_holder() {
    let folder = folder();
    die_with_first(folder.path());
    let second = lock(folder.path(), "second").acquire().unwrap().detach();
    let set = locks(folder.path()).lock_all([lock_names::FIRST, lock_names::SECOND]);
    assert!(set.try_acquire().unwrap_err().is_timeout());
    drop(second);
    let guards = set.try_acquire().unwrap();
    let found: Vec<_> = guards.iter().map(LockGuard::abandoned).collect();
    assert_eq!(found[0].and_then(Holder::function), Some("on_apply"));
    assert_eq!(found[1], None);
}

// Windows does not remove open files.
#[cfg(unix)]
#[test]
fn a_death_is_reported_even_if_the_record_was_removed_before() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    drop(lock.acquire().unwrap());
    std::fs::remove_file(folder.path().join("x.holder")).unwrap();
    Child::holding(folder.path(), "x").kill();
    assert!(lock.acquire().unwrap().abandoned().is_some());
}

#[test]
fn without_holder_records_no_death_is_reported() {
    let folder = folder();
    let order = Order::HoldUnrecorded { folder: folder.path(), name: "x" };
    Child::spawn(&order).after("held").kill();
    assert_eq!(abandoned_by(folder.path(), "x"), None);
}
