//! Deadlocks of tasks, whose sections hold the locks.

use std::thread;

use jam_lock::{LockError, LockName, Locks, locked};
use jam_lock_tests::observe::wait_until;

use super::{lock, name};

/// Holds the first lock, and acquires the second one once another owner has it.
#[locked(first, locks = locks)]
async fn acquire_both(locks: &Locks, first: LockName, second: LockName) -> Result<(), LockError> {
    while locks.lock(second.clone()).holder().is_none() {
        tokio::task::yield_now().await;
    }
    acquire(locks, second).await
}

#[locked(name, locks = locks)]
async fn acquire(locks: &Locks, name: LockName) -> Result<(), LockError> {
    Ok(())
}

#[test]
fn a_task_and_a_thread_that_wait_for_each_other_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for locks in [Locks::in_memory(), Locks::open(folder.path()).unwrap()] {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (thread, task) = thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _held = lock(&locks, "b").acquire().unwrap();
                wait_until("the task holds its lock", || lock(&locks, "a").holder().is_some());
                lock(&locks, "a").acquire().map(drop)
            });
            let task = runtime.block_on(acquire_both(&locks, name("a"), name("b")));
            (thread.join().unwrap(), task)
        });
        let errors: Vec<_> = [thread, task].into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].cycle().len(), 2);
        let functions: Vec<_> =
            errors[0].cycle().iter().map(|owner| owner.holder().function()).collect();
        assert!(functions.contains(&Some("acquire_both")), "{functions:?}");
    }
}

#[test]
fn every_one_of_several_waits_of_a_task_is_seen() {
    let locks = Locks::in_memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let errors = thread::scope(|scope| {
        let [other, thread] = ["b", "c"].map(|name| {
            let locks = &locks;
            scope.spawn(move || {
                let _held = lock(locks, name).acquire().unwrap();
                wait_until("the task waits", || {
                    let holder = lock(locks, "a").holder();
                    holder.is_some_and(|holder| holder.waits_for().is_some())
                });
                if name == "c" { lock(locks, "a").acquire().map(drop) } else { Ok(()) }
            })
        });
        let task = runtime.block_on(acquire_two(&locks));
        [other.join().unwrap(), thread.join().unwrap(), task]
    });
    let errors: Vec<_> = errors.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].cycle().len(), 2);
}

/// Waits for two locks at once, inside of a section.
#[locked(name("a"), locks = locks)]
async fn acquire_two(locks: &Locks) -> Result<(), LockError> {
    while lock(locks, "b").holder().or(lock(locks, "c").holder()).is_none()
        || lock(locks, "c").holder().is_none()
    {
        tokio::task::yield_now().await;
    }
    let (one, other) = tokio::join!(acquire(locks, name("b")), acquire(locks, name("c")));
    one.and(other)
}
