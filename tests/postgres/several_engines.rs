//! Cycles that the server cannot see as a whole: over a lock of a folder, or over guards of no known owner.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use super::*;

/// How two owners end that hold one lock each, and then acquire that of the other.
fn acquire_crosswise(one: &Lock, other: &Lock) -> Vec<LockError> {
    let both_hold = Barrier::new(2);
    let acquire = |first: &Lock, second: &Lock| {
        let _first = first.acquire()?;
        both_hold.wait();
        second.acquire().map(drop)
    };
    let results = thread::scope(|scope| {
        let thread = scope.spawn(|| acquire(other, one));
        [acquire(one, other), thread.join().unwrap()]
    });
    results.into_iter().filter_map(Result::err).collect()
}

#[test]
fn a_cycle_over_a_folder_is_found_by_the_process_that_has_all_of_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let folder = tempfile::tempdir().unwrap();
    let file = Locks::open(folder.path()).unwrap().lock(lock_name("file"));
    let errors = acquire_crosswise(&lock(&url, "row"), &file);
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(error.cycle().len(), 2, "{error}");
    assert_nothing_is_left(server, &url, ["row"]);
}

/// Each process sees only half of the cycle, as the server does.
#[test]
fn a_cycle_of_processes_over_a_folder_lasts_until_a_timeout() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let folder = tempfile::tempdir().unwrap();
    let file = Locks::open(folder.path()).unwrap().lock(lock_name("file"));
    let (first, second) = ("row", "file");
    let (location, other) = (Path::new(&url), folder.path());
    let order = Order::AcquireElsewhere { location, first, other, second };
    let mut child = Child::spawn(&order).after("held");
    let held = file.acquire().unwrap();
    child.send("go on");
    // Longer than the server takes to look for deadlocks.
    let row = lock(&url, "row").timeout(Duration::from_millis(1500));
    let error = row.acquire().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    held.release().unwrap();
    assert_eq!(child.finish(), ["both, lost: false"]);
    assert_nothing_is_left(server, &url, ["row"]);
}

#[test]
fn a_cycle_over_guards_that_the_waits_of_tasks_borrow_is_found() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let both_hold = tokio::sync::Barrier::new(2);
    let run = async |first, second| {
        let first = locks.lock(lock_name(first)).acquire_async().await?;
        both_hold.wait().await;
        locks.lock(lock_name(second)).acquire_async_holding([&first]).await.map(drop)
    };
    let runtime = Builder::new_current_thread().build().unwrap();
    let (one, other) = runtime.block_on(async { tokio::join!(run("a", "b"), run("b", "a")) });
    let errors: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(error.cycle().len(), 2, "{error}");
    assert_nothing_is_left(server, &url, ["a", "b"]);
}
