use jam_lock::{LockError, Locks};

jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{id}",
}

fn main() -> Result<(), LockError> {
    let locks = Locks::in_memory();
    let _guard = locks.lock(lock_names::CUSTOMER).acquire()?;
    let _guard = locks.lock(lock_names::customer(7)).acquire()?;
    Ok(())
}
