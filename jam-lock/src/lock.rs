//! [`Lock`]: one named lock, not yet acquired.

// The documentation shows the methods in the order of these modules.
mod acquire;
mod acquire_async;
mod acquire_methods;
mod ancestor_check;
mod observed_wait;
mod options;
mod permits;
mod status;

mod at_most_every;
#[cfg(feature = "postgres")]
mod transaction;
mod waiting;
mod yield_to_executor;

use std::fmt;
use std::sync::Arc;

use crate::gate::Gate;
use crate::name::LockName;
use crate::settings::Settings;
use crate::site::Site;
use crate::timeout::Timeout;

pub(crate) use self::acquire_async::{AcquireFuture, AcquiredBy};
pub(crate) use self::options::Options;

/// One named lock of a [`Locks`](crate::Locks), not yet acquired.
///
/// It is held while the [`LockGuard`](crate::LockGuard) lives that [`acquire`](Lock::acquire) returns. `lock.timeout(10)` is
/// another `Lock`, and acquires nothing.
///
/// It corresponds to Jam.py's `task.lock(name)`. It is cheap to clone, and threads and tasks can share
/// it; they are served first come, first served.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
/// use std::time::Duration;
///
/// let locks = Locks::temporary()?;
/// let lock = locks.lock(LockName::new("report 2026")?);
/// let guard = lock.timeout(Duration::from_secs(10)).acquire()?;
/// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
/// drop(guard);
/// assert!(lock.try_acquire().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "Mutex", alias = "flock", alias = "FileLock", alias = "NamedLock")]
#[must_use = "a `Lock` is not held yet: write `let _guard = lock.acquire()?`, not `let _guard = lock`"]
pub struct Lock {
    /// As it was requested; the gate may have been created for the same name with another declaration, or
    /// with none.
    name: LockName,
    gate: Arc<Gate>,
    settings: Arc<Settings>,
    options: Options,
    timeout: Timeout,
}

impl Lock {
    pub(crate) fn new(name: LockName, gate: Arc<Gate>, settings: Arc<Settings>) -> Self {
        let (options, timeout) = (Options::default(), Timeout::FOREVER);
        Self { name, gate, settings, options, timeout }
    }

    /// How many waiters it has in this process.
    #[cfg(feature = "conformance")]
    pub(crate) fn queued(&self) -> usize {
        self.gate.queued()
    }

    /// The lock's label, or else `here`.
    fn site(&self, here: Site) -> Site {
        self.settings.label.map_or(here, Site::labelled)
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("gate", &self.gate)
            .field("mode", &self.options.mode)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
