//! Cycles over locks in a folder and locks in memory, whose holders only their own process knows.
#![cfg(target_os = "linux")]

use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, Locks};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use super::{lock, wait_until_owner_waits};

/// Three owners: one holds `memory` and wants `there`, one holds `here` and wants `memory`, and one of another
/// process holds `there` and wants `here`.
struct Owners {
    folder: tempfile::TempDir,
    memory: Lock,
    here: Lock,
    there: Lock,
}

impl Owners {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::open(folder.path()).unwrap();
        let memory = lock(&Locks::in_memory(), "memory");
        Self { memory, here: lock(&locks, "here"), there: lock(&locks, "there"), folder }
    }

    fn child(&self) -> Child {
        let location = self.folder.path();
        Child::spawn(&Order::AcquireTwo { location, first: "there", second: "here" }).after("held")
    }
}

/// Acquires the first lock, and the second one.
fn acquire_both(first: &Lock, second: &Lock) -> Result<(), LockError> {
    let _first = first.acquire()?;
    second.acquire().map(drop)
}

#[test]
fn a_cycle_over_a_lock_in_memory_is_found_by_the_process_that_has_it() {
    let owners = Owners::new();
    let Owners { memory, here, there, .. } = &owners;
    let mut child = owners.child();
    thread::scope(|scope| {
        let middle = memory.acquire().unwrap();
        let waiting = scope.spawn(|| acquire_both(here, memory));
        wait_until_owner_waits(here);
        child.send("go on");
        wait_until_owner_waits(there);
        let error = there.acquire().unwrap_err();
        assert_eq!(error.cycle().len(), 3, "{error}");
        drop(middle);
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(child.finish(), ["both, lost: false"]);
}

/// Waits until the searches of this process that were due have been made, which are made one after another:
/// one of them finds this cycle.
fn wait_for_searches() {
    let locks = Locks::in_memory();
    let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
    thread::scope(|scope| {
        let held = a.acquire().unwrap();
        let other = scope.spawn(|| acquire_both(&b, &a));
        wait_until_owner_waits(&b);
        assert!(b.acquire().is_err());
        drop(held);
        other.join().unwrap().unwrap();
    });
}

#[test]
fn a_cycle_over_a_lock_in_memory_that_another_process_closes_lasts_until_a_timeout() {
    let owners = Owners::new();
    let Owners { memory, here, there, .. } = &owners;
    let mut child = owners.child();
    let there = there.timeout(Duration::from_secs(1));
    thread::scope(|scope| {
        let last = scope.spawn(|| acquire_both(memory, &there));
        wait_until_owner_waits(memory);
        let waiting = scope.spawn(|| acquire_both(here, memory));
        wait_until_owner_waits(here);
        wait_for_searches();
        child.send("go on");
        let error = last.join().unwrap().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(child.finish(), ["both, lost: false"]);
}
