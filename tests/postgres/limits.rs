//! Limited resources: connections, the server's lock table, keys.

use std::fs;
use std::thread;
use std::time::Duration;

use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

#[test]
fn a_waiter_without_a_free_connection_times_out() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let held = locks.lock(lock_name("a")).acquire().unwrap();
    let other = locks.lock(lock_name("b"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.timeout(Duration::from_millis(100)).acquire());
        let error = waiting.join().unwrap().unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("connections=1"), "{error}");
        // The owner that has the connection needs no other one.
        drop(other.acquire().unwrap());
    });
    drop(held);
    drop(other.acquire().unwrap());
}

#[test]
fn a_try_without_a_free_connection_fails() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let _held = locks.lock(lock_name("a")).acquire().unwrap();
    thread::scope(|scope| {
        let trying = scope.spawn(|| locks.lock(lock_name("b")).try_acquire());
        let text = trying.join().unwrap().unwrap_err().to_string();
        assert!(text.contains("connections=1"), "{text}");
    });
}

#[test]
fn a_job_without_a_free_connection_is_not_skipped_silently() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&format!("{}&connections=1", server.namespace()));
    let _held = locks.lock(lock_name("a")).acquire().unwrap();
    thread::scope(|scope| {
        let other = locks.lock(lock_name("b")).timeout(Duration::from_millis(100));
        let skipping = scope.spawn(move || other.acquire().map_or_else(jam_lock::skip, drop));
        assert!(skipping.join().is_err(), "skipping panics");
    });
}

#[test]
fn a_try_does_not_hang_with_the_server() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let lock = lock(&url, "a");
    drop(lock.acquire().unwrap());
    proxy.stall();
    let text = lock.try_acquire().unwrap_err().to_string();
    assert!(text.contains("has not answered for 5 s"), "{text}");
    proxy.cut();
}

#[test]
fn a_timeout_reports_an_unresponsive_server() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(server, &server.namespace(), proxy.port()));
    let wait = |name| {
        let waited = locks.lock(lock_name(name)).timeout(Duration::from_millis(100)).acquire();
        let error = waited.unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("has not answered"), "{error}");
    };
    drop(locks.lock(lock_name("a")).acquire().unwrap());
    proxy.stall();
    // Until the last response is no longer recent.
    thread::sleep(Duration::from_secs(4));
    // The first waits on the session that exists, the second for another one.
    wait("a");
    wait("b");
    proxy.cut();
}

#[test]
fn a_wait_for_a_connection_that_timed_out_takes_no_lock_later() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&format!("{url}&connections=1"));
    let held = locks.lock(lock_name("a")).acquire().unwrap();
    thread::scope(|scope| {
        let other = locks.lock(lock_name("b")).timeout(Duration::from_millis(50));
        let waiting = scope.spawn(move || other.acquire());
        assert!(waiting.join().unwrap().unwrap_err().is_timeout());
    });
    drop(held);
    for _ in 0..20 {
        drop(locks.lock(lock_name("a")).acquire().unwrap());
    }
    // Every acquisition leaves a row.
    let (_, namespace) = url.split_once("namespace=").unwrap();
    let rows = format!("SELECT name FROM jam_lock WHERE namespace = '{namespace}'");
    assert_eq!(server.query(&rows), ["a"]);
}

#[test]
fn connections_that_time_out_are_closed() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::to(server.port());
    let locks = locks(&format!("{}?connections=1", server.url_at(proxy.port())));
    proxy.delay(Duration::from_millis(20));
    for timeout in (50..400).step_by(10) {
        drop(locks.lock(lock_name("a")).timeout(Duration::from_millis(timeout)).acquire());
    }
    // One for holders, and the control session.
    wait_until("they are closed", || sessions(&server) <= 2);
}

#[test]
fn a_lock_is_kept_without_a_connection_for_the_heartbeat() {
    let Some(server) = Server::start() else { return };
    drop(locks(&server.url()));
    server.query(
        "CREATE ROLE frugal LOGIN CONNECTION LIMIT 2;
        GRANT SELECT, INSERT, UPDATE, DELETE ON jam_lock TO frugal",
    );
    let url = server.url().replace("app@", "frugal@");
    let lock = lock(&url, "a");
    wait_until("those of the checks are closed", || sessions(&server) == 0);
    let guard = lock.acquire().unwrap();
    let _other = Admin::connect(&url);
    // Longer than the server may be unresponsive.
    thread::sleep(Duration::from_secs(7));
    guard.ensure().unwrap();
}

#[test]
fn connections_to_a_server_that_lost_the_table_are_closed() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.url());
    server.query("DROP TABLE jam_lock");
    for _ in 0..5 {
        let text = locks.lock(lock_name("a")).acquire().unwrap_err().to_string();
        assert!(text.contains("jam_lock"), "{text}");
    }
    wait_until("they are closed", || sessions(&server) == 0);
}

/// How many connections there are besides the test's own.
fn sessions(server: &Server) -> usize {
    let count = server.query_one(
        "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    count.parse().unwrap()
}

#[test]
fn a_process_cannot_exhaust_the_lock_table_of_the_server() {
    let Some(server) = Server::shared() else { return };
    let locks = locks(&server.namespace());
    let acquire = |number| locks.lock(lock_name(&format!("a{number}"))).acquire();
    let held: Vec<_> = (0..1_000).map(|number| acquire(number).unwrap()).collect();
    let error = acquire(1_000).unwrap_err().to_string();
    assert!(error.contains("already holds 1000 locks there"), "{error}");
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
    server.query(&format!("UPDATE jam_lock SET name = 'b' WHERE key = {key}"));
    for lock in [lock.clone(), lock.shared()] {
        let error = lock.acquire().unwrap_err().to_string();
        assert!(error.contains("another name has the same key"), "{error}");
    }
    assert_eq!(
        server.query(&format!("SELECT 1 FROM jam_lock WHERE key = {key} AND holder IS NULL")).len(),
        1
    );
    assert!(!is_held_by_key(server, &key));
}

#[test]
fn the_server_probes_soon_for_a_holder_that_is_gone() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.namespace());
    let _held = locks.lock(lock_name("a")).acquire().unwrap();
    // By default, the first keepalive probe is sent after two hours.
    wait_until("it probes every three seconds", || {
        let timers = timers(server.port());
        let soon = |(timer, ticks): &(String, u64)| timer == "02" && *ticks <= 300;
        !timers.is_empty() && timers.iter().all(soon)
    });
}

/// The timers of the connections to a port, and when they expire, as in `proc_net_tcp(5)`.
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

/// Whether the lock with this key is held.
fn is_held_by_key(server: &Server, key: &str) -> bool {
    let text = format!(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
        AND objid::bigint = {key}::bigint & 4294967295"
    );
    !server.query(&text).is_empty()
}
