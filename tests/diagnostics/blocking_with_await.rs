use jam_lock::{LockError, Locks};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

async fn by_hand() -> Result<(), LockError> {
    let _guard = Locks::in_memory().lock(lock_names::STOCK).acquire().await?;
    Ok(())
}

async fn in_a_block() -> Result<u32, LockError> {
    locked!("stock", { 7 }).await
}

fn main() {
    let _ = (by_hand(), in_a_block());
}
