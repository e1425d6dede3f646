//! Whatever the system refuses, at whatever moment, is an error that says what and where, or
//! nothing that anybody notices; and afterwards all is as before.

mod scene;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use self::scene::{AllThreadsBlocked, ERRORS, LONG, Outcome, Rival, Scene, lock_name, section};
use super::system::faults::Observed;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;

const PLAIN: Scene = Scene { name: || lock_name("x"), is_kept: true, act: first_and_further };

#[test]
fn while_a_free_lock_is_acquired_and_released() {
    PLAIN.with_every_fault();
}

fn first_and_further(locks: &Locks, path: &Path) -> Outcome {
    for _ in 0..2 {
        section(locks.lock(lock_name("x")).acquire()?, path)?;
    }
    Ok(())
}

#[test]
fn while_a_reader_is_let_in_and_goes() {
    Scene {
        act: |locks, path| section(locks.lock(lock_name("x")).shared().acquire()?, path),
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_the_mode_of_a_new_file_is_set() {
    Scene {
        act: |_, path| {
            let folder = path.parent().expect("a file is in a folder");
            let locks = Locks::builder().folder(folder).mode(0o660).open()?;
            section(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_file_that_was_replaced_is_noticed() {
    Scene {
        act: |locks, path| {
            first_and_further(locks, path)?;
            fs::remove_file(path).expect("it is there");
            section(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_folder_that_was_removed_is_made_again() {
    Scene {
        act: |locks, path| {
            // Where it could not be made again there is none.
            let _ = fs::remove_dir_all(path.parent().expect("a file is in a folder"));
            section(locks.lock(lock_name("x")).acquire()?, path)
        },
        ..PLAIN
    }
    .with_every_fault();
}

#[test]
fn while_a_held_lock_is_tried() {
    Scene {
        act: |locks, path| {
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
fn while_a_held_lock_is_waited_for_in_vain() {
    Scene {
        act: |locks, path| {
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
fn while_a_held_lock_is_waited_for_until_it_is_free() {
    Scene { act: wait_for_a_rival, ..PLAIN }.with_every_fault();
}

fn wait_for_a_rival(locks: &Locks, path: &Path) -> Outcome {
    let rival = Rival::holding(path);
    let lock = locks.lock(lock_name("x")).timeout(LONG);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| section(lock.acquire()?, path));
        rival.release_when(|waiters| waiters > 0 || waiter.is_finished());
        waiter.join().expect("it does not panic")
    })
}

#[test]
fn while_a_held_lock_is_polled_until_it_is_free() {
    let _others = AllThreadsBlocked::new();
    Scene { act: wait_for_a_rival, ..PLAIN }.with_every_fault();
}

#[test]
fn while_readers_of_a_process_give_way_to_its_writer() {
    Scene { act: write_after_reading, ..PLAIN }.with_every_fault();
}

fn write_after_reading(locks: &Locks, path: &Path) -> Outcome {
    let lock = locks.lock(lock_name("x")).timeout(LONG);
    let reader = lock.shared().acquire()?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| section(lock.acquire()?, path));
        while lock.shared().try_acquire().is_ok() && !writer.is_finished() {
            thread::yield_now();
        }
        let released = section(reader, path);
        released.and(writer.join().expect("it does not panic"))
    })
}

#[test]
fn while_the_files_of_a_key_are_removed() {
    Scene {
        name: key,
        is_kept: false,
        act: |locks, path| section(locks.lock(key()).acquire()?, path),
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
    let operations = ["make the lock folder", "resolve the lock folder", "look at the lock folder"];
    for (number, operation) in operations.iter().enumerate() {
        for error in ERRORS {
            let observed = Observed::new(&folder, Some((number, error)));
            let result = Locks::open(&folder);
            drop(observed);
            if error == libc::EINTR {
                assert!(result.is_ok(), "a signal disturbs nothing");
            } else {
                let text = result.unwrap_err().to_string();
                let expected = format!("cannot {operation} {}: ", folder.display());
                assert!(text.starts_with(&expected), "{text}");
            }
            assert!(Locks::open(&folder).is_ok());
        }
    }
}
