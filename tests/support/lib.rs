//! What the tests share: processes to contend with, and the names of another crate.

jam_lock::lock_names! {
    /// Declared in another crate than the tests that use it.
    "declared_elsewhere",
    /// The lock whose sections the tests look into, for a crate that declares no names itself.
    "section",
    /// The first of all in some tests.
    "first",
    /// One for each customer.
    "customer_{id}",
    /// One for each name, of another crate as well.
    "called_{name}",
}
