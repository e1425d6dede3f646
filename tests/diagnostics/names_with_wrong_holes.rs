jam_lock::lock_names! {
    /// Without a name.
    "a_{}",
    /// By position.
    "b_{0}",
    /// With a format.
    "c_{id:?}",
    /// Not closed.
    "d_{id",
    /// Not opened.
    "e_id}",
    /// An argument.
    "f_{timeout}",
    /// The same twice.
    "g_{id}_{id}",
    /// Where does one end?
    "h_{shop}x{id}",
    /// Escaped by hand.
    "i_%41_{id}",
    /// Not portable.
    "j/{id}",
    /// A device.
    "com{number}",
    /// A function that is there already.
    "{list}",
    /// Right.
    "customer_{id}",
}

fn main() {
    println!("{}", lock_names::customer_id(7));
}
