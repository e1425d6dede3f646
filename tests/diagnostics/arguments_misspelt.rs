jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", timeout: 10, shared = true)]
fn save() -> Result<(), LockError> {
    Ok(())
}

#[locked(name = "invoice_saved", shared, shared)]
fn load() -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), LockError> {
    save()?;
    load()
}
