jam_lock::lock_names! {
    /// Money.
    "$$",
}

fn main() {}
