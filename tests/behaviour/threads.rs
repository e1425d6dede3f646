//! Threads of one process, which are one holder for the kernel.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::{folder, lock};
use jam_lock_tests::observe::open_files_below;

/// Counts the threads that hold the lock, and panics if there are two.
#[derive(Default)]
struct Section {
    inside: AtomicUsize,
    entered: AtomicUsize,
}

impl Section {
    fn enter(&self) {
        assert_eq!(self.inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
        self.entered.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }
}

#[test]
fn a_hundred_threads_share_one_lock() {
    let folder = folder();
    let (lock, section) = (lock(folder.path(), "x"), Section::default());
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let _guard = lock.acquire().unwrap();
                    section.enter();
                }
            });
        }
    });
    assert_eq!(section.entered(), 1_000);
}

#[test]
fn twenty_threads_share_two_locks_of_one_name() {
    let folder = folder();
    let locks = [lock(folder.path(), "x"), lock(folder.path(), "x")];
    let section = Section::default();
    thread::scope(|scope| {
        for thread in 0..20 {
            let (lock, section) = (&locks[thread % 2], &section);
            scope.spawn(move || {
                for _ in 0..100 {
                    let _guard = lock.acquire().unwrap();
                    section.enter();
                }
            });
        }
    });
    assert_eq!(section.entered(), 2_000);
}

/// Checks the number that a pool of four threads adds to a file, three times for each of 100 jobs.
fn assert_pool_loses_no_update(own_locks: bool) {
    let folder = folder();
    let counter = folder.path().join("counter");
    fs::write(&counter, "0").unwrap();
    let shared = lock(folder.path(), "x");
    let (send, jobs) = mpsc::channel();
    (0..100).for_each(|job| send.send(job).unwrap());
    drop(send);
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap().recv();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while next().is_ok() {
                    let own = if own_locks { lock(folder.path(), "x") } else { shared.clone() };
                    for _ in 0..3 {
                        let _guard = own.acquire().unwrap();
                        let value: usize = fs::read_to_string(&counter).unwrap().parse().unwrap();
                        fs::write(&counter, (value + 1).to_string()).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "300");
}

#[test]
fn a_pool_loses_no_update_with_a_lock_for_each_job() {
    assert_pool_loses_no_update(true);
}

#[test]
fn a_pool_loses_no_update_with_one_lock() {
    assert_pool_loses_no_update(false);
}

#[test]
fn a_thread_that_reacquires_at_once_does_not_starve_the_others() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let served = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Ends only when all others have been served.
            while served.load(Ordering::SeqCst) < 7 {
                drop(lock.acquire().unwrap());
            }
        });
        for _ in 0..7 {
            scope.spawn(|| {
                drop(lock.acquire().unwrap());
                served.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn a_name_made_at_run_time_closes_its_descriptor() {
    let folder = folder();
    let locks = jam_lock::Locks::open(folder.path()).unwrap();
    for number in 0..50 {
        let name = jam_lock::LockName::new(format!("report {number}")).unwrap();
        drop(locks.lock(name).acquire().unwrap());
    }
    assert_eq!(open_files_below(folder.path()), 0);
}
