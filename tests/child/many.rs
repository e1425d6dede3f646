//! Many locks at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jam_lock::{LockName, LockSet, Locks};

use crate::{Result, next_line};

/// So many locks, whose names are `name` and a number.
pub(crate) fn locks(folder: &Path, name: &str, count: usize) -> Result<LockSet> {
    let names = (0..count).map(|number| LockName::new(format!("{name} {number}")));
    Ok(Locks::open(folder)?.lock_all(names.collect::<Result<Vec<_>, _>>()?))
}

/// Holds the locks until the next line.
pub(crate) fn hold(locks: &LockSet) -> Result {
    let guards = locks.acquire()?;
    println!("held");
    next_line()?;
    Ok(guards.release()?)
}

/// Acquires and releases the locks again and again until the next line.
pub(crate) fn acquire_repeatedly(locks: &LockSet) -> Result {
    let ended = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&ended);
    thread::spawn(move || {
        let _ = next_line();
        is_over.store(true, Ordering::Relaxed);
    });
    println!("held");
    while !ended.load(Ordering::Relaxed) {
        locks.acquire()?.release()?;
    }
    Ok(())
}
