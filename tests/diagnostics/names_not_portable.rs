jam_lock::lock_names! {
    /// A folder.
    "invoices/saved",
    /// Nothing.
    "",
    /// A device.
    "aux",
    /// Hidden.
    ".saved",
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn main() {
    println!("{}", lock_names::INVOICE_SAVED);
}
