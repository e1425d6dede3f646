//! Names with permits: several holders at once, of all threads, tasks and processes together.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};

use crate::{LONG, folder};
use jam_lock_tests::child::{Child, try_in_child};
#[cfg(target_os = "linux")]
use jam_lock_tests::observe::blocked_on;
use jam_lock_tests::observe::wait_until;

fn name(permits: u32) -> LockName {
    LockName::new("export").unwrap().with_permits(permits).unwrap()
}

fn exports(folder: &Path, permits: u32) -> Lock {
    Locks::open(folder).unwrap().lock(name(permits))
}

/// Counts those inside, and panics if there are more than permits.
struct Inside {
    permits: usize,
    now: AtomicUsize,
    most: AtomicUsize,
    entered: AtomicUsize,
}

impl Inside {
    fn new(permits: usize) -> Self {
        let (now, most, entered) = Default::default();
        Self { permits, now, most, entered }
    }

    fn enter(&self) -> Inner<'_> {
        let inside = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(inside <= self.permits, "{inside} are inside");
        self.most.fetch_max(inside, Ordering::SeqCst);
        self.entered.fetch_add(1, Ordering::SeqCst);
        Inner(self)
    }
}

struct Inner<'a>(&'a Inside);

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn as_many_threads_as_there_are_permits_are_inside_at_once() {
    let folder = folder();
    for lock in [exports(folder.path(), 3), Locks::in_memory().lock(name(3))] {
        let inside = Inside::new(3);
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _guard = lock.timeout(LONG).acquire().unwrap();
                        let _inner = inside.enter();
                        thread::yield_now();
                    }
                });
            }
        });
        assert_eq!(inside.entered.load(Ordering::SeqCst), 1_000);
        assert_eq!(inside.most.load(Ordering::SeqCst), 3);
    }
}

#[test]
fn tasks_and_threads_share_the_permits() {
    let folder = folder();
    let lock = exports(folder.path(), 2);
    let inside = Inside::new(2);
    let executor = smol::Executor::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _guard = lock.timeout(LONG).acquire().unwrap();
                    let _inner = inside.enter();
                    thread::yield_now();
                }
            });
        }
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                executor.spawn(async {
                    for _ in 0..20 {
                        let _guard = lock.timeout(LONG).acquire_async().await.unwrap();
                        let _inner = inside.enter();
                        smol::future::yield_now().await;
                    }
                })
            })
            .collect();
        smol::block_on(executor.run(async {
            for task in tasks {
                task.await;
            }
        }));
    });
    assert_eq!(inside.entered.load(Ordering::SeqCst), 500);
}

/// Each of these processes has a permit.
fn holders(folder: &Path, permits: u32) -> Vec<Child> {
    let name = format!("export*{permits}");
    (0..permits).map(|_| Child::holding(folder, &name)).collect()
}

#[test]
fn the_first_permit_that_falls_free_goes_to_the_first_waiter_whichever_it_is() {
    for at in 0..3 {
        let folder = folder();
        let mut children = holders(folder.path(), 3);
        let lock = exports(folder.path(), 3);
        let waiter = thread::spawn(move || lock.timeout(LONG).acquire().unwrap().permit());
        wait_until("it waits", || blocked_on(&folder.path().join("export.lock")) == 1);
        children.remove(at).release();
        assert_eq!(waiter.join().unwrap() as usize, at + 1);
    }
}
