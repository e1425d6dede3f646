//! A job runs at most every so often, by the clock of the server.

use std::path::Path;
use std::time::Duration;

use jam_lock_tests::child::{self, Child};
use jam_lock_tests::clock::TestClock;
use jam_lock_tests::order::Order;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Moves the last runs by some seconds, as if the server's clock had been set.
fn move_runs(server: &Server, url: &str, seconds: f64) {
    let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
    server.query(&format!(
        "UPDATE jam_lock SET last_run = jsonb_set(last_run, '{{since}}', to_jsonb(
            (last_run->>'since')::timestamptz + make_interval(secs => {seconds})))
        WHERE namespace = '{namespace}' AND last_run IS NOT NULL"
    ));
}

fn run(lock: &Lock) -> Result<(), LockError> {
    lock.at_most_every(HOUR).acquire()?.release()
}

fn is_too_soon(lock: &Lock) -> bool {
    run(lock).is_err_and(|error| error.is_too_soon())
}

#[test]
fn of_many_processes_that_fire_together_one_runs_in_each_period() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let order = Order::RunJob { location: Path::new(&url), name: "nightly" };
    // The clock of this machine, which is that of the test, does not matter.
    let clock = TestClock::new();
    let start = || Child::start(&mut clock.used_by(order.command())).after("ready");
    let mut children: Vec<_> = (0..8).map(|_| start()).collect();
    for round in 0..10 {
        let ends = child::answers(&mut children, "-1 well");
        let ran = ends.iter().filter(|end| *end == "ran").count();
        let refused = ends.iter().filter(|end| end.starts_with("too soon")).count();
        assert_eq!((ran, refused), (1, 7), "round {round}: {ends:?}");
        children[round % 8].send("-1 hang");
        assert!(children[round % 8].next_line().starts_with("too soon"));
        move_runs(server, &url, -2.0);
        children[round % 8].send("-1 hang");
        assert_eq!(children[round % 8].next_line(), "inside");
        // The run of a process that is killed does not count.
        std::mem::replace(&mut children[round % 8], start()).kill();
    }
}

#[test]
fn a_server_whose_clock_is_set_back_blocks_a_job_for_one_period_at_the_most() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (here, there) = (lock(&url, "x"), lock(&url, "x"));
    run(&here).unwrap();
    move_runs(server, &url, 1_000_000.0);
    assert!(is_too_soon(&there));
    let status = there.status().unwrap();
    assert!(status.last_run().unwrap().age() < HOUR, "it begins now");
    move_runs(server, &url, -3500.0);
    assert!(is_too_soon(&here));
    move_runs(server, &url, -101.0);
    run(&there).unwrap();
    assert!(is_too_soon(&here));
}

#[test]
fn a_last_run_that_cannot_be_read_is_an_error_for_jobs_only() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "x");
    run(&lock).unwrap();
    let key = key(server, &url, "x");
    server.query(&format!("UPDATE jam_lock SET last_run = '{{}}' WHERE key = {key}"));
    let error = run(&lock).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the last run under lock `x` at postgres://"), "{error}");
    assert!(error.ends_with("set it to NULL"), "{error}");
    drop(lock.acquire().unwrap());
    server.query(&format!("UPDATE jam_lock SET last_run = NULL WHERE key = {key}"));
    run(&lock).unwrap();
}

#[test]
fn a_run_of_a_transaction_is_refused() {
    let Some(server) = Server::shared() else { return };
    let lock = lock(&server.namespace(), "x").at_most_every(HOUR);
    let error = lock.transaction_statement().unwrap_err().to_string();
    assert!(error.starts_with("`at_most_every` on a lock for a transaction is not"), "{error}");
}

#[test]
fn a_table_of_an_earlier_version_gets_the_column_or_says_what_to_run() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    run(&lock(&url, "x")).unwrap();
    server.query("ALTER TABLE jam_lock DROP COLUMN last_run");
    server.query("CREATE ROLE guest LOGIN; GRANT ALL ON jam_lock TO guest");
    let error = Locks::connect(&url.replace("app@", "guest@")).unwrap_err().to_string();
    let start =
        "a table `jam_lock` without the column `last_run` is not supported at postgres://guest@";
    assert!(error.starts_with(start), "{error}");
    let (_, statement) = error.split_once("have an administrator run: ").expect(&error);
    assert!(
        statement.ends_with(".jam_lock ADD COLUMN IF NOT EXISTS last_run jsonb"),
        "{statement}"
    );
    let upgraded = lock(&url, "x");
    run(&upgraded).unwrap();
    assert!(is_too_soon(&upgraded));
}

#[test]
fn the_row_of_a_keyed_name_is_kept_until_the_next_run_may_begin() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    run(&locks.lock(lock_names::customer_id(1))).unwrap();
    assert_eq!(locks.sweep().unwrap(), 0);
    assert_eq!(locks.list().unwrap().len(), 1);
    assert!(is_too_soon(&locks.lock(lock_names::customer_id(1))));
    move_runs(server, &url, -3601.0);
    wait_until("it is swept", || locks.sweep().unwrap() == 1);
    assert_eq!(locks.list().unwrap().len(), 0);
}
