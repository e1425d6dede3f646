jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved"
    /// Held while the sold tracks are recalculated.
    "calculation"
    "report";
    /// Held while nothing else is.
    "all" = 7
}

fn main() {}
