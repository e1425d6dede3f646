//! Deadlocks of several processes.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::{Duration, Instant};

use jam_lock::{Holder, Locks};
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
