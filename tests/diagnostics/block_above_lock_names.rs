//! `locked!` without a path is in scope only below `lock_names!`.

mod invoices {
    pub(crate) fn save() -> Result<u32, jam_lock::LockError> {
        locked!("invoice_saved", { 7 })
    }

    // The module is in scope everywhere.
    pub(crate) fn delete() -> Result<u32, jam_lock::LockError> {
        crate::lock_names::locked!("invoice_saved", { 7 })
    }
}

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn main() {
    let _ = (invoices::save(), invoices::delete());
}
