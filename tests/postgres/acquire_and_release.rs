//! The guarantees of every lock, on a server.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::{ForkAction, Order};
use jam_lock_tests::output::run_to_end;
use jam_lock_tests::proxy::Proxy;

use super::*;

#[test]
fn only_one_process_holds_a_lock_at_a_time() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    let child = Child::holding(&url, "a");
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    assert!(lock.timeout(Duration::from_millis(50)).acquire().unwrap_err().is_timeout());
    child.release();
    drop(lock.try_acquire().unwrap());
}

#[test]
fn a_task_times_out_with_an_error_that_names_the_holder() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    // Longer than the server takes to respond that it is held.
    let timeout = Duration::from_secs(1);
    match smol::block_on(lock(&url, "a").timeout(timeout).acquire_async()) {
        Err(LockError::Timeout { waited, holder: Some(holder), .. }) => {
            assert!(waited >= timeout);
            assert_eq!(holder.process(), Some(child.id()));
        }
        other => panic!("expected a timeout with its holder, got {other:?}"),
    }
    child.release();
}

#[test]
fn a_waiter_acquires_it_when_it_is_released() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let lock = lock(&url, "a");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock.timeout(LONG).acquire().unwrap().waited());
        wait_until("a waiter is queued by the server", || is_waited_for(server, &url, "a"));
        child.release();
        assert!(waiting.join().unwrap() > Duration::ZERO);
    });
}

#[test]
fn a_lock_whose_row_was_removed_is_released() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    let (_, namespace) = url.split_once("namespace=").unwrap();
    let removed = format!("DELETE FROM jam_lock WHERE namespace = '{namespace}' RETURNING key");
    let key = server.query_one(&removed);
    guard.release().unwrap();
    let held = format!(
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
            AND (classid::bigint << 32) | objid::bigint = {key}"
    );
    assert!(server.query(&held).is_empty(), "it is held");
    drop(lock.try_acquire().unwrap());
}

#[test]
fn the_end_of_a_process_releases_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    Child::holding(&url, "a").kill();
    let guard = lock(&url, "a").timeout(LONG).acquire().unwrap();
    assert!(guard.abandoned().is_some());
}

/// The process whose death is reported to the holder.
fn died(guard: &LockGuard) -> Option<u32> {
    guard.abandoned().and_then(Holder::process)
}

#[test]
fn the_first_death_is_reported_until_a_holder_recovers() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let first = Child::holding(&url, "a");
    let process = first.id();
    first.kill();
    Child::holding(&url, "a").kill();
    let lock = lock(&url, "a").timeout(LONG);
    let guard = lock.acquire().unwrap();
    assert_eq!(died(&guard), Some(process));
    let mut next = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    guard.mark_abandoned();
    drop(guard);
    let next = smol::block_on(next).unwrap();
    assert_eq!(died(&next), Some(process));
    next.mark_abandoned();
    drop(next);
    assert_eq!(died(&lock.acquire().unwrap()), Some(process));
    assert_eq!(died(&lock.acquire().unwrap()), None);
}

#[test]
fn a_recovered_death_does_not_hide_the_next_one() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    Child::holding(&url, "a").kill();
    let lock = lock(&url, "a").timeout(LONG);
    let recovered = lock.acquire().unwrap();
    let mut next = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    drop(recovered);
    let next = smol::block_on(next).unwrap();
    assert!(died(&next).is_none());
    next.mark_abandoned();
    drop(next);
    assert_eq!(died(&lock.acquire().unwrap()), Some(std::process::id()));
}

#[test]
fn readers_share_it_and_a_writer_does_not() {
    let Some(server) = Server::shared() else { return };
    let lock = lock(&server.namespace(), "a");
    let reader = lock.shared().acquire().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(lock.shared().try_acquire().unwrap());
            assert!(lock.try_acquire().unwrap_err().is_timeout());
        });
    });
    drop(reader);
    drop(lock.try_acquire().unwrap());
}

#[test]
fn readers_of_several_processes_share_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding_shared(&url, "a");
    let lock = lock(&url, "a");
    drop(lock.shared().try_acquire().unwrap());
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    child.release();
    drop(lock.try_acquire().unwrap());
}

#[test]
fn namespaces_and_names_are_separate() {
    let Some(server) = Server::shared() else { return };
    let (first, second) = (server.namespace(), server.namespace());
    let _held = lock(&first, "a").acquire().unwrap();
    drop(lock(&second, "a").try_acquire().unwrap());
    drop(lock(&first, "b").try_acquire().unwrap());
}

#[test]
fn two_urls_of_one_server_share_a_gate() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let _held = lock(&url, "a").acquire().unwrap();
    let other = url.replace("127.0.0.1", "localhost");
    let again = lock(&other, "a").timeout(1).acquire();
    assert!(matches!(again, Err(LockError::Reentrant { .. })), "{again:?}");
}

#[test]
fn a_holder_can_acquire_a_reentrant_lock_again() {
    let Some(server) = Server::shared() else { return };
    let locks = &locks(&server.namespace());
    let lock = locks.lock(lock_name("a"));
    let both = locked!(lock_name("a"), guard = outer, locks = locks, {
        assert!(matches!(lock.acquire(), Err(LockError::Reentrant { .. })));
        (lock.reentrant().acquire().unwrap(), outer.token())
    });
    let (inner, token) = both.unwrap();
    assert_eq!(inner.token(), token);
    assert!(!inner.is_lost());
}

#[test]
fn several_locks_are_acquired_together_or_not_at_all() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "b");
    let locks = locks(&url);
    let both = locks.lock_all([lock_name("a"), lock_name("b")]);
    assert!(both.timeout(Duration::from_millis(50)).acquire().unwrap_err().is_timeout());
    drop(locks.lock(lock_name("a")).try_acquire().unwrap());
    child.release();
    assert_eq!(both.timeout(LONG).acquire().unwrap().len(), 2);
}

#[test]
fn threads_exclude_each_other() {
    let Some(server) = Server::shared() else { return };
    let lock = lock(&server.namespace(), "a");
    let counted = std::sync::Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _guard = lock.acquire().unwrap();
                    let before = *counted.lock().unwrap();
                    thread::yield_now();
                    *counted.lock().unwrap() = before + 1;
                }
            });
        }
    });
    assert_eq!(*counted.lock().unwrap(), 400);
}

#[test]
fn a_release_returns_after_the_server_has_confirmed_it() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    // Longer than a query takes.
    proxy.delay(Duration::from_millis(300));
    guard.release().unwrap();
    assert!(!is_held(server, &url, "a"));
}

#[test]
fn a_forked_child_of_the_holder_cannot_use_it() {
    let Some(server) = Server::shared() else { return };
    for action in [ForkAction::Drop, ForkAction::Exit, ForkAction::Release, ForkAction::Acquire] {
        let url = server.namespace();
        let order = Order::Fork { location: url.as_ref(), name: "a", action };
        let mut parent = Child::spawn(&order);
        let mut said = parent.next_line();
        if said != "held" {
            assert!(said.contains("cannot be used in its forked child"), "{said}");
            said = parent.next_line();
        }
        assert_eq!(said, "held");
        assert!(is_held(server, &url, "a"), "after {action:?} in the child");
        parent.release();
        assert!(lock(&url, "a").try_acquire().unwrap().abandoned().is_none());
    }
}

#[test]
fn a_process_that_exits_after_a_drop_is_not_reported_dead() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let order = Order::PrintToken { location: url.as_ref(), name: "a" };
    for _ in 0..20 {
        // It prints the token of a guard that is dropped as its `main` returns.
        run_to_end(&mut order.command());
        assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_none());
    }
}
