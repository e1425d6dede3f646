//! Waiters do not stand in the way of the database's other work.

use std::thread;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;

use super::*;

/// Does `work` on a connection while a lock is held, and a thread and processes wait for it, as
/// writers and as readers.
fn while_others_wait(work: impl FnOnce(&Admin)) {
    // Its own, so that no other test has a snapshot.
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let client = SqlClient::new(&server, &url, "a");
    client.admin.query("CREATE TABLE shop (id int PRIMARY KEY)");
    client.lock();
    let reader = || Child::spawn(&Order::HoldShared { location: url.as_ref(), name: "a" });
    let children = [Child::waiting(&url, "a"), reader(), Child::waiting(&url, "a"), reader()];
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&url, "a").timeout(LONG).acquire().map(drop));
        let waiters = || server.sessions(&url, "a", false).len();
        wait_until("all of them wait", || waiters() == children.len() + 1);
        // What waits for the waiters fails the test instead of hanging it.
        client.admin.query("SET statement_timeout = '60s'");
        work(&client.admin);
        assert_eq!(waiters(), children.len() + 1);
        client.unlock();
        drop(children);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn an_index_is_built_concurrently() {
    while_others_wait(|admin| {
        admin.query("CREATE INDEX CONCURRENTLY shop_index ON shop (id)");
        admin.query("REINDEX INDEX CONCURRENTLY shop_index");
        admin.query("DROP INDEX CONCURRENTLY shop_index");
    });
}

#[test]
fn the_indexes_of_a_table_and_of_a_schema_are_rebuilt_concurrently() {
    while_others_wait(|admin| {
        admin.query("REINDEX TABLE CONCURRENTLY shop");
        admin.query("REINDEX SCHEMA CONCURRENTLY public");
    });
}

#[test]
fn a_partition_is_detached_concurrently() {
    while_others_wait(|admin| {
        admin.query("CREATE TABLE sale (year int) PARTITION BY LIST (year)");
        admin.query("CREATE TABLE sale_2020 PARTITION OF sale FOR VALUES IN (2020)");
        admin.query("ALTER TABLE sale DETACH PARTITION sale_2020 CONCURRENTLY");
    });
}

#[test]
fn vacuum_removes_rows_that_died_since_the_wait_began() {
    while_others_wait(|admin| {
        admin.query("INSERT INTO shop SELECT generate_series(1, 1000)");
        admin.query("DELETE FROM shop");
        admin.query("VACUUM shop");
        assert_eq!(admin.query("SELECT pg_relation_size('shop')"), ["0"]);
    });
}

#[test]
fn no_waiter_has_a_snapshot() {
    while_others_wait(|admin| {
        let text = "SELECT count(*), count(backend_xmin), count(backend_xid) \
                    FROM pg_stat_activity WHERE wait_event = 'advisory'";
        assert_eq!(admin.query(text), ["5 0 0"]);
    });
}

#[test]
fn no_waiter_has_a_snapshot_although_constraints_change_as_it_begins() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&format!("{}?connections={MANY}", server.url()));
    let locks: Vec<_> = (0..MANY).map(|at| locks.lock(lock_name(&format!("a{at}")))).collect();
    // Each acquisition leaves a row with its key.
    for lock in &locks {
        drop(lock.acquire().unwrap());
    }
    server.query("CREATE TABLE shop (id int); CREATE TABLE stop ()");
    let snapshots = thread::scope(|scope| {
        scope.spawn(|| server.query(CHANGE_CONSTRAINTS));
        // In the first round they connect one by one, and in the others all begin at once.
        let rounds = [(); 4].map(|()| snapshots_of_waiters(&server, &locks));
        server.query("INSERT INTO stop DEFAULT VALUES");
        rounds
    });
    assert_eq!(snapshots, [0; 4]);
}

/// Has all locks waited for, and returns how many of the waiters have a snapshot.
fn snapshots_of_waiters(server: &Server, locks: &[Lock]) -> usize {
    let holder = server.admin();
    holder.query("SELECT pg_advisory_lock(key) FROM jam_lock");
    thread::scope(|scope| {
        for lock in locks {
            scope.spawn(|| lock.timeout(LONG).acquire().map(drop).unwrap());
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
        wait_until("all of them wait", || server.query_one(waiting) == locks.len().to_string());
        let snapshots = server.query_one(&format!("{waiting} AND backend_xmin IS NOT NULL"));
        holder.query("SELECT pg_advisory_unlock_all()");
        snapshots.parse().unwrap()
    })
}

/// More waiters than it takes for some of them to begin just as a constraint changes.
const MANY: usize = 60;

/// Changes constraints until there is a row in `stop`.
const CHANGE_CONSTRAINTS: &str = "DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM stop) LOOP
        ALTER TABLE shop ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
        ALTER TABLE shop DROP CONSTRAINT positive;
        COMMIT;
    END LOOP;
END $$";

#[test]
fn waiters_are_served_in_the_order_in_which_they_came() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let mut queue: Vec<(Child, String)> = Vec::new();
    for number in 0..6 {
        let location = url.as_ref();
        let child = match number % 3 {
            2 => Child::spawn(&Order::HoldShared { location, name: "a" }),
            _ => Child::waiting(&url, "a"),
        };
        let new = || {
            let mut sessions = server.sessions(&url, "a", false);
            sessions.retain(|session| queue.iter().all(|(_, queued)| queued != session));
            sessions.pop()
        };
        wait_until("it is queued by the server", || new().is_some());
        let session = new().expect("it is queued");
        queue.push((child, session));
    }
    client.unlock();
    for (mut child, session) in queue {
        wait_until("one of them has the lock", || is_held(server, &url, "a"));
        assert_eq!(holders(server, &url, "a"), [session]);
        assert_eq!(child.next_line(), "held");
        child.release();
    }
}
