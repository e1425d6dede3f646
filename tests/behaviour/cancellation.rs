//! A wait can be cancelled at any point without leaving anything behind.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use jam_lock::Lock;

use crate::{LONG, folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::wait_until;

/// Counts how often a task was woken.
#[derive(Default)]
struct WakeCounter(AtomicUsize);

impl WakeCounter {
    fn was_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Wake for WakeCounter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls `future` up to `polls` times, waiting for a wake-up in between, and drops it. Returns the
/// number of polls if it has completed.
fn poll(future: impl Future, polls: usize, between: impl Fn(usize)) -> Option<usize> {
    let mut future = pin!(future);
    for poll in 1..=polls {
        let counter = Arc::new(WakeCounter::default());
        let waker = Waker::from(Arc::clone(&counter));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return Some(poll);
        }
        between(poll);
        wait_until("it is woken", || counter.was_woken());
    }
    None
}

/// Checks that the lock is available, here at once and in another process soon.
fn assert_left_alone(lock: &Lock, folder: &Path) {
    drop(lock.try_acquire().expect("the lock is free, and its queue empty"));
    // The cancelled wait may acquire the lock for a moment when it becomes free.
    wait_until("the lock is free", || try_in_child(folder, "x") == "acquired");
}

/// A section with awaits, as applications have them.
async fn section(lock: Lock) {
    let guard = lock.timeout(LONG).acquire_async().await.unwrap();
    for _ in 0..3 {
        smol::future::yield_now().await;
    }
    drop(guard);
    smol::future::yield_now().await;
}

/// One await for the lock, three while it is held and one afterwards; the next poll completes it.
const POLLS: usize = 6;

#[test]
fn at_every_await_while_another_task_holds_the_lock() {
    for polls in 0..=POLLS {
        let folder = folder();
        let lock = lock(folder.path(), "x");
        let held = std::sync::Mutex::new(Some(lock.acquire().unwrap()));
        let release = |poll| {
            if poll == 1 {
                drop(held.lock().unwrap().take());
            }
        };
        let ended = poll(section(lock.clone()), polls, release);
        assert_eq!(ended, (polls == POLLS).then_some(POLLS), "no other number of awaits");
        drop(held.into_inner().unwrap());
        assert_left_alone(&lock, folder.path());
    }
}

#[test]
fn at_every_await_while_another_process_holds_the_lock() {
    for polls in 0..=POLLS {
        let folder = folder();
        let child = std::sync::Mutex::new(Some(Child::holding(folder.path(), "x")));
        let release = |_| {
            if let Some(child) = child.lock().unwrap().take() {
                child.release();
            }
        };
        let lock = lock(folder.path(), "x");
        let ended = poll(section(lock.clone()), polls, release);
        assert_eq!(ended, (polls == POLLS).then_some(POLLS), "no other number of awaits");
        release(0);
        assert_left_alone(&lock, folder.path());
    }
}

#[test]
fn after_a_wake_up_that_was_not_followed_by_a_poll() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let counter = Arc::new(WakeCounter::default());
    let waker = Waker::from(Arc::clone(&counter));
    {
        let mut first = pin!(lock.acquire_async());
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(held);
        wait_until("it is woken", || counter.was_woken());
    }
    assert_left_alone(&lock, folder.path());
}

#[test]
fn lets_the_next_waiter_in_the_queue_acquire() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let counter = Arc::new(WakeCounter::default());
    let waker = Waker::from(Arc::clone(&counter));
    let mut first = Box::pin(lock.acquire_async());
    let mut second = Box::pin(lock.acquire_async());
    for acquire in [&mut first, &mut second] {
        assert!(acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(held);
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(first);
    wait_until("it is woken", || counter.was_woken());
    let polled = second.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(Ok(_))));
}

#[test]
fn by_a_timeout_of_the_runtime() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let limit = std::time::Duration::from_millis(20);
        tokio::time::timeout(limit, lock.acquire_async()).await.unwrap_err();
    });
    drop(held);
    assert_left_alone(&lock, folder.path());
}

#[test]
fn a_future_that_is_never_polled_again_does_not_block_others() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    let mut forgotten = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut forgotten)).is_none());
    drop(held);
    // A task, a thread, and another process.
    drop(smol::block_on(lock.timeout(LONG).acquire_async()).unwrap());
    drop(lock.timeout(LONG).acquire().unwrap());
    wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
    // It still acquires the lock when it is polled.
    drop(smol::block_on(forgotten).unwrap());
}
