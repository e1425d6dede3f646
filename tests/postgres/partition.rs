//! A network partition that neither end is notified of.
//!
//! A test runs itself again in a network namespace of its own, if the system permits that.

use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::pooler::Pooler;
use jam_lock_tests::requirements::skip;

use super::*;

/// Set inside the network namespace.
const ALONE: &str = "JAM_LOCK_ALONE";

#[test]
fn a_holder_notices_the_loss_before_the_server_releases_its_lock() {
    let name = "a_holder_notices_the_loss_before_the_server_releases_its_lock";
    alone(name, |server, url, remote| {
        let guard = lock(remote, "a").acquire().unwrap();
        // Longer than between two heartbeats.
        thread::sleep(Duration::from_millis(1500));
        guard.ensure().unwrap();
        cut();
        wait_until("the holder counts it as lost", || guard.is_lost());
        assert!(is_held(server, url, "a"), "the server has not released it yet");
        // With its default settings it would take two hours.
        wait_until("the server releases it", || !is_held(server, url, "a"));
    });
}

#[test]
fn a_grant_that_does_not_reach_the_waiter_is_released() {
    alone("a_grant_that_does_not_reach_the_waiter_is_released", |server, url, remote| {
        let client = SqlClient::new(server, url, "a");
        client.lock();
        let _waiting = Child::waiting(remote, "a");
        wait_until("it is queued by the server", || is_waited_for(server, url, "a"));
        let waiting = server.sessions(url, "a", false);
        cut();
        client.unlock();
        wait_until("the server grants it", || holders(server, url, "a") == waiting);
        // With its default settings it would retransmit its response for a quarter of an hour.
        wait_until("the server releases it", || !is_held(server, url, "a"));
    });
}

#[test]
fn a_holder_that_waits_behind_a_pooler_that_probes_is_replaced() {
    let name = "a_holder_that_waits_behind_a_pooler_that_probes_is_replaced";
    alone(name, |server, url, remote| {
        let settings = "pool_mode = session\nlisten_addr = 127.0.0.1, ::1\n\
                        tcp_keepidle = 3\ntcp_keepintvl = 2\ntcp_keepcnt = 4";
        let Some(pooler) = Pooler::start_with(server, settings) else { return };
        let locks = locks(&url_through(server, remote, pooler.port()));
        let client = SqlClient::new(server, url, "b");
        client.lock();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let held = locks.lock(lock_name("a")).acquire().unwrap();
                let waited = locks.lock(lock_name("b")).timeout(LONG).acquire();
                assert!(waited.is_err() && held.is_lost());
            });
            wait_until("it is queued by the server", || is_waited_for(server, url, "b"));
            cut();
            waiting.join().unwrap();
            // With its default settings it would take two hours.
            wait_until("the server releases it", || !is_held(server, url, "a"));
        });
    });
}

/// Runs `test` in a network namespace with a server, its URL, and the URL that `cut` cuts off.
fn alone(name: &str, test: impl FnOnce(&Server, &str, &str)) {
    if env::var_os(ALONE).is_none() {
        return run_alone(&format!("partition::{name}"));
    }
    let Some(server) = Server::start_with("listen_addresses = '127.0.0.1, ::1'") else { return };
    let url = server.namespace();
    test(&server, &url, &url.replace("127.0.0.1", "[::1]"));
}

/// Drops all packets to `::1`.
fn cut() {
    assert!(network("ip -6 address delete ::1/128 dev lo"), "the address can be deleted");
}

/// Runs the test `name` in a network namespace that has only its loopback.
fn run_alone(name: &str) {
    if !network("unshare --net true") {
        return skip("the system does not permit a network namespace");
    }
    let test = env::current_exe().unwrap();
    let mut alone = Command::new("unshare");
    alone.args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
    alone.arg(test).args(["--exact", name, "--nocapture"]).env(ALONE, "");
    let output = alone.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a network command succeeds.
fn network(command: &str) -> bool {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().expect("the command is not empty"));
    command.args(words).output().is_ok_and(|output| output.status.success())
}
