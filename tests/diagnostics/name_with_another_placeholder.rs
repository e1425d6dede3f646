jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("customer_{customer}")]
fn save(customer: u32) -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), LockError> {
    save(7)
}
