//! [`TokenFloor`]: where the tokens of a folder's keyed names start, so that they rise although the
//! records of keyed names are removed, even if the clock is set back.
//!
//! It is the file `.tokens` of the folder, in the form of a released record; no lock can have that
//! name. It is raised under a lock of its own, for which no process waits.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use super::error::{foreign, io_error, open_error, wrong_kind};
use super::file_size_limit;
use super::format::{Content, released_line};
use super::io::{Buffer, metadata, read, write};
use crate::engine::Mode;
use crate::engine::file::create::create;
use crate::engine::file::platform::{self, FileId};
use crate::engine::file::syscall::{Syscall, retry};
use crate::engine::file::{file_identity, flock, open};
use crate::error::LockError;
use crate::per_process::PerProcess;

/// The floor of one folder.
#[derive(Debug)]
pub(in crate::engine::file) struct TokenFloor {
    path: PathBuf,
    permissions: Option<u32>,
    file: Mutex<Option<Arc<OpenFile>>>,
    /// Held while it is raised: the file's lock does not exclude threads of one process.
    raising: Mutex<()>,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    id: FileId,
    has_reliable_id: bool,
}

/// The floors that are in use, by folder.
static FLOORS: PerProcess<Mutex<HashMap<PathBuf, Weak<TokenFloor>>>> = PerProcess::new();

impl TokenFloor {
    /// The floor of `folder`, whose file is created with these permissions.
    pub(in crate::engine::file) fn for_folder(
        folder: &Path,
        permissions: Option<u32>,
    ) -> Arc<Self> {
        let mut floors = lock(FLOORS.get());
        if let Some(floor) = floors.get(folder).and_then(Weak::upgrade) {
            return floor;
        }
        floors.retain(|_, floor| floor.strong_count() > 0);
        let path = folder.join(".tokens");
        let (file, raising) = (Mutex::new(None), Mutex::new(()));
        let floor = Arc::new(Self { path, permissions, file, raising });
        floors.insert(folder.to_owned(), Arc::downgrade(&floor));
        floor
    }

    /// The floor of the folder that has the record at `path`.
    ///
    /// If its file is missing, it is created with the record's permissions, because all users of
    /// the folder must be able to raise it.
    pub(super) fn for_record(path: &Path) -> Arc<Self> {
        let folder = path.parent().unwrap_or(path);
        let existing = lock(FLOORS.get()).get(folder).and_then(Weak::upgrade);
        existing.unwrap_or_else(|| Self::for_folder(folder, platform::permissions(path)))
    }

    /// The greatest token that it was raised to.
    pub(super) fn get(&self) -> Result<u64, LockError> {
        let floor = self.open(false).and_then(|open| open.map_or(Ok(0), |open| open.token()));
        floor
            .map_err(|error| io_error("read the last token of keyed names from", &self.path, error))
    }

    /// Raises it to `token`, if it is lower.
    ///
    /// # Errors
    /// It cannot be raised, for example because another thread or process is just raising it.
    pub(super) fn raise(&self, token: u64) -> Result<(), LockError> {
        self.try_raise(token)
            .map_err(|error| io_error("write the last token of keyed names to", &self.path, error))
    }

    fn try_raise(&self, token: u64) -> io::Result<()> {
        let _raising = match self.raising.try_lock() {
            Ok(raising) => raising,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
        };
        let text = released_line(token);
        file_size_limit::check(text.len())?;
        let open = self.open(true)?.ok_or(ErrorKind::NotFound)?;
        if !flock::try_lock(&open.file, Mode::Exclusive)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let raised = open
            .token()
            .and_then(|floor| if floor < token { write(&open.file, &text) } else { Ok(()) });
        let unlocked = flock::unlock(&open.file);
        raised.and(unlocked)
    }

    /// The file at the path, which stays open; if it is missing and `may_create` is set, a new one.
    fn open(&self, may_create: bool) -> io::Result<Option<Arc<OpenFile>>> {
        let cached = lock(&self.file).clone().filter(|open| open.has_reliable_id);
        if let Some(open) = cached {
            let path = self.path.as_path();
            let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path));
            if metadata.is_ok_and(|metadata| FileId::new(path, &metadata) == open.id) {
                return Ok(Some(open));
            }
        }
        let opened = match open::read_write(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound && may_create => {
                create(&self.path, self.permissions)
            }
            opened => opened,
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && !may_create => return Ok(None),
            Err(error) => return Err(open_error(&self.path, error)),
        };
        let metadata = metadata(&file)?;
        if let Some(kind) = open::irregularity(metadata.file_type()) {
            return Err(wrong_kind(kind));
        }
        if platform::link_count(&metadata) > 1 {
            return Err(wrong_kind("also another file, by a hard link"));
        }
        let has_reliable_id = file_identity::is_reliable(&file, &metadata);
        let id = FileId::new(&self.path, &metadata);
        let open = Arc::new(OpenFile { file, id, has_reliable_id });
        *lock(&self.file) = Some(Arc::clone(&open));
        Ok(Some(open))
    }
}

impl OpenFile {
    fn token(&self) -> io::Result<u64> {
        match Content::parse(read(&self.file, &mut Buffer::new())?) {
            Content::Empty => Ok(0),
            Content::Record(record) if record.is_clean() => Ok(record.token.unwrap_or_default()),
            Content::Record(_) | Content::Foreign => Err(foreign()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_rises() {
        let folder = tempfile::tempdir().unwrap();
        let floor = TokenFloor::for_folder(folder.path(), None);
        assert_eq!(floor.get().unwrap(), 0);
        for (raised, expected) in [(7, 7), (5, 7), (9, 9)] {
            floor.raise(raised).unwrap();
            assert_eq!(floor.get().unwrap(), expected);
        }
        assert_eq!(fs::read(folder.path().join(".tokens")).unwrap(), released_line(9));
    }

    // Windows does not remove open files.
    #[cfg(unix)]
    #[test]
    fn the_file_that_replaces_another_is_the_floor() {
        let folder = tempfile::tempdir().unwrap();
        let floor = TokenFloor::for_folder(folder.path(), None);
        floor.raise(7).unwrap();
        fs::remove_file(folder.path().join(".tokens")).unwrap();
        fs::write(folder.path().join(".tokens"), released_line(11)).unwrap();
        assert_eq!(floor.get().unwrap(), 11);
    }

    // All users of the folder must be able to raise it, even after this process has ended.
    #[cfg(unix)]
    #[test]
    fn it_is_created_with_the_mode_of_the_record_whose_token_it_keeps() {
        use std::os::unix::fs::PermissionsExt;

        use super::super::removal;

        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("x.holder");
        fs::write(&record, released_line(7)).unwrap();
        fs::set_permissions(&record, fs::Permissions::from_mode(0o660)).unwrap();
        assert!(removal::remove(&record));
        let metadata = fs::metadata(folder.path().join(".tokens")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    }

    #[test]
    fn it_is_neither_waited_for_nor_overwritten_if_it_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let floor = TokenFloor::for_folder(folder.path(), None);
        floor.raise(7).unwrap();
        let raising = floor.raising.lock().unwrap();
        assert!(floor.raise(9).is_err());
        drop(raising);
        fs::write(folder.path().join(".tokens"), "my notes").unwrap();
        assert!(floor.raise(9).is_err() && floor.get().is_err());
        assert_eq!(fs::read(folder.path().join(".tokens")).unwrap(), b"my notes");
    }
}
