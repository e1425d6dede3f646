#![deny(unused_must_use)]

use jam_lock::{Lock, LockError};

fn save(lock: &Lock) -> Result<(), LockError> {
    lock.acquire()?;
    Ok(())
}

fn main() {}
