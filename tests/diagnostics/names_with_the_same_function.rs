//! Each keyed name needs a function of its own.

jam_lock::lock_names! {
    /// One lock for each line of an order.
    "line {order}_{number}",
    /// The same except for the space.
    "line.{order}_{number}",
    /// A function that the module already has.
    "lis{t}",
}

fn main() {}
