jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

struct Store(String);

#[locked("invoice_saved")]
fn wrong_value(number: u32) -> Result<u32, LockError> {
    number
}

#[locked("invoice_saved")]
fn no_value() -> Result<String, LockError> {
    println!("done");
}

impl Store {
    #[locked("invoice_saved")]
    fn consumed(self) -> Result<String, LockError> {
        self.0
    }
}

fn main() {
    let _ = (wrong_value(1), no_value(), Store(String::new()).consumed());
}
