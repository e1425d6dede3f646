//! The descriptor that holds the lock, in the command and its descendants.
//!
//! `jam-lock` unlocks it when the command has exited. Only if `jam-lock` itself is killed, the lock is held
//! until the last process that has inherited the descriptor has exited.

use std::io;
use std::os::fd::OwnedFd;

use jam_lock::LockGuard;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

use super::start_error::StartError;

/// Scripts use lower numbers for their own files.
const LOWEST: i32 = 10;

/// A descriptor of the lock file that is inherited by commands started from now on; none if no file
/// holds the lock.
pub(super) fn inheritable(guard: &LockGuard) -> Result<Option<OwnedFd>, StartError> {
    let Some(descriptor) = guard.duplicate_descriptor()? else { return Ok(None) };
    let descriptor = fcntl_dupfd_cloexec(&descriptor, LOWEST).unwrap_or(descriptor);
    fcntl_setfd(&descriptor, FdFlags::empty()).map_err(io::Error::from)?;
    Ok(Some(descriptor))
}
