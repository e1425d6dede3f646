//! [`Lock`]: one named lock, not yet acquired.

mod acquire;
mod budget;

use std::fmt;
use std::sync::Arc;

use crate::context::Scope;
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::Gate;
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::name::LockName;
use crate::settings::Settings;
use crate::site::Site;
use crate::status::Status;
use crate::timeout::{Deadline, Timeout};

/// One named lock of a [`Locks`](crate::Locks), not yet acquired.
///
/// Jam.py's `task.lock(name)`. It is cheap to clone and can be shared between threads and tasks;
/// those that wait for it are served in the order in which they came.
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
#[must_use = "a `Lock` is not acquired until `acquire` or `try_acquire` is called"]
pub struct Lock {
    /// As it was asked for: whoever made the gate may have declared it elsewhere, or nowhere.
    name: LockName,
    gate: Arc<Gate>,
    settings: Arc<Settings>,
    mode: Mode,
    is_reentrant: bool,
    /// Whether it is not to be held where an earlier death may not have been seen.
    must_see_deaths: bool,
    timeout: Timeout,
    /// Whether a timeout names the holder.
    names_holder: bool,
}

impl Lock {
    pub(crate) fn new(name: LockName, gate: Arc<Gate>, settings: Arc<Settings>) -> Self {
        Self {
            name,
            gate,
            settings,
            mode: Mode::Exclusive,
            is_reentrant: false,
            must_see_deaths: false,
            timeout: Timeout::FOREVER,
            names_holder: true,
        }
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.name
    }

    /// How many of this process wait for it.
    #[cfg(feature = "conformance")]
    pub(crate) fn queued(&self) -> usize {
        self.gate.queued()
    }

    /// The holder of the lock at the moment, if it is certain: the one that a
    /// [timeout](LockError::Timeout) names.
    ///
    /// It blocks for 0.1 seconds at most for a lock of a folder, and for a second for one of a
    /// server; if that is too short, it returns `None`.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        self.gate.holder().map(|holder| *holder)
    }

    /// How the lock stands at the moment: its holder, and how many wait, as far as that can be seen.
    ///
    /// A lock that nobody has ever used is free. No file is made.
    /// [`Locks::list`](crate::Locks::list) shows all locks; its documentation says what can be
    /// seen, and when a lock is tried for that.
    ///
    /// # Errors
    /// - [`LockError::Engine`] when the server cannot be asked, or this is a thread of its engine.
    /// - [`LockError::Unsupported`] when the engine cannot see how its locks stand.
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
        self.gate.status()
    }

    /// The same lock, with the time that an acquisition may take: a `Duration`, or whole seconds.
    /// Without this it waits for ever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self.clone() }
    }

    /// The same lock, to be held as a reader: together with other readers, while no writer is in.
    ///
    /// Without this an acquisition is exclusive, a writer's. Adjacent readers in the queue enter
    /// together, and a waiting writer holds later readers of its process back. Between processes it
    /// is `flock(2)` with `LOCK_SH`, which `flock -s` takes as well.
    ///
    /// # Fairness
    /// Readers of one process that overlap let a writer of another process in, if such a writer is
    /// seen: every 5 ms, on Linux by the kernel's list of locks (from inside a container, only those
    /// in it), and on PostgreSQL by the server's.
    /// Readers of several processes can still keep a writer out, because the kernel lets readers in
    /// for as long as others are inside. [`promises`](crate::guide::promises) has the bounds.
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
    pub fn shared(&self) -> Self {
        Self { mode: Mode::Shared, ..self.clone() }
    }

    /// The same lock, which can be acquired again inside a section that holds it, one of
    /// [`#[locked]`](macro@crate::locked) or `locked!`: that returns one more guard of the section's
    /// acquisition, with the same token, and the lock is released with the last guard.
    ///
    /// Without this, it is [`LockError::Reentrant`]. It still is where the section holds the lock as a
    /// reader and this acquires it as a writer, and where a guard by hand holds it: that may have
    /// moved to another thread or task, and the lock would have two owners. Pass `&guard` on to what
    /// needs the lock, or hold the lock by a section.
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
        Self { is_reentrant: true, ..self.clone() }
    }

    /// The same lock, held on behalf of `label`, which is shown instead of the source location.
    ///
    /// For tools that hold a lock while something else runs, such as a command: the tool's own source
    /// line means nothing to its users. The label is what [`Site::function`] and [`Holder::function`]
    /// return; both have no file and no line then. The holder record shows it to other processes, and
    /// shortens a long one, so it should contain no secrets.
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

    /// The same lock, whose timeout does not name the holder, so that nobody looks for it.
    pub(crate) fn without_holder(&self) -> Self {
        Self { names_holder: false, ..self.clone() }
    }

    /// The same lock, which is not acquired if its record cannot be read: what runs under it
    /// recovers from deaths.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] where nothing is recorded by which a death could be seen.
    pub(crate) fn must_see_deaths(&self) -> Result<Self, LockError> {
        if self.settings.records_holders && self.gate.reports_abandonment() {
            return Ok(Self { must_see_deaths: true, ..self.clone() });
        }
        Err(LockError::Unsupported {
            what: "`recover`",
            location: self.gate.location().to_owned(),
            remedy: "the deaths of holders are not recorded there: open the locks with \
                     `record_holders(true)`, or remove `recover`",
        })
    }

    /// The lock's label, or else `here`.
    fn site(&self, here: Site) -> Site {
        self.settings.label.map_or(here, Site::labelled)
    }

    /// Acquires the lock, and blocks the thread until it can or the timeout has passed.
    ///
    /// The lock is exclusive, unless it is [shared](Lock::shared), between all processes that lock
    /// the same file with `flock(2)`, Jam.py and `flock(1)` among them, and between the threads and
    /// tasks of this process.
    ///
    /// # Fairness
    /// Waiters of this process are served first come, first served. Between processes, one that
    /// acquires the lock again at once after a release may be faster than those that the kernel has
    /// only just woken, for 5 ms; then it yields. [`promises`](crate::guide::promises) has the bounds.
    ///
    /// # Errors
    /// - [`LockError::Timeout`] when the lock was held elsewhere until the timeout had passed, never
    ///   earlier, and up to 0.1 seconds later while the holder is looked for, or a second on a server.
    ///   With a timeout of 0 without a wait, also if this thread holds the lock itself.
    /// - [`LockError::Reentrant`] at once when this thread, or the section of a task that it runs,
    ///   holds the lock already: it would wait for itself.
    /// - [`LockError::Order`] at once when it holds a lock that is declared after this one: somebody
    ///   who takes them in the declared order might wait for it meanwhile.
    /// - [`LockError::NotAFile`] when a link, a folder, a pipe or a device stands in the place of
    ///   the lock's file.
    /// - [`LockError::Io`] when the file cannot be made, opened or locked.
    /// - [`LockError::Unsupported`] when its file system has no `flock(2)`, or its engine no locks for
    ///   readers.
    /// - [`LockError::Engine`] when a server, or the way to it, has failed.
    /// - [`LockError::Deadlock`] when the server saw call chains wait for each other in a circle, and
    ///   chose this one to give up.
    /// - [`LockError::Forked`] when the lock was inherited through `fork(2)`.
    #[track_caller]
    pub fn acquire(&self) -> Result<LockGuard, LockError> {
        self.block(Scope::thread(), self.site(Site::here()), self.timeout.deadline())
    }

    /// Acquires the lock if nobody holds it or waits for it, whatever the timeout.
    ///
    /// A reader that tries again enters beside itself, unless a writer waits.
    ///
    /// # Blocking
    /// It waits for no holder. But a refusal names the holder, which takes up to 0.1 seconds to look
    /// for, or a second on a server. And in a loop that leaves others no gap, a try first yields to
    /// them once in 5 ms: for 100 to 250 µs, or for up to 4 ms beside programs that poll.
    ///
    /// # Errors
    /// As [`Lock::acquire`], but never [`LockError::Reentrant`]: it is [`LockError::Timeout`] when
    /// the lock is held, by this thread or elsewhere, or when others wait for it.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<LockGuard, LockError> {
        self.block(Scope::thread(), self.site(Site::here()), Deadline::Once)
    }

    /// Acquires the lock as [`Lock::acquire`] does, and lets other tasks run while it waits.
    ///
    /// It works with every executor whose wakers can be used from other threads, as `Waker` promises;
    /// [`executors`](crate::guide::executors) lists those that were tried. Nothing happens before the
    /// first poll, and the timeout counts from there. Even with a timeout of 0, other tasks may run
    /// before the error is returned, while the holder that it names is looked for.
    ///
    /// A guard that is acquired by this is not tracked for its task, because it could belong to any of
    /// the task's futures: a later acquisition of the task does not see it. Locks that a section of the
    /// task holds, of `#[locked]` or `locked!`, are seen.
    ///
    /// # Cancel safety
    /// A future that is dropped, at any moment, leaves nothing behind, neither a place in the queue nor
    /// a lock.
    ///
    /// # Fairness
    /// A future that is woken and not polled is passed over after 10 ms, and takes its turn when it is
    /// polled again. A loop that acquires free locks lets other tasks run once in 128 acquisitions.
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockError, LockName, Locks};
    ///
    /// async fn save(locks: &Locks) -> Result<(), LockError> {
    ///     let lock = locks.lock(LockName::new("invoice_saved")?).timeout(10);
    ///     let guard = lock.acquire_async().await?;
    ///     // Other tasks run while this one waits.
    ///     guard.release()
    /// }
    /// ```
    #[track_caller]
    pub fn acquire_async(
        &self,
    ) -> impl Future<Output = Result<LockGuard, LockError>> + Send + use<> {
        let (lock, site) = (self.clone(), self.site(Site::here()));
        async move { lock.ready(Scope::task(), site, lock.timeout.deadline()).await }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("gate", &self.gate)
            .field("mode", &self.mode)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
