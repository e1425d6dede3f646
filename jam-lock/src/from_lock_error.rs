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
    fn from_lock_error(error: LockError) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> FromLockError for Result<T, E> {
    fn from_lock_error(error: LockError) -> Self {
        Err(E::from(error))
    }
}

/// Returns the default value after a timeout, for `or_else = jam_lock::skip`.
///
/// For jobs that run in one instance at a time: a run is skipped while another one is in progress.
///
/// # Panics
/// If the acquisition failed for any reason but that the lock is held: a lock folder that is not
/// writable, or a server that does not answer or has no connection to spare, would otherwise skip the
/// job forever, and nobody would notice.
///
/// # Example
/// ```
/// jam_lock::lock_names! {
///     /// Held while the old sessions are removed.
///     "sweep",
/// }
///
/// /// Returns how many sessions were removed: none if another process is removing them.
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
        failure => panic!("{failure}"),
    }
}
