jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

fn main() {
    let _ = locked!("invoice_saved");
    let _ = locked!("invoice_saved", timeout = 10);
    let _ = locked!("invoice_saved", timeout = 10,);
}
