jam_lock::lock_names! {
    /// Without a name.
    "a_{}",
    /// A position.
    "b_{0}",
    /// With a format.
    "c_{id:?}",
    /// Unclosed.
    "d_{id",
    /// Unmatched.
    "e_id}",
    /// An argument.
    "f_{timeout}",
    /// The same one twice.
    "g_{id}_{id}",
    /// No separator.
    "h_{shop}x{id}",
    /// An escape.
    "i_%41_{id}",
    /// Not portable.
    "j/{id}",
    /// A device on Windows.
    "com{number}",
    /// A function that the module already has.
    "{list}",
    /// Valid.
    "customer_{id}",
}

fn main() {
    println!("{}", lock_names::customer_id(7));
}
