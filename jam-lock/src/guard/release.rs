//! An explicit release, which reports errors.

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Releases the lock and reports errors, which dropping the guard ignores.
    ///
    /// # Blocking
    /// On a server, this blocks until the server has confirmed the release, unless a task acquired the
    /// lock: then it returns at once, with the errors known so far. A drop never waits. In a folder, it makes
    /// a few system calls, as a drop does; where these may hang, on a file system elsewhere, it waits for them
    /// for 2 seconds at the most.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the file cannot be unlocked; it is closed instead, which ends the lock too.
    ///   Also if the [record](LockGuard::record_error) can be neither written nor removed: the lock is
    ///   released, but the next holder finds it abandoned without reason. Or if it does not learn that the
    ///   lock was [marked](LockGuard::mark_abandoned) abandoned. Or if the end of a
    ///   [run](crate::Lock::at_most_every) cannot be recorded: then the next run does not wait for its period.
    /// - [`LockError::Forked`] if the guard was inherited through `fork(2)`. The parent's lock stays held.
    /// - [`LockError::Lost`] if the lock is [lost](LockGuard::is_lost): another process may have it. The
    ///   record of another holder is left alone.
    #[doc(alias = "unlock")]
    pub fn release(mut self) -> Result<(), LockError> {
        let lost = self.ensure();
        let released = self.release_now();
        let result = lost.and(released);
        let loss_monitor = self.loss_monitor.as_ref().filter(|_| self.may_block);
        let Some(loss_monitor) = loss_monitor else { return result };
        loss_monitor.flush();
        result.and(self.ensure_as_reported())
    }
}
