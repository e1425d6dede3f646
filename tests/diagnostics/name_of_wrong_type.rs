jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

const NAME: &str = "invoice_saved";

#[locked(NAME)]
fn save() -> Result<(), LockError> {
    Ok(())
}

#[locked(format!("invoice_{number}"))]
fn made(number: u32) -> Result<(), LockError> {
    Ok(())
}

#[locked(7)]
fn number() -> Result<(), LockError> {
    Ok(())
}

#[locked(b"invoice_saved")]
fn bytes() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (save(), made(7), number(), bytes());
}
