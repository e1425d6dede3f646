jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
    /// Held while prices are changed.
    "prices",
}

use jam_lock::{LockError, locked};

#[locked("stock", "prices", guard = (stock, prices))]
fn a_pattern() -> Result<(), LockError> {
    let _ = (stock, prices);
    Ok(())
}

#[locked("stock", guard = "held")]
fn a_string() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (a_pattern(), a_string());
}
