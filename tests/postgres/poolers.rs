//! Poolers: those that give a client a session of its own work, and all others are refused.

use std::thread;
use std::time::Duration;

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::pgpool::Pgpool;
use jam_lock_tests::pooler::Pooler;
use jam_lock_tests::proxy::Proxy;

use super::*;

/// A pooler that gives the session of a client to the next one as it is.
const WITHOUT_RESET: &str = "pool_mode = session\nserver_reset_query =";

fn refusal(server: &Server, port: u16) -> String {
    Locks::connect(&server.url_at(port)).expect_err("it is refused").to_string()
}

#[test]
fn a_session_pooler_is_accepted() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start(server, "session") else { return };
    let url = url_through(server, &server.namespace(), pooler.port());
    drop(lock(&url, "a").acquire().unwrap());
    wait_until("it is free", || !is_held(server, &url, "a"));
}

#[test]
fn a_holder_that_is_cut_off_from_a_session_pooler_is_replaced() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start(server, "session") else { return };
    let url = server.namespace();
    let proxy = Proxy::to(pooler.port());
    let guard = lock(&url_through(server, &url, proxy.port()), "a").acquire().unwrap();
    // Longer than the server keeps a silent session.
    thread::sleep(Duration::from_secs(12));
    guard.ensure().unwrap();
    // The pooler's own probes are answered.
    proxy.stall();
    wait_until("the holder counts it as lost", || guard.is_lost());
    assert!(is_held(server, &url, "a"), "the server has not released it yet");
    wait_until("the server releases it", || !is_held(server, &url, "a"));
    proxy.cut();
}

#[test]
fn a_holder_that_is_killed_behind_a_pooler_that_resets_nothing_is_replaced() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start_with(server, WITHOUT_RESET) else { return };
    let url = server.namespace();
    Child::holding(url_through(server, &url, pooler.port()), "a").kill();
    wait_until("the server releases it", || !is_held(server, &url, "a"));
}

#[test]
fn a_client_of_a_pooler_that_resets_nothing_takes_over_no_lock() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start_with(server, WITHOUT_RESET) else { return };
    let url = server.namespace();
    let through_pooler = url_through(server, &url, pooler.port());
    let child = Child::holding(&through_pooler, "a");
    let session = holders(server, &url, "a");
    child.kill();
    let locks = locks(&through_pooler);
    let held = locks.lock(lock_name("b")).acquire().unwrap();
    assert_eq!(holders(server, &url, "b"), session, "the pooler hands the session on");
    assert!(!is_held(server, &url, "a"));
    held.release().unwrap();
}

#[test]
fn a_transaction_pooler() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start(server, "transaction") else { return };
    let text = refusal(server, pooler.port());
    assert!(text.contains("transaction-level connection pooling"), "{text}");
    assert!(text.contains("pool_mode = session"), "{text}");
}

#[test]
fn a_statement_pooler() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::start(server, "statement") else { return };
    let text = refusal(server, pooler.port());
    assert!(text.contains("pool_mode = session"), "{text}");
}

#[test]
fn a_round_robin_transaction_pooler() {
    let Some(server) = Server::shared() else { return };
    let settings = "pool_mode = transaction\nserver_round_robin = 1";
    let Some(pooler) = Pooler::start_with(server, settings) else { return };
    let url = server.url_at(pooler.port());
    // Two transactions at once, so that the pool has two sessions.
    let busy = [(); 2].map(|()| Admin::connect(&url));
    for text in ["BEGIN", "COMMIT"] {
        for admin in &busy {
            admin.query(text);
        }
    }
    let text = refusal(server, pooler.port());
    assert!(text.contains("pool_mode = session"), "{text}");
}

#[test]
fn one_session_for_all_clients() {
    let Some(server) = Server::shared() else { return };
    let settings = "pool_mode = transaction\ndefault_pool_size = 1";
    let Some(pooler) = Pooler::start_with(server, settings) else { return };
    let text = refusal(server, pooler.port());
    assert!(text.contains("one session for all clients"), "{text}");
}

#[test]
fn pgpool_in_raw_mode() {
    let Some(server) = Server::shared() else { return };
    let settings = "backend_clustering_mode = 'raw'";
    let Some(pgpool) = Pgpool::start(server, settings) else { return };
    let text = refusal(server, pgpool.port());
    assert!(text.contains("pgpool-II") && text.contains("primary server directly"), "{text}");
}

#[test]
fn pgpool_with_load_balancing() {
    let Some(server) = Server::shared() else { return };
    let settings = "backend_clustering_mode = 'streaming_replication'\nload_balance_mode = on";
    let Some(pgpool) = Pgpool::start(server, settings) else { return };
    let text = refusal(server, pgpool.port());
    assert!(text.contains("pgpool-II"), "{text}");
}
