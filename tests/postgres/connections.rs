//! How many connections a process has, and how much its sessions ask of the server.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

use super::*;

const WAITING: usize = 30;

#[test]
fn a_process_that_only_waits_has_one_connection_and_asks_little() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let held = lock(&url, "a").acquire().unwrap();
    let waiting: Vec<_> = (0..WAITING).map(|_| Child::waiting(&url, "a")).collect();
    let queued = || server.sessions(&url, "a", false).len();
    wait_until("all are queued by the server", || queued() == WAITING);
    wait_until("the others are closed", || sessions(&server).len() == WAITING + 1);
    // What they asked to be queued may be reported only now.
    wait_until("they ask little", || {
        let before = transactions(&server);
        // Longer than between several heartbeats.
        thread::sleep(Duration::from_secs(6));
        (transactions(&server) - before) / 6 < WAITING / 3
    });
    let connected = sessions(&server).len();
    assert!(connected <= WAITING + 2, "{connected} connections");
    drop((held, waiting));
}

#[test]
fn connections_that_rest_are_kept_for_a_while_and_closed() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.namespace());
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for number in 0..8 {
            let lock = locks.lock(lock_name(&format!("a{number}")));
            let barrier = &barrier;
            scope.spawn(move || {
                let _held = lock.acquire().unwrap();
                barrier.wait();
            });
        }
    });
    let rested = sessions(&server);
    assert_eq!(rested.len(), 8);
    // Longer than the server keeps a silent session.
    thread::sleep(Duration::from_secs(12));
    assert_eq!(sessions(&server), rested);
    wait_until("they are closed", || sessions(&server).is_empty());
    drop(locks.lock(lock_name("a")).acquire().unwrap());
}

/// The sessions besides the test's own.
fn sessions(server: &Server) -> BTreeSet<String> {
    let text = "SELECT pid FROM pg_stat_activity \
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    server.query(text).into_iter().collect()
}

/// How many transactions the server has committed.
fn transactions(server: &Server) -> usize {
    // The sessions report theirs once a second, or ten seconds after they have become idle.
    let text = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    server.query_one(text).parse().unwrap()
}
