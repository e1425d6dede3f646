//! [`LockFile`]: an open lock file. It is never opened through a link, never emptied, and always a
//! regular file.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use super::create::create;
use super::file_identity;
use super::folder;
use super::open::{self, irregularity};
use super::platform::{self, FileId};
use super::syscall::{Syscall, retry};
use super::version::Version;
use crate::engine::{LossMonitor, Mode};
use crate::error::LockError;

/// The extension of a lock file.
pub(super) const EXTENSION: &str = "lock";

/// How often the file may disappear while it is being opened before that is an error.
const MAX_REOPENS: usize = 100;

/// How recent a write must be to come from a process that polls, as Jam.py does every 50 ms.
pub(super) const POLLED_RECENTLY: Duration = Duration::from_millis(100);

/// What a look at the path of a lock file shows.
pub(super) struct Look {
    /// The version of the record, if there are versions.
    pub(super) version: Option<Version>,
}

/// The unit of the times of some file systems; on most others, a time of whole seconds is a rare chance.
const COARSE_TIME: Duration = Duration::from_secs(2);

/// An open lock file, and its identity.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: File,
    id: FileId,
    is_new: bool,
    has_reliable_id: bool,
    /// The last write before it was opened here first.
    modified: Option<SystemTime>,
}

/// A file, and the last write before it was opened here first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Baseline {
    id: FileId,
    modified: Option<SystemTime>,
}

impl LockFile {
    /// Opens the lock file at `path` for this mode, and creates it, with its folder, if it is missing.
    ///
    /// A new file gets `permissions`, whatever the umask, or else `0666 & ~umask`. An existing file
    /// keeps its mode and its content.
    pub(super) fn open(
        path: &Path,
        permissions: Option<u32>,
        mode: Mode,
    ) -> Result<Self, LockError> {
        let failed = |operation, error| LockError::Io { operation, path: path.to_owned(), error };
        let mut last = io::Error::from(ErrorKind::NotFound);
        for _ in 0..MAX_REOPENS {
            if let Some(file) = Self::open_existing(path, mode)? {
                return Ok(file);
            }
            match create(path, permissions) {
                Ok(file) => return Ok(Self { is_new: true, ..Self::check(file, path)? }),
                // Another process was faster; the next round opens its file.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let folder = path.parent().unwrap_or(path);
                    if let Err(error) = folder::create(folder) {
                        if !folder::is_transient(&error, folder) {
                            return Err(failed("create the lock folder again, for", error));
                        }
                        // Other processes remove or create it at the same time.
                        last = error;
                    }
                }
                Err(error) => return Err(failed("create the lock file", error)),
            }
        }
        Err(failed("keep the lock file", last))
    }

    /// Opens the lock file at `path` for this mode, if there is one.
    ///
    /// A reader needs no write permission: `flock(2)` locks a file that is only open for reading.
    pub(super) fn open_existing(path: &Path, mode: Mode) -> Result<Option<Self>, LockError> {
        let opened = match mode {
            Mode::Exclusive => open::read_write(path),
            Mode::Shared => open::as_permitted(path),
        };
        match opened {
            Ok(file) => Self::check(file, path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(open_error(path, error)),
        }
    }

    /// Refuses a FIFO or a device, which can be opened as well.
    fn check(file: File, path: &Path) -> Result<Self, LockError> {
        let metadata = metadata(&file).map_err(|error| LockError::Io {
            operation: "inspect the lock file",
            path: path.to_owned(),
            error,
        })?;
        match not_a_file(path, &metadata) {
            Some(error) => Err(error),
            None => Ok(Self {
                path: path.to_owned(),
                has_reliable_id: file_identity::is_reliable(&file, &metadata),
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

    /// Whether it was created when it was opened.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// What tells whether the same file has been written to since it was opened here first.
    pub(super) fn baseline(&self) -> Baseline {
        Baseline { id: self.id, modified: self.modified }
    }

    /// The same file, which may have been opened here before.
    pub(super) fn since(self, baseline: Option<Baseline>) -> Self {
        match baseline.filter(|baseline| baseline.id == self.id) {
            Some(Baseline { modified, .. }) => Self { modified, ..self },
            None => self,
        }
    }

    /// Whether [`is_at`](Self::is_at) can be relied on; if not, it is not kept open when it is not
    /// locked, and not removed.
    pub(super) fn has_reliable_id(&self) -> bool {
        self.has_reliable_id
    }

    /// Whether it still has a name.
    pub(super) fn has_a_name(&self) -> bool {
        match metadata(&self.file) {
            Ok(metadata) => platform::link_count(&metadata) > 0,
            // Some file systems do not find a file that was removed, although it is open.
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    /// Changes the time of its last write, if this user owns it.
    #[cfg(target_os = "linux")]
    pub(super) fn touch(&self) {
        let now = SystemTime::now();
        // Some file systems in user space ignore one time without the other.
        let times = fs::FileTimes::new().set_accessed(now).set_modified(now);
        let _ = self.file.set_times(times);
    }

    /// Whether a process polls it and empties it at each try, as Jam.py does; a creation just
    /// before it was opened here does not count.
    pub(super) fn is_polled(&self) -> bool {
        let modified = retry(Syscall::Metadata, &self.file, || self.file.metadata()?.modified());
        let is_recent = |modified: &SystemTime| {
            let unit = if is_in_seconds(*modified) { COARSE_TIME } else { Duration::ZERO };
            modified.elapsed().is_ok_and(|age| age < POLLED_RECENTLY + unit)
        };
        modified.ok().filter(is_recent).is_some_and(|modified| Some(modified) != self.modified)
    }

    /// Whether `path` still names this file, which may have been removed, renamed or replaced.
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.look(path).map(|look| look.is_some())
    }

    /// Looks at the file if `path` still names it.
    pub(super) fn look(&self, path: &Path) -> io::Result<Option<Look>> {
        if !platform::OPEN_FILES_CAN_MOVE {
            return Ok(Some(Look { version: None }));
        }
        match retry(Syscall::Metadata, path, || fs::symlink_metadata(path)) {
            Ok(metadata) if FileId::new(path, &metadata) == self.id => {
                let version = Version::of(&metadata).filter(|_| self.has_reliable_id);
                Ok((self.has_reliable_id || self.has_a_name()).then_some(Look { version }))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the file had this version when it was opened here.
    pub(super) fn was_opened_at(&self, version: Version) -> bool {
        let modified = self.modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
        modified == Some(version.modified())
    }

    /// Sets the modification time, and returns the version that results.
    pub(super) fn set_version(&self, modified: SystemTime) -> io::Result<Option<Version>> {
        retry(Syscall::SetTime, &self.file, || self.file.set_modified(modified))?;
        Ok(Version::of(&metadata(&self.file)?))
    }
}

/// Once it is removed or replaced, another process may lock the file that takes its place. Nothing
/// notifies of that.
impl LossMonitor for LockFile {
    fn lost_reason(&self) -> Option<String> {
        None
    }

    fn check(&self) -> Option<String> {
        // A file that cannot be looked at may be there.
        let is_in_place = self.is_at(&self.path).unwrap_or(true);
        (!is_in_place).then(|| "its lock file was removed or replaced".to_owned())
    }

    fn on_loss(&self, _: &Waker) {}

    fn flush(&self) {}
}

fn is_in_seconds(time: SystemTime) -> bool {
    time.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|time| time.subsec_nanos() == 0)
}

fn metadata(file: &File) -> io::Result<Metadata> {
    retry(Syscall::Metadata, file, || file.metadata())
}

/// The error of a lock file with this `metadata`, if it is no regular file.
pub(super) fn not_a_file(path: &Path, metadata: &Metadata) -> Option<LockError> {
    /// Whose folders they are is not known: they are empty, or have names of their own.
    const FOLDER: &str = "it may be a lock of proper-lockfile, SQLite or another program that locks with \
        folders, so use another name, and remove it only if no program uses it";
    let found = irregularity(metadata.file_type())?;
    let remedy = if metadata.is_dir() { FOLDER } else { "move it out of the way" };
    Some(LockError::NotAFile { path: path.to_owned(), found, remedy })
}

/// Why `path` could not be opened: because it is no regular file, or else `error`.
fn open_error(path: &Path, error: io::Error) -> LockError {
    let metadata = fs::symlink_metadata(path).ok();
    metadata.and_then(|metadata| not_a_file(path, &metadata)).unwrap_or_else(|| LockError::Io {
        operation: "open the lock file",
        path: path.to_owned(),
        error,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_seen_although_times_are_in_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let file = LockFile::open(&path, None, Mode::Exclusive).unwrap();
        assert!(!file.is_polled());
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let last_second = SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970.as_secs() - 1);
        for (modified, is_polled) in
            [(last_second, true), (last_second + Duration::from_nanos(100), false)]
        {
            file.file.set_modified(modified).unwrap();
            assert_eq!(file.is_polled(), is_polled);
        }
    }
}
