jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", timeout = f64::NAN)]
fn path() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = NaN, guard = held)]
fn ident() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (path(), ident());
}
