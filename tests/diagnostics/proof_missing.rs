use jam_lock::{Held, Proof};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn recount(_: &Held<lock_names::Stock>) {}

fn count(_: impl Proof<lock_names::Stock>) {}

fn main() {
    recount();
    count();
    recount(&lock_names::STOCK);
    count(&lock_names::STOCK);
}
