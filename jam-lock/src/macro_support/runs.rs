//! The end of a section that runs at most every so often: whether the run counts.

use std::ops::Deref;

use crate::guard::LockGuard;

/// What a body has ended with.
///
/// It is a failure if it is an `Err`, whatever the name of its type. A method of [`RunEnd`] goes before
/// that of what it derefs to, so no trait of ours is needed on the types of others.
pub struct RunEnd<'value, T>(&'value T);

impl<'value, T> RunEnd<'value, T> {
    /// The end with this value.
    pub fn new(value: &'value T) -> Self {
        Self(value)
    }
}

impl<T, E> RunEnd<'_, Result<T, E>> {
    /// Whether the run has failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.0.is_err()
    }
}

impl<T> Deref for RunEnd<'_, T> {
    type Target = NoResult;

    fn deref(&self) -> &NoResult {
        &NoResult
    }
}

/// The end with a value that is no `Result`.
pub struct NoResult;

impl NoResult {
    /// Whether the run has failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        false
    }
}

/// Ends the run of a section's guard; until then, it does not count.
pub fn end_run(guard: &LockGuard, is_failure: bool) {
    guard.end_run(!is_failure);
}
