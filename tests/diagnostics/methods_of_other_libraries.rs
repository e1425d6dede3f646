use std::time::Duration;

use jam_lock::{LockError, Locks};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn main() -> Result<(), LockError> {
    let stock = Locks::in_memory().lock(lock_names::STOCK);
    let _guard = stock.lock()?;
    let _guard = stock.try_lock()?;
    let _guard = stock.lock_shared()?;
    let _guard = stock.read()?;
    let _guard = stock.write()?;
    let _guard = stock.acquire_timeout(Duration::from_secs(1))?;
    let _guard = stock.permits(3).acquire()?;
    Ok(())
}
