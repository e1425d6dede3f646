//! What is not endless: connections, the server's memory, keys.

use std::fs;
use std::thread;
use std::time::Duration;

use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

#[test]
fn who_finds_no_connection_free_waits_no_longer_than_asked() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let held = locks.lock(called("a")).acquire().unwrap();
    let other = locks.lock(called("b"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.timeout(Duration::from_millis(100)).acquire());
        let error = waiting.join().unwrap().unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("connections=1"), "{error}");
        // The chain that has the connection needs no other one.
        drop(other.acquire().unwrap());
    });
    drop(held);
    drop(other.acquire().unwrap());
}

#[test]
fn who_asks_once_and_finds_no_connection_free_is_told() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let _held = locks.lock(called("a")).acquire().unwrap();
    thread::scope(|scope| {
        let trying = scope.spawn(|| locks.lock(called("b")).try_acquire());
        let text = trying.join().unwrap().unwrap_err().to_string();
        assert!(text.contains("connections=1"), "{text}");
    });
}

#[test]
fn a_job_that_finds_no_connection_free_is_not_skipped_in_silence() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let _held = locks.lock(called("a")).acquire().unwrap();
    thread::scope(|scope| {
        let other = locks.lock(called("b")).timeout(Duration::from_millis(100));
        let skipping = scope.spawn(move || other.acquire().map_or_else(jam_lock::skip, drop));
        assert!(skipping.join().is_err(), "it panics");
    });
}

#[test]
fn who_asks_once_is_not_kept_by_a_server_that_hangs() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    proxy.hold_up();
    let text = lock.try_acquire().unwrap_err().to_string();
    assert!(text.contains("has not answered for 5 s"), "{text}");
    proxy.cut();
}

#[test]
fn who_waits_in_vain_for_an_answer_of_the_server_is_told() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let locks = locks(&far(server, &server.namespace(), proxy.port()));
    let wait = |name| {
        let waited = locks.lock(called(name)).timeout(Duration::from_millis(100)).acquire();
        let error = waited.unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("has not answered"), "{error}");
    };
    drop(locks.lock(called("a")).acquire().unwrap());
    proxy.hold_up();
    // What was heard until now says little then.
    thread::sleep(Duration::from_secs(4));
    // The first waits on the session that there is, the second for another one.
    wait("a");
    wait("b");
    proxy.cut();
}

#[test]
fn a_wait_for_a_connection_that_was_given_up_takes_no_lock_later() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&format!("{url}&connections=1"));
    let held = locks.lock(called("a")).acquire().unwrap();
    thread::scope(|scope| {
        let other = locks.lock(called("b")).timeout(Duration::from_millis(50));
        let waiting = scope.spawn(move || other.acquire());
        assert!(waiting.join().unwrap().unwrap_err().is_timeout());
    });
    drop(held);
    for _ in 0..20 {
        drop(locks.lock(called("a")).acquire().unwrap());
    }
    // Whoever takes a lock leaves a row.
    let (_, namespace) = url.split_once("namespace=").unwrap();
    let rows = format!("SELECT name FROM jam_lock WHERE namespace = '{namespace}'");
    assert_eq!(server.ask(&rows), ["a"]);
}

#[test]
fn connections_that_are_not_made_in_time_do_not_stay() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::to(server.port());
    let locks = locks(&format!("{}?connections=1", server.url_at(proxy.port())));
    proxy.delay(Duration::from_millis(20));
    for patience in (50..400).step_by(10) {
        drop(locks.lock(called("a")).timeout(Duration::from_millis(patience)).acquire());
    }
    // One for who holds, and one for questions.
    wait_until("they are gone", || sessions(&server) <= 2);
}

#[test]
fn a_lock_is_kept_where_no_connection_is_left_to_ask_by() {
    let Some(server) = Server::start() else { return };
    drop(locks(&server.url()));
    server.ask(
        "CREATE ROLE frugal LOGIN CONNECTION LIMIT 2;
        GRANT SELECT, INSERT, UPDATE ON jam_lock TO frugal",
    );
    let url = server.url().replace("app@", "frugal@");
    let guard = lock(&url, "a").acquire().unwrap();
    wait_until("those that examined the server are gone", || sessions(&server) == 1);
    let _other = Admin::at(&url);
    // Longer than the server may be silent.
    thread::sleep(Duration::from_secs(7));
    guard.ensure().unwrap();
}

#[test]
fn connections_to_a_server_that_has_lost_the_table_do_not_stay() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.url());
    server.ask("DROP TABLE jam_lock");
    for _ in 0..5 {
        let text = locks.lock(called("a")).acquire().unwrap_err().to_string();
        assert!(text.contains("jam_lock"), "{text}");
    }
    wait_until("they are gone", || sessions(&server) == 0);
}

/// How many connections others than the test have.
fn sessions(server: &Server) -> usize {
    let count = server.one(
        "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    count.parse().unwrap()
}

#[test]
fn a_process_does_not_use_up_what_the_server_has_for_all() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&server.namespace());
    let acquire = |number| locks.lock(called(&format!("a{number}"))).acquire();
    let held: Vec<_> = (0..1_000).map(|number| acquire(number).unwrap()).collect();
    let error = acquire(1_000).unwrap_err().to_string();
    assert!(error.contains("holds 1000 locks there already"), "{error}");
    drop(held);
    drop(acquire(1_000).unwrap());
}

#[test]
fn two_names_with_one_key_are_not_one_lock() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    let key = key(server, &url, "a");
    server.ask(&format!("UPDATE jam_lock SET name = 'b' WHERE key = {key}"));
    for lock in [lock.clone(), lock.shared()] {
        let error = lock.acquire().unwrap_err().to_string();
        assert!(error.contains("another name has the same key"), "{error}");
    }
    assert_eq!(
        server.ask(&format!("SELECT 1 FROM jam_lock WHERE key = {key} AND holder IS NULL")).len(),
        1
    );
    assert!(!is_held_by_key(server, &key));
}

#[test]
fn the_server_looks_soon_for_a_holder_that_is_gone() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.namespace());
    let _held = locks.lock(called("a")).acquire().unwrap();
    // Without a timer of ours, the first look is after two hours.
    wait_until("it looks every three seconds", || {
        let timers = timers(server.port());
        let soon = |(timer, ticks): &(String, u64)| timer == "02" && *ticks <= 300;
        !timers.is_empty() && timers.iter().all(soon)
    });
}

/// Which timers run for the connections to a port, and when they go off, as `proc_net_tcp(5)` has
/// them.
fn timers(port: u16) -> Vec<(String, u64)> {
    let own = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let timer = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_connected = fields[1].ends_with(&own) && fields[3] == "01";
        let (timer, ticks) = fields[5].split_once(':').filter(|_| is_connected)?;
        Some((timer.to_owned(), u64::from_str_radix(ticks, 16).unwrap()))
    };
    table.lines().filter_map(timer).collect()
}

/// Whether anybody has the lock with this key.
fn is_held_by_key(server: &Server, key: &str) -> bool {
    let text = format!(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
        AND objid::bigint = {key}::bigint & 4294967295"
    );
    !server.ask(&text).is_empty()
}
