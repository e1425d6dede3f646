jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

async fn save() -> Result<u32, jam_lock::LockError> {
    locked!("invoice_saved", { std::future::ready(7).await })
}

fn main() {}
