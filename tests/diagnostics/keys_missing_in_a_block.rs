//! The variables around a block are not known to the macro, so the compiler reports this one.

jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{number}",
}

fn main() {
    let customer = 7;
    let _ = locked!("customer_{number}", { customer });
}
