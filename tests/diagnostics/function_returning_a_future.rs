jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use std::future::Future;
use std::pin::Pin;

use jam_lock::{LockError, locked};

#[locked("invoice_saved", or_else = |error| panic!("{error}"))]
fn written() -> impl Future<Output = u32> {
    async { 7 }
}

struct Invoice;

impl Invoice {
    #[locked("invoice_saved")]
    fn boxed(&self) -> Result<Pin<Box<dyn Future<Output = u32> + Send + '_>>, LockError> {
        Ok(Box::pin(async { 7 }))
    }
}

fn main() {
    let _ = (written(), Invoice.boxed());
}
