//! A lock is acquired, and is free again however its section ends.

use std::panic;
use std::thread;

use jam_lock::{Lock, LockError, Locks};

use crate::{folder, lock, lock_names};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};

#[test]
fn the_folder_is_created_with_its_parents() {
    let folder = folder();
    let deep = folder.path().join("a/b/locks");
    let _guard = lock(&deep, "x").acquire().unwrap();
    assert!(deep.join("x.lock").is_file());
}

#[test]
fn another_process_is_excluded_until_the_guard_is_dropped() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert!(try_in_child(folder.path(), "x").contains("is already held"));
    drop(guard);
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn locks_of_different_names_are_independent() {
    let folder = folder();
    let _guard = lock(folder.path(), "x").acquire().unwrap();
    assert_eq!(try_in_child(folder.path(), "y"), "acquired");
}

#[test]
fn it_is_free_again_after_an_early_return() {
    fn section(lock: &Lock) -> Result<usize, LockError> {
        let _guard = lock.acquire()?;
        Ok(1)
    }
    let folder = folder();
    let lock = lock(folder.path(), "x");
    section(&lock).unwrap();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn it_is_free_again_after_a_question_mark() {
    fn section(lock: &Lock) -> Result<(), Box<dyn std::error::Error>> {
        let _guard = lock.acquire()?;
        "no number".parse::<i32>()?;
        Ok(())
    }
    let folder = folder();
    let lock = lock(folder.path(), "x");
    section(&lock).unwrap_err();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_panic_in_a_section_can_be_caught_without_assert_unwind_safe() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let lock = locks.lock(lock_names::SECOND);
    let set = locks.lock_all([lock_names::FIRST]);
    let (builder, held) = (Locks::builder(), set.acquire().unwrap());
    let caught = panic::catch_unwind(|| {
        assert!(builder.clone().in_memory().lock(lock_names::SECOND).acquire().is_ok());
        assert_eq!((set.try_acquire().is_err(), held.len()), (true, 1));
        locked!("second", locks = &locks, { panic!("in a section") })
    });
    assert!(caught.is_err());
    let guard = lock.acquire().unwrap();
    assert!(panic::catch_unwind(move || drop(guard)).is_ok());
    assert_eq!(try_in_child(folder.path(), "second"), "acquired");
}

#[test]
fn it_is_free_again_after_a_panic_while_it_was_held() {
    let folder = folder();
    let held = lock(folder.path(), "x");
    let section = move || {
        let _guard = held.acquire().unwrap();
        panic!("the test wants it");
    };
    thread::spawn(section).join().unwrap_err();
    assert!(lock(folder.path(), "x").try_acquire().is_ok());
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_guard_can_be_dropped_by_another_thread() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    thread::spawn(move || drop(guard)).join().unwrap();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn it_is_free_again_after_its_process_has_exited() {
    let folder = folder();
    let output = run_to_end(&mut Order::LeakGuard { folder: folder.path(), name: "x" }.command());
    assert!(output.status.success());
    assert!(lock(folder.path(), "x").try_acquire().is_ok());
}

#[test]
fn it_is_free_again_after_its_process_was_killed() {
    let folder = folder();
    Child::holding(folder.path(), "x").kill();
    assert!(lock(folder.path(), "x").try_acquire().is_ok());
}

#[test]
fn an_explicit_release_frees_the_lock() {
    let folder = folder();
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn nothing_is_printed_when_a_process_exits_with_the_lock_held() {
    let folder = folder();
    let output = run_to_end(&mut Order::LeakGuard { folder: folder.path(), name: "x" }.command());
    assert_eq!(printed(&output), "");
}

#[test]
fn a_guard_knows_its_name_and_how_long_it_waited() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert_eq!(guard.name().as_str(), "x");
    assert!(guard.waited().is_zero());
}

#[test]
fn debug_output_shows_the_lock_and_its_folder() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let guard = lock.acquire().unwrap();
    assert!(format!("{guard:?}").contains(&format!("token: {}", guard.token())));
    let path = folder.path().canonicalize().unwrap().join("x.lock");
    let shown = format!("{lock:?}");
    assert!(shown.contains("LockName(\"x\")") && shown.contains(&format!("{path:?}")), "{shown}");
}
