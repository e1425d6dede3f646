jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    #[cfg(unix)]
    "invoice_saved",
    "calculation",
    /// Documents no name.
}

fn main() {}
