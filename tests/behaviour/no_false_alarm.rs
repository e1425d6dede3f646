//! Acquisitions that succeed, although they look like deadlocks at first sight.

#![expect(clippy::async_yields_async, reason = "what is spawned in a section is awaited outside")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{LockError, LockName, Locks, locked};
use tokio::runtime::{Builder, Runtime};

use crate::{LONG, folder, lock, lock_names, on_another_thread};

fn open(folder: &tempfile::TempDir) -> Locks {
    Locks::open(folder.path()).unwrap()
}

fn on_one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Lets other tasks run for a while.
async fn pause() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn of_other_threads() {
    let folder = folder();
    let locks = open(&folder);
    let _second = locks.lock(lock_names::SECOND).acquire().unwrap();
    on_another_thread(|| drop(locks.lock(lock_names::FIRST).acquire().unwrap()));
    let error = on_another_thread(|| locks.lock(lock_names::SECOND).try_acquire().unwrap_err());
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn of_other_tasks_on_the_same_thread() {
    #[locked("second", locks = locks)]
    async fn section(locks: &Locks) -> Result<(), LockError> {
        pause().await;
        Ok(())
    }

    #[locked("first", locks = locks)]
    async fn other(locks: &Locks) -> Result<(), LockError> {
        pause().await;
        Ok(())
    }

    let folder = folder();
    let locks = open(&folder);
    on_one_thread().block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let locks = locks.clone();
                tokio::spawn(async move {
                    if number % 2 == 0 { section(&locks).await } else { other(&locks).await }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

#[test]
fn of_futures_that_one_task_polls_concurrently() {
    async fn section(locks: &Locks, name: LockName) -> Result<(), LockError> {
        locked!(name, locks = locks, async { pause().await }).await
    }

    let folder = folder();
    let locks = &open(&folder);
    let all = locked!("first", locks = locks, async {
        tokio::try_join!(
            section(locks, lock_names::SECOND),
            section(locks, lock_names::SECOND),
            section(locks, lock_names::customer_id(2)),
            section(locks, lock_names::customer_id(1)),
        )
    });
    on_one_thread().block_on(all).unwrap().unwrap();
}

#[test]
fn of_a_guard_that_another_thread_has_dropped() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    for _ in 0..3 {
        let guard = lock.acquire().unwrap();
        thread::spawn(move || drop(guard)).join().unwrap();
    }
    drop(lock.acquire().unwrap());
}

#[test]
fn of_a_guard_that_was_detached_for_another_thread_to_drop() {
    let folder = folder();
    let lock = lock(folder.path(), "x").timeout(LONG);
    let guard = lock.acquire().unwrap().detach();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(5));
        drop(guard);
    });
    drop(lock.acquire().unwrap());
    other.join().unwrap();
}

#[test]
fn of_tasks_that_are_spawned_in_a_section_and_outlive_it() {
    let folder = folder();
    let locks = open(&folder);
    on_one_thread().block_on(async {
        let inner = locks.clone();
        let spawned = locked!("second", locks = &locks, async {
            let other = inner.clone();
            let task = tokio::spawn(async move {
                locked!("second", locks = &other, async {}).await?;
                locked!("first", locks = &other, async {}).await
            });
            pause().await;
            task
        });
        spawned.await.unwrap().await.unwrap().unwrap();
    });
}

#[test]
fn of_threads_that_are_started_in_a_section() {
    let folder = folder();
    let locks = open(&folder);
    on_one_thread().block_on(async {
        let inner = locks.clone();
        let blocking = locked!("second", locks = &locks, async {
            let other = inner.clone();
            let first = tokio::task::spawn_blocking(move || {
                other.lock(lock_names::FIRST).acquire().map(drop)
            });
            first.await.unwrap().unwrap();
            tokio::task::spawn_blocking(move || {
                inner.lock(lock_names::SECOND).timeout(LONG).acquire().map(drop)
            })
        });
        blocking.await.unwrap().await.unwrap().unwrap();
    });
}

#[test]
fn of_an_executor_inside_a_section() {
    let folder = folder();
    let locks = &open(&folder);
    // Another task, which happens to be polled within the section, waits until the section has ended.
    let runtime = on_one_thread();
    let other = locks.clone();
    let task = locked!("second", locks = locks, {
        runtime.block_on(async {
            let task = tokio::spawn(async move {
                locked!("second", locks = &other, async {}).await?;
                locked!("first", locks = &other, async {}).await
            });
            pause().await;
            locked!("customer_{id}", id = 7, locks = locks, async {}).await.unwrap();
            task
        })
    });
    runtime.block_on(task.unwrap()).unwrap().unwrap();
}

#[test]
fn of_a_thousand_tasks_that_move_between_threads() {
    const DURATION: Duration = Duration::from_secs(10);
    const NAMES: usize = 20;

    async fn nested(locks: &Locks, name: usize, holders: &[AtomicUsize]) -> Result<(), LockError> {
        let outer = lock_names::customer_id(name);
        locked!(outer.clone(), locks = locks, async {
            assert_eq!(holders[name].fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
            tokio::task::yield_now().await;
            let later = lock_names::customer_id(NAMES + name);
            locked!(later, locks = locks, async { tokio::task::yield_now().await }).await?;
            locked!(outer, locks = locks, reentrant, async {
                tokio::task::yield_now().await;
                holders[name].fetch_sub(1, Ordering::SeqCst);
            })
            .await
        })
        .await?
    }

    let folder = folder();
    let locks = open(&folder);
    let holders: Arc<Vec<AtomicUsize>> =
        Arc::new((0..NAMES).map(|_| AtomicUsize::new(0)).collect());
    let entered = Arc::new(AtomicUsize::new(0));
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let end = Instant::now() + DURATION;
        let tasks: Vec<_> = (0..1_000)
            .map(|number| {
                let (locks, holders) = (locks.clone(), Arc::clone(&holders));
                let entered = Arc::clone(&entered);
                tokio::spawn(async move {
                    while Instant::now() < end {
                        nested(&locks, number % NAMES, &holders).await.unwrap();
                        entered.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(entered.load(Ordering::SeqCst) >= 1_000);
}
