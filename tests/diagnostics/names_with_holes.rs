jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{id}",
}

fn main() {}
