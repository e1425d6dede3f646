//! A server that waits for a synchronous standby which is away.

use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

use super::*;

const SHORT: Duration = Duration::from_secs(1);

/// Makes each commit wait for a standby, or no commit.
fn set_standby(server: &Server, name: &str) {
    let admin = server.admin();
    admin.query(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
    admin.query("SELECT pg_reload_conf()");
    wait_until("the setting is loaded", || {
        server.query_one("SHOW synchronous_standby_names") == name
    });
}

/// Whether a session waits for the standby.
fn is_unconfirmed(server: &Server) -> bool {
    !server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'").is_empty()
}

#[test]
fn a_timeout_says_that_the_standby_is_away_and_leaves_nothing_behind() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    set_standby(&server, "absent");
    let text = lock.timeout(SHORT).acquire().unwrap_err().to_string();
    assert!(text.contains(": granted to "), "{text}");
    assert!(text.contains("waits for a synchronous standby to confirm it; start the"), "{text}");
    wait_until("the wait is cancelled", || !is_held(&server, &url, "a"));
    set_standby(&server, "");
    assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_none());
}

#[test]
fn the_timeout_of_another_process_says_so_too() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    set_standby(&server, "absent");
    let child = Child::waiting(&url, "a");
    wait_until("the standby is waited for", || is_unconfirmed(&server));
    let text = lock.timeout(SHORT).acquire().unwrap_err().to_string();
    let waits = format!(": granted to child {} ", child.id());
    assert!(text.contains(&waits) && text.contains("synchronous standby"), "{text}");
    set_standby(&server, "");
    child.after("held").release();
}

#[test]
fn a_process_that_is_killed_meanwhile_keeps_it_until_the_standby_is_back() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    set_standby(&server, "absent");
    let child = Child::waiting(&url, "a");
    let process = child.id();
    wait_until("the standby is waited for", || is_unconfirmed(&server));
    child.kill();
    set_standby(&server, "");
    // Whether it had begun is not known, so it is reported.
    let guard = lock.timeout(LONG).acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(process));
}
