//! Whichever system call fails, with whichever error: the result is an error that names the
//! operation and the file, or no error at all, and afterwards everything works as before.

mod scenario;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use self::scenario::{
    AllThreadsBlocked, ERRORS, LONG, Rival, RunResult, Scenario, check_and_release, lock_name,
};
use super::syscall::faults::SyscallTrace;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;

const PLAIN: Scenario =
    Scenario { name: || lock_name("x"), keeps_lock: true, run: first_and_further };

#[test]
fn while_a_free_lock_is_acquired_and_released() {
    PLAIN.with_every_fault();
}

fn first_and_further(locks: &Locks, path: &Path) -> RunResult {
    for _ in 0..2 {
        check_and_release(locks.lock(lock_name("x")).acquire()?, path)?;
    }
    Ok(())
}

#[test]
fn while_a_reader_acquires_and_releases() {
    Scenario {
        run: |locks, path| check_and_release(locks.lock(lock_name("x")).shared().acquire()?, path),
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_the_mode_of_a_new_file_is_set() {
    Scenario {
        run: |_, path| {
            let folder = path.parent().expect("a file is in a folder");
            let locks = Locks::builder().folder(folder).mode(0o660).open()?;
            check_and_release(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_replaced_file_is_noticed() {
    Scenario {
        run: |locks, path| {
            first_and_further(locks, path)?;
            fs::remove_file(path).expect("it is there");
            check_and_release(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_removed_folder_is_created_again() {
    Scenario {
        run: |locks, path| {
            // There is none if it could not be created again.
            let _ = fs::remove_dir_all(path.parent().expect("a file is in a folder"));
            check_and_release(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_held_lock_is_tried() {
    Scenario {
        run: |locks, path| {
            let _rival = Rival::holding(path);
            match locks.lock(lock_name("x")).try_acquire() {
                Err(LockError::Timeout { .. }) => Ok(()),
                Err(error) => Err(error),
                Ok(_) => panic!("it is held"),
            }
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_wait_for_a_held_lock_times_out() {
    Scenario {
        run: |locks, path| {
            let _rival = Rival::holding(path);
            let lock = locks.lock(lock_name("x")).timeout(Duration::from_millis(1));
            match lock.acquire() {
                Err(LockError::Timeout { .. }) => Ok(()),
                Err(error) => Err(error),
                Ok(_) => panic!("it is held"),
            }
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_wait_for_a_held_lock_is_granted() {
    Scenario { run: wait_for_a_rival, ..PLAIN }.with_every_fault();
}

fn wait_for_a_rival(locks: &Locks, path: &Path) -> RunResult {
    let rival = Rival::holding(path);
    let lock = locks.lock(lock_name("x")).timeout(LONG);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| check_and_release(lock.acquire()?, path));
        rival.release_when(|waiters| waiters > 0 || waiter.is_finished());
        waiter.join().expect("it does not panic")
    })
}

#[test]
fn while_a_held_lock_is_polled_until_it_is_granted() {
    let _others = AllThreadsBlocked::new();
    Scenario { run: wait_for_a_rival, ..PLAIN }.with_every_fault();
}

#[test]
fn while_readers_of_a_process_yield_to_its_writer() {
    Scenario { run: write_after_reading, ..PLAIN }.with_every_fault();
}

fn write_after_reading(locks: &Locks, path: &Path) -> RunResult {
    let lock = locks.lock(lock_name("x")).timeout(LONG);
    let reader = lock.shared().acquire()?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| check_and_release(lock.acquire()?, path));
        while lock.shared().try_acquire().is_ok() && !writer.is_finished() {
            thread::yield_now();
        }
        let released = check_and_release(reader, path);
        released.and(writer.join().expect("it does not panic"))
    })
}

#[test]
fn while_the_files_of_a_key_are_removed() {
    Scenario {
        name: key,
        keeps_lock: false,
        run: |locks, path| check_and_release(locks.lock(key()).acquire()?, path),
    }
    .with_every_fault();
}

fn key() -> LockName {
    LockName::keyed(&["key_", ""], "faults", 0, &[&7])
}

#[test]
fn while_the_lock_folder_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap().join("locks");
    let operations =
        ["create the lock folder", "resolve the lock folder", "inspect the lock folder"];
    for (number, operation) in operations.iter().enumerate() {
        for error in ERRORS {
            let trace = SyscallTrace::new(&folder, Some((number, error)));
            let result = Locks::open(&folder);
            drop(trace);
            if error == libc::EINTR {
                assert!(result.is_ok(), "a signal is retried");
            } else {
                let text = result.unwrap_err().to_string();
                let expected = format!("cannot {operation} {}: ", folder.display());
                assert!(text.starts_with(&expected), "{text}");
            }
            assert!(Locks::open(&folder).is_ok());
        }
    }
}
