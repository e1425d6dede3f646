//! Deadlocks over guards that tasks acquire by hand: found where a wait certainly ends before the guards do.

use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockGuard, LockName, Locks, locked};
use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use tokio::sync::Barrier;
use tokio::task::yield_now;

use super::{lock, name, wait_until_owner_waits};

/// Locks in memory, and in a folder.
fn kinds(folder: &tempfile::TempDir) -> [Locks; 2] {
    [Locks::in_memory(), Locks::open(folder.path()).unwrap()]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// The errors of two tasks that acquire `a` and `b` in either order, the second lock by `acquire`.
fn errors_of_two_tasks<F>(
    locks: &Locks,
    acquire: impl Fn(&'static str, LockGuard) -> F,
) -> Vec<LockError>
where
    F: Future<Output = Result<(), LockError>>,
{
    let both_hold = Barrier::new(2);
    let run = async |first, second| {
        let first = lock(locks, first).acquire_async().await?;
        both_hold.wait().await;
        acquire(second, first).await
    };
    let (one, other) = block_on(async { tokio::join!(run("a", "b"), run("b", "a")) });
    [one, other].into_iter().filter_map(Result::err).collect()
}

#[test]
fn a_cycle_over_guards_that_the_waits_borrow_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for locks in kinds(&folder) {
        let errors = errors_of_two_tasks(&locks, async |second, first| {
            lock(&locks, second).timeout(LONG).acquire_async_holding([&first]).await.map(drop)
        });
        let [error] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!(error.cycle().len(), 2, "{error}");
    }
}

#[test]
fn a_cycle_over_guards_that_no_wait_borrows_lasts_until_a_timeout() {
    let folder = tempfile::tempdir().unwrap();
    for locks in kinds(&folder) {
        let errors = errors_of_two_tasks(&locks, async |second, _first| {
            let lock = lock(&locks, second);
            let lock = if second == "b" { lock.timeout(Duration::from_millis(200)) } else { lock };
            lock.acquire_async().await.map(drop)
        });
        let [error] = &errors[..] else { panic!("{errors:?}") };
        assert!(error.is_timeout(), "{error}");
    }
}

/// Why a task is not known to hold what it acquires by hand: here it goes on beside its own wait.
#[test]
fn a_guard_of_another_future_of_the_task_makes_no_cycle() {
    let folder = tempfile::tempdir().unwrap();
    for locks in kinds(&folder) {
        let [a, b] = ["a", "b"].map(|name| lock(&locks, name));
        let held = b.acquire().unwrap();
        let (thread, task) = thread::scope(|scope| {
            let task = scope.spawn(|| {
                block_on(async {
                    let holds = async {
                        let held = a.acquire_async().await?;
                        while b.holder().is_none_or(|holder| holder.waits_for().is_none()) {
                            yield_now().await;
                        }
                        held.release()
                    };
                    let (one, other) = tokio::join!(holds, b.acquire_async());
                    one.and(other)
                })
            });
            wait_until("the task holds its lock", || a.holder().is_some());
            let thread = a.acquire();
            drop(held);
            (thread, task.join().unwrap())
        });
        drop((thread.unwrap(), task.unwrap()));
    }
}

#[test]
fn a_cycle_over_locks_that_a_task_acquires_together_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for locks in kinds(&folder) {
        let [a, b] = ["a", "b"].map(|name| lock(&locks, name));
        let held = b.acquire().unwrap();
        let both = locks.lock_all(["a", "b"].map(name)).timeout(LONG);
        let (thread, task) = thread::scope(|scope| {
            let task = scope.spawn(|| block_on(both.acquire_async()));
            wait_until_owner_waits(&a);
            let thread = a.timeout(LONG).acquire();
            drop(held);
            (thread.err(), task.join().unwrap().err())
        });
        let errors: Vec<_> = [thread, task].into_iter().flatten().collect();
        let [error] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!(error.cycle().len(), 2, "{error}");
    }
}

/// Waits in the section of `a` for `b`, while it borrows a guard of `c`.
#[locked(a, locks = locks)]
async fn wait_in_section(locks: &Locks, a: LockName) -> Result<(), LockError> {
    let by_hand = lock(locks, "c").acquire_async().await?;
    lock(locks, "b").timeout(LONG).acquire_async_holding([&by_hand]).await.map(drop)
}

#[test]
fn a_wait_in_a_section_counts_for_the_section_and_for_the_guards_that_it_borrows() {
    for wanted in ["a", "c"] {
        let locks = Locks::in_memory();
        let held = lock(&locks, "b").acquire().unwrap();
        let (thread, task) = thread::scope(|scope| {
            let task = scope.spawn(|| block_on(wait_in_section(&locks, name("a"))));
            for name in ["a", "c"] {
                wait_until_owner_waits(&lock(&locks, name));
            }
            let thread = lock(&locks, wanted).timeout(LONG).acquire();
            drop(held);
            (thread.err(), task.join().unwrap().err())
        });
        let errors: Vec<_> = [thread, task].into_iter().flatten().collect();
        assert!(matches!(&errors[..], [LockError::Deadlock { .. }]), "{errors:?}");
    }
}

#[test]
fn a_lock_whose_guard_a_wait_borrows_is_held_already() {
    let lock = lock(&Locks::in_memory(), "a");
    block_on(async {
        let held = lock.acquire_async().await.unwrap();
        for lock in [lock.timeout(LONG), lock.timeout(LONG).reentrant()] {
            let error = lock.acquire_async_holding([&held]).await.unwrap_err();
            assert!(matches!(error, LockError::Reentrant { .. }), "{error}");
            assert!(error.to_string().contains("release its guard first"), "{error}");
        }
        let shared = lock.shared().timeout(0).acquire_async_holding([&held]).await.unwrap_err();
        assert!(shared.is_timeout(), "{shared}");
    });
}
