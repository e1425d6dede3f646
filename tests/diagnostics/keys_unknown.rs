jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("customer_{id}", idd = 7, id = 8, id = 9, retries = 3)]
fn save() -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), LockError> {
    save()
}
