//! Locks that are held until the test says otherwise.

use std::env;
use std::path::Path;

use jam_lock::{Lock, LockError, LockName, Locks};

use crate::{Result, next_line};

/// Holds the lock until the next line, and once more for each line; says if it was lost meanwhile.
pub(crate) fn hold(lock: &Lock) -> Result {
    loop {
        let guard = lock.acquire()?;
        println!("held");
        let goes_on = next_line()?;
        match guard.release() {
            Err(LockError::Lost { .. }) => println!("lost"),
            released => {
                released?;
                println!("released");
            }
        }
        if !goes_on {
            return Ok(());
        }
    }
}

pub(crate) fn hold_unrecorded(folder: &Path, name: &str) -> Result {
    let locks = Locks::builder().folder(folder).record_holders(false).open()?;
    hold(&locks.lock(LockName::new(name)?))
}

/// Opens a relative folder, changes the current directory, and holds the lock from there.
pub(crate) fn hold_from_another_directory(folder: &Path, name: &str) -> Result {
    let lock = Locks::open(folder)?.lock(LockName::new(name)?);
    env::set_current_dir("/")?;
    hold(&lock)
}

/// Acquires one lock, and at the next line another one.
pub(crate) fn acquire_two(first: &Lock, second: &Lock) -> Result {
    let first = first.acquire()?;
    println!("held");
    next_line()?;
    match second.acquire() {
        Ok(_second) => println!("both, lost: {}", first.is_lost()),
        Err(LockError::Deadlock { .. }) => println!("deadlock, lost: {}", first.is_lost()),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
