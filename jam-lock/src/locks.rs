//! [`Locks`]: the locks of an application.

mod builder;
#[cfg(feature = "postgres")]
mod connect;
mod default;
mod default_override;
mod location;
#[cfg(not(feature = "postgres"))]
mod without_postgres;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, RwLock, RwLockWriteGuard};

use crate::deadlock;
use crate::engine::Engine;
use crate::error::LockError;
use crate::gate::{self, Gate};
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::name::{LockName, in_lock_order};
use crate::permits::Permits;
use crate::settings::Settings;
use crate::status::Status;

pub use self::builder::LocksBuilder;
pub(crate) use self::default::with_default_locks;
pub use self::default::{default_location, default_locks, set_default_locks};
pub use self::default_override::DefaultOverride;

/// The locks of an application, in a folder, in a PostgreSQL database, or in this process alone.
///
/// Processes that open the same folder exclude each other, including a running Jam.py application. A
/// `Locks` is cheap to clone, and threads can share it by reference or by clone.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("locks");
/// let locks = Locks::open(&folder)?;
/// let guard = locks.lock(LockName::new("invoice_saved")?).acquire()?;
/// assert!(folder.join("invoice_saved.lock").exists());
/// guard.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Locks {
    shared: Arc<Shared>,
}

type Declared = HashMap<LockName, (Arc<Gate>, Option<Arc<Permits>>)>;

#[derive(Debug)]
struct Shared {
    engine: Arc<dyn Engine>,
    /// Keeps the gates of declared names, and so their open files, as long as the `Locks` lives. There is
    /// no limit to names made at run time, so their gates end with the last `Lock` and guard.
    declared: RwLock<Declared>,
    settings: Arc<Settings>,
}

impl Locks {
    /// Opens the locks of `folder`, which is created with its parents if it is missing.
    ///
    /// The folder is resolved to an absolute path at once, so a later change of the current directory has
    /// no effect.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be created or resolved.
    /// - [`LockError::Unsupported`] if `folder` is a URL, which [`Locks::at`] accepts, or is meant as one, or
    ///   if a shell would have expanded it, such as `~/locks`.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, LockError> {
        Self::builder().folder(folder).open()
    }

    /// Creates locks without files, for unit tests; those of each call are separate.
    ///
    /// Threads and tasks that use the same `Locks` or its clones exclude each other as in a folder: with
    /// timeouts, readers, tokens that rise from 2, and errors for self-deadlocks. **No other process sees
    /// them**, so they protect nothing that processes share; a test that starts processes needs
    /// [`Locks::temporary`]. No holder can die without ending all of them, so a test calls
    /// [`LockGuard::mark_abandoned`] to make the next holder find a lock
    /// [abandoned](crate::LockGuard::abandoned).
    ///
    /// [`LockGuard::mark_abandoned`]: crate::LockGuard::mark_abandoned
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, Locks, locked};
    ///
    /// jam_lock::lock_names! {
    ///     /// Held while the index is being written.
    ///     "index",
    /// }
    ///
    /// #[locked("index", timeout = 0, locks = locks)]
    /// fn update(locks: &Locks) -> Result<(), LockError> {
    ///     Ok(())
    /// }
    ///
    /// // #[test]
    /// fn an_update_fails_while_the_index_is_in_use() {
    ///     let locks = Locks::in_memory();
    ///     let held = locks.lock(lock_names::INDEX).acquire().unwrap();
    ///     assert!(update(&locks).unwrap_err().is_timeout());
    ///     drop(held);
    ///     assert!(update(&locks).is_ok());
    /// }
    /// #
    /// # fn main() {
    /// #     an_update_fails_while_the_index_is_in_use();
    /// # }
    /// ```
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Opens the locks of a new folder in the system's temporary folder.
    ///
    /// For tests with several processes, and for locks that are not needed after the program has ended. Only
    /// the current user may enter the folder. It is removed once the last clone of the `Locks`, and its last
    /// lock and guard, are dropped. It is left to the system's cleanup of temporary files if the process is
    /// killed, and if the `Locks` is in a static, such as the [default](set_default_locks).
    ///
    /// # Errors
    /// [`LockError::Io`] if the folder cannot be created.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let locks = Locks::temporary()?;
    /// let guard = locks.lock(LockName::new("upload")?).acquire()?;
    /// // Pass this to another process, to open the same locks.
    /// assert!(std::path::Path::new(&locks.location()).join("upload.lock").exists());
    /// guard.release()?;
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn temporary() -> Result<Self, LockError> {
        Self::builder().temporary()
    }

    /// Opens the locks at `location`, a folder or a URL, such as from the command line.
    ///
    /// A URL is as for `Locks::connect`, with the feature `postgres`; a folder as for [`Locks::open`]. A
    /// folder whose name looks like something else, such as `host=db1` or `~`, is written `./host=db1`.
    ///
    /// # Errors
    /// As `Locks::connect` or [`Locks::open`]; [`LockError::Unsupported`] if it is the URL of an engine that
    /// is not in this build, if it is meant as a database but not written as a URL, if there are
    /// quotation marks or white space around it, or if a shell would have expanded it, such as `~/locks`.
    ///
    /// # Example
    /// ```
    /// use jam_lock::Locks;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # std::env::set_current_dir(folder.path())?;
    /// let location = std::env::args_os().nth(1).unwrap_or_else(jam_lock::default_location);
    /// let locks = Locks::at(location)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(location: impl AsRef<OsStr>) -> Result<Self, LockError> {
        Self::builder().at(location)
    }

    /// Options for opening locks.
    pub fn builder() -> LocksBuilder {
        LocksBuilder::default()
    }

    /// The lock called `name`, which is not acquired; no file is touched yet.
    pub fn lock(&self, name: LockName) -> Lock {
        let declared = &self.shared.declared;
        // A forked child may have inherited `declared` locked, so this never waits for it.
        let found = declared.try_read().ok().and_then(|found| found.get(&name).cloned());
        let has_as_many = |permits: &Option<Arc<Permits>>| {
            permits.as_ref().map_or(1, |permits| permits.gates().len()) == name.permits() as usize
        };
        if let Some((gate, permits)) = found.filter(|(_, permits)| has_as_many(permits)) {
            return Lock::new(name, gate, self.settings_with(permits));
        }
        let engine = &self.shared.engine;
        let (gate, permits) = (gate::gate(engine, &name), Permits::new(engine, &name));
        if name.is_declared() {
            let insert = |mut found: RwLockWriteGuard<'_, Declared>| {
                found.insert(name.clone(), (Arc::clone(&gate), permits.clone()))
            };
            // Dropping a gate may drop an engine, which must not happen while `declared` is locked.
            drop(declared.try_write().ok().map(insert));
        }
        Lock::new(name, gate, self.settings_with(permits))
    }

    /// The settings, for a lock with these permits.
    fn settings_with(&self, permits: Option<Arc<Permits>>) -> Arc<Settings> {
        let settings = &self.shared.settings;
        match permits {
            None => Arc::clone(settings),
            permits => Arc::new(Settings { permits, ..(**settings).clone() }),
        }
    }

    /// The locks of all `names`, to be acquired together; no file is touched yet.
    pub fn lock_all(&self, names: impl IntoIterator<Item = LockName>) -> LockSet {
        LockSet::new(in_lock_order(names).into_iter().map(|name| self.lock(name)).collect())
    }

    /// Where the locks are: the path of their folder, or a server's URL without its password.
    #[must_use]
    pub fn location(&self) -> String {
        self.shared.engine.location()
    }

    /// The status of all locks that were ever used, sorted by name: holders, and how many wait.
    ///
    /// [`Lock::status`] returns that of one lock. In a folder, the locks are its lock files; in a database,
    /// the names in its namespace that have a row in the table, without keyed names that are not in use. Nothing
    /// is created, emptied or removed.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// # Platform-specific behavior
    /// Only Linux lists the processes that hold or wait for file locks, and its list may omit some while
    /// other locks come and go. So it is read several times, and a number that differs is reported as
    /// unknown. In a container, processes outside of it are not seen. If the list does not show a holder each
    /// time, and on every other system, the lock is acquired as a reader and released at once: a try
    /// elsewhere in that instant fails.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be listed.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    /// - [`LockError::Unsupported`] if the engine cannot list its locks.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks, State};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let locks = Locks::open(folder.path())?;
    /// let guard = locks.lock(LockName::new("report")?).acquire()?;
    /// for status in locks.list()? {
    ///     assert_eq!((status.name(), status.state()), ("report", State::Writer));
    ///     println!("held by {}", status.holder().expect("it is this process"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list(&self) -> Result<Vec<Status>, LockError> {
        let engine = &self.shared.engine;
        let refined = |status: Status| {
            let Ok(name) = LockName::listed(status.name()) else { return status };
            let status = match gate::existing(&**engine, &name) {
                Some(gate) => gate.refine_status(status),
                None => status,
            };
            deadlock::explain_status(status, engine, &name)
        };
        let found = engine.list()?.into_iter().map(refined).collect();
        let mut found = Status::group_permits(found);
        found.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(found)
    }

    /// Removes unused locks of [keyed names](LockName#keyed-names), and returns their number: files that
    /// killed processes left behind, or rows of a database.
    ///
    /// A file is removed only if the record beside it says that its name is keyed, and while its lock is
    /// held; a try elsewhere in that instant fails. The record of a holder that died stays until it is
    /// recovered. Unfinished files of killed processes, which did not have their
    /// [mode](crate::LocksBuilder::mode) yet, are removed too, but not counted.
    ///
    /// A database keeps a row for each keyed name of its namespace until it is swept, so a job should sweep
    /// it from time to time. A row is removed in the same way, once the server's clock has passed its last
    /// token, so tokens keep rising unless that clock is set back. A row is removed under its lock, so an
    /// attempt with a timeout of 0 may find the lock held at that moment.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// On some [file systems](crate::guide::lock_folder#files), such as those in user space, the files of
    /// keyed names stay until they are swept. Call it there while no program uses the folder, because others
    /// might not notice that a file was removed.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be listed. A file that cannot be removed stays.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    ///
    /// # Example
    /// ```
    /// use jam_lock::Locks;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let locks = Locks::open(folder.path())?;
    /// println!("{} locks were left behind", locks.sweep()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sweep(&self) -> Result<usize, LockError> {
        self.shared.engine.sweep()
    }

    /// Opens the locks of a custom engine.
    ///
    /// Two `Locks` whose engines have the same [identity](Engine::identity) share their queues.
    pub fn with_engine(engine: Arc<dyn Engine>) -> Self {
        Self::builder().with_engine(engine)
    }

    fn with(engine: Arc<dyn Engine>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        Self { shared: Arc::new(Shared { engine, declared: RwLock::default(), settings }) }
    }
}

/// Lets `#[locked(…, locks = …)]` take a `Locks`, a reference to one or an `Arc` of one.
impl AsRef<Locks> for Locks {
    fn as_ref(&self) -> &Locks {
        self
    }
}
