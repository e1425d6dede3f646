//! A server that waits for a synchronous standby which is away.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

use super::*;

const SHORT: Duration = Duration::from_secs(1);

/// Makes each commit wait for a standby.
fn remove_standby(server: &Server) {
    load_standby(server, "absent");
    wait_until("commits wait for it", || does_commit_wait(server));
}

/// Makes no commit wait for a standby, including those that wait already.
fn restore_standby(server: &Server) {
    load_standby(server, "");
}

fn load_standby(server: &Server, name: &str) {
    let admin = server.admin();
    admin.query(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
    admin.query("SELECT pg_reload_conf()");
}

/// Whether commits wait for a standby, which another process of the server decides than the one that
/// shows the setting.
fn does_commit_wait(server: &Server) -> bool {
    let committing = server.admin();
    let process = committing.query("SELECT pg_backend_pid()").concat();
    thread::scope(|scope| {
        let commit =
            scope.spawn(move || committing.query("SELECT pg_logical_emit_message(true, '', '')"));
        wait_until("it waits or is done", || commit.is_finished() || is_unconfirmed(server));
        let waits = !commit.is_finished();
        server.query(&format!("SELECT pg_cancel_backend({process})"));
        waits
    })
}

/// Whether a session waits for the standby.
fn is_unconfirmed(server: &Server) -> bool {
    !server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'").is_empty()
}

/// The error of a timeout that names the holder, which a busy server may say too late.
fn timeout_with_holder(lock: &Lock) -> String {
    let mut text = String::new();
    wait_until("the holder is named", || {
        text = lock.timeout(SHORT).acquire().unwrap_err().to_string();
        text.contains(": granted to ")
    });
    text
}

#[test]
fn a_timeout_says_that_the_standby_is_away_and_leaves_nothing_behind() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    remove_standby(&server);
    let text = timeout_with_holder(&lock);
    assert!(text.contains("waits for a synchronous standby to confirm it; start the"), "{text}");
    wait_until("the wait is cancelled", || !is_held(&server, &url, "a"));
    restore_standby(&server);
    assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_none());
}

#[test]
fn the_timeout_of_another_process_says_so_too() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    remove_standby(&server);
    let child = Child::waiting(&url, "a");
    wait_until("the standby is waited for", || is_unconfirmed(&server));
    let text = timeout_with_holder(&lock);
    let waits = format!(": granted to child {} ", child.id());
    assert!(text.contains(&waits) && text.contains("synchronous standby"), "{text}");
    restore_standby(&server);
    child.after("held").release();
}

#[test]
fn a_process_that_is_killed_meanwhile_keeps_it_until_the_standby_is_back() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    lock.acquire().unwrap().release().unwrap();
    remove_standby(&server);
    let child = Child::waiting(&url, "a");
    let process = child.id();
    wait_until("the standby is waited for", || is_unconfirmed(&server));
    child.kill();
    restore_standby(&server);
    // Whether it had begun is not known, so it is reported.
    let guard = lock.timeout(LONG).acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(process));
}
