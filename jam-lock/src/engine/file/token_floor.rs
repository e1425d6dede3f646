//! The least token that keyed names of a folder start from: what is left of those whose records were
//! removed, so that their tokens rise although the clock may be set back.
//!
//! It stands in the file `.tokens` of the folder, in the form of a released record; no lock can have
//! that name. It is raised under a lock of its own, which nobody waits for.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use super::file_id::FileId;
use super::record_file::{
    Room, failed, irregular, is_foreign, is_something_else, look_at, names, read, write,
};
use super::record_format::{Content, free};
use super::system::{Call, ask};
use super::{file_size_limit, flock, open};
use crate::engine::Mode;
use crate::error::LockError;
use crate::per_process::PerProcess;

/// The floor of one folder.
#[derive(Debug)]
pub(super) struct TokenFloor {
    path: PathBuf,
    permissions: Option<u32>,
    file: Mutex<Option<Arc<Open>>>,
    /// Whose turn it is to raise it: the file's lock does not keep threads of a process apart.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: FileId,
}

/// The floors that somebody uses, by their folders.
static FLOORS: PerProcess<Mutex<HashMap<PathBuf, Weak<TokenFloor>>>> = PerProcess::new();

impl TokenFloor {
    /// The floor of `folder`, whose file is made with these permissions.
    pub(super) fn of(folder: &Path, permissions: Option<u32>) -> Arc<Self> {
        let mut floors = lock(FLOORS.get());
        if let Some(floor) = floors.get(folder).and_then(Weak::upgrade) {
            return floor;
        }
        floors.retain(|_, floor| floor.strong_count() > 0);
        let path = folder.join(".tokens");
        let (file, turn) = (Mutex::new(None), Mutex::new(()));
        let floor = Arc::new(Self { path, permissions, file, turn });
        floors.insert(folder.to_owned(), Arc::downgrade(&floor));
        floor
    }

    /// The floor of the folder in which the record at `path` is. Where its file is missing, it is made
    /// with the record's permissions: whoever shares the folder has to be able to raise it, too.
    pub(super) fn beside(path: &Path) -> Arc<Self> {
        let folder = path.parent().unwrap_or(path);
        let known = lock(FLOORS.get()).get(folder).and_then(Weak::upgrade);
        known.unwrap_or_else(|| Self::of(folder, mode(path)))
    }

    /// The greatest token that it was raised to.
    pub(super) fn get(&self) -> Result<u64, LockError> {
        let floor = self.open(false).and_then(|open| open.map_or(Ok(0), |open| open.token()));
        floor.map_err(|error| failed("read the last token of keyed names from", &self.path, error))
    }

    /// Raises it to `token`, unless it is there.
    ///
    /// # Errors
    /// What keeps it from being raised, somebody who is raising it just now included.
    pub(super) fn raise(&self, token: u64) -> Result<(), LockError> {
        self.try_raise(token)
            .map_err(|error| failed("write the last token of keyed names to", &self.path, error))
    }

    fn try_raise(&self, token: u64) -> io::Result<()> {
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
        };
        let text = free(token);
        file_size_limit::permits(text.len())?;
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

    /// The file at the path, which stays open; where there is none, it is made if `may_make` it.
    fn open(&self, may_make: bool) -> io::Result<Option<Arc<Open>>> {
        let known = lock(&self.file).clone();
        if let Some(open) = known {
            let found = ask(Call::Look, self.path.as_path(), || fs::symlink_metadata(&self.path));
            if found.is_ok_and(|found| FileId::new(&self.path, &found) == open.identity) {
                return Ok(Some(open));
            }
        }
        let opened = match open::existing(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound && may_make => {
                open::create(&self.path, self.permissions)
            }
            opened => opened,
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && !may_make => return Ok(None),
            Err(error) => return Err(irregular(&self.path, error)),
        };
        let found = look_at(&file)?;
        if let Some(what) = open::irregularity(found.file_type()) {
            return Err(is_something_else(what));
        }
        if names(&found) > 1 {
            return Err(is_something_else("also another file, by a hard link"));
        }
        let open = Arc::new(Open { file, identity: FileId::new(&self.path, &found) });
        *lock(&self.file) = Some(Arc::clone(&open));
        Ok(Some(open))
    }
}

impl Open {
    fn token(&self) -> io::Result<u64> {
        match Content::of(read(&self.file, &mut Room::new())?) {
            Content::Nothing => Ok(0),
            Content::Record(record) if record.is_clean() => Ok(record.token.unwrap_or_default()),
            Content::Record(_) | Content::Foreign => Err(is_foreign()),
        }
    }
}

/// The permissions of the file at `path`, where there is one.
#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let found = ask(Call::Look, path, || fs::symlink_metadata(path));
    found.ok().map(|found| found.permissions().mode() & 0o777)
}

/// Windows has none.
#[cfg(windows)]
fn mode(_: &Path) -> Option<u32> {
    None
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
        let floor = TokenFloor::of(folder.path(), None);
        assert_eq!(floor.get().unwrap(), 0);
        for (raised, expected) in [(7, 7), (5, 7), (9, 9)] {
            floor.raise(raised).unwrap();
            assert_eq!(floor.get().unwrap(), expected);
        }
        assert_eq!(fs::read(folder.path().join(".tokens")).unwrap(), free(9));
    }

    // Windows does not let anybody remove what is open.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_replaced_is_not_the_floor_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let floor = TokenFloor::of(folder.path(), None);
        floor.raise(7).unwrap();
        fs::remove_file(folder.path().join(".tokens")).unwrap();
        fs::write(folder.path().join(".tokens"), free(11)).unwrap();
        assert_eq!(floor.get().unwrap(), 11);
    }

    // Others who share the folder have to be able to raise it, also after this process is gone.
    #[cfg(unix)]
    #[test]
    fn it_is_made_with_the_mode_of_the_record_whose_token_it_keeps() {
        use std::os::unix::fs::PermissionsExt;

        use super::super::record_file;

        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("x.holder");
        fs::write(&record, free(7)).unwrap();
        fs::set_permissions(&record, fs::Permissions::from_mode(0o660)).unwrap();
        assert!(record_file::remove(&record));
        let floor = fs::metadata(folder.path().join(".tokens")).unwrap();
        assert_eq!(floor.permissions().mode() & 0o777, 0o660);
    }

    #[test]
    fn it_is_not_waited_for_and_not_believed_where_it_is_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let floor = TokenFloor::of(folder.path(), None);
        floor.raise(7).unwrap();
        let turn = floor.turn.lock().unwrap();
        assert!(floor.raise(9).is_err());
        drop(turn);
        fs::write(folder.path().join(".tokens"), "my notes").unwrap();
        assert!(floor.raise(9).is_err() && floor.get().is_err());
        assert_eq!(fs::read(folder.path().join(".tokens")).unwrap(), b"my notes");
    }
}
