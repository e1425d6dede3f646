use jam_lock::{Held, LockError, Proof, locked};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
    /// Held while prices are changed.
    "prices",
}

fn recount(_: &Held<lock_names::Stock>) {}

fn count(_: impl Proof<lock_names::Stock>) {}

#[locked("prices", guard = held)]
fn change() -> Result<(), LockError> {
    recount(held);
    count(held);
    Ok(())
}

#[locked("stock", "prices", guard = held)]
fn change_both() -> Result<(), LockError> {
    let (stock, prices) = held;
    recount(stock);
    recount(prices);
    Ok(())
}

fn main() {
    let _ = (change(), change_both());
}
