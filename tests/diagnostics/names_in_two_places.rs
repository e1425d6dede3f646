jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

jam_lock::lock_names! {
    /// Held while the sold tracks are recalculated.
    "calculation",
}

fn main() {}
