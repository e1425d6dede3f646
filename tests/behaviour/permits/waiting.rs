//! How waiters share the permits.

use std::future::Future;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockGuard, LockName, Locks};

use super::{assert_none_is_lost, exports, holders, name};
use crate::{LONG, folder};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{blocked_on, wait_until};

/// How many threads and processes wait at the permits of `export`.
fn blocked(folder: &Path, permits: u32) -> usize {
    let file = |permit| match permit {
        1 => folder.join("export.lock"),
        permit => folder.join(format!("export%~{permit}.lock")),
    };
    (1..=permits).map(|permit| blocked_on(&file(permit))).sum()
}

type Acquisition = Pin<Box<dyn Future<Output = Result<LockGuard, jam_lock::LockError>> + Send>>;

fn waiting_task(lock: &Lock) -> Acquisition {
    let mut waiting: Acquisition = Box::pin(lock.acquire_async());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    waiting
}

#[test]
fn the_first_permit_that_falls_free_goes_to_the_waiter_whichever_it_is() {
    for at in 0..3 {
        let folder = folder();
        let mut children = holders(folder.path(), 3);
        let lock = exports(folder.path(), 3);
        let waiter = thread::spawn(move || lock.timeout(LONG).acquire().unwrap().permit());
        wait_until("it waits", || blocked(folder.path(), 3) == 3);
        children.remove(at).release();
        assert_eq!(waiter.join().unwrap() as usize, at + 1);
    }
}

#[test]
fn a_thousand_tasks_need_a_blocked_thread_for_each_permit_and_no_more() {
    let folder = folder();
    let mut children = holders(folder.path(), 3);
    let lock = exports(folder.path(), 3).timeout(LONG);
    let executor = Arc::new(smol::Executor::new());
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let lock = lock.clone();
            executor.spawn(async move { drop(lock.acquire_async().await.unwrap()) })
        })
        .collect();
    while executor.try_tick() {}
    wait_until("they wait", || blocked(folder.path(), 3) == 3);
    wait_until("all are seen", || lock.status().unwrap().waiting() == Some(1_000));
    children.remove(1).release();
    smol::block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
    drop(children);
    assert_none_is_lost(&lock);
}

#[test]
fn waiters_of_one_process_are_served_first_come_first_served() {
    let folder = folder();
    let lock = exports(folder.path(), 2);
    let mut held: Vec<_> = (0..2).map(|_| lock.try_acquire().unwrap()).collect();
    let mut waiting: Vec<_> = (0..4).map(|_| waiting_task(&lock)).collect();
    for _ in 0..4 {
        held.remove(0).release().unwrap();
        let next = smol::block_on(waiting.remove(0)).unwrap();
        for later in &mut waiting {
            assert!(later.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        held.push(next);
    }
}

#[test]
fn a_future_that_is_dropped_leaves_nothing_behind() {
    let folder = folder();
    let children = holders(folder.path(), 3);
    let lock = exports(folder.path(), 3);
    drop(waiting_task(&lock));
    let waiting = waiting_task(&lock);
    // While other locks come and go, the number may be unknown.
    wait_until("it waits", || lock.status().unwrap().waiting() == Some(1));
    drop(waiting);
    wait_until("it has left", || lock.status().unwrap().waiting() == Some(0));
    drop(children);
    assert_none_is_lost(&lock);
    wait_until("no thread waits", || blocked(folder.path(), 3) == 0);
}

#[test]
fn a_task_that_is_never_polled_again_keeps_no_permit_from_others() {
    let folder = folder();
    let lock = exports(folder.path(), 2);
    let held = [lock.try_acquire().unwrap(), lock.try_acquire().unwrap()];
    let forgotten: Vec<_> = (0..50).map(|_| waiting_task(&lock)).collect();
    let other = lock.timeout(LONG);
    let other = thread::spawn(move || {
        for _ in 0..20 {
            drop(other.acquire().unwrap());
        }
    });
    drop(held);
    other.join().unwrap();
    let mut children: Vec<_> = (0..2).map(|_| Child::holding(folder.path(), "export*2")).collect();
    children.remove(0).release();
    drop(forgotten);
    drop(children);
    assert_none_is_lost(&lock);
}

#[test]
fn a_wait_that_ends_at_its_timeout_leaves_the_others_their_turn() {
    let folder = folder();
    let children = holders(folder.path(), 3);
    let lock = exports(folder.path(), 3);
    let timed = (0..20).map(|ms| {
        let lock = lock.timeout(Duration::from_millis(ms + 1));
        thread::spawn(move || lock.acquire().map(drop).is_err_and(|error| error.is_timeout()))
    });
    let timed: Vec<_> = timed.collect();
    let last = lock.timeout(LONG);
    let last = thread::spawn(move || drop(last.acquire().unwrap()));
    assert!(timed.into_iter().all(|thread| thread.join().unwrap()), "they time out");
    drop(children);
    last.join().unwrap();
    assert_none_is_lost(&lock);
}

/// A holder of one permit waits for a lock of a thread that waits for any permit: that is no deadlock,
/// because the other permit will fall free.
#[test]
fn no_deadlock_is_reported_through_a_permit() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let (exports, plain) = (locks.lock(name(2)), locks.lock(LockName::new("x").unwrap()));
    let mut first = Child::spawn(&jam_lock_tests::order::Order::AcquireTwo {
        location: folder.path(),
        first: "export*2",
        second: "x",
    })
    .after("held");
    let second = Child::holding(folder.path(), "export*2");
    let held = plain.acquire().unwrap();
    first.send("go on");
    wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
    let mut waiting = pin!(exports.timeout(LONG).acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    let waiter = thread::scope(|scope| {
        let exports = exports.timeout(LONG);
        let waiter = scope.spawn(move || {
            let _held = held;
            exports.acquire().map(|guard| guard.permit())
        });
        wait_until("it waits", || blocked(folder.path(), 2) == 2);
        second.release();
        waiter.join().unwrap()
    });
    assert!(waiter.is_ok(), "{waiter:?}");
    assert_eq!(first.next_line(), "both, lost: false");
    first.finish();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}
