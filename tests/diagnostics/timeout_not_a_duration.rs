use std::time::Duration;

use jam_lock::{LockError, Timeout, locked};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

#[locked("stock", timeout = None)]
fn forever() -> Result<(), LockError> {
    Ok(())
}

#[locked("stock", timeout = Some(Duration::from_secs(1)))]
fn optional() -> Result<(), LockError> {
    Ok(())
}

#[locked("stock", timeout = 5min)]
fn minutes() -> Result<(), LockError> {
    Ok(())
}

#[locked("stock", timeout = 500ms)]
fn milliseconds() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (forever(), optional(), minutes(), milliseconds(), Timeout::ONCE);
}
