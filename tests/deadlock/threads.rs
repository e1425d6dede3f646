//! Deadlocks of the threads of one process.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;

use jam_lock::{LockError, Locks};
use jam_lock_tests::LONG;

use super::lock;

/// Runs threads that acquire two locks each, the second one as soon as all have the first; returns the
/// errors.
fn run_threads(locks: &[Locks], orders: &[[&str; 2]]) -> Vec<LockError> {
    let (sender, outcomes) = mpsc::channel();
    let barrier = Arc::new(Barrier::new(orders.len()));
    for (number, order) in orders.iter().enumerate() {
        let [first, second] = order.map(|name| lock(&locks[number % locks.len()], name));
        let (barrier, sender) = (Arc::clone(&barrier), sender.clone());
        thread::spawn(move || {
            let held = first.acquire().unwrap();
            barrier.wait();
            let outcome = second.acquire().map(drop);
            drop(held);
            let _ = sender.send(outcome);
        });
    }
    let outcomes = orders.iter().map(|_| outcomes.recv_timeout(LONG).expect("no owner is stuck"));
    outcomes.filter_map(Result::err).collect()
}

#[test]
fn one_of_the_threads_in_a_cycle_gets_an_error_that_names_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for locks in [Locks::in_memory(), Locks::open(folder.path()).unwrap()] {
        let errors = run_threads(&[locks], &[["a", "b"], ["b", "c"], ["c", "a"]]);
        let [error] = &errors[..] else { panic!("{errors:?}") };
        println!("{error}");
        let cycle = error.cycle();
        assert_eq!(cycle.len(), 3);
        for (owner, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
            assert_eq!(owner.waits_for().name(), next.holds());
            assert_eq!(owner.holder().file(), Some(file!()));
        }
    }
}
