//! Tokens rise even if the server crashes or loses the table.

use jam_lock_tests::LONG;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};

use super::*;

#[test]
fn they_rise_across_processes() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let order = Order::PrintToken { location: url.as_ref(), name: "a" };
    let mut last = 0;
    for _ in 0..5 {
        let here = lock.acquire().unwrap().token();
        let there = printed(&run_to_end(&mut order.command())).parse().unwrap();
        for token in [here, there] {
            assert!(token > last, "{token} follows {last}");
            last = token;
        }
    }
}

#[test]
fn a_readers_token_is_between_those_of_the_writers_around_it() {
    let Some(server) = Server::shared() else { return };
    let lock = lock(&server.namespace(), "a");
    let first = lock.shared().acquire().unwrap().token();
    let before = lock.acquire().unwrap().token();
    let between = lock.shared().acquire().unwrap().token();
    let after = lock.acquire().unwrap().token();
    assert!(first < before && before < between && between < after);
}

#[test]
fn they_rise_across_crashes_of_the_server() {
    // Commits do not wait for the disk unless a session sets that.
    let Some(server) = Server::start_with("synchronous_commit = off\nwal_writer_delay = 10s")
    else {
        return;
    };
    let url = server.namespace();
    // Tokens ahead of the clock, so that it cannot help.
    drop(lock(&url, "a").acquire().unwrap());
    let year = "365 * 24 * 3600 * 1000000000::bigint";
    server.query(&format!(
        "SET synchronous_commit = on; UPDATE jam_lock SET token = token + {year}; CHECKPOINT"
    ));
    let mut last = server.query_one("SELECT token FROM jam_lock").parse().unwrap();
    for _ in 0..8 {
        let guard = lock(&url, "a").timeout(LONG).acquire().unwrap();
        assert!(guard.token() > last, "{} follows {last}", guard.token());
        last = guard.token();
        server.crash();
    }
}

#[test]
fn they_rise_although_the_table_is_lost() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let first = lock(&url, "a").acquire().unwrap().token();
    server.query("DROP TABLE jam_lock");
    assert!(lock(&url, "a").acquire().unwrap().token() > first);
}
