jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", timeout = -5)]
fn integer() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = -0.5, guard = held)]
fn float() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (integer(), float());
}
