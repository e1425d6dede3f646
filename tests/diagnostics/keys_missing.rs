jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("customer_{id}")]
fn save(number: u32) -> Result<(), LockError> {
    let _ = number;
    Ok(())
}

fn main() -> Result<(), LockError> {
    save(7)?;
    Ok(())
}
