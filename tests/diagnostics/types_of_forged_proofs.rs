use jam_lock::{Held, LockGuard, Proof};

jam_lock::lock_names! {
    /// Held while the stock is counted.
    "stock",
}

fn recount(_: &Held<lock_names::Stock>) {}

fn made(guard: LockGuard) {
    recount(&Held::new());
    recount(&Held::from_guard(guard));
    recount(&guard.into());
}

#[derive(Clone, Copy)]
struct Own;

impl Proof<lock_names::Stock> for Own {}

fn main() {}
