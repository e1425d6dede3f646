use jam_lock::{LockError, Locks, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
    /// One lock for each customer.
    "customer_{id}",
}

#[locked("invoice_saved")]
fn in_order(locks: &Locks) -> Result<u32, LockError> {
    locked!("calculation", { locked!("customer_{id}", id = 7, { 1 })? })?;
    // A different lock with the same name.
    locked!("invoice_saved", locks = locks, { 1 })
}

#[locked("calculation")]
fn elsewhere_or_later() -> Result<u32, LockError> {
    fn function() -> Result<u32, LockError> {
        locked!("invoice_saved", { 1 })
    }
    let thread = std::thread::spawn(|| locked!("calculation", { 1 }));
    let closure = move |x: u32| -> Result<u32, LockError> { locked!("invoice_saved", { x }) };
    let future = async { locked!("invoice_saved", { 1 }) };
    let section = locked!("invoice_saved", async move { future.await });
    drop((thread, closure, section, function));
    Ok(1 | 2)
}

#[locked("customer_{id}")]
fn of_another_key(id: u32) -> Result<u32, LockError> {
    locked!("customer_{id}", id = id + 1, { 1 })
}

#[locked("customer_{id}", reentrant)]
fn reentrant(id: u32) -> Result<u32, LockError> {
    locked!("customer_{id}", reentrant, { locked!("customer_{id}", reentrant, { 1 })? })
}

fn main() {
    let _ = (in_order, elsewhere_or_later, of_another_key, reentrant);
}
