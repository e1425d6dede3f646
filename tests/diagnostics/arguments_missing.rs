jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked]
fn without_parentheses() -> Result<(), LockError> {
    Ok(())
}

#[locked()]
fn without_arguments() -> Result<(), LockError> {
    Ok(())
}

#[locked(timeout = 10)]
fn without_name() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (without_parentheses(), without_arguments(), without_name());
    let _ = locked!();
    let _ = locked!(timeout = 10, {});
}
