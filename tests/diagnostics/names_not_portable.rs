jam_lock::lock_names! {
    /// A folder.
    "invoices/saved",
    /// Nothing.
    "",
    /// A device.
    "aux",
    /// Hidden.
    ".saved",
    /// Jam.py's to remove.
    "$buildID_7",
    /// Too long.
    "invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_",
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn main() {
    println!("{}", lock_names::INVOICE_SAVED);
}
