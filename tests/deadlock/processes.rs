//! Deadlocks of several processes.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{Holder, Lock, Locks};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;

use super::lock;

/// Starts processes that hold one lock each, and will wait for that of the next one.
fn start_cycle(folder: &Path, names: &[String]) -> Vec<Child> {
    let next = names.iter().cycle().skip(1);
    let pairs = names.iter().zip(next);
    pairs
        .map(|(first, second)| {
            Child::spawn(&Order::AcquireTwo { location: folder, first, second }).after("held")
        })
        .collect()
}

#[test]
fn a_cycle_of_processes_is_found_as_soon_as_it_is_closed_and_the_others_go_on() {
    for count in [2, 3, 10] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..count).map(|number| format!("lock_{number}")).collect();
        let mut children = start_cycle(folder.path(), &names);
        for child in &mut children {
            child.send("go on");
        }
        let start = Instant::now();
        let lines: Vec<_> = children.into_iter().map(|child| child.finish().remove(0)).collect();
        let deadlocks = lines.iter().filter(|line| **line == "deadlock, lost: false").count();
        assert_eq!(deadlocks, 1, "{lines:?}");
        assert!(lines.iter().all(|line| line.ends_with("lost: false")), "{lines:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        // Nothing is left.
        let locks = Locks::open(folder.path()).unwrap();
        for name in &names {
            assert!(lock(&locks, name).try_acquire().unwrap().abandoned().is_none());
        }
    }
}

/// A process that is killed leaves its record, with what it waited for.
#[test]
fn what_a_killed_process_has_waited_for_makes_no_cycle_and_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
    let held = b.acquire().unwrap();
    let order = Order::AcquireTwo { location: folder.path(), first: "a", second: "b" };
    let mut child = Child::spawn(&order).after("held");
    child.send("go on");
    let waits = |holder: Holder| holder.waits_for().is_some();
    wait_until("it waits", || a.holder().is_some_and(waits));
    let record = || std::fs::read_to_string(folder.path().join("a.holder")).unwrap();
    assert!(record().contains("\nlock      b\n"), "{}", record());
    child.kill();
    assert!(record().contains("\nlock      b\n"), "{}", record());
    // As another owner, which holds `b`, would close the cycle.
    let next = a.acquire().unwrap();
    assert!(next.abandoned().is_some());
    assert!(!record().contains("wait token"), "{}", record());
    drop((next, held));
}

#[test]
fn a_cycle_over_two_folders_is_found_by_a_process_that_has_opened_one_of_them() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = folders.each_ref().map(|folder| Locks::open(folder.path()).unwrap());
    let start = |number: usize, first, second| {
        let location = folders[number].path();
        Child::spawn(&Order::AcquireTwo { location, first, second }).after("held")
    };
    let (mut last, mut next) = (start(0, "a", "b"), start(1, "x", "y"));
    let hold = |held: Lock, wanted: Lock| {
        thread::spawn(move || {
            let _held = held.acquire()?;
            wanted.acquire().map(drop)
        })
    };
    let threads =
        [hold(lock(&one, "b"), lock(&other, "x")), hold(lock(&other, "y"), lock(&one, "a"))];
    let waits = |lock: &Lock| lock.holder().is_some_and(|holder| holder.waits_for().is_some());
    let held_by_threads = [lock(&one, "b"), lock(&other, "y")];
    wait_until("the threads wait", || held_by_threads.iter().all(waits));
    next.send("go on");
    wait_until("all others wait", || waits(&lock(&other, "x")));
    last.send("go on");
    assert_eq!(last.finish()[0], "deadlock, lost: false");
    assert_eq!(next.finish()[0], "both, lost: false");
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}
