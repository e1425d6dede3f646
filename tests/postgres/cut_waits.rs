//! Waits that are cut from outside go on.

use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

/// Since when the server's process for the waiter has waited.
fn wait_start(server: &Server, url: &str) -> Option<String> {
    let process = server.sessions(url, "a", false).pop()?;
    let text = format!("SELECT pid, waitstart FROM pg_locks WHERE NOT granted AND pid = {process}");
    server.query(&text).pop()
}

/// Cuts the wait of `waiting`, and waits until it waits again.
fn cut<T>(server: &Server, url: &str, waiting: &ScopedJoinHandle<'_, T>, cut: impl FnOnce()) {
    wait_until("it waits", || is_waited_for(server, url, "a") || waiting.is_finished());
    let before = wait_start(server, url);
    cut();
    wait_until("it waits again", || {
        let now = wait_start(server, url);
        now.is_some() && now != before || waiting.is_finished()
    });
}

/// Applies `function` to the server's process for the waiter.
fn apply(server: &Server, url: &str, function: &str) {
    for process in server.sessions(url, "a", false) {
        server.query(&format!("SELECT {function}({process})"));
    }
}

#[test]
fn a_wait_whose_session_is_terminated_goes_on_over_another() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    for lock in [lock(&url, "a"), lock(&url, "a").shared()] {
        client.lock();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| lock.timeout(LONG).acquire().map(drop));
            cut(server, &url, &waiting, || apply(server, &url, "pg_terminate_backend"));
            cut(server, &url, &waiting, || apply(server, &url, "pg_terminate_backend"));
            client.unlock();
            waiting.join().unwrap().unwrap();
        });
    }
}

#[test]
fn a_wait_that_is_cancelled_at_the_server_goes_on_and_its_owner_keeps_other_locks() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let locks = locks(&url);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let other = locks.lock(lock_name("b")).acquire().unwrap();
            drop(locks.lock(lock_name("a")).timeout(LONG).acquire().unwrap());
            other.ensure().unwrap();
        });
        cut(server, &url, &waiting, || apply(server, &url, "pg_cancel_backend"));
        cut(server, &url, &waiting, || apply(server, &url, "pg_cancel_backend"));
        client.unlock();
        waiting.join().unwrap();
    });
}

#[test]
fn a_wait_whose_owner_loses_other_locks_with_the_session_fails() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(server, &url, proxy.port()));
    for _ in 0..10 {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let other = locks.lock(lock_name("b")).timeout(LONG).acquire().unwrap();
                let error = locks.lock(lock_name("a")).timeout(LONG).acquire().unwrap_err();
                (error.to_string(), other.is_lost())
            });
            wait_until("it waits", || is_waited_for(server, &url, "a"));
            // The reason and the end of the connection arrive at once.
            proxy.stall();
            end_sessions(server, &url, "b");
            wait_until("it has ended", || !is_waited_for(server, &url, "a"));
            proxy.resume();
            let (error, is_lost) = waiting.join().unwrap();
            let is_explained = error.contains("other locks of this thread or task there were lost");
            assert!(is_explained && error.contains("57P01") && is_lost, "{error}");
        });
    }
}

#[test]
fn a_wait_goes_on_after_a_restart_of_the_server() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let client = SqlClient::new(&server, &url, "a");
    client.lock();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&url, "a").timeout(LONG).acquire().map(drop));
        wait_until("it waits", || is_waited_for(&server, &url, "a"));
        server.stop();
        // Longer than the first attempts to connect take.
        thread::sleep(Duration::from_secs(2));
        server.restart();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_wait_without_a_server_ends_at_its_timeout_or_with_the_error_of_the_connection() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let client = SqlClient::new(&server, &url, "a");
    let brief = SqlClient::new(&server, &url, "b");
    client.lock();
    brief.lock();
    let locks = locks(&url);
    thread::scope(|scope| {
        let endless = scope.spawn(|| locks.lock(lock_name("a")).acquire().map(drop));
        let brief = scope.spawn(|| locks.lock(lock_name("b")).timeout(10).acquire().map(drop));
        wait_until("both wait", || {
            is_waited_for(&server, &url, "a") && is_waited_for(&server, &url, "b")
        });
        server.stop();
        let error = brief.join().unwrap().unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("has not answered"), "{error}");
        let error = endless.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("refused"), "{error}");
    });
    server.restart();
}

#[test]
fn a_wait_through_a_proxy_that_cuts_idle_connections_goes_on() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let proxy = Proxy::to(server.port());
    let remote = url_through(server, &url, proxy.port());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&remote, "a").timeout(LONG).acquire().map(drop));
        for _ in 0..5 {
            cut(server, &url, &waiting, || proxy.cut());
        }
        client.unlock();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_wait_whose_session_ended_only_at_the_server_goes_on() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let proxy = Proxy::to(server.port());
    let remote = url_through(server, &url, proxy.port());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&remote, "a").timeout(LONG).acquire().map(drop));
        cut(server, &url, &waiting, || proxy.half_close());
        client.unlock();
        waiting.join().unwrap().unwrap();
    });
    proxy.cut();
}
