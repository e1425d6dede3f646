//! The rows of keyed names, whose number is not limited, and how they are removed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::State;
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::end::End;
use jam_lock_tests::observe::wait_until;

use super::*;

fn customer(url: &str, id: u32) -> Lock {
    locks(url).lock(lock_names::customer_id(id))
}

fn sweep(url: &str) -> usize {
    locks(url).sweep().unwrap()
}

/// The names that have a row.
fn rows(server: &Server, url: &str) -> Vec<String> {
    let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
    server.query(&format!("SELECT name FROM jam_lock WHERE namespace = '{namespace}' ORDER BY 1"))
}

#[test]
fn idle_keyed_names_are_removed_however_many_there_are() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    for id in 0..250 {
        let lock = locks.lock(lock_names::customer_id(id));
        drop(if id % 2 == 0 { lock } else { lock.shared() }.acquire().unwrap());
    }
    assert_eq!((rows(server, &url).len(), locks.list().unwrap()), (250, vec![]));
    assert_eq!(locks.sweep().unwrap(), 250);
    assert_eq!((rows(server, &url).len(), locks.sweep().unwrap()), (0, 0));
}

#[test]
fn plain_names_and_other_namespaces_stay() {
    let Some(server) = Server::shared() else { return };
    let (url, other) = (server.namespace(), server.namespace());
    drop(lock(&url, "customer_7").acquire().unwrap());
    drop(customer(&other, 7).acquire().unwrap());
    assert_eq!((sweep(&url), rows(server, &url).len(), rows(server, &other).len()), (0, 1, 1));
}

#[test]
fn a_keyed_name_that_is_held_or_waited_for_stays_and_is_listed() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let writer = customer(&url, 1).acquire().unwrap();
    let reader = customer(&url, 2).shared().acquire().unwrap();
    let waiting = Child::waiting(&url, "customer_1");
    wait_until("it waits", || is_waited_for(server, &url, "customer_1"));
    assert_eq!((sweep(&url), rows(server, &url).len()), (0, 2));
    let states: Vec<_> = locks(&url).list().unwrap().iter().map(jam_lock::Status::state).collect();
    assert_eq!(states, [State::Writer, State::Readers(Some(1))]);
    drop((waiting, writer, reader));
}

#[test]
fn a_death_is_listed_and_reported_after_a_sweep() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    drop(customer(&url, 7).acquire().unwrap());
    Child::holding(&url, "customer_7").kill();
    wait_until("it is free", || !is_held(server, &url, "customer_7"));
    // The name of that process was a plain one.
    let key = key(server, &url, "customer_7");
    server.query(&format!("UPDATE jam_lock SET keyed = true WHERE key = {key}"));
    assert_eq!(sweep(&url), 0);
    assert!(locks(&url).list().unwrap()[0].abandoned().is_some());
    let guard = customer(&url, 7).acquire().unwrap();
    assert!(guard.abandoned().is_some());
    drop(guard);
    wait_until("it is free", || !is_held(server, &url, "customer_7"));
    assert_eq!(sweep(&url), 1);
}

#[test]
fn tokens_rise_although_rows_are_removed_all_the_time() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (locks, lock, is_over) = (locks(&url), customer(&url, 7), AtomicBool::new(false));
    let removed: usize = thread::scope(|scope| {
        let sweeping = scope.spawn(|| {
            let sweep = || locks.sweep().unwrap();
            std::iter::repeat_with(sweep).take_while(|_| !is_over.load(Ordering::Relaxed)).sum()
        });
        let end = End(&is_over);
        let mut last = 0;
        for round in 0..200 {
            // Only what has been free for some milliseconds is removed.
            thread::sleep(Duration::from_millis(5));
            let lock = if round % 3 == 0 { lock.clone().shared() } else { lock.clone() };
            let guard = lock.timeout(LONG).acquire().unwrap();
            let token = guard.token();
            assert!(token > last, "{token} follows {last}");
            assert_eq!(server.query(&guard.fence_statement().unwrap()).len(), 1);
            assert_eq!(guard.abandoned(), None);
            last = token;
        }
        drop(end);
        sweeping.join().unwrap()
    });
    assert!(removed > 0);
}

#[test]
fn a_token_that_the_clock_has_not_reached_stays() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    drop(customer(&url, 7).acquire().unwrap());
    let key = key(server, &url, "customer_7");
    let change = |by: &str| {
        server.query(&format!("UPDATE jam_lock SET token = token {by} WHERE key = {key}"));
    };
    change("+ 60 * 1000000000::bigint");
    assert_eq!(sweep(&url), 0);
    change("- 60 * 1000000000::bigint");
    assert_eq!(sweep(&url), 1);
}

#[test]
fn the_fence_of_a_holder_whose_row_was_removed_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    // Readers are not recorded, so the row of one that has lost its lock is as if it were idle.
    let guard = customer(&url, 7).shared().acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    let admin = server.admin();
    admin.query(&format!("BEGIN; {statement}"));
    end_sessions(server, &url, "customer_7");
    wait_until("it is free", || !is_held(server, &url, "customer_7"));
    // A sweep does not wait for the fenced transaction.
    assert_eq!(sweep(&url), 0);
    admin.query("COMMIT");
    assert_eq!(sweep(&url), 1);
    assert_eq!(server.query(&statement).len(), 0);
    drop(guard);
    drop(customer(&url, 7).acquire().unwrap());
    assert_eq!(server.query(&statement).len(), 0);
}
