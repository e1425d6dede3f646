//! A wait that is cancelled affects nothing else.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

/// Whether a session waits for a stray cancel request to arrive.
fn is_draining(server: &Server) -> bool {
    let text = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' \
                AND pid <> pg_backend_pid()";
    !server.query(text).is_empty()
}

#[test]
fn a_late_cancel_request_hits_no_later_wait() {
    // Its own, so that no other test keeps it busy.
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let (a, b) = (SqlClient::new(&server, &url, "a"), SqlClient::new(&server, &url, "b"));
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(&server, &url, proxy.port()));
    drop(locks.lock(lock_name("a")).acquire().unwrap());
    a.admin.query(&format!("BEGIN; SELECT 1 FROM jam_lock WHERE key = {} FOR SHARE", a.key));
    b.lock();
    proxy.stall_new();
    let waited = locks.lock(lock_name("a")).timeout(Duration::from_millis(100)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    wait_until("the cancel request is sent", || proxy.stalled_new() > 0);
    a.admin.query("COMMIT");
    wait_until("it is released", || !is_held(&server, &url, "a"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| locks.lock(lock_name("b")).timeout(LONG).acquire().map(drop));
        wait_until("the request could hit a query", || {
            is_waited_for(&server, &url, "b") || is_draining(&server)
        });
        proxy.resume();
        wait_until("the request has arrived", || !is_draining(&server));
        wait_until("the wait continues", || {
            is_waited_for(&server, &url, "b") || waiting.is_finished()
        });
        b.unlock();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_repeated_cancel_request_hits_no_later_query() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let (a, b) = (SqlClient::new(&server, &url, "a"), SqlClient::new(&server, &url, "b"));
    a.lock();
    b.lock();
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(&server, &url, proxy.port()));
    let lock = |name| locks.lock(lock_name(name));
    let other = lock("other").acquire().unwrap();
    proxy.stall_new();
    let waited = lock("a").timeout(Duration::from_millis(100)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    wait_until("the request is sent again", || proxy.stalled_new() > 1);
    proxy.resume_oldest_new();
    wait_until("the wait is cancelled", || !is_waited_for(&server, &url, "a"));
    // The session that has the other lock, and may still be hit.
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the second request could hit a query", || {
                is_waited_for(&server, &url, "b") || is_draining(&server)
            });
            proxy.resume();
            wait_until("it has arrived", || !is_draining(&server));
            b.unlock();
        });
        drop(lock("b").timeout(LONG).acquire().unwrap());
    });
    other.release().unwrap();
}

#[test]
fn the_first_wait_of_a_session_can_be_cancelled_while_it_starts() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(server, &url, proxy.port()));
    let other = locks.lock(lock_name("b")).acquire().unwrap();
    // The response that it is held arrives after 200 ms, and the next one after 400.
    proxy.delay(Duration::from_millis(100));
    let waited = locks.lock(lock_name("a")).timeout(Duration::from_millis(300)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    proxy.delay(Duration::ZERO);
    // Longer than any message takes.
    thread::sleep(Duration::from_secs(1));
    wait_until("the server's queue is empty", || !is_waited_for(server, &url, "a"));
    other.ensure().unwrap();
}

#[test]
fn a_lock_can_be_released_while_its_owner_waits_for_another() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "c");
    client.lock();
    let locks = locks(&url);
    let acquire = |name| locks.lock(lock_name(name)).timeout(LONG).acquire();
    let (outer, inner) = (acquire("a").unwrap(), acquire("b").unwrap());
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the owner waits", || is_waited_for(server, &url, "c"));
            inner.release().unwrap();
            assert!(!is_held(server, &url, "b"));
            wait_until("the owner waits again", || is_waited_for(server, &url, "c"));
            client.unlock();
        });
        drop(acquire("c").unwrap());
    });
    outer.ensure().unwrap();
}

#[test]
fn waits_that_end_at_any_moment_lose_no_other_lock_and_report_no_death() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let lock = |name| locks.lock(lock_name(name));
    let other = lock("other").acquire().unwrap();
    for round in 0..600 {
        let brief = lock("a").timeout(Duration::from_micros(100 + round * 7 % 1_500));
        let waited = if round % 2 == 0 { brief.acquire() } else { brief.shared().acquire() };
        assert!(waited.is_ok() || waited.as_ref().is_err_and(LockError::is_timeout), "{waited:?}");
        drop(waited);
        // The next acquisition is not affected, on whichever session it is.
        drop(lock("b").acquire().unwrap());
        assert_eq!(lock("a").acquire().unwrap().abandoned(), None, "in round {round}");
    }
    other.ensure().unwrap();
}
