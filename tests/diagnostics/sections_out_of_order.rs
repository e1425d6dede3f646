use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
    /// One lock for each customer.
    "customer_{id}",
    /// Held while the log is written.
    "log",
}

#[locked("calculation")]
fn in_a_function() -> Result<u32, LockError> {
    let tracks = locked!("invoice_saved", timeout = 1, { 7 })?;
    Ok(tracks)
}

#[locked("log", "invoice_saved")]
async fn in_an_async_function(id: u32) -> Result<u32, LockError> {
    if id > 0 {
        locked!("customer_{id}", async { 7 }).await
    } else {
        Ok(0)
    }
}

fn in_a_block() -> Result<Vec<u32>, LockError> {
    locked!("log", { vec![locked!("customer_{id}", "calculation", id = 7, { 1 })?] })
}

fn in_a_nested_block() -> Result<u32, LockError> {
    locked!("invoice_saved", { locked!("log", { lock_names::locked!("calculation", { 1 })? })? })
}

fn main() {}
