jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved")]
async fn text() -> Result<u32, LockError> {
    "seven"
}

#[locked("invoice_saved")]
async fn missing(early: bool) -> Result<u32, LockError> {
    if early {
        return true;
    }
    std::future::ready(7).await;
}

#[locked("invoice_saved")]
async fn question() -> Result<u32, LockError> {
    Ok("7".parse()?)
}

fn main() {
    let _ = (text(), missing(true), question());
}
