//! [`DeclaredName`]: the types that stand for declared names.

use std::fmt::Display;

use crate::name::LockName;

/// A declared lock name as a type, such as `lock_names::Stock` for `"stock"`.
///
/// [`lock_names!`](crate::lock_names) makes one for each name. It has no values: it says in the type of a
/// [`Held`](crate::Held) which lock is held. The type of a keyed name, such as `lock_names::CustomerId` for
/// `"customer_{id}"`, stands for the locks of all keys.
///
/// # Example
/// ```
/// use jam_lock::{DeclaredName, Held};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
///     /// One lock for each customer.
///     "customer_{id}",
/// }
///
/// fn log<N: DeclaredName>(held: &Held<N>) {
///     println!("{} of the locks {} is held", held.name(), N::NAME);
/// }
///
/// # fn main() {
/// assert_eq!(lock_names::Stock::NAME, "stock");
/// assert_eq!(lock_names::CustomerId::NAME, "customer_{id}");
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a declared lock name",
    label = "expected a type of `lock_names`",
    note = "`lock_names!` makes a type for each name, such as `lock_names::InvoiceSaved` for \
            `\"invoice_saved\"`"
)]
pub trait DeclaredName: Sized + 'static {
    /// The name as it is declared, such as `"customer_{id}"`.
    const NAME: &'static str;

    /// The name with its placeholders filled by `keys`.
    #[doc(hidden)]
    fn name(keys: &[&dyn Display]) -> LockName;
}
