//! Tasks that wait without blocking a thread.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};
use tokio::sync::Notify;

use crate::executors::{self, EXECUTORS, Task};
use crate::{LONG, folder, lock};
use jam_lock_tests::child::{Child, try_in_child};

/// Counts the tasks that hold the lock, and panics if there are two.
#[derive(Default)]
struct Section {
    inside: AtomicUsize,
    entered: AtomicUsize,
}

impl Section {
    /// Lets other tasks run while it counts as holding the lock.
    async fn enter(&self) {
        assert_eq!(self.inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
        self.entered.fetch_add(1, Ordering::SeqCst);
        smol::future::yield_now().await;
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn take_turns(lock: Lock, section: Arc<Section>, rounds: usize) {
    for _ in 0..rounds {
        let _guard = lock.acquire_async().await.unwrap();
        section.enter().await;
    }
}

#[test]
fn tasks_exclude_each_other_on_every_executor() {
    for run in EXECUTORS {
        let (folder, section) = (folder(), Arc::new(Section::default()));
        let lock = lock(folder.path(), "x");
        let task = |_| Box::pin(take_turns(lock.clone(), Arc::clone(&section), 20)) as Task;
        run((0..20).map(task).collect());
        assert_eq!(section.entered.load(Ordering::SeqCst), 400);
        assert_eq!(try_in_child(folder.path(), "x"), "acquired");
    }
}

#[test]
fn tasks_and_threads_exclude_each_other() {
    let (folder, section) = (folder(), Arc::new(Section::default()));
    let lock = lock(folder.path(), "x");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _guard = lock.acquire().unwrap();
                    smol::block_on(section.enter());
                }
            });
        }
        let task = |_| Box::pin(take_turns(lock.clone(), Arc::clone(&section), 50)) as Task;
        executors::tokio_on_threads((0..3).map(task).collect());
    });
    assert_eq!(section.entered.load(Ordering::SeqCst), 300);
}

#[test]
fn a_task_that_waits_for_another_process_leaves_its_thread_to_others() {
    for run in EXECUTORS {
        let folder = folder();
        let child = Child::holding(folder.path(), "x");
        let (lock, waits) = (lock(folder.path(), "x"), Arc::new(Notify::new()));
        let waiting = Arc::clone(&waits);
        let waiter = async move {
            let mut acquire = Box::pin(lock.acquire_async());
            assert!(smol::future::poll_once(&mut acquire).await.is_none());
            waiting.notify_one();
            drop(acquire.await.unwrap());
        };
        let other = async move {
            waits.notified().await;
            child.release();
        };
        run(vec![Box::pin(waiter), Box::pin(other)]);
    }
}

#[test]
fn a_loop_of_free_locks_lets_other_tasks_run() {
    for run in [executors::tokio_on_one, executors::minimal] {
        let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
        let has_run = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&has_run);
        let acquiring = async move {
            for _ in 0..1_000 {
                drop(lock.acquire_async().await.unwrap());
            }
            assert!(seen.load(Ordering::SeqCst), "the other task has not run");
        };
        let other = async move { has_run.store(true, Ordering::SeqCst) };
        run(vec![Box::pin(acquiring), Box::pin(other)]);
    }
}

#[test]
fn a_wait_times_out_at_its_deadline_and_never_earlier() {
    for run in EXECUTORS {
        let folder = folder();
        let _child = Child::holding(folder.path(), "x");
        let timeout = Duration::from_millis(50);
        let acquire = lock(folder.path(), "x").timeout(timeout).acquire_async();
        run(vec![Box::pin(async move {
            let start = Instant::now();
            let error = acquire.await.unwrap_err();
            assert!(start.elapsed() >= timeout);
            assert!(matches!(error, LockError::Timeout { waited, .. } if waited >= timeout));
        })]);
    }
}

#[test]
fn the_timeout_counts_from_the_first_poll() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let timeout = Duration::from_millis(50);
    let acquire = lock(folder.path(), "x").timeout(timeout).acquire_async();
    std::thread::sleep(timeout);
    let start = Instant::now();
    assert!(smol::block_on(acquire).unwrap_err().is_timeout());
    assert!(start.elapsed() >= timeout);
    child.release();
}

#[test]
fn timeout_0_tries_once_and_returns_at_once() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let acquire = lock(folder.path(), "x").timeout(0).acquire_async();
    // It may be polled again to find the holder, but not for the lock.
    let error = smol::block_on(acquire);
    assert!(matches!(error, Err(LockError::Timeout { waited: Duration::ZERO, .. })));
}

/// Lets so many tasks wait for a lock, and returns when it was released and when each task got it.
fn serve(waiters: usize) -> (Instant, Vec<(usize, Instant)>) {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let (released, served) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
    let waiter = |number| {
        let (acquire, served) = (lock.timeout(LONG).acquire_async(), Arc::clone(&served));
        Box::pin(async move {
            let _guard = acquire.await.unwrap();
            served.lock().unwrap().push((number, Instant::now()));
        }) as Task
    };
    // The last task runs when all others are in the queue.
    let mut tasks: Vec<_> = (0..waiters).map(waiter).collect();
    let release = Arc::clone(&released);
    tasks.push(Box::pin(async move {
        *release.lock().unwrap() = Some(Instant::now());
        drop(held);
    }));
    executors::minimal(tasks);
    let served = std::mem::take(&mut *served.lock().unwrap());
    (released.lock().unwrap().expect("the last task has run"), served)
}

#[test]
fn ten_thousand_waiters_are_served() {
    assert_eq!(serve(10_000).1.len(), 10_000);
}

#[test]
fn waiters_are_served_in_the_order_of_their_arrival() {
    let start = Instant::now();
    loop {
        let (mut last, served) = serve(100);
        // A waiter that is not polled within 10 ms after its wake-up is passed over, so a round on
        // a machine that was so slow is not counted.
        let was_slow = served.iter().any(|(_, at)| {
            at.duration_since(std::mem::replace(&mut last, *at)) >= Duration::from_millis(10)
        });
        if !was_slow {
            return assert!(served.iter().map(|(number, _)| *number).eq(0..100), "{served:?}");
        }
        assert!(start.elapsed() < LONG, "the machine is always too slow");
    }
}

#[test]
fn a_wait_may_move_to_another_thread() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let mut acquire = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut acquire)).is_none());
    let other = std::thread::spawn(move || smol::block_on(acquire).map(drop));
    drop(held);
    other.join().unwrap().unwrap();
}

#[test]
fn a_guard_may_be_dropped_on_another_thread() {
    let folder = folder();
    let guard = smol::block_on(lock(folder.path(), "x").acquire_async()).unwrap();
    std::thread::spawn(move || drop(guard)).join().unwrap();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn futures_can_be_sent_and_outlive_their_lock() {
    fn check(_: impl Future<Output = Result<LockGuard, LockError>> + Send + 'static) {}
    let folder = folder();
    let acquire = {
        let lock = lock(folder.path(), "x");
        lock.acquire_async()
    };
    check(acquire);
}
