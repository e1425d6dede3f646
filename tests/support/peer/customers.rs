//! Processes that use many keyed names at once.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, Locks, Timeout};
use jam_lock_tests::lock_names;
use jam_lock_tests::peers::open_files_below;

use super::Outcome;

fn locks(folder: &str, count: u32, timeout: Timeout) -> Result<Vec<Lock>, super::Trouble> {
    let locks = Locks::at(folder)?;
    let lock = |id| locks.lock(lock_names::customer_id(id)).timeout(timeout);
    Ok((0..count).map(lock).collect())
}

/// Holds the locks of all customers until a line comes in.
pub(super) fn hold_all(folder: &str, count: u32) -> Outcome {
    let locks = locks(folder, count, Timeout::FOREVER)?;
    let guards = locks.iter().map(Lock::acquire).collect::<Result<Vec<_>, _>>()?;
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    drop(guards);
    println!("released");
    Ok(())
}

/// Waits in vain for the lock of one customer after the other; answers each line with how many threads
/// there are and how many files are open in the folder.
pub(super) fn wait_in_vain(folder: &str, count: u32) -> Outcome {
    for lock in locks(folder, count, Duration::from_millis(1).into())? {
        assert!(lock.acquire().is_err_and(|error| error.is_timeout()), "somebody holds it");
    }
    println!("timed out");
    for line in io::stdin().lock().lines() {
        line?;
        let threads = fs::read_dir("/proc/self/task")?.count();
        println!("{threads} {}", open_files_below(Path::new(folder)));
    }
    Ok(())
}

/// Waits for the locks of all customers at once, each in a thread, until it has had each of them.
pub(super) fn wait_for_all(folder: &str, count: u32) -> Outcome {
    let locks = locks(folder, count, Timeout::FOREVER)?;
    thread::scope(|scope| {
        let waits: Vec<_> =
            locks.iter().map(|lock| scope.spawn(|| lock.acquire()?.release())).collect();
        println!("waiting");
        waits.into_iter().try_for_each(|wait| wait.join().expect("it does not panic"))
    })?;
    println!("had them all");
    Ok(())
}
