//! [`Proof`]: a parameter whose compile error says how to acquire the lock.

use std::ops::Deref;

use crate::declared_name::DeclaredName;
use crate::held::Held;

/// A reference to a [`Held`], with a compile error that says what to write.
///
/// `fn recount(_: impl Proof<lock_names::Stock>)` accepts what `fn recount(_: &Held<lock_names::Stock>)`
/// does. For anything else, the compiler reports which lock must be held, and which argument binds its
/// proof. Only `&Held<N>` implements it.
///
/// # Example
/// ```
/// use jam_lock::{LockError, Proof, locked};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
/// }
///
/// fn recount(held: impl Proof<lock_names::Stock>) -> u64 {
///     held.token()
/// }
///
/// #[locked("stock", timeout = 10, guard = held)]
/// fn count() -> Result<u64, LockError> {
///     Ok(recount(held))
/// }
/// # fn main() -> Result<(), LockError> {
/// #     jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
/// #     count().map(drop)
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not prove that the lock `{N}` is held",
    label = "expected `&Held<{N}>`",
    note = "call this in a section of that lock, and pass it the variable that `guard` binds: \
            `#[locked(\"…\", guard = held)]`, with the name that `{N}` is the type of",
    note = "a section with `shared` has no such proof, because readers do not exclude each other; neither \
            has one whose name is an expression, because its type does not say which lock it is"
)]
pub trait Proof<N: DeclaredName>: Sealed + Copy + Deref<Target = Held<N>> {}

impl<N: DeclaredName> Proof<N> for &Held<N> {}

/// Other crates cannot implement [`Proof`], because a proof of theirs would prove nothing.
pub trait Sealed {}

impl<N: DeclaredName> Sealed for &Held<N> {}
