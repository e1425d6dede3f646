//! What can be seen of a [`Lock`]: its name, its holder and its status.

use std::slice;

use super::Lock;
use crate::deadlock;
use crate::error::LockError;
use crate::gate::Gate;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::Status;

impl Lock {
    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.name
    }

    /// The current holder of the lock, if it is certain: the one that a [timeout](LockError::Timeout)
    /// names.
    ///
    /// # Blocking
    /// It blocks for up to 0.1 seconds for a lock of a folder, and for up to a second for one of a server;
    /// if that is too short, it returns `None`.
    ///
    /// # Platform-specific behavior
    /// A holder in another process is certain only on Linux, or on a server.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        let gates = self.settings.permits.as_ref().map(|permits| permits.gates());
        let gates = gates.unwrap_or(slice::from_ref(&self.gate));
        let holder = gates.iter().find_map(|gate| deadlock::explain_holder(gate.holder(), gate));
        holder.map(|holder| *holder)
    }

    /// The current status of the lock: its holder, and how many wait, as far as that can be seen.
    ///
    /// A lock that was never used is free. No file is created. [`Locks::list`](crate::Locks::list) shows
    /// all locks, and its documentation says what can be seen, and when a lock is tried to see it.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// # Errors
    /// - [`LockError::NotAFile`] if the lock file is a link, a folder, a pipe or a device.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    /// - [`LockError::Unsupported`] if the engine cannot see the status of its locks.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks, State};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("report")?);
    /// assert!(!lock.status()?.state().is_held());
    /// let guard = lock.acquire()?;
    /// let status = lock.status()?;
    /// assert_eq!(status.state(), State::Writer);
    /// println!("held by {}", status.holder().expect("it is this process"));
    /// # drop(guard);
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn status(&self) -> Result<Status, LockError> {
        let status = |gate: &Gate| {
            Ok(deadlock::explain_status(gate.status()?, gate.engine(), gate.engine_name()))
        };
        let Some(permits) = &self.settings.permits else { return status(&self.gate) };
        let permits = permits.gates().iter().map(|gate| status(gate));
        Ok(Status::of_permits(self.name.as_str(), permits.collect::<Result<_, LockError>>()?))
    }
}
