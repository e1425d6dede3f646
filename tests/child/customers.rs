//! Processes that use many keyed names at once.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, Locks, Timeout};
use jam_lock_tests::lock_names;
use jam_lock_tests::observe::open_files_below;

use crate::{Result, next_line};

fn locks(folder: &Path, count: u32, timeout: Timeout) -> Result<Vec<Lock>> {
    let locks = Locks::open(folder)?;
    let lock = |id| locks.lock(lock_names::customer_id(id)).timeout(timeout);
    Ok((0..count).map(lock).collect())
}

/// Holds the locks of all customers until the next line.
pub(crate) fn hold(folder: &Path, count: u32) -> Result {
    let locks = locks(folder, count, Timeout::FOREVER)?;
    let guards = locks.iter().map(Lock::acquire).collect::<Result<Vec<_>, _>>()?;
    println!("held");
    next_line()?;
    drop(guards);
    println!("released");
    Ok(())
}

/// Times out on the lock of one customer after another; then answers each line with the numbers of its
/// threads and of its open files in the folder.
pub(crate) fn time_out(folder: &Path, count: u32) -> Result {
    for lock in locks(folder, count, Duration::from_millis(1).into())? {
        assert!(lock.acquire().is_err_and(|error| error.is_timeout()), "another process holds it");
    }
    println!("timed out");
    for line in io::stdin().lines() {
        line?;
        let threads = fs::read_dir("/proc/self/task")?.count();
        println!("{threads} {}", open_files_below(folder));
    }
    Ok(())
}

/// Waits for the locks of all customers at once, each in a thread of its own.
pub(crate) fn wait(folder: &Path, count: u32) -> Result {
    let locks = locks(folder, count, Timeout::FOREVER)?;
    thread::scope(|scope| {
        let waits: Vec<_> =
            locks.iter().map(|lock| scope.spawn(|| lock.acquire()?.release())).collect();
        println!("waiting");
        waits.into_iter().try_for_each(|wait| wait.join().expect("it does not panic"))
    })?;
    println!("acquired all");
    Ok(())
}
