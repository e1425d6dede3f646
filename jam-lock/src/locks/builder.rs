//! [`LocksBuilder`]: options to open locks with.

use std::path::{Path, PathBuf};

use super::Locks;
use crate::LockError;
use crate::engine::file::FileEngine;

/// Options to open [`Locks`] with.
///
/// # Example
/// ```
/// use jam_lock::Locks;
///
/// # let root = tempfile::tempdir()?;
/// # let root = root.path();
/// let builder = Locks::builder().folder(root.join("locks"));
/// // Members of the group may use the locks, whatever the umask of who comes first.
/// #[cfg(unix)]
/// let builder = builder.mode(0o660);
/// let locks = builder.open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is opened until `open` is called"]
pub struct LocksBuilder {
    folder: Option<PathBuf>,
    mode: Option<u32>,
}

impl LocksBuilder {
    /// The folder of the lock files; `locks` in the current directory by default.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// The permissions of lock files that are made here, whatever the umask.
    ///
    /// By default they are `0666 & ~umask`. A file that exists keeps what it has. Where a process
    /// opens one folder twice, a lock's file gets what the `Locks` that used it first was told.
    #[cfg(unix)]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Opens the locks, and makes their folder where it is missing.
    ///
    /// # Errors
    /// [`LockError::Io`] when the folder cannot be made or resolved.
    pub fn open(self) -> Result<Locks, LockError> {
        let folder = self.folder.as_deref().unwrap_or(Path::new(super::default::FOLDER));
        Ok(Locks::with(Box::new(FileEngine::open(folder, self.mode)?)))
    }
}
