//! What a program can ask of a [`LockError`].

use super::{DeadlockedOwner, LockError};
use crate::holder::Holder;

impl LockError {
    /// Whether this is [`LockError::Timeout`]: the lock was not free in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// The holders that a [`LockError::Timeout`] names: one, or one for each [permit](crate::LockName::with_permits),
    /// as far as they are known; otherwise none.
    pub fn holders(&self) -> impl Iterator<Item = &Holder> {
        let (first, others) = match self {
            Self::Timeout { holder, other_holders, .. } => (holder.as_deref(), &other_holders[..]),
            _ => (None, &[][..]),
        };
        first.into_iter().chain(others)
    }

    /// Whether this is [`LockError::TooSoon`]: the job has run well less than its period ago.
    #[must_use]
    pub fn is_too_soon(&self) -> bool {
        matches!(self, Self::TooSoon { .. })
    }

    /// A [`LockError::Engine`], for an [engine](crate::engine::Engine) of your own.
    ///
    /// `operation` is the one that failed, such as "acquire lock `invoice_saved`".
    pub fn engine(
        operation: impl Into<String>,
        location: impl Into<String>,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Engine { operation: operation.into(), location: location.into(), error: error.into() }
    }

    /// The owners that waited for each other, this one first, if this is a [`LockError::Deadlock`] and they
    /// are known; otherwise none.
    ///
    /// Each one waits for the lock that the next one holds, and the last one for that of the first.
    #[must_use]
    pub fn cycle(&self) -> &[DeadlockedOwner] {
        match self {
            Self::Deadlock { cycle, .. } => cycle,
            _ => &[],
        }
    }
}
