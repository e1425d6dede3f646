//! The lock file: opened never through a link, never emptied, never anything but a regular file.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::file_id::FileId;
use super::folder;
use super::open::{create, existing, irregularity};
use super::system::{Call, ask};
use crate::error::LockError;

/// How often a file may vanish between two looks at it before that is an error.
const ROUNDS: usize = 100;

/// How long ago a poller looked at the most, which does so every 50 ms.
const RECENTLY: Duration = Duration::from_millis(100);

/// An open lock file, and what tells whether a path names it.
pub(super) struct LockFile {
    file: File,
    id: FileId,
    is_new: bool,
    /// When it was written to last, before it was opened.
    modified: Option<SystemTime>,
}

impl LockFile {
    /// Opens the lock file at `path`, and makes it, with its folder, where it is missing.
    ///
    /// `mode` is given to a file that is made here, whatever the umask; without one it is
    /// `0666 & ~umask`. A file that was there keeps its mode and its content.
    pub(super) fn open(path: &Path, mode: Option<u32>) -> Result<Self, LockError> {
        let failed = |operation, error| LockError::Io { operation, path: path.to_owned(), error };
        let mut last = io::Error::from(ErrorKind::NotFound);
        for _ in 0..ROUNDS {
            if let Some(file) = Self::existing(path)? {
                return Ok(file);
            }
            match create(path, mode) {
                Ok(file) => return Ok(Self { is_new: true, ..Self::checked(file, path)? }),
                // Somebody else was faster; the next round opens theirs.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let folder = path.parent().unwrap_or(path);
                    if let Err(error) = folder::make(folder) {
                        if !folder::is_passing(&error, folder) {
                            return Err(failed("make the lock folder again, to hold", error));
                        }
                        // Others remove it, or make it, at the same time.
                        last = error;
                    }
                }
                Err(error) => return Err(failed("make the lock file", error)),
            }
        }
        Err(failed("keep hold of the lock file", last))
    }

    /// Opens the lock file at `path` if there is one.
    pub(super) fn existing(path: &Path) -> Result<Option<Self>, LockError> {
        match existing(path) {
            Ok(file) => Self::checked(file, path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refusal(path, error)),
        }
    }

    /// What could be opened may still be a FIFO or a device.
    fn checked(file: File, path: &Path) -> Result<Self, LockError> {
        let looked = ask(Call::Look, &file, || file.metadata());
        let metadata = looked.map_err(|error| LockError::Io {
            operation: "look at the lock file",
            path: path.to_owned(),
            error,
        })?;
        match irregularity(metadata.file_type()) {
            Some(found) => Err(LockError::NotAFile { path: path.to_owned(), found }),
            None => Ok(Self {
                file,
                id: FileId::new(path, &metadata),
                is_new: false,
                modified: metadata.modified().ok(),
            }),
        }
    }

    /// The file, to be locked and unlocked.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it was made when it was opened.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether it still has a name.
    #[cfg(unix)]
    pub(super) fn has_a_name(&self) -> bool {
        let look = ask(Call::Look, &self.file, || self.file.metadata());
        look.is_ok_and(|found| std::os::unix::fs::MetadataExt::nlink(&found) > 0)
    }

    /// Always: what is open keeps its name.
    #[cfg(windows)]
    pub(super) fn has_a_name(&self) -> bool {
        true
    }

    /// Whether somebody polls it who empties the file at each look, as Jam.py does: not whoever made
    /// it just before it was opened here.
    pub(super) fn is_polled(&self) -> bool {
        let modified = ask(Call::Look, &self.file, || self.file.metadata()?.modified());
        let is_recent = |modified: &SystemTime| modified.elapsed().is_ok_and(|ago| ago < RECENTLY);
        modified.ok().filter(is_recent).is_some_and(|modified| Some(modified) != self.modified)
    }

    /// Whether `path` still names this file, which somebody may have removed, renamed or replaced.
    #[cfg(unix)]
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        match ask(Call::Look, path, || fs::symlink_metadata(path)) {
            Ok(found) => Ok(FileId::new(path, &found) == self.id),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Always: an open file without `FILE_SHARE_DELETE` can be neither removed nor renamed.
    #[cfg(windows)]
    pub(super) fn is_at(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// Why `path` could not be opened: for what it is, if it is something odd, else for `error`.
fn refusal(path: &Path, error: io::Error) -> LockError {
    let found = fs::symlink_metadata(path).ok().and_then(|m| irregularity(m.file_type()));
    let path = path.to_owned();
    match found {
        Some(found) => LockError::NotAFile { path, found },
        None => LockError::Io { operation: "open the lock file", path, error },
    }
}
