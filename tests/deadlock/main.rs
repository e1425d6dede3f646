//! Owners that wait for each other: found at once, in one process and in several.

mod chains;
mod explicit_guards;
mod processes;
mod several_engines;
mod storm;
mod tasks;
mod threads;

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use jam_lock::{Holder, Lock, LockError, LockName, Locks};
use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

fn name(name: &str) -> LockName {
    LockName::new(name).unwrap()
}

fn lock(locks: &Locks, text: &str) -> Lock {
    locks.lock(name(text))
}

/// Starts a thread that waits for the second lock; it holds the first one as soon as this returns.
fn start_waiting(locks: &Locks, first: &str, second: &str) -> JoinHandle<Result<(), LockError>> {
    let [first, second] = [first, second].map(|name| lock(locks, name));
    let (holds, held) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _first = first.acquire()?;
        holds.send(()).unwrap();
        second.acquire().map(drop)
    });
    held.recv_timeout(LONG).unwrap();
    thread
}

/// Waits until the owner of the lock waits for another one.
fn wait_until_owner_waits(lock: &Lock) {
    let waits = |holder: Holder| holder.waits_for().is_some();
    wait_until("the owner waits", || lock.holder().is_some_and(waits));
}
