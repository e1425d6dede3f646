//! How long an acquisition waits.

use std::thread;
use std::time::{Duration, Instant};

use jam_lock::LockError;

use crate::{LONG, folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
#[cfg(target_os = "linux")]
use jam_lock_tests::observe::blocked_on;
use jam_lock_tests::observe::wait_until;

#[test]
fn timeout_0_tries_once_and_returns_at_once() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let error = lock(folder.path(), "x").timeout(0).acquire().unwrap_err();
    assert!(matches!(error, LockError::Timeout { waited: Duration::ZERO, .. }));
    child.release();
}

#[test]
fn a_positive_timeout_never_ends_early() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let timeout = Duration::from_millis(50);
    let start = Instant::now();
    let error = lock(folder.path(), "x").timeout(timeout).acquire().unwrap_err();
    assert!(start.elapsed() >= timeout);
    assert!(matches!(error, LockError::Timeout { waited, .. } if waited >= timeout));
}

#[test]
fn a_wait_times_out_while_the_holder_keeps_the_lock() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let lock = lock(folder.path(), "x");
    // The deadline of one nanosecond passes before the wait has begun.
    for limit in [Duration::from_nanos(1), Duration::from_micros(10), Duration::from_millis(5)] {
        assert!(lock.timeout(limit).acquire().unwrap_err().is_timeout());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn negative_and_absurdly_large_timeouts_wait_until_the_lock_is_free() {
    use jam_lock::Timeout;

    for timeout in [Timeout::from(-1), Timeout::from(Duration::MAX), Timeout::from(u64::MAX)] {
        let folder = folder();
        let child = Child::holding(folder.path(), "x");
        let waiting = lock(folder.path(), "x").timeout(timeout);
        let waiter = thread::spawn(move || waiting.acquire().map(|guard| guard.waited()));
        let path = folder.path().join("x.lock");
        wait_until("it waits", || blocked_on(&path) == 1);
        child.release();
        assert!(waiter.join().unwrap().unwrap() > Duration::ZERO);
    }
}

#[test]
fn a_timeout_that_does_not_pass_changes_nothing() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let waiting = lock(folder.path(), "x").timeout(LONG);
    let waiter = thread::spawn(move || waiting.acquire().map(drop));
    child.release();
    waiter.join().unwrap().unwrap();
}

#[test]
fn after_a_timeout_everything_is_as_before() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let lock = lock(folder.path(), "x");
    lock.timeout(Duration::from_millis(5)).acquire().unwrap_err();
    child.release();
    // The wait that timed out may acquire the lock for a moment when it becomes free.
    wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
    drop(lock.timeout(LONG).acquire().unwrap());
    wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
}

#[test]
fn a_thread_that_times_out_leaves_the_lock_to_the_next_waiter() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let guard = lock.acquire().unwrap();
    let late = lock.timeout(Duration::from_millis(5));
    assert!(thread::spawn(move || late.acquire().is_err()).join().unwrap());
    drop(guard);
    drop(lock.try_acquire().unwrap());
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn the_error_has_the_lock_its_location_and_the_timeout() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let lock = lock(folder.path(), "x");
    let error = lock.timeout(Duration::from_millis(30)).acquire().unwrap_err().to_string();
    let path = folder.path().canonicalize().unwrap().join("x.lock");
    assert!(error.starts_with("timed out after "), "{error}");
    assert!(error.contains(&format!("waiting for lock `x` ({})", path.display())), "{error}");
}
