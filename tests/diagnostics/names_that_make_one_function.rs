//! The function of a keyed name is called by nothing else.

jam_lock::lock_names! {
    /// One.
    "line {order}_{number}",
    /// The same but for the space.
    "line.{order}_{number}",
    /// What the module has already.
    "lis{t}",
}

fn main() {}
