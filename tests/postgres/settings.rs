//! What an administrator has set for a role or a server neither ends waits nor loses locks.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

use super::*;

/// Where the locks of a new role are that has `settings`.
fn role_with(server: &Server, role: &str, settings: &[&str]) -> String {
    server.ask(&format!("CREATE ROLE {role} LOGIN SUPERUSER"));
    for setting in settings {
        server.ask(&format!("ALTER ROLE {role} SET {setting}"));
    }
    server.namespace().replace("app@", &format!("{role}@"))
}

#[test]
fn a_role_that_waits_for_nothing_long_waits_for_a_lock() {
    let Some(server) = Server::shared() else { return };
    let limits = ["lock_timeout = 50", "statement_timeout = 100", "idle_session_timeout = 300"];
    let url = role_with(server, "impatient", &limits);
    let stranger = Stranger::of(server, &url, "a");
    stranger.take();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&url, "a").timeout(LONG).acquire());
        wait_until("one waits in the server", || is_waited_for(server, &url, "a"));
        thread::sleep(Duration::from_millis(500));
        stranger.let_go();
        let guard = waiting.join().unwrap().unwrap();
        // Without a question for longer than a session of that role may be idle.
        thread::sleep(Duration::from_millis(600));
        guard.ensure().unwrap();
    });
}

#[test]
fn a_role_whose_transactions_do_not_see_what_comes_after_them_has_its_turn() {
    let Some(server) = Server::shared() else { return };
    let url = role_with(server, "strict", &["default_transaction_isolation = serializable"]);
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    let key = key(server, &url, "a");
    let admin = Admin::of(server);
    admin.ask(&format!("BEGIN; UPDATE jam_lock SET token = token + 1 WHERE key = {key}"));
    thread::scope(|scope| {
        let next = scope.spawn(|| lock.timeout(LONG).acquire().map(drop));
        wait_until("it has begun", || is_held(server, &url, "a"));
        admin.ask("COMMIT");
        next.join().unwrap().unwrap();
    });
}

#[test]
fn a_server_that_moves_to_another_time_zone_keeps_its_locks() {
    let Some(server) = Server::start() else { return };
    let guard = lock(&server.namespace(), "a").acquire().unwrap();
    server.ask("ALTER SYSTEM SET timezone = 'Asia/Tokyo'");
    server.ask("SELECT pg_reload_conf()");
    // Longer than until the next heartbeat.
    thread::sleep(Duration::from_secs(3));
    guard.ensure().unwrap();
}
