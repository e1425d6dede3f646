//! Several locks at once: all of them or none, in the declared order.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockGuards, LockName, LockSet, Locks};

use crate::{LONG, folder, lock, lock_names, on_another_thread};
use jam_lock_tests::child::{Child, try_in_child};
#[cfg(target_os = "linux")]
use jam_lock_tests::observe::blocked_on;
use jam_lock_tests::observe::wait_until;

fn all<const N: usize>(folder: &std::path::Path, names: [LockName; N]) -> LockSet {
    Locks::open(folder).unwrap().lock_all(names)
}

#[test]
fn they_are_acquired_in_the_declared_order_and_each_once() {
    let folder = folder();
    let names = [
        LockName::new("a").unwrap(),
        lock_names::customer_id(10),
        lock_names::SECOND,
        lock_names::customer_id(9),
        lock_names::FIRST,
        LockName::new("second").unwrap(),
    ];
    let guards = all(folder.path(), names).acquire().unwrap();
    let names: Vec<_> = guards.iter().map(|guard| guard.name().as_str()).collect();
    assert_eq!(names, ["first", "second", "customer_9", "customer_10", "a"]);
    guards.release().unwrap();
    assert_eq!(try_in_child(folder.path(), "first"), "acquired");
}

#[test]
fn sets_in_opposite_orders_never_deadlock() {
    let folder = folder();
    let orders = [[lock_names::FIRST, lock_names::SECOND], [lock_names::SECOND, lock_names::FIRST]];
    thread::scope(|scope| {
        for order in orders {
            let set = all(folder.path(), order).timeout(LONG);
            scope.spawn(move || {
                for _ in 0..200 {
                    drop(set.acquire().unwrap());
                }
            });
        }
    });
}

#[test]
fn if_one_is_unavailable_none_is_held() {
    let folder = folder();
    let child = Child::holding(folder.path(), "second");
    let set = all(folder.path(), [lock_names::FIRST, lock_names::SECOND]);
    let timed = set.timeout(Duration::from_millis(5));
    let ways: [&dyn Fn() -> Result<LockGuards, LockError>; 3] =
        [&|| set.try_acquire(), &|| timed.acquire(), &|| smol::block_on(timed.acquire_async())];
    for acquire in ways {
        let error = acquire().unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("`second`"), "{error}");
        assert_eq!(try_in_child(folder.path(), "first"), "acquired");
    }
    child.release();
}

#[cfg(target_os = "linux")]
#[test]
fn all_share_one_deadline() {
    let folder = folder();
    let children = ["first", "second"].map(|name| Child::holding(folder.path(), name));
    let set = all(folder.path(), [lock_names::FIRST, lock_names::SECOND]).timeout(LONG);
    let waiter = thread::spawn(move || set.acquire().unwrap());
    for (name, child) in ["first", "second"].into_iter().zip(children) {
        let path = folder.path().join(format!("{name}.lock"));
        wait_until("it waits", || blocked_on(&path) == 1);
        // Most of the time is spent on the first one.
        thread::sleep(Duration::from_millis(if name == "first" { 100 } else { 0 }));
        child.release();
    }
    let guards = waiter.join().unwrap();
    assert!(guards[1].waited() > guards[0].waited(), "both count from the request of the set");
}

#[test]
fn the_last_is_released_first() {
    /// A waker that notes the name of its lock.
    struct NotingWaker(&'static str, Arc<Mutex<Vec<&'static str>>>);

    impl Wake for NotingWaker {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    let folder = folder();
    let woken = Arc::new(Mutex::new(Vec::new()));
    let guards = all(folder.path(), [lock_names::FIRST, lock_names::SECOND]).acquire().unwrap();
    let mut waits = ["first", "second"].map(|name| {
        let mut wait = Box::pin(lock(folder.path(), name).acquire_async());
        let waker = Waker::from(Arc::new(NotingWaker(name, Arc::clone(&woken))));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        wait
    });
    drop(guards);
    wait_until("both are woken", || woken.lock().unwrap().len() == 2);
    assert_eq!(*woken.lock().unwrap(), ["second", "first"]);
    for wait in &mut waits {
        drop(smol::block_on(wait).unwrap());
    }
}

#[test]
fn a_future_that_is_dropped_halfway_releases_what_it_holds() {
    let folder = folder();
    let child = Child::holding(folder.path(), "second");
    let set = all(folder.path(), [lock_names::FIRST, lock_names::SECOND]);
    let mut acquire = Box::pin(set.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut acquire)).is_none());
    assert!(try_in_child(folder.path(), "first").contains("is already held"));
    drop(acquire);
    assert_eq!(try_in_child(folder.path(), "first"), "acquired");
    child.release();
}

#[test]
fn readers_share_all_of_them() {
    let folder = folder();
    let set = all(folder.path(), [lock_names::FIRST, lock_names::SECOND]);
    let _readers = set.shared().acquire().unwrap();
    on_another_thread(|| {
        drop(set.shared().try_acquire().unwrap());
        assert!(set.try_acquire().unwrap_err().is_timeout());
    });
}
