//! Many readers, or one writer.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::Lock;

use crate::{LONG, folder, is_refused, lock};
use jam_lock_tests::child::Child;
#[cfg(target_os = "linux")]
use jam_lock_tests::child::try_in_child;
use jam_lock_tests::observe::wait_until;
#[cfg(target_os = "linux")]
use jam_lock_tests::readers::while_readers_overlap;

/// Runs `during` while a thread waits for `lock`, and then waits until the thread has acquired it.
fn while_one_waits<T>(lock: &Lock, during: impl FnOnce() -> T) -> T {
    let lock = lock.timeout(LONG);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| drop(lock.acquire().unwrap()));
        // A reader that tries fails as soon as a writer waits.
        wait_until("it waits", || is_refused(&lock.shared()));
        let result = during();
        waiter.join().unwrap();
        result
    })
}

#[test]
fn readers_enter_together_and_a_writer_enters_alone() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let first = lock.shared().acquire().unwrap().detach();
    let second = lock.shared().acquire().unwrap();
    assert!(is_refused(&lock));
    drop(first);
    assert!(is_refused(&lock));
    drop(second);
    let _writer = lock.acquire().unwrap();
    assert!(is_refused(&lock.shared()));
}

#[cfg(target_os = "linux")]
#[test]
fn readers_of_several_processes_enter_together() {
    let folder = folder();
    let (here, path) = (lock(folder.path(), "x"), folder.path().join("x.lock"));
    let _reader = here.shared().acquire().unwrap();
    let there = Child::flock(&path, "-s");
    assert!(try_in_child(folder.path(), "x").contains("is already held"));
    there.release();
}

#[cfg(target_os = "linux")]
#[test]
fn shared_is_what_flock_1_calls_shared() {
    let folder = folder();
    let (lock, path) = (lock(folder.path(), "x"), folder.path().join("x.lock"));
    drop(lock.acquire().unwrap());

    let reader = Child::flock(&path, "-s");
    assert!(is_refused(&lock));
    drop(lock.shared().try_acquire().unwrap());
    reader.release();

    let writer = Child::flock(&path, "-x");
    assert!(is_refused(&lock));
    assert!(is_refused(&lock.shared()));
    writer.release();
}

#[test]
fn a_reader_waits_for_a_writer_of_another_process() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let lock = lock(folder.path(), "x").shared();
    assert!(lock.timeout(Duration::from_millis(5)).acquire().unwrap_err().is_timeout());
    let waiter = thread::spawn(move || lock.timeout(LONG).acquire().map(drop));
    child.release();
    waiter.join().unwrap().unwrap();
}

#[test]
fn a_waiting_writer_blocks_later_readers() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let reader = lock.shared().acquire().unwrap();
    while_one_waits(&lock, || {
        assert!(is_refused(&lock.shared()));
        drop(reader);
    });
}

#[test]
fn readers_behind_a_writer_that_times_out_enter_at_once() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let reader = lock.shared().acquire().unwrap();
    let mut writer = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut writer)).is_none());
    let mut later = Box::pin(lock.shared().acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut later)).is_none());
    drop(writer);
    drop(smol::block_on(later).expect("the first reader still has the lock"));
    drop(reader);
}

#[test]
fn readers_next_to_each_other_in_the_queue_enter_together() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let writer = lock.acquire().unwrap();
    let together = Barrier::new(5);
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                let _reader = lock.shared().acquire().unwrap();
                // Passed when all have the lock.
                together.wait();
            });
        }
        drop(writer);
    });
}

#[test]
fn readers_that_come_and_go_do_not_starve_a_writer() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let written = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !written.load(Ordering::SeqCst) {
                    let _reader = lock.shared().acquire().unwrap();
                    thread::yield_now();
                }
            });
        }
        drop(lock.timeout(LONG).acquire().unwrap());
        written.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_writer_that_reacquires_at_once_does_not_starve_readers() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let read = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !read.load(Ordering::SeqCst) {
                drop(lock.acquire().unwrap());
            }
        });
        drop(lock.shared().timeout(LONG).acquire().unwrap());
        read.store(true, Ordering::SeqCst);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_overlap_let_a_writer_of_another_process_in() {
    let folder = folder();
    while_readers_overlap(&lock(folder.path(), "x"), |_| {
        Child::holding(folder.path(), "x").release();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_overlap_soon_notice_that_their_file_was_removed() {
    let folder = folder();
    while_readers_overlap(&lock(folder.path(), "x"), |begun| {
        std::fs::remove_file(folder.path().join("x.lock")).unwrap();
        let writer = Child::holding(folder.path(), "x");
        // The readers that have the lock release it, and no new one acquires it.
        wait_until("no reader acquires it", || {
            let before = begun.load(Ordering::SeqCst);
            thread::sleep(Duration::from_millis(50));
            begun.load(Ordering::SeqCst) == before
        });
        writer.release();
    });
}
