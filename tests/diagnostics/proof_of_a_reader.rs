use jam_lock::{Held, HeldShared, LockError, Proof, locked};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn total(_: &HeldShared<lock_names::Stock>) {}

fn recount(_: &Held<lock_names::Stock>) {}

fn count(_: impl Proof<lock_names::Stock>) {}

#[locked("stock", shared, guard = held)]
fn report() -> Result<(), LockError> {
    total(held);
    recount(held);
    count(held);
    Ok(())
}

fn main() {
    let _ = report();
}
