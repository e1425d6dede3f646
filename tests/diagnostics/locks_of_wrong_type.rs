jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", locks = "locks")]
fn save() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = save();
}
