use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// A lock.
    "first",
}

#[locked("first", at_most_every = -60)]
fn negative() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", at_most_every = 1h)]
fn suffix() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", at_most_every = "1h")]
fn text() -> Result<(), LockError> {
    Ok(())
}

#[locked("first", at_most_every)]
fn missing() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (negative(), suffix(), text(), missing());
}
