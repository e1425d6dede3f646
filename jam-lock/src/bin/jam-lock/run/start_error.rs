//! Why a command was not started.

use std::fmt;
use std::io;

use jam_lock::{Holder, LockError, LockName};

/// Why a command was not started.
pub(super) enum StartError {
    /// The lock was not acquired.
    Lock(LockError),
    /// Its holder waits for this process to exit.
    HeldByAncestor(Box<(LockName, Holder)>),
    /// The lock was never used, and `--existing` requires that.
    NeverUsed { name: LockName, location: String, meant: String },
    /// A signal arrived first.
    #[cfg(unix)]
    Signal(i32),
    /// The system did not start it.
    Command(io::Error),
    /// This platform does not support an option.
    #[cfg(not(unix))]
    Unsupported(&'static str),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock(error) => error.fmt(f),
            Self::HeldByAncestor(held) => {
                let (name, holder) = &**held;
                write!(
                    f,
                    "refusing to wait for lock `{name}`: this command runs inside of its holder, {holder}"
                )
            }
            Self::NeverUsed { name, location, meant } => {
                write!(f, "lock `{name}` was never used in {location}{meant}")
            }
            #[cfg(unix)]
            Self::Signal(signal) => write!(f, "interrupted by signal {signal}"),
            Self::Command(error) => error.fmt(f),
            #[cfg(not(unix))]
            Self::Unsupported(why) => f.write_str(why),
        }
    }
}

impl From<LockError> for StartError {
    fn from(error: LockError) -> Self {
        match error {
            // The library has seen it after the wait began.
            LockError::HeldByAncestor { name, holder, .. } => {
                Self::HeldByAncestor(Box::new((*name, *holder)))
            }
            error => Self::Lock(error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Command(error)
    }
}
