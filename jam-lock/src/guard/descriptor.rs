//! The descriptor that holds a lock, for child processes that outlive this one.

use std::os::fd::OwnedFd;

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// A duplicate of the descriptor of the lock file, for a child process that works under the lock.
    ///
    /// If this process is killed, its lock is released, although the child goes on. A child that inherits
    /// the duplicate keeps the lock until it has ended, and so do the processes to which it passes the
    /// descriptor on. Releasing or dropping the guard ends the lock for all of them. The duplicate is
    /// closed when another program is executed: hand it to the child as one of its standard streams, or
    /// clear `FD_CLOEXEC`.
    ///
    /// `None` if no file holds the lock, such as for a lock of a server.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the process cannot open another descriptor.
    /// - [`LockError::Forked`] in a forked child.
    ///
    /// # Example
    /// ```
    /// use std::process::{Command, Stdio};
    ///
    /// use jam_lock::{LockName, Locks};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let guard = Locks::open(folder.path())?.lock(LockName::new("backup")?).acquire()?;
    /// let file = guard.duplicate_descriptor()?.expect("it is a lock of a folder");
    /// let status = Command::new("true").stdin(Stdio::from(file)).status()?;
    /// # assert!(status.success());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn duplicate_descriptor(&self) -> Result<Option<OwnedFd>, LockError> {
        self.gate.duplicate_descriptor()
    }
}
