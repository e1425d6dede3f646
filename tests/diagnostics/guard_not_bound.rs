#![deny(unused_must_use, let_underscore_drop)]

use jam_lock::{Lock, LockError};

fn save(lock: &Lock) -> Result<(), LockError> {
    lock.acquire()?;
    Ok(())
}

fn save_as_rustc_suggests(lock: &Lock) -> Result<(), LockError> {
    let _ = lock.acquire()?;
    Ok(())
}

fn save_with_a_timeout(lock: &Lock) {
    lock.timeout(10);
}

fn main() {}
