//! Many locks at once.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jam_lock::{LockName, LockSet, Locks};

use super::{Outcome, Trouble};

/// Carries out an order that is about many locks.
pub(super) fn run(order: &[&str]) -> Outcome {
    match *order {
        ["hold all", folder, count] => hold_all(&many(folder, "held", count)?)?,
        ["read all", folder, count] => hold_all(&many(folder, "read", count)?.shared())?,
        ["flicker", folder, count] => flicker(&many(folder, "flickers", count)?)?,
        _ => return Err("peer: unknown order".into()),
    }
    Ok(())
}

/// So many locks that are called like each other.
fn many(folder: &str, name: &str, count: &str) -> Result<LockSet, Trouble> {
    let names =
        (0..count.parse::<usize>()?).map(|number| LockName::new(format!("{name} {number}")));
    Ok(Locks::at(folder)?.lock_all(names.collect::<Result<Vec<_>, _>>()?))
}

/// Holds the locks until the input ends.
fn hold_all(locks: &LockSet) -> Outcome {
    let guards = locks.acquire()?;
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(guards.release()?)
}

/// Acquires and releases the locks again and again until the input ends.
fn flicker(locks: &LockSet) -> Outcome {
    let ended = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&ended);
    thread::spawn(move || {
        let _ = io::stdin().lock().read_line(&mut String::new());
        is_over.store(true, Ordering::Relaxed);
    });
    println!("held");
    while !ended.load(Ordering::Relaxed) {
        locks.acquire()?.release()?;
    }
    Ok(())
}
