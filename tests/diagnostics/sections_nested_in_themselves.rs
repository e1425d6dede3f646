use jam_lock::{LockError, Locks, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

#[locked("invoice_saved")]
fn in_a_function() -> Result<u32, LockError> {
    locked!("invoice_saved", { 7 })
}

fn shared() -> Result<u32, LockError> {
    locked!("calculation", shared, { locked!("calculation", shared, { 7 })? })
}

fn in_an_async_block(locks: &Locks) -> impl Future<Output = Result<u32, LockError>> {
    locked!("calculation", locks = locks, async {
        // These are different locks.
        locked!("calculation", async { 7 }).await.unwrap();
        // The order of names applies to them, too.
        locked!("invoice_saved", async { 7 }).await.unwrap()
    })
}

fn main() {}
