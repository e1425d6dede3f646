use jam_lock::{LockError, Locks};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
    /// One lock for each customer.
    "customer_{id}",
}

fn main() -> Result<(), LockError> {
    let locks = Locks::in_memory();
    let _guard = locks.lock("stock").acquire()?;
    let _guard = locks.lock(lock_names::customer_id).acquire()?;
    Ok(())
}
