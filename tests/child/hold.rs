//! Locks that are held until the test says otherwise.

use std::env;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};

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
    acquire_second(&first, second)
}

/// Acquires two of the locks in a thread, and the last two in another one.
pub(crate) fn acquire_three(first: &Lock, second: &Lock, third: &Lock) -> Result {
    let all_hold = Barrier::new(3);
    let may_go_on = Barrier::new(3);
    thread::scope(|scope| {
        let acquire = |first: &Lock, second: &Lock| {
            let first = first.acquire()?;
            all_hold.wait();
            may_go_on.wait();
            acquire_second(&first, second)
        };
        let threads = [[first, second], [second, third]]
            .map(|[first, second]| scope.spawn(move || acquire(first, second)));
        all_hold.wait();
        println!("held");
        next_line()?;
        may_go_on.wait();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })
}

fn acquire_second(first: &LockGuard, second: &Lock) -> Result {
    match second.acquire() {
        Ok(_second) => println!("both, lost: {}", first.is_lost()),
        Err(LockError::Deadlock { .. }) => println!("deadlock, lost: {}", first.is_lost()),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
