//! Owners that wait for each other: found at once, in one process and in several.

mod chains;
mod processes;
mod storm;
mod tasks;
mod threads;

use std::thread::{self, JoinHandle};

use jam_lock::{Lock, LockError, LockName, Locks};

fn name(name: &str) -> LockName {
    LockName::new(name).unwrap()
}

fn lock(locks: &Locks, text: &str) -> Lock {
    locks.lock(name(text))
}

/// Starts a thread that holds the first lock and waits for the second one.
fn start_waiting(locks: &Locks, first: &str, second: &str) -> JoinHandle<Result<(), LockError>> {
    let [first, second] = [first, second].map(|name| lock(locks, name));
    thread::spawn(move || {
        let _first = first.acquire()?;
        second.acquire().map(drop)
    })
}
