//! A [`LockError`] as an [`io::Error`].

use std::io;
use std::time::Duration;

use super::LockError;

/// A timeout becomes [`io::ErrorKind::TimedOut`], or [`io::ErrorKind::WouldBlock`] if the timeout was 0;
/// *too soon* becomes `WouldBlock` as well.
/// [`LockError::Io`] keeps the kind that the operating system gave it.
impl From<LockError> for io::Error {
    fn from(error: LockError) -> Self {
        let kind = match &error {
            LockError::Timeout { waited: Duration::ZERO, .. } | LockError::TooSoon { .. } => {
                io::ErrorKind::WouldBlock
            }
            LockError::Timeout { .. } => io::ErrorKind::TimedOut,
            LockError::Reentrant { .. }
            | LockError::Order { .. }
            | LockError::Deadlock { .. }
            | LockError::HeldByAncestor { .. } => io::ErrorKind::Deadlock,
            LockError::Name { .. } | LockError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            LockError::Io { error, .. } => error.kind(),
            LockError::Unsupported { .. } => io::ErrorKind::Unsupported,
            LockError::Forked { .. }
            | LockError::DefaultAlreadySet { .. }
            | LockError::PermitsDiffer { .. }
            | LockError::Engine { .. }
            | LockError::Lost { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
