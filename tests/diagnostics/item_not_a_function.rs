jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::locked;

#[locked("invoice_saved")]
struct Invoice;

#[locked("invoice_saved")]
impl Invoice {}

#[locked("invoice_saved")]
mod invoices {}

#[locked("invoice_saved")]
const NUMBER: u8 = 0;

fn main() {
    let _ = (Invoice, NUMBER);
}
