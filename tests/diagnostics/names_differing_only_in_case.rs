jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while another invoice is being saved.
    "Invoice_Saved",
}

fn main() {}
