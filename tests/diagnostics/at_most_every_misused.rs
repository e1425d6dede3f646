use std::panic::Location;

use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// A lock.
    "first",
    /// Another lock.
    "second",
}

#[locked("first", shared, at_most_every = 60)]
fn readers() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", reentrant, at_most_every = 60)]
fn reentrant() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", "second", at_most_every = 60)]
fn several() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", at_most_every = 60)]
#[track_caller]
fn tracked() -> Result<&'static Location<'static>, LockError> {
    Ok(Location::caller())
}

fn main() -> Result<(), LockError> {
    let _ = (readers(), reentrant(), several(), tracked());
    locked!("first", shared, at_most_every = 60, {})
}
