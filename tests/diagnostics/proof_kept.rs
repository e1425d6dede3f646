use jam_lock::{Held, LockError, locked};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

#[locked("stock", guard = held)]
fn kept() -> Result<&'static Held<lock_names::Stock>, LockError> {
    Ok(held)
}

#[locked("stock", guard = held)]
fn copied() -> Result<(), LockError> {
    let _copy: Held<lock_names::Stock> = held.clone();
    Ok(())
}

#[locked("stock", guard = held)]
fn released() -> Result<(), LockError> {
    held.release()
}

fn main() {
    let _ = (kept(), copied(), released());
}
