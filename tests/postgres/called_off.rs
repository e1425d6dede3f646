//! A wait that is called off touches nothing else.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

/// Whether a session waits for a cancel request to hit nothing else.
fn is_absorbing(server: &Server) -> bool {
    let text = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' \
                AND pid <> pg_backend_pid()";
    !server.ask(text).is_empty()
}

#[test]
fn a_cancel_request_that_comes_too_late_hits_no_later_wait() {
    // Its own, so that nobody else is busy there.
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let (a, b) = (Stranger::of(&server, &url, "a"), Stranger::of(&server, &url, "b"));
    let proxy = Proxy::to(server.port());
    let locks = locks(&far(&server, &url, proxy.port()));
    drop(locks.lock(called("a")).acquire().unwrap());
    a.admin.ask(&format!("BEGIN; SELECT 1 FROM jam_lock WHERE key = {} FOR SHARE", a.key));
    b.take();
    proxy.hold_up_new();
    let waited = locks.lock(called("a")).timeout(Duration::from_millis(100)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    wait_until("the server is told", || proxy.holds_up_one());
    a.admin.ask("COMMIT");
    wait_until("it is unlocked", || !is_held(&server, &url, "a"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| locks.lock(called("b")).timeout(LONG).acquire().map(drop));
        wait_until("the request can hit something", || {
            is_waited_for(&server, &url, "b") || is_absorbing(&server)
        });
        proxy.go_on();
        wait_until("it has hit that", || !is_absorbing(&server));
        wait_until("the wait goes on", || {
            is_waited_for(&server, &url, "b") || waiting.is_finished()
        });
        b.let_go();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn the_first_wait_of_a_session_can_be_called_off_while_it_is_begun() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let stranger = Stranger::of(server, &url, "a");
    stranger.take();
    let proxy = Proxy::to(server.port());
    let locks = locks(&far(server, &url, proxy.port()));
    let other = locks.lock(called("b")).acquire().unwrap();
    // The answer that it is elsewhere comes after 200 ms, and the next one after 400.
    proxy.delay(Duration::from_millis(100));
    let waited = locks.lock(called("a")).timeout(Duration::from_millis(300)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    proxy.delay(Duration::ZERO);
    // Longer than whatever is on its way.
    thread::sleep(Duration::from_secs(1));
    wait_until("nobody waits", || !is_waited_for(server, &url, "a"));
    other.ensure().unwrap();
}

#[test]
fn a_lock_can_be_released_while_its_call_chain_waits_for_another() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let stranger = Stranger::of(server, &url, "c");
    stranger.take();
    let locks = locks(&url);
    let acquire = |name| locks.lock(called(name)).timeout(LONG).acquire();
    let (outer, inner) = (acquire("a").unwrap(), acquire("b").unwrap());
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("its call chain waits", || is_waited_for(server, &url, "c"));
            inner.release().unwrap();
            assert!(!is_held(server, &url, "b"));
            wait_until("its call chain waits again", || is_waited_for(server, &url, "c"));
            stranger.let_go();
        });
        drop(acquire("c").unwrap());
    });
    outer.ensure().unwrap();
}

#[test]
fn waits_that_end_at_any_moment_cost_no_other_lock_and_are_no_deaths() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let lock = |name| locks.lock(called(name));
    let other = lock("other").acquire().unwrap();
    for round in 0..600 {
        let brief = lock("a").timeout(Duration::from_micros(100 + round * 7 % 1_500));
        let waited = if round % 2 == 0 { brief.acquire() } else { brief.shared().acquire() };
        assert!(waited.is_ok() || waited.as_ref().is_err_and(LockError::is_timeout), "{waited:?}");
        drop(waited);
        // Not even who comes next is touched, on whichever session that is.
        drop(lock("b").acquire().unwrap());
        assert_eq!(lock("a").acquire().unwrap().abandoned(), None, "in round {round}");
    }
    other.ensure().unwrap();
}
