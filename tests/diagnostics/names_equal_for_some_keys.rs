jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{id}",
    /// The lock of one customer.
    "Customer_7",
    /// The same with another placeholder.
    "customer_{number}",
    /// Equal if a key starts with `x`.
    "customer_x{id}",
    /// Never equal, but the same function.
    "customer.{id}",
}

fn main() {}
