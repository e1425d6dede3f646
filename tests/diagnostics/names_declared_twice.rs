jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
    /// Held while another invoice is being saved.
    "invoice_saved",
}

// A second declaration, such as in another file.
jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn main() {
    println!("{}", lock_names::INVOICE_SAVED);
}
