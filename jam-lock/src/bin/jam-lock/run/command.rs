//! The command that runs under the lock.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use self::elsewhere::{PreparedCommand, prepare};
#[cfg(unix)]
pub(super) use self::unix::{PreparedCommand, prepare};
