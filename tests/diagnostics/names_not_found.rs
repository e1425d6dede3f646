jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", names = crate::other_names)]
fn save() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = save();
    let _ = locked!("invoice_saved", names = nowhere::lock_names, { 7 });
}
