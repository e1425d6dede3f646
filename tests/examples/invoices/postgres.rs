//! The same with the tables and the lock in one PostgreSQL database.

use std::process::Output;

use jam_lock_tests::postgres::Server;

use super::{THINK, assert_fails, assert_right, assert_wrong, invoices};

fn on_server(server: &Server, options: &[&str]) -> Output {
    let mut command = invoices();
    command.args(["--database", &server.url()]).args(options);
    command.output().expect("it was built")
}

/// What a run has left behind in the database.
fn leftovers(server: &Server) -> Vec<String> {
    server.query(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'invoices%'
         UNION SELECT namespace FROM jam_lock WHERE namespace LIKE 'invoices%'",
    )
}

#[test]
fn every_sold_track_is_counted_and_nothing_is_left() {
    let Some(server) = Server::start() else { return };
    assert_right(&on_server(&server, &THINK));
    assert_eq!(leftovers(&server), [""; 0]);
}

#[test]
fn without_the_lock_sold_tracks_are_lost() {
    let Some(server) = Server::shared() else { return };
    let output = on_server(server, &[&THINK[..], &["--no-lock"]].concat());
    assert_wrong(&output);
}

#[test]
fn two_runs_at_once_are_independent() {
    let Some(server) = Server::shared() else { return };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| on_server(server, &[]));
        assert_right(&on_server(server, &[]));
        assert_right(&other.join().unwrap());
    });
}

#[test]
fn a_folder_for_the_lock_is_an_error() {
    let output = invoices()
        .args(["--database", "postgres://app@db1/shop", "--locks", "locks"])
        .output()
        .expect("it was built");
    assert_fails(&output, "--locks is for a database that is a file");
}

#[test]
fn an_unreachable_server_is_an_error() {
    let output = invoices().args(["--database", "postgres://app@127.0.0.1:1/shop"]).output();
    assert_fails(&output.expect("it was built"), "cannot use the database: PostgreSQL: ");
}
