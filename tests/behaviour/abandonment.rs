//! Locks whose holder died with them, and what the next one is told.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use jam_lock::{Holder, LockGuard, Locks};

use crate::{folder, lock, lock_names, on_another_thread};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::run_to_end;

/// Has a process take the lock `first` in its function `on_apply`, and die with it.
pub(crate) fn die_with_first(folder: &Path) {
    Child::spawn(&Order::RunSection { folder }).after("held").kill();
}

pub(crate) fn locks(folder: &Path) -> Locks {
    Locks::open(folder).unwrap()
}

/// Whose death the next holder of `name` is told of, if it is.
pub(crate) fn told(folder: &Path, name: &str) -> Option<Holder> {
    on_another_thread(|| lock(folder, name).try_acquire().unwrap().abandoned().cloned())
}

#[test]
fn a_holder_that_is_killed_is_reported_to_the_next_one_only() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let id = child.id();
    child.kill();
    let died = told(folder.path(), "x").expect("the holder died");
    assert_eq!((died.process(), died.program()), (Some(id), Some(program())));
    assert_eq!(died.file(), Some("tests/child/hold.rs"));
    assert_eq!(told(folder.path(), "x"), None);
}

fn program() -> &'static str {
    if cfg!(windows) { "child.exe" } else { "child" }
}

#[test]
fn a_process_that_ends_with_the_lock_is_reported() {
    let folder = folder();
    assert!(
        run_to_end(&mut Order::LeakGuard { folder: folder.path(), name: "x" }.command())
            .status
            .success()
    );
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn a_process_that_aborts_inside_is_reported() {
    let folder = folder();
    assert!(
        !run_to_end(&mut Order::Abort { folder: folder.path(), name: "x" }.command())
            .status
            .success()
    );
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn every_way_out_that_a_program_takes_itself_is_a_release() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    assert_eq!(told(folder.path(), "x"), None);
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert_eq!(told(folder.path(), "x"), None);
    let panics = || {
        let _guard = lock(folder.path(), "x").acquire().unwrap();
        panic!("it unwinds");
    };
    assert!(panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_holder_that_lives_can_say_that_it_left_the_lock_abandoned() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let token = guard.token();
    guard.mark_abandoned();
    drop(guard);
    let left = told(folder.path(), "x").expect("it was left abandoned");
    assert_eq!((left.file(), left.token()), (Some(file!()), Some(token)));
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_waiter_of_this_process_is_told_as_one_of_another_is() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut next = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    guard.mark_abandoned();
    drop(guard);
    assert!(smol::block_on(next).unwrap().abandoned().is_some());
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_wait_that_is_given_up_leaves_the_news_to_the_next() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut given_up = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut given_up)).is_none());
    guard.mark_abandoned();
    drop(guard);
    drop(given_up);
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn readers_are_told_until_a_writer_has_been() {
    let folder = folder();
    Child::holding(folder.path(), "x").kill();
    let reader = lock(folder.path(), "x").shared().acquire().unwrap();
    assert!(reader.abandoned().is_some());
    let another =
        on_another_thread(|| lock(folder.path(), "x").shared().acquire().unwrap().detach());
    assert!(another.abandoned().is_some());
    reader.mark_abandoned();
    drop((reader, another));
    assert!(told(folder.path(), "x").is_some());
    assert!(lock(folder.path(), "x").shared().acquire().unwrap().abandoned().is_none());
}

#[test]
fn several_locks_of_which_one_is_refused_leave_the_news_to_the_next() {
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

// Windows does not let anybody remove what is open.
#[cfg(unix)]
#[test]
fn a_death_is_reported_although_the_record_was_removed_before() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    drop(lock.acquire().unwrap());
    std::fs::remove_file(folder.path().join("x.holder")).unwrap();
    Child::holding(folder.path(), "x").kill();
    assert!(lock.acquire().unwrap().abandoned().is_some());
}

#[test]
fn where_holders_are_not_recorded_nothing_is_known() {
    let folder = folder();
    let order = Order::HoldUnrecorded { folder: folder.path(), name: "x" };
    Child::spawn(&order).after("held").kill();
    assert_eq!(told(folder.path(), "x"), None);
}
