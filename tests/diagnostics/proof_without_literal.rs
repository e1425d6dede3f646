use jam_lock::{Held, LockError, Proof, locked};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn recount(_: &Held<lock_names::Stock>) {}

fn count(_: impl Proof<lock_names::Stock>) {}

#[locked(lock_names::STOCK, guard = held)]
fn change() -> Result<(), LockError> {
    recount(held);
    count(held);
    Ok(())
}

fn main() {
    let _ = change();
}
