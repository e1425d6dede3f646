//! [`Locks`]: the set of an application's locks.

mod builder;
#[cfg(feature = "postgres")]
mod connect;
mod default;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, RwLock, RwLockWriteGuard};

use crate::engine::Engine;
use crate::error::LockError;
use crate::gate::{self, Gate};
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::name::{LockName, in_lock_order};
use crate::settings::Settings;
use crate::status::Status;

pub use self::builder::LocksBuilder;
pub use self::default::{default_location, default_locks, set_default_locks};

/// The set of an application's locks: those of a folder, of a PostgreSQL database, or of this process
/// alone.
///
/// Processes that open the same folder exclude each other, a running Jam.py application among
/// them. Cheap to clone, and shared between threads by reference or by clone alike.
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

type Gates = HashMap<LockName, Arc<Gate>>;

#[derive(Debug)]
struct Shared {
    engine: Arc<dyn Engine>,
    /// The gates of declared names, and so their open files, for as long as the `Locks` lives.
    /// Names made at run time have no end, so theirs go with the last `Lock` and guard.
    declared: RwLock<Gates>,
    settings: Arc<Settings>,
}

impl Locks {
    /// Opens the locks of `folder`, which is made with its parents where it is missing.
    ///
    /// The folder is resolved to an absolute path here and now: changing the current directory
    /// later changes nothing.
    ///
    /// # Errors
    /// - [`LockError::Io`] when the folder cannot be made or resolved.
    /// - [`LockError::Unsupported`] when it is a URL, which is for [`Locks::at`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, LockError> {
        Self::builder().folder(folder).open()
    }

    /// Locks without files, for unit tests: each call makes a set of its own.
    ///
    /// Its clones, and all threads and tasks that use them, exclude each other as in a folder:
    /// with timeouts, readers, tokens that rise from 2 on, and the errors of a thread or task that
    /// would wait for itself. **No other process sees them**, so they protect nothing that processes
    /// share; a test that starts processes needs [`Locks::temporary`]. A death with one of them ends
    /// the whole set, so a test uses [`LockGuard::mark_abandoned`] to have the next holder find a
    /// lock [abandoned](crate::LockGuard::abandoned).
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
    /// fn who_finds_the_index_in_use_is_refused() {
    ///     let locks = Locks::in_memory();
    ///     let held = locks.lock(lock_names::INDEX).acquire().unwrap();
    ///     assert!(update(&locks).unwrap_err().is_timeout());
    ///     drop(held);
    ///     assert!(update(&locks).is_ok());
    /// }
    /// #
    /// # fn main() {
    /// #     who_finds_the_index_in_use_is_refused();
    /// # }
    /// ```
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Opens the locks of a new folder in the system's temporary one, for tests with several
    /// processes, and for locks that nobody needs any more once the program has ended.
    ///
    /// Nobody but the user may enter the folder, and it is removed when the last clone of the
    /// `Locks`, and the last lock and guard of it, are gone. That never happens to what is static,
    /// the [default](set_default_locks) among it, nor in a process that is killed: what is left
    /// then is for whoever tidies the temporary folder.
    ///
    /// # Errors
    /// [`LockError::Io`] when the folder cannot be made.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let locks = Locks::temporary()?;
    /// let guard = locks.lock(LockName::new("upload")?).acquire()?;
    /// // What another process is told, to open the same locks.
    /// assert!(std::path::Path::new(&locks.location()).join("upload.lock").exists());
    /// guard.release()?;
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn temporary() -> Result<Self, LockError> {
        Self::builder().temporary()
    }

    /// Opens the locks at `place`, which comes from outside: a URL as for `Locks::connect`, with the
    /// feature `postgres`, or else a folder as for [`Locks::open`].
    ///
    /// # Errors
    /// As `Locks::connect` or [`Locks::open`]; [`LockError::Unsupported`] when it is the URL of an
    /// engine that this build lacks.
    ///
    /// # Example
    /// ```
    /// use jam_lock::Locks;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # std::env::set_current_dir(folder.path())?;
    /// let place = std::env::args_os().nth(1).unwrap_or_else(jam_lock::default_location);
    /// let locks = Locks::at(place)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(location: impl AsRef<OsStr>) -> Result<Self, LockError> {
        Self::builder().at(location)
    }

    /// Options to open locks with.
    pub fn builder() -> LocksBuilder {
        LocksBuilder::default()
    }

    /// The lock called `name`. Nothing is acquired, nor any file touched, yet.
    pub fn lock(&self, name: LockName) -> Lock {
        let settings = Arc::clone(&self.shared.settings);
        let declared = &self.shared.declared;
        // A fork may have inherited them locked, so nobody waits for them.
        if let Some(gate) = declared.try_read().ok().and_then(|gates| gates.get(&name).cloned()) {
            return Lock::new(name, gate, settings);
        }
        let gate = gate::gate(&self.shared.engine, &name);
        if name.is_declared() {
            let insert = |mut gates: RwLockWriteGuard<'_, Gates>| {
                gates.insert(name.clone(), Arc::clone(&gate))
            };
            // With a gate may go an engine, which is not to end under a lock of ours.
            drop(declared.try_write().ok().map(insert));
        }
        Lock::new(name, gate, settings)
    }

    /// The locks of all `names`, to be acquired as one. Nothing is acquired, nor any file touched,
    /// yet.
    pub fn lock_all(&self, names: impl IntoIterator<Item = LockName>) -> LockSet {
        LockSet::new(in_lock_order(names).into_iter().map(|name| self.lock(name)).collect())
    }

    /// Where the locks are: the path of their folder, or a server's URL without its password.
    #[must_use]
    pub fn location(&self) -> String {
        self.shared.engine.location()
    }

    /// How all the locks stand that have been used, in the order of their names: their holders and
    /// how many wait, as far as that can be seen. [`Lock::status`] is for one of them.
    ///
    /// Of a folder these are its lock files. Only Linux lists the processes that hold a file lock or
    /// wait for it, and its list may lack some while other locks come and go. So it is read several
    /// times, and what differs is left open: a number is then not known. In a container, processes
    /// outside are not seen. If the list does not show a holder each time, and on every other system,
    /// the lock is tried as a reader and given back at once: a try elsewhere in that instant is
    /// refused. Nothing is made, emptied or removed.
    ///
    /// Of a database these are the names of its namespace that a row of the table tells of.
    ///
    /// This blocks, for a few seconds at the most where a server does not answer.
    ///
    /// # Errors
    /// - [`LockError::Io`] when the folder cannot be listed.
    /// - [`LockError::Engine`] when the server cannot be asked, or this is a thread of its engine.
    /// - [`LockError::Unsupported`] when the engine cannot tell which locks there are.
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
        let engine = &*self.shared.engine;
        let amended = |status: Status| {
            let gate = status.lock_name().and_then(|name| gate::existing(engine, &name));
            match gate {
                Some(gate) => gate.refine_status(status),
                None => status,
            }
        };
        let mut found: Vec<_> = engine.list()?.into_iter().map(amended).collect();
        found.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(found)
    }

    /// Removes the files of [keyed names](LockName#keyed-names) that nobody uses, which processes that
    /// were killed have left behind, and tells of how many locks.
    ///
    /// A file is removed only if the record beside it says that its name is keyed, and while its lock
    /// is held. The record of a holder that died stays until somebody has recovered. A try elsewhere in
    /// that instant is refused. Rows of a database stay: they have the last tokens. Files that a killed
    /// process was just giving their [mode](crate::LocksBuilder::mode) are removed as well, uncounted.
    ///
    /// # Errors
    /// [`LockError::Io`] when the folder cannot be listed. A file that cannot be removed stays.
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

    /// The locks of an engine of the application's own.
    ///
    /// Two of them whose engines have one [identity](Engine::identity) share their gates.
    pub fn with_engine(engine: Arc<dyn Engine>) -> Self {
        Self::builder().with_engine(engine)
    }

    fn with(engine: Arc<dyn Engine>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        Self { shared: Arc::new(Shared { engine, declared: RwLock::default(), settings }) }
    }
}

/// So that `#[locked(…, locks = …)]` takes a `Locks`, a reference to one or an `Arc` of one.
impl AsRef<Locks> for Locks {
    fn as_ref(&self) -> &Locks {
        self
    }
}
