use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// A lock.
    "first",
}

const HOUR: f64 = 3600.0;

#[locked("first", at_most_every = HOUR)]
fn float() -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), LockError> {
    float()?;
    locked!("first", at_most_every = Some(60), {})
}
