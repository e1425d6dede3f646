//! Wrong uses of `on_lost`.

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

#[jam_lock::locked("invoice_saved", on_lost = "finish")]
fn blocking() -> Result<(), jam_lock::LockError> {
    Ok(())
}

#[jam_lock::locked("invoice_saved", on_lost = "retry")]
async fn unknown_value() -> Result<(), jam_lock::LockError> {
    Ok(())
}

#[jam_lock::locked("invoice_saved", on_lost)]
async fn no_value() -> Result<(), jam_lock::LockError> {
    Ok(())
}

fn main() {
    let _ = locked!("invoice_saved", on_lost = "finish", { 7 });
}
