jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
    /// Held while another invoice is being saved.
    "invoice_saved",
}

fn main() {
    println!("{}", lock_names::INVOICE_SAVED);
}
