//! The compiler refuses attributes on expressions as well, in each place for two reasons.

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use jam_lock::locked;

fn main() {
    #[locked("invoice_saved")]
    {
        save();
    }
    #[locked("invoice_saved")]
    save();
    let closure = #[locked("invoice_saved")]
    || save();
    closure();
    let future = #[locked("invoice_saved")]
    async move { save() };
    drop(future);
}

fn save() {}
