//! How a function that could not get its lock returns.

use crate::error::LockError;

/// A return type that can say that the lock was not acquired.
///
/// Every `Result<_, E>` with `E: From<LockError>` can. Implement it for a return type of your own,
/// or say in the attribute what to return instead: `#[locked("name", or_else = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that the lock was not acquired",
    label = "has no room for a `LockError`",
    note = "return a `Result<_, E>` where `E: From<LockError>`, \
            or add `or_else = |error| …` or `or_else = jam_lock::skip` to the attribute"
)]
pub trait FromLockError {
    /// What to return after `error`.
    fn from_lock_error(error: LockError) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> FromLockError for Result<T, E> {
    fn from_lock_error(error: LockError) -> Self {
        Err(E::from(error))
    }
}

/// Returns the default of a type instead of waiting any longer, for `or_else = jam_lock::skip`.
///
/// For jobs of which one instance may run: where another one does, this one is skipped.
///
/// # Panics
/// When the lock was refused for another reason than that somebody has it. A job that is skipped for
/// ever, because its lock folder is not writable, or its server does not answer or has no connection to
/// spare, would be trouble that nobody hears of.
///
/// # Example
/// ```
/// jam_lock::lock_names! {
///     /// Held while the old sessions are removed.
///     "sweep",
/// }
///
/// /// How many sessions were removed: none where another process is at it.
/// #[jam_lock::locked("sweep", timeout = 0, or_else = jam_lock::skip)]
/// fn sweep() -> usize {
///     3
/// }
///
/// fn main() {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory()).unwrap();
///     assert_eq!(sweep(), 3);
/// }
/// ```
#[must_use]
pub fn skip<R: Default>(error: LockError) -> R {
    match error {
        LockError::Timeout { blocked_on: None, .. } => R::default(),
        trouble => panic!("{trouble}"),
    }
}
