//! No setting of a role or a server ends a wait or loses a lock.

use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

use super::*;

/// The URL of a new role with `settings`.
fn role_with(server: &Server, role: &str, settings: &[&str]) -> String {
    server.query(&format!("CREATE ROLE {role} LOGIN SUPERUSER"));
    for setting in settings {
        server.query(&format!("ALTER ROLE {role} SET {setting}"));
    }
    server.namespace().replace("app@", &format!("{role}@"))
}

#[test]
fn timeouts_of_a_role_do_not_end_a_wait_for_a_lock() {
    let Some(server) = Server::shared() else { return };
    let limits = ["lock_timeout = 50", "statement_timeout = 500", "idle_session_timeout = 1500"];
    let url = role_with(server, "impatient", &limits);
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&url, "a").timeout(LONG).acquire());
        wait_until("it is queued by the server", || is_waited_for(server, &url, "a"));
        thread::sleep(Duration::from_millis(800));
        client.unlock();
        let guard = waiting.join().unwrap().unwrap();
        // Longer than a session of that role may be idle.
        thread::sleep(Duration::from_secs(2));
        guard.ensure().unwrap();
    });
}

#[test]
fn a_role_with_serializable_transactions_acquires_a_lock() {
    let Some(server) = Server::shared() else { return };
    let url = role_with(server, "strict", &["default_transaction_isolation = serializable"]);
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    let key = key(server, &url, "a");
    let admin = server.admin();
    admin.query(&format!("BEGIN; UPDATE jam_lock SET token = token + 1 WHERE key = {key}"));
    thread::scope(|scope| {
        let next = scope.spawn(|| lock.timeout(LONG).acquire().map(drop));
        wait_until("it has the lock and waits for the row", || is_held(server, &url, "a"));
        admin.query("COMMIT");
        next.join().unwrap().unwrap();
    });
}

#[test]
fn a_server_that_changes_its_time_zone_keeps_its_locks() {
    let Some(server) = Server::start() else { return };
    let guard = lock(&server.namespace(), "a").acquire().unwrap();
    server.query("ALTER SYSTEM SET timezone = 'Asia/Tokyo'");
    server.query("SELECT pg_reload_conf()");
    // Longer than between two heartbeats.
    thread::sleep(Duration::from_secs(3));
    guard.ensure().unwrap();
}

#[test]
fn a_role_that_becomes_another_keeps_its_lock_while_it_waits() {
    let Some(server) = Server::start() else { return };
    server.query(
        "CREATE ROLE owner; CREATE ROLE login LOGIN IN ROLE owner;
        ALTER ROLE login SET role = owner; GRANT CREATE ON SCHEMA public TO owner",
    );
    let url = server.namespace().replace("app@", "login@");
    let locks = locks(&url);
    let held = locks.lock(lock_name("a")).acquire().unwrap();
    let other = SqlClient::new(&server, &url, "b");
    other.lock();
    // Longer than the server may be unresponsive; it does not respond on that session meanwhile.
    let waited = locks.lock(lock_name("b")).timeout(7).acquire();
    assert!(waited.unwrap_err().is_timeout());
    held.ensure().unwrap();
}
