jam_lock::lock_names! {
    /// A path.
    "invoices/saved",
    /// Empty.
    "",
    /// A device on Windows.
    "aux",
    /// Hidden.
    ".saved",
    /// Deleted by Jam.py.
    "$buildID_7",
    /// Too long.
    "invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_invoice_saved_",
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn main() {
    println!("{}", lock_names::INVOICE_SAVED);
}
