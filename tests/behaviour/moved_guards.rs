//! Guards that leave the thread or the section that acquired them.

use std::pin::pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};

use crate::{LONG, folder, lock, lock_names};

/// The remedy in the error of a lock that the thread already holds.
fn remedy(result: Result<LockGuard, LockError>) -> &'static str {
    match result {
        Err(LockError::Reentrant { remedy, .. }) => remedy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_a_thread_pool_do_not_admit_other_jobs_on_their_thread() {
    let folder = folder();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let lock = lock(folder.path(), "x");
        let acquire = |lock: Lock| tokio::task::spawn_blocking(move || lock.acquire());
        // The job holds the lock, and the thread of the pool starts the next job.
        let held = acquire(lock.clone()).await.unwrap().unwrap();
        let again = remedy(acquire(lock.reentrant()).await.unwrap());
        assert!(again.contains("`detach`"), "{again}");
        let again = remedy(acquire(lock.clone()).await.unwrap());
        assert!(again.contains("`detach`"), "{again}");
        let name = lock.name().clone();
        let locks = Locks::open(folder.path()).unwrap();
        let section = move || locked!(name, reentrant, locks = &locks, {});
        let section = tokio::task::spawn_blocking(section).await.unwrap();
        assert!(matches!(section, Err(LockError::Reentrant { .. })), "{section:?}");
        // As the error suggests.
        let held = held.detach();
        let next = acquire(lock.timeout(LONG));
        tokio::task::yield_now().await;
        held.release().unwrap();
        drop(next.await.unwrap().unwrap());
    });
}

#[test]
fn out_of_order_suggest_that_they_are_detached() {
    let locks = Locks::in_memory();
    let _held = locks.lock(lock_names::SECOND).acquire().unwrap();
    let error = locks.lock(lock_names::FIRST).acquire().unwrap_err();
    assert!(error.to_string().contains("`detach`"), "{error}");
}

#[test]
fn that_outlive_their_section_do_not_admit_others() {
    let locks = &Locks::in_memory();
    let again = || locks.lock(lock_names::FIRST).reentrant().acquire();
    let outlives = locked!("first", locks = locks, { again() }).unwrap().unwrap();
    remedy(again());
    let next = locked!("first", reentrant, locks = locks, {});
    assert!(matches!(next, Err(LockError::Reentrant { .. })), "{next:?}");
    drop(outlives);
    drop(again().unwrap());
}

#[test]
fn of_a_reentered_section_take_their_context_along() {
    let locks = &Locks::in_memory();
    let entered = locked!("first", locks = locks, {}).map(|()| async {
        locked!("first", reentrant, locks = locks, async {
            smol::future::yield_now().await;
            locked!("first", timeout = LONG, locks = locks, {})
        })
        .await
    });
    let mut entered = Box::pin(entered.unwrap());
    let outer = locked!("first", locks = locks, async {
        assert!(smol::future::poll_once(&mut entered).await.is_none());
    });
    smol::block_on(outer).unwrap();
    // It outlives the section in which it was acquired.
    let again = smol::block_on(entered).unwrap();
    assert!(matches!(again, Err(LockError::Reentrant { .. })), "{again:?}");
}

/// A waker that reports its call, and blocks until it is answered.
struct Slow(Sender<()>, Mutex<Receiver<()>>);

impl Wake for Slow {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
        let _ = self.1.lock().unwrap().recv_timeout(LONG);
    }
}

#[test]
fn are_forgotten_once_another_waiter_is_woken_by_their_release() {
    let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
    let guard = lock.acquire().unwrap();
    let ((woken, was_woken), (answer, answered)) = (mpsc::channel(), mpsc::channel());
    let mut waits = pin!(lock.acquire_async());
    let waker = Waker::from(Arc::new(Slow(woken, Mutex::new(answered))));
    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let releases = thread::spawn(move || drop(guard));
    was_woken.recv_timeout(LONG).unwrap();
    let again = lock.timeout(Duration::from_millis(1)).acquire();
    answer.send(()).unwrap();
    releases.join().unwrap();
    assert!(!matches!(again, Err(LockError::Reentrant { .. })), "{again:?}");
}
