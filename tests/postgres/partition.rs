//! A network that is cut in two, in which neither end is told.
//!
//! A test runs itself once more where the system gives it a network of its own.

use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::requirements::skip;

use super::*;

/// Set where the network is the test's own.
const ALONE: &str = "JAM_LOCK_ALONE";

#[test]
fn a_holder_is_told_before_the_server_frees_its_lock_which_it_does_soon() {
    let name = "a_holder_is_told_before_the_server_frees_its_lock_which_it_does_soon";
    alone(name, |server, url, far| {
        let guard = lock(far, "a").acquire().unwrap();
        // Longer than a beat.
        thread::sleep(Duration::from_millis(1500));
        guard.ensure().unwrap();
        cut();
        wait_until("the holder gives up", || guard.is_lost());
        assert!(is_held(server, url, "a"), "the server has not freed it yet");
        // By itself it would take two hours.
        wait_until("the server frees it", || !is_held(server, url, "a"));
    });
}

#[test]
fn a_waiter_does_not_keep_what_it_is_never_told_of() {
    alone("a_waiter_does_not_keep_what_it_is_never_told_of", |server, url, far| {
        let stranger = Stranger::of(server, url, "a");
        stranger.take();
        let _waiting = Child::waiting(far, "a");
        wait_until("it waits in the server", || is_waited_for(server, url, "a"));
        let waiting = server.sessions(url, "a", false);
        cut();
        stranger.let_go();
        wait_until("the server grants it", || holders(server, url, "a") == waiting);
        // By itself it would repeat its answer for a quarter of an hour.
        wait_until("the server frees it", || !is_held(server, url, "a"));
    });
}

/// Runs `test` in a network of its own, with a server, its URL, and the URL that `cut` cuts off.
fn alone(name: &str, test: impl FnOnce(&Server, &str, &str)) {
    if env::var_os(ALONE).is_none() {
        return run_alone(&format!("partition::{name}"));
    }
    let Some(server) = Server::start_with("listen_addresses = '127.0.0.1, ::1'") else { return };
    let url = server.namespace();
    test(&server, &url, &url.replace("127.0.0.1", "[::1]"));
}

/// Has nothing arrive any more that is on its way to `::1`.
fn cut() {
    assert!(network("ip -6 address delete ::1/128 dev lo"), "the way to the server can be cut");
}

/// Runs the test called `name` in a network of its own, which has nothing but its loopback.
fn run_alone(name: &str) {
    if !network("unshare --net true") {
        return skip("the system gives no network of its own to a test");
    }
    let test = env::current_exe().unwrap();
    let mut alone = Command::new("unshare");
    alone.args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
    alone.arg(test).args(["--exact", name, "--nocapture"]).env(ALONE, "");
    let output = alone.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a command about networks succeeds.
fn network(command: &str) -> bool {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().expect("it has words"));
    command.args(words).output().is_ok_and(|output| output.status.success())
}
