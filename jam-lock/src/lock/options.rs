//! Options of a [`Lock`]: how it is acquired and held.

use std::sync::Arc;
use std::time::Duration;

use super::Lock;
use crate::engine::Mode;
use crate::error::LockError;
use crate::settings::Settings;
use crate::timeout::Timeout;

/// How a lock is acquired and held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) is_reentrant: bool,
    /// Whether a timeout names the holder; if not, no holder is looked up.
    pub(crate) names_holder: bool,
    /// Whether the acquisition fails if its record cannot be read, which could hide an abandonment.
    pub(crate) needs_record: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mode: Mode::Exclusive, is_reentrant: false, names_holder: true, needs_record: false }
    }
}

impl Lock {
    /// The same lock, with a limit on how long an acquisition may take: a `Duration`, or whole seconds.
    ///
    /// By default an acquisition waits forever.
    #[doc(alias = "try_lock_for", alias = "lock_timeout")]
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self.clone() }
    }

    /// The same lock, to be held as a reader: together with other readers, but not with a writer.
    ///
    /// By default an acquisition is exclusive, a writer's. Adjacent readers in the queue enter together,
    /// and a waiting writer holds back later readers of its process. Between processes, this is
    /// `flock(2)` with `LOCK_SH`, as `flock -s` acquires it.
    ///
    /// # Fairness
    /// While readers of one process overlap, the library looks every 5 ms for a writer of another process,
    /// and lets it in if it sees one: on Linux by the kernel's list of locks (inside a container, only
    /// those of the container), and on PostgreSQL by the server's. Readers of several processes can still
    /// keep a writer out, because the kernel admits readers as long as others hold the lock.
    /// [`promises`](crate::guide::promises) has the bounds.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("index")?);
    /// let reader = lock.shared().acquire()?;
    /// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
    /// assert!(lock.shared().try_acquire().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    /// # Errors
    /// An acquisition fails with [`LockError::Unsupported`] if the lock has several
    /// [permits](crate::LockName::with_permits).
    #[doc(alias = "RwLock", alias = "read", alias = "lock_shared")]
    pub fn shared(&self) -> Self {
        let options = Options { mode: Mode::Shared, ..self.options };
        Self { options, ..self.clone() }
    }

    /// The same lock, which can be acquired again inside a section that holds it.
    ///
    /// In such a section, of [`#[locked]`](macro@crate::locked) or `locked!`, an acquisition returns one
    /// more guard of the section's acquisition, with the same token. The lock is released with the last
    /// guard.
    ///
    /// By default such an acquisition fails with [`LockError::Reentrant`]. It still does if the section
    /// holds the lock as a reader and this acquires it as a writer, or if a guard of [`Lock::acquire`]
    /// holds the lock and not a section: the guard may have moved to another thread or task, and the lock
    /// would have two owners. Pass `&guard` to the code that needs the lock, or hold the lock by a section.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, Locks, locked};
    ///
    /// jam_lock::lock_names! {
    ///     /// Held while the ledger is being written.
    ///     "ledger",
    /// }
    ///
    /// #[locked("ledger", guard = outer, locks = locks)]
    /// fn close(locks: &Locks) -> Result<(), LockError> {
    ///     let lock = locks.lock(lock_names::LEDGER);
    ///     assert!(lock.acquire().is_err());
    ///     assert_eq!(lock.reentrant().acquire()?.token(), outer.token());
    ///     Ok(())
    /// }
    ///
    /// fn main() -> Result<(), LockError> {
    ///     close(&Locks::in_memory())
    /// }
    /// ```
    pub fn reentrant(&self) -> Self {
        let options = Options { is_reentrant: true, ..self.options };
        Self { options, ..self.clone() }
    }

    /// The same lock, held on behalf of `label`, which is shown instead of the source location.
    ///
    /// For tools that hold a lock while something else runs, such as a command: the tool's own source
    /// line means nothing to its users. [`Site::function`](crate::Site::function) and
    /// [`Holder::function`](crate::Holder::function) return the label, and there is no file and no line
    /// then. The holder record shows the label to other processes, shortened if it is long, so it should
    /// contain no secrets.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let lock = Locks::temporary()?.lock(LockName::new("nightly")?).label("./backup.sh");
    /// let guard = lock.acquire()?;
    /// let holder = lock.holder().expect("it is this process");
    /// assert_eq!(holder.to_string(), "`./backup.sh`, in this process");
    /// assert_eq!(holder.file(), None);
    /// # drop(guard);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn label(&self, label: &'static str) -> Self {
        let settings = Settings { label: Some(label), ..(*self.settings).clone() };
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// The same lock with `options`, and with a period if one is given.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] if the options need a record, and abandonments are not recorded.
    pub(crate) fn with_options(
        self,
        options: Options,
        at_most_every: Option<Duration>,
    ) -> Result<Self, LockError> {
        if options.needs_record
            && !(self.settings.records_holders && self.gate.reports_abandonment())
        {
            return Err(LockError::Unsupported {
                what: "`recover`",
                location: self.gate.location().to_owned(),
                remedy:
                    "it needs a record of holders; open the locks with `record_holders(true)`, or \
                         remove `recover`"
                        .into(),
            });
        }
        let lock = Self { options, ..self };
        Ok(match at_most_every {
            Some(period) => lock.at_most_every(period),
            None => lock,
        })
    }
}
