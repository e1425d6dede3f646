jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use async_trait::async_trait;
use jam_lock::locked;

#[locked("invoice_saved")]
async fn number() -> u32 {
    7
}

#[locked("invoice_saved")]
async fn nothing() {}

struct Store;

#[async_trait]
trait Job {
    #[locked("invoice_saved")]
    async fn text(&self) -> Result<u32, String> {
        Ok(7)
    }
}

impl Job for Store {}

fn main() {
    let _ = (number(), nothing(), Store.text());
}
