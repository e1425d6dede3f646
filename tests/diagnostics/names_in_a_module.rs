mod locks {
    jam_lock::lock_names! {
        /// Held while an invoice is being saved.
        "invoice_saved",
    }
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved")]
fn save() -> Result<(), LockError> {
    locked!("invoice_saved", { println!("saved") })
}

fn main() {}
