//! What is true of every lock, of a server's as well.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::peers::{Peer, peer, run, until};
use jam_lock_tests::proxy::Proxy;

use super::*;

#[test]
fn a_lock_is_had_by_one_process_at_a_time() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    let peer = Peer::holding(url.as_ref(), "a");
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    assert!(lock.timeout(Duration::from_millis(50)).acquire().unwrap_err().is_timeout());
    peer.release();
    drop(lock.try_acquire().unwrap());
}

#[test]
fn the_wait_of_a_task_ends_at_the_timeout_and_tells_of_the_holder() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let peer = Peer::holding(url.as_ref(), "a");
    // Longer than the server takes to say that it is held.
    let timeout = Duration::from_secs(1);
    match smol::block_on(lock(&url, "a").timeout(timeout).acquire_async()) {
        Err(LockError::Timeout { waited, holder: Some(holder), .. }) => {
            assert!(waited >= timeout);
            assert_eq!(holder.process(), Some(peer.id()));
        }
        other => panic!("expected a timeout with its holder, got {other:?}"),
    }
    peer.release();
}

#[test]
fn who_waits_has_it_when_it_is_released() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let peer = Peer::holding(url.as_ref(), "a");
    let lock = lock(&url, "a");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock.timeout(LONG).acquire().unwrap().waited());
        until("one waits in the server", || is_waited_for(server, &url, "a"));
        peer.release();
        assert!(waiting.join().unwrap() > Duration::ZERO);
    });
}

#[test]
fn the_end_of_a_process_releases_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    Peer::holding(url.as_ref(), "a").kill();
    let guard = lock(&url, "a").timeout(LONG).acquire().unwrap();
    assert!(guard.abandoned().is_some());
}

/// The process whose death is told to the holder.
fn died(guard: &LockGuard) -> Option<u32> {
    guard.abandoned().and_then(Holder::process)
}

#[test]
fn the_first_death_is_told_until_somebody_has_recovered() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let first = Peer::holding(url.as_ref(), "a");
    let process = first.id();
    first.kill();
    Peer::holding(url.as_ref(), "a").kill();
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
fn a_death_that_somebody_has_recovered_from_is_not_told_in_place_of_the_next() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    Peer::holding(url.as_ref(), "a").kill();
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
    let peer = Peer::start_holding(peer().args(["hold shared", &url, "a"]));
    let lock = lock(&url, "a");
    drop(lock.shared().try_acquire().unwrap());
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    peer.release();
    drop(lock.try_acquire().unwrap());
}

#[test]
fn namespaces_and_names_are_apart() {
    let Some(server) = Server::shared() else { return };
    let (first, second) = (server.namespace(), server.namespace());
    let _held = lock(&first, "a").acquire().unwrap();
    drop(lock(&second, "a").try_acquire().unwrap());
    drop(lock(&first, "b").try_acquire().unwrap());
}

#[test]
fn two_locks_of_one_server_share_a_gate_however_it_is_spelled() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let _held = lock(&url, "a").acquire().unwrap();
    let other = url.replace("127.0.0.1", "localhost");
    let again = lock(&other, "a").timeout(1).acquire();
    assert!(matches!(again, Err(LockError::Reentrant { .. })), "{again:?}");
}

#[test]
fn who_holds_it_may_enter_again_where_that_was_asked_for() {
    let Some(server) = Server::shared() else { return };
    let locks = &locks(&server.namespace());
    let lock = locks.lock(called("a"));
    let both = locked!(called("a"), guard = outer, locks = locks, {
        assert!(matches!(lock.acquire(), Err(LockError::Reentrant { .. })));
        (lock.reentrant().acquire().unwrap(), outer.token())
    });
    let (inner, token) = both.unwrap();
    assert_eq!(inner.token(), token);
    assert!(!inner.is_lost());
}

#[test]
fn several_are_had_together_or_not_at_all() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let peer = Peer::holding(url.as_ref(), "b");
    let locks = locks(&url);
    let both = locks.lock_all([called("a"), called("b")]);
    assert!(both.timeout(Duration::from_millis(50)).acquire().unwrap_err().is_timeout());
    drop(locks.lock(called("a")).try_acquire().unwrap());
    peer.release();
    assert_eq!(both.timeout(LONG).acquire().unwrap().len(), 2);
}

#[test]
fn threads_hand_it_to_each_other_and_count_right() {
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
fn the_server_knows_of_a_release_that_has_returned() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    // Longer than it takes to ask the server.
    proxy.delay(Duration::from_millis(300));
    guard.release().unwrap();
    assert!(!is_held(server, &url, "a"));
}

#[test]
fn a_fork_of_its_holder_can_do_nothing_with_it() {
    let Some(server) = Server::shared() else { return };
    for what in ["drop", "exit", "release", "acquire"] {
        let url = server.namespace();
        let mut parent = Peer::start(peer().args(["fork", &url, "a", what]));
        let mut said = parent.answer();
        if said != "held" {
            assert!(said.contains("cannot be used in its forked child"), "{said}");
            said = parent.answer();
        }
        assert_eq!(said, "held");
        assert!(is_held(server, &url, "a"), "after a child was to {what}");
        parent.release();
        assert!(lock(&url, "a").try_acquire().unwrap().abandoned().is_none());
    }
}

#[test]
fn a_process_that_ends_after_a_drop_has_not_died_inside() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    for _ in 0..20 {
        // It prints the token of a guard that is dropped as its `main` ends.
        run(peer().args(["token", &url, "a"]));
        assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_none());
    }
}
