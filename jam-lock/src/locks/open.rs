//! The ways to open [`Locks`].

use std::ffi::OsStr;
use std::path::Path;

use super::{Locks, LocksBuilder};
use crate::error::LockError;

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
    #[doc(alias = "mock")]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Opens the locks of a new folder in the system's temporary folder.
    ///
    /// For tests with several processes, and for locks that are not needed after the program has ended. Only
    /// the current user may enter the folder. It is removed once the last clone of the `Locks`, and its last
    /// lock and guard, are dropped. It is left to the system's cleanup of temporary files if the process is
    /// killed, and if the `Locks` is in a static, such as the [default](crate::set_default_locks).
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
}
