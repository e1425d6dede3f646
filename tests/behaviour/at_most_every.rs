//! A job runs at most every two seconds, by the clock of the test, in whichever process.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockName, Locks};
use jam_lock_tests::child::{self, Child};
use jam_lock_tests::clock::TestClock;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;

use crate::{folder, lock, lock_names};

const PERIOD: Duration = Duration::from_secs(2);

/// Starts a process that runs the job of the lock `name`.
fn job_of(location: &Path, name: &str, clock: &TestClock) -> Child {
    let order = Order::RunJob { location, name };
    Child::start(&mut clock.used_by(order.command())).after("ready")
}

fn job(location: &Path, clock: &TestClock) -> Child {
    job_of(location, "nightly", clock)
}

/// Runs the job in a process, and returns what it prints.
fn run(child: &mut Child, end: &str) -> String {
    child.send(&format!("-1 {end}"));
    child.next_line()
}

#[test]
fn of_many_processes_that_fire_together_exactly_one_runs_in_each_period() {
    const ROUNDS: usize = 200;
    let (folder, mut clock) = (folder(), TestClock::new());
    let mut children: Vec<_> = (0..8).map(|_| job(folder.path(), &clock)).collect();
    for round in 0..ROUNDS {
        // Those that find the lock held wait, or are refused at once.
        let timeout = if round % 2 == 0 { 0 } else { -1 };
        let ends = child::answers(&mut children, &format!("{timeout} well"));
        let ran = ends.iter().filter(|end| *end == "ran").count();
        assert_eq!(ran, 1, "round {round}: {ends:?}");
        let is_refused = |end: &&String| *end == "in progress" || end.starts_with("too soon");
        assert_eq!(ends.iter().filter(is_refused).count(), 7, "round {round}: {ends:?}");
        if round % 20 == 0 {
            // Another process goes on where this one has been killed.
            std::mem::replace(&mut children[round / 20 % 8], job(folder.path(), &clock)).kill();
        }
        clock.set(clock.now() + PERIOD);
    }
}

#[test]
fn after_a_failed_and_after_a_killed_run_the_next_one_runs_at_once() {
    let (folder, mut clock) = (folder(), TestClock::new());
    let mut children = [(); 2].map(|()| job(folder.path(), &clock));
    for _ in 0..3 {
        assert_eq!(run(&mut children[0], "badly"), "failed");
        let mut killed = job(folder.path(), &clock);
        assert_eq!(run(&mut killed, "hang"), "inside");
        killed.kill();
        assert_eq!(run(&mut children[1], "badly"), "failed");
        assert_eq!(run(&mut children[1], "well"), "ran");
        assert!(run(&mut children[0], "well").starts_with("too soon"));
        // After a death as well, and across restarts.
        let mut killed = job(folder.path(), &clock);
        assert!(run(&mut killed, "well").starts_with("too soon"));
        killed.kill();
        clock.set(clock.now() + PERIOD);
    }
}

#[test]
fn the_message_says_when_it_ran_where_and_when_it_may_run_again() {
    let (folder, clock) = (folder(), TestClock::new());
    let mut child = job(folder.path(), &clock);
    assert_eq!(run(&mut child, "well"), "ran");
    let message = run(&mut child, "well");
    let path = folder.path().join("nightly.lock");
    let start = format!(
        "too soon to run under lock `nightly` ({}): the last run, by `job` at ",
        path.display()
    );
    let end = format!(
        "(pid {}){} began at 2025-11-24T19:26:11Z, so the next may begin at 2025-11-24T19:26:13Z",
        child.id(),
        message
            .split_once(&format!("(pid {})", child.id()))
            .unwrap()
            .1
            .split_once(" began")
            .unwrap()
            .0,
    );
    assert!(message.starts_with(&start) && message.ends_with(&end), "{message}");
}

#[test]
fn a_clock_that_is_set_back_blocks_a_job_for_one_period_at_the_most() {
    let (folder, mut clock) = (folder(), TestClock::new());
    let mut child = job(folder.path(), &clock);
    for back in [1, 3600, 1_000_000_000] {
        assert_eq!(run(&mut child, "well"), "ran");
        clock.set(clock.now().checked_sub(Duration::from_secs(back)).unwrap());
        // The run is not repeated because of a small difference between two machines.
        assert!(run(&mut child, "well").starts_with("too soon"));
        let moved = clock.now();
        clock.set(moved + PERIOD.checked_sub(Duration::from_micros(1)).unwrap());
        assert!(run(&mut job(folder.path(), &clock), "well").starts_with("too soon"));
        clock.set(moved + PERIOD);
    }
    assert_eq!(run(&mut child, "well"), "ran");
}

#[test]
fn a_last_run_that_is_damaged_is_an_error_until_it_is_moved_away() {
    let (folder, clock) = (folder(), TestClock::new());
    let mut child = job(folder.path(), &clock);
    assert_eq!(run(&mut child, "well"), "ran");
    let record = folder.path().join("nightly.holder");
    let whole = fs::read(&record).unwrap();
    let last_run = whole.len() / 2;
    let damaged = [&whole[..], &whole[..last_run + 100], &whole[..=last_run]];
    for (number, damaged) in damaged.into_iter().enumerate() {
        let mut damaged = damaged.to_owned();
        if number == 0 {
            damaged[last_run + 60] ^= 1;
        }
        fs::write(&record, damaged).unwrap();
        for mut child in [job(folder.path(), &clock), job(folder.path(), &clock)] {
            let error = run(&mut child, "well");
            assert!(error.starts_with("error: cannot read the last run in "), "{error}");
            assert!(error.contains("it is damaged: move the file away, and the job runs again"));
        }
        // A holder that runs no job keeps it.
        drop(lock(folder.path(), "nightly").acquire().unwrap());
        assert!(run(&mut child, "well").starts_with("error: "));
    }
    fs::rename(&record, folder.path().join("away")).unwrap();
    assert_eq!(run(&mut child, "well"), "ran");
}

#[test]
fn a_job_whose_run_cannot_be_recorded_does_not_run() {
    let (folder, clock) = (folder(), TestClock::new());
    fs::write(folder.path().join("nightly.holder"), "my notes").unwrap();
    let error = run(&mut job(folder.path(), &clock), "well");
    assert!(error.ends_with("it is not a holder record: move it away"), "{error}");
    let locks = Locks::builder().folder(folder.path()).record_holders(false).open().unwrap();
    let lock = locks.lock(LockName::new("x").unwrap());
    let error = lock.at_most_every(PERIOD).acquire().unwrap_err().to_string();
    assert!(
        error.starts_with("`at_most_every` is not supported") && error.contains("record_holders")
    );
}

#[test]
fn readers_and_reentrant_locks_have_no_period() {
    let folder = folder();
    let lock = lock(folder.path(), "x").at_most_every(PERIOD);
    for lock in [lock.shared(), lock.reentrant()] {
        assert!(matches!(lock.acquire(), Err(LockError::Unsupported { .. })));
    }
    drop(lock.acquire().unwrap());
}

#[test]
fn the_files_of_a_keyed_name_are_kept_until_the_next_run_may_begin() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let run = |id: u32, period| {
        drop(locks.lock(lock_names::customer_id(id)).at_most_every(period).acquire().unwrap());
    };
    run(1, Duration::from_secs(3600));
    run(2, Duration::ZERO);
    assert_eq!(locks.sweep().unwrap(), 0);
    let files = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = files().filter_map(|name| name.into_string().ok()).collect();
    assert!(names.iter().any(|name| name == "customer_1.holder"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("customer_2")), "{names:?}");
    let again = locks.lock(lock_names::customer_id(1)).at_most_every(PERIOD * 1000).acquire();
    assert!(again.unwrap_err().is_too_soon());
    let shorter = Duration::from_nanos(1);
    drop(locks.lock(lock_names::customer_id(1)).at_most_every(shorter).acquire().unwrap());
    wait_until("the files are removed", || {
        !files().any(|name| name.to_string_lossy().starts_with("customer"))
    });
}

#[test]
fn the_death_of_a_holder_does_not_change_the_last_run_and_is_reported_as_before() {
    let (folder, clock) = (folder(), TestClock::new());
    let mut child = job(folder.path(), &clock);
    assert_eq!(run(&mut child, "well"), "ran");
    Child::holding(folder.path(), "nightly").kill();
    Child::holding(folder.path(), "nightly").kill();
    assert!(run(&mut child, "well").starts_with("too soon"));
    let guard = lock(folder.path(), "nightly").acquire().unwrap();
    let died = guard.abandoned().expect("the first death is kept");
    assert!(died.line().is_some(), "{died}");
    drop(guard);
    assert_eq!(lock(folder.path(), "nightly").acquire().unwrap().abandoned(), None);
    assert!(run(&mut child, "well").starts_with("too soon"));
}

#[test]
fn of_the_threads_of_a_process_that_wait_one_runs() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let hourly = lock.at_most_every(Duration::from_secs(3600));
    let ran = thread::scope(|scope| {
        let waiters: Vec<_> = (0..8).map(|_| scope.spawn(|| hourly.acquire().is_ok())).collect();
        waiters.into_iter().map(|it| it.join().unwrap()).filter(|ran| *ran).count()
    });
    assert_eq!(ran, 1);
}
