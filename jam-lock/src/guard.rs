//! [`LockGuard`]: a lock, held.

// The documentation shows the methods in the order of these modules.
mod release;

mod acquisition;

mod loss;

mod run;

#[cfg(unix)]
mod descriptor;
#[cfg(feature = "postgres")]
mod fence;
mod guards;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::context::{ReentrantGrant, Registration};
use crate::engine::{LossMonitor, RecordError, Recorded};
use crate::error::LockError;
use crate::gate::{Gate, Grant, Outcome};
use crate::holder::Holder;
use crate::observer::Notifier;

pub use self::guards::LockGuards;
pub(crate) use self::run::Run;

/// A lock, held. Dropping it releases the lock.
///
/// Bind it to a variable that lives as long as the lock is needed: `let _guard = lock.acquire()?`. `let _ =
/// lock.acquire()?` drops it at once, and locks nothing. The compiler accepts that unless this is in
/// `Cargo.toml`:
///
/// ```toml
/// [lints.rust]
/// let_underscore_drop = "warn"
/// ```
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
///
/// let lock = Locks::temporary()?.lock(LockName::new("import")?);
/// {
///     let _guard = lock.acquire()?;
///     println!("imported, and no other process imports now");
/// }
/// assert!(!lock.status()?.state().is_held());
///
/// let guard = lock.acquire()?;
/// println!("waited for {:?}", guard.waited());
/// guard.release()?; // like a drop, but an error is returned
/// # Ok::<(), jam_lock::LockError>(())
/// ```
///
/// # When it is released
/// The lock is also released when a panic unwinds through the guard's scope, when the guard is dropped on
/// another thread, and, by the operating system, when the process ends, however it ends. The lock file
/// stays, unless the name is [keyed](crate::LockName#keyed-names).
///
/// # On another thread
/// A guard can be sent to another thread or task and dropped there. Until then it counts as held by the
/// thread that acquired it, which gets [`LockError::Reentrant`] if it acquires the lock again, and
/// [`LockError::Order`] if it acquires a lock that is declared before. [`LockGuard::detach`] ends that.
#[doc(alias = "MutexGuard", alias = "RwLockReadGuard", alias = "RwLockWriteGuard")]
#[must_use = "a lock is released as soon as its guard is dropped: write `let _guard = …`, not `let _ = …`"]
pub struct LockGuard {
    gate: Arc<Gate>,
    /// Where the lock is registered as held, if it is.
    registration: Option<Registration>,
    /// The number of the acquisition at the gate.
    number: u64,
    token: u64,
    waited: Duration,
    abandoned: Option<Box<Holder>>,
    unreleased: Option<Box<Holder>>,
    record_error: Option<Box<RecordError>>,
    is_left_abandoned: AtomicBool,
    notifier: Option<Arc<Notifier>>,
    /// The run of a job that happens at most every so often.
    run: Option<Box<Run>>,
    /// Reports the loss of the lock, if it can be lost.
    loss_monitor: Option<Arc<dyn LossMonitor>>,
    /// Whether [`LockGuard::release`] may block until the engine has confirmed it.
    may_block: bool,
    is_released: bool,
}

impl LockGuard {
    pub(crate) fn new(
        gate: Arc<Gate>,
        registration: Option<Registration>,
        grant: Grant,
        notifier: Option<Arc<Notifier>>,
        may_block: bool,
    ) -> Self {
        let Grant { number, recorded, loss_monitor, waited } = grant;
        let Recorded { token, abandoned_by, unreleased_by, record_error, .. } = recorded;
        let is_left_abandoned = AtomicBool::new(false);
        Self {
            gate,
            registration,
            number,
            token,
            waited,
            abandoned: abandoned_by,
            unreleased: unreleased_by,
            record_error,
            is_left_abandoned,
            notifier,
            run: None,
            loss_monitor,
            may_block,
            is_released: false,
        }
    }

    /// One more guard of a lock that the owner already holds.
    pub(crate) fn reentrant(gate: Arc<Gate>, grant: ReentrantGrant) -> Self {
        let ReentrantGrant { registration, number, token, loss_monitor, notifier } = grant;
        let recorded = Recorded { token, ..Recorded::default() };
        let grant = Grant { number, recorded, loss_monitor, waited: Duration::ZERO };
        Self::new(gate, registration, grant, notifier, false)
    }

    pub(crate) fn notifier(&self) -> Option<&Notifier> {
        self.notifier.as_deref()
    }

    /// Where the lock is registered as held, if it is.
    pub(crate) fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    /// Removes the lock from the list of held locks.
    fn unregister(&mut self) {
        if let Some(registration) = self.registration.take() {
            registration.remove(&self.gate, self.number);
        }
    }

    /// Releases the lock, unless the acquisition has another guard. Whether it was lost is left to the
    /// caller.
    fn release_now(&mut self) -> Result<(), LockError> {
        self.is_released = true;
        let is_abandoned = *self.is_left_abandoned.get_mut();
        let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Clean };
        let recorded = self.record_run(is_abandoned);
        // Before the release, after which another thread may acquire the lock and signal this one to
        // acquire it again.
        self.unregister();
        let released = self.gate.release(self.number, outcome);
        let Some(result) = released else { return recorded };
        if let Some(notifier) = &self.notifier {
            notifier.released(self.waited);
        }
        recorded.and(result)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !self.is_released {
            // Only `release` can return an error.
            let _ = self.release_now();
        }
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("name", self.name())
            .field("token", &self.token)
            .field("waited", &self.waited)
            .field("abandoned", &self.abandoned)
            .field("unreleased", &self.unreleased)
            .finish_non_exhaustive()
    }
}
