//! Waits of an owner that has other locks, for a lock of another owner of its process.

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use jam_lock_tests::observe::wait_until;

use super::*;

#[test]
fn a_nested_wait_that_times_out_leaves_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let (inner, barrier) = (locks.lock(lock_name("b")), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let _held = inner.acquire().unwrap();
            barrier.wait();
            barrier.wait();
        });
        barrier.wait();
        let outer = locks.lock(lock_name("a")).acquire().unwrap();
        let waited = inner.timeout(Duration::from_millis(300)).acquire();
        assert!(waited.unwrap_err().is_timeout());
        wait_until("the server's queue is empty", || !is_waited_for(server, &url, "b"));
        outer.ensure().unwrap();
        assert_eq!(holders(server, &url, "b").len(), 1);
        barrier.wait();
        drop(outer);
    });
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

#[test]
fn a_nested_wait_that_is_cancelled_leaves_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = &locks(&url);
    let inner = locks.lock(lock_name("b"));
    let held = inner.acquire().unwrap();
    let section =
        locked!(lock_name("a"), locks = locks, async { inner.acquire_async().await.map(drop) });
    {
        let mut section = pin!(section);
        let mut context = Context::from_waker(Waker::noop());
        wait_until("the server sees it wait", || {
            assert!(section.as_mut().poll(&mut context).is_pending());
            is_waited_for(server, &url, "b")
        });
    }
    wait_until("the server's queue is empty", || !is_waited_for(server, &url, "b"));
    held.ensure().unwrap();
    drop(held);
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

#[test]
fn nested_waits_that_end_at_any_moment_lose_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let (outer, inner) = (locks.lock(lock_name("a")), locks.lock(lock_name("b")));
    let other = outer.acquire().unwrap();
    for round in 0..150 {
        let (held, may_release) = (Barrier::new(2), Barrier::new(2));
        let patience = Duration::from_micros(500 + 40 * round);
        thread::scope(|scope| {
            scope.spawn(|| {
                let _held = inner.acquire().unwrap();
                held.wait();
                may_release.wait();
                thread::sleep(patience);
            });
            held.wait();
            may_release.wait();
            let waited = inner.timeout(patience).acquire();
            assert!(waited.is_ok() || waited.is_err_and(|error| error.is_timeout()));
        });
        other.ensure().unwrap();
    }
    drop(other);
    assert_nothing_is_left(server, &url, ["a", "b"]);
}
