//! [`skip`]: runs a job in one instance at a time, and skips the other runs.

use crate::error::LockError;

/// Skips the body if the lock is held, or if it is too soon for the next run, for `or_else = jam_lock::skip`.
///
/// For jobs that run in one instance at a time: a run is skipped while another one is in progress, or with
/// `at_most_every`, as long as the last one is too recent. The function then returns the default value: `()`,
/// `0`, `None`, or in a `Result` the `Ok` of it.
///
/// If the acquisition fails for any other reason, such as a lock folder that is not writable, or a server that
/// does not answer or has no connection to spare, a function that returns a `Result` returns the error. Another
/// function panics: it would otherwise skip the job forever, and nobody would notice.
///
/// # Panics
/// If the acquisition failed like that, and the function returns no `Result`.
///
/// # Example
/// ```
/// use jam_lock::{locked, skip};
///
/// jam_lock::lock_names! {
///     /// Held while the old sessions are removed.
///     "sweep",
///     /// Held while the nightly report is being made.
///     "report",
/// }
///
/// /// Does nothing if another process is removing them.
/// #[locked("sweep", timeout = 0, or_else = skip)]
/// fn sweep() {
///     println!("3 sessions were removed");
/// }
///
/// /// Returns `Ok(0)` if another process is making the report.
/// #[locked("report", timeout = 0, or_else = skip)]
/// fn report() -> std::io::Result<usize> {
///     Ok(42)
/// }
///
/// fn main() -> std::io::Result<()> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     sweep();
///     assert_eq!(report()?, 42);
///     Ok(())
/// }
/// ```
#[must_use]
#[track_caller]
pub fn skip<R: Skipped<Kind>, Kind>(error: LockError) -> R {
    match error {
        LockError::Timeout { blocked_on: None, .. } | LockError::TooSoon { .. } => R::skipped(),
        failure => R::failed(failure),
    }
}

/// A type that a function with `or_else = skip` can return.
///
/// Every type that implements `Default` is one, and so is every `Result<T, E>` with `T: Default` and
/// `E: From<LockError>`. `Kind` tells the two apart, and never has to be written.
#[diagnostic::on_unimplemented(
    message = "`skip` has no value for `{Self}`",
    label = "this type has no default value to return",
    note = "derive `Default`, return a `Result<T, E>` with `T: Default` and `E: From<LockError>`, \
            or write `or_else = |error| …`"
)]
pub trait Skipped<Kind> {
    /// The value of a run that was skipped.
    fn skipped() -> Self;

    /// The value of a run that has failed.
    fn failed(error: LockError) -> Self;
}

/// The `Kind` of a type with a default value.
#[doc(hidden)]
pub enum Plain {}

/// The `Kind` of a `Result`.
#[doc(hidden)]
pub enum Fallible {}

#[diagnostic::do_not_recommend]
impl<R: Default> Skipped<Plain> for R {
    fn skipped() -> Self {
        Self::default()
    }

    #[track_caller]
    fn failed(error: LockError) -> Self {
        panic!("{error}")
    }
}

#[diagnostic::do_not_recommend]
impl<T: Default, E: From<LockError>> Skipped<Fallible> for Result<T, E> {
    fn skipped() -> Self {
        Ok(T::default())
    }

    #[track_caller]
    fn failed(error: LockError) -> Self {
        Err(E::from(error))
    }
}
