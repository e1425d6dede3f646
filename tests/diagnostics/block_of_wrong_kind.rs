jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

fn main() {
    let _ = locked!("invoice_saved", 1);
    let _ = locked!("invoice_saved", timeout = 10, unsafe { work() });
    let _ = locked!("invoice_saved", work());
    let _ = locked!("invoice_saved", async || 7);
    let _ = locked!(lock_names::INVOICE_SAVED { 1 });
}

fn work() {}
