//! Arguments in the syntax of other macros.

use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

#[locked(name = "invoice_saved")]
fn named() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout: 10)]
fn with_a_colon() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", shared = true)]
fn with_a_value() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout(10))]
fn as_a_call() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout 10, guard held)]
fn without_equals() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (as_a_call(), without_equals(), named(), with_a_colon(), with_a_value());
}
