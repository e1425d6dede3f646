//! Deadlocks of the threads of one process.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, Locks};
use jam_lock_tests::LONG;

use super::{lock, wait_until_owner_waits};

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
        let cycle = error.cycle();
        assert_eq!(cycle.len(), 3);
        for (owner, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
            assert_eq!(owner.waits_for().name(), next.holds());
            assert_eq!(owner.holder().file(), Some(file!()));
        }
    }
}

/// The names of one crate.
#[allow(missing_docs, unreachable_pub, reason = "it stands for a crate")]
mod one {
    jam_lock::lock_names! { "x", "y" }
}

/// The names of another crate, which declares them in another order.
#[allow(missing_docs, unreachable_pub, reason = "it stands for a crate")]
mod other {
    jam_lock::lock_names! { "y", "x" }
}

#[test]
fn a_cycle_over_the_names_of_two_crates_in_another_order_is_found() {
    let (locks, barrier) = (&Locks::in_memory(), &Barrier::new(2));
    let results = thread::scope(|scope| {
        let one = scope.spawn(|| -> Result<(), LockError> {
            one::lock_names::locked!("x", names = one::lock_names, locks = locks, {
                barrier.wait();
                one::lock_names::locked!("y", names = one::lock_names, locks = locks, {})
            })?
        });
        let other = scope.spawn(|| -> Result<(), LockError> {
            other::lock_names::locked!("y", names = other::lock_names, locks = locks, {
                barrier.wait();
                other::lock_names::locked!("x", names = other::lock_names, locks = locks, {})
            })?
        });
        [one, other].map(|thread| thread.join().unwrap())
    });
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    let [error @ LockError::Deadlock { .. }] = &errors[..] else { panic!("{errors:?}") };
    assert!(error.to_string().contains("Acquire them in one order everywhere"), "{error}");
}

#[test]
fn a_cycle_over_several_folders_and_locks_in_memory_is_found() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = folders.each_ref().map(|folder| Locks::open(folder.path()).unwrap());
    let memory = Locks::in_memory();
    let chain = [lock(&one, "x"), lock(&memory, "x"), lock(&other, "x")];
    let barrier = Barrier::new(chain.len());
    let results = thread::scope(|scope| {
        let next = chain.iter().cycle().skip(1);
        let threads: Vec<_> = chain
            .iter()
            .zip(next)
            .map(|(first, second)| {
                scope.spawn(|| {
                    let _first = first.acquire()?;
                    barrier.wait();
                    second.acquire().map(drop)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].cycle().len(), 3);
}

#[test]
fn a_cycle_over_a_reader_lasts_until_a_timeout() {
    let locks = Locks::in_memory();
    let (read, written) = (lock(&locks, "read"), lock(&locks, "written"));
    let both_hold = Barrier::new(2);
    let reader_waits = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let _read = read.clone().shared().acquire().unwrap();
            both_hold.wait();
            written.clone().timeout(Duration::from_millis(50)).acquire().map(drop)
        });
        let held = written.acquire().unwrap();
        both_hold.wait();
        drop((read.acquire().unwrap(), held));
        reader.join().unwrap()
    });
    assert!(reader_waits.unwrap_err().is_timeout());
}

/// Its next holder does not wait for what the owner waits for that has acquired it before.
#[test]
fn a_lock_that_another_thread_has_released_makes_no_cycle() {
    let locks = Locks::in_memory();
    let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
    let held = b.acquire().unwrap();
    let (sender, guards) = mpsc::channel();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            sender.send(a.acquire().unwrap()).unwrap();
            b.acquire().map(drop)
        });
        let moved = guards.recv().unwrap();
        wait_until_owner_waits(&a);
        drop(moved);
        let next = scope.spawn(|| a.acquire().unwrap()).join().unwrap();
        let error = a.clone().timeout(Duration::from_millis(50)).acquire().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        drop((next, held));
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_guard_that_is_detached_while_its_owner_waits_does_not_count_for_it() {
    let folder = tempfile::tempdir().unwrap();
    for locks in [Locks::in_memory(), Locks::open(folder.path()).unwrap()] {
        let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
        let held = b.acquire().unwrap();
        let (sender, guards) = mpsc::channel();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                sender.send(a.acquire().unwrap()).unwrap();
                b.acquire().map(drop)
            });
            let moved = guards.recv().unwrap();
            wait_until_owner_waits(&a);
            let detached = moved.detach();
            // The owner of `b`, which this thread is, could release both.
            let error = a.timeout(Duration::from_millis(200)).acquire().unwrap_err();
            assert!(error.is_timeout(), "{error}");
            drop((detached, held));
            waiting.join().unwrap().unwrap();
        });
    }
}
