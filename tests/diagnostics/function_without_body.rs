jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

trait Store {
    #[locked("invoice_saved")]
    fn save(&self) -> Result<(), LockError>;
}

struct Nothing;

impl Store for Nothing {
    fn save(&self) -> Result<(), LockError> {
        Ok(())
    }
}

fn main() {
    let _ = Nothing.save();
}
