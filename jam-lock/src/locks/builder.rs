//! [`LocksBuilder`]: options for opening locks.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Locks;
use super::location::{Location, check_folder};
use crate::engine::Engine;
use crate::engine::file::FileEngine;
use crate::engine::memory::MemoryEngine;
#[cfg(feature = "postgres")]
use crate::engine::postgres::{PostgresEngine, Url};
use crate::error::LockError;
use crate::observer::Observer;
use crate::settings::Settings;

/// Options for opening [`Locks`].
///
/// # Example
/// ```
/// use jam_lock::Locks;
///
/// # let root = tempfile::tempdir()?;
/// # let root = root.path();
/// let builder = Locks::builder().folder(root.join("locks"));
/// // Members of the group may use the locks, whatever the umask of the first process.
/// #[cfg(unix)]
/// let builder = builder.mode(0o660);
/// let locks = builder.open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is opened until `open` is called"]
pub struct LocksBuilder {
    folder: Option<PathBuf>,
    must_exist: bool,
    mode: Option<u32>,
    settings: Settings,
}

impl LocksBuilder {
    /// The folder of the lock files.
    ///
    /// By default, it is `locks` in the current directory, even if `JAM_LOCK` is set: use
    /// [`at`](LocksBuilder::at) with [`default_location`](crate::default_location) for that.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Makes a missing folder an error; by default it is created.
    ///
    /// For programs that only inspect locks: [`Locks::list`] and [`Locks::sweep`] create nothing themselves.
    pub fn must_exist(mut self) -> Self {
        self.must_exist = true;
        self
    }

    /// The mode of new lock files, regardless of the umask.
    ///
    /// By default, it is `0666 & ~umask`. A new file has its mode as soon as it is visible. An existing file
    /// keeps its mode. If a process opens one folder twice, a lock file gets the mode of the `Locks` that
    /// used it first.
    #[cfg(unix)]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Whether holders are recorded beside the lock file; the default is `true`.
    ///
    /// The record names the holder when another process times out, shows that a holder
    /// [died](crate::LockGuard::abandoned), and keeps [tokens](crate::LockGuard::token) rising when the clock
    /// does not. It costs four system calls for each acquisition and release. If the record cannot be read
    /// or written, the lock still works, and [`LockGuard::record_error`](crate::LockGuard::record_error)
    /// says why. The record never decides anything. Without records, a section with `recover` fails
    /// with [`LockError::Unsupported`].
    pub fn record_holders(mut self, record: bool) -> Self {
        self.settings.records_holders = record;
        self
    }

    /// The observer that is notified of what happens to these locks.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self
    }

    /// Opens the locks, and creates their folder if it is missing.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be created or resolved.
    /// - [`LockError::Unsupported`] if the folder is a URL, which [`Locks::at`] accepts.
    pub fn open(self) -> Result<Locks, LockError> {
        let folder = self.folder.as_deref().unwrap_or(Path::new(super::default::FOLDER));
        check_folder(folder)?;
        let engine = FileEngine::open(folder, !self.must_exist, self.mode)?;
        Ok(Locks::with(Arc::new(engine), self.settings))
    }

    /// Opens the locks at `location`, a folder or a URL, as [`Locks::at`] does.
    ///
    /// # Errors
    /// As [`Locks::at`].
    pub fn at(self, location: impl AsRef<OsStr>) -> Result<Locks, LockError> {
        match Location::parse(location.as_ref())? {
            Location::Folder(folder) => self.folder(folder).open(),
            #[cfg(feature = "postgres")]
            Location::Database(url) => self.connect(url),
        }
    }

    /// Opens the locks of a new temporary folder, as [`Locks::temporary`] does; ignores
    /// [`folder`](LocksBuilder::folder).
    ///
    /// # Errors
    /// As [`Locks::temporary`].
    pub fn temporary(self) -> Result<Locks, LockError> {
        Ok(Locks::with(Arc::new(FileEngine::temporary(self.mode)?), self.settings))
    }

    /// Creates locks without files, as [`Locks::in_memory`] does; ignores the folder and the mode.
    #[must_use]
    pub fn in_memory(self) -> Locks {
        Locks::with(Arc::new(MemoryEngine::new()), self.settings)
    }

    /// Opens the locks of a PostgreSQL database, as [`Locks::connect`] does.
    ///
    /// # Errors
    /// As [`Locks::connect`].
    #[cfg(feature = "postgres")]
    pub fn connect(self, url: &str) -> Result<Locks, LockError> {
        let engine = PostgresEngine::open(Url::parse(url)?)?;
        Ok(Locks::with(Arc::new(engine), self.settings))
    }

    /// Opens the locks of a custom engine, as [`Locks::with_engine`] does; ignores the folder and the mode.
    #[must_use]
    pub fn with_engine(self, engine: Arc<dyn Engine>) -> Locks {
        Locks::with(engine, self.settings)
    }
}
