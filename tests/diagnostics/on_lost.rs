//! What becomes of a section whose lock is lost.

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

#[jam_lock::locked("invoice_saved", on_lost = "finish")]
fn blocks() -> Result<(), jam_lock::LockError> {
    Ok(())
}

#[jam_lock::locked("invoice_saved", on_lost = "retry")]
async fn retries() -> Result<(), jam_lock::LockError> {
    Ok(())
}

#[jam_lock::locked("invoice_saved", on_lost)]
async fn says_nothing() -> Result<(), jam_lock::LockError> {
    Ok(())
}

fn main() {
    let _ = locked!("invoice_saved", on_lost = "finish", { 7 });
}
