jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{id}",
    /// One of them.
    "Customer_7",
    /// Another word for the same.
    "customer_{number}",
    /// A part of the key.
    "customer_x{id}",
    /// The same function, but no name in common.
    "customer.{id}",
}

fn main() {}
