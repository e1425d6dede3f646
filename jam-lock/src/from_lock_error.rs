//! [`FromLockError`]: how a function returns if its lock was not acquired.

use crate::error::LockError;

/// A return type that can represent a failed lock acquisition.
///
/// Every `Result<_, E>` with `E: From<LockError>` is one. Implement it for a return type of your own, or
/// choose in the attribute what to return instead: `#[locked("name", or_else = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot represent a failed lock acquisition",
    label = "this type cannot hold a `LockError`",
    note = "return a `Result<_, E>` where `E: From<LockError>`, \
            or add `or_else = |error| …` or `or_else = jam_lock::skip` to the attribute"
)]
pub trait FromLockError {
    /// The value to return after `error`.
    ///
    /// An error that records where it was made records the caller.
    #[track_caller]
    fn from_lock_error(error: LockError) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> FromLockError for Result<T, E> {
    #[track_caller]
    fn from_lock_error(error: LockError) -> Self {
        Err(E::from(error))
    }
}
