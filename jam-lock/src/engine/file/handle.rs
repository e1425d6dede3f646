//! One mode's open file of a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::flock;
use super::lock_file::LockFile;
use crate::engine::Mode;
use crate::error::LockError;

/// How often the file may be replaced during one attempt before that counts as contention.
const ROUNDS: usize = 16;

/// A lock file, opened once for one mode and kept for as long as the path names it.
///
/// Each mode has an open file of its own: `flock(2)` does not convert a lock in one step, and where
/// it refuses to, the lock that was there is gone.
pub(super) struct Seat {
    mode: Mode,
    kept: Option<Arc<LockFile>>,
    /// Counts unlocks of the kept file: a pursuit's lock is only a hint where one happened since.
    unlocks: u64,
    /// Whether the path has ever named another file than the kept one.
    has_lost_a_file: bool,
    opened: u64,
}

/// A file that a pursuit blocks for, which is not always the kept one any more.
pub(super) struct Pursued {
    pub(super) file: Arc<LockFile>,
    unlocks: u64,
}

/// Where a file is, and with which permissions it is made.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) permissions: Option<u32>,
}

impl Seat {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, kept: None, unlocks: 0, has_lost_a_file: false, opened: 0 }
    }

    /// One attempt to lock that does not wait.
    pub(super) fn try_acquire(&mut self, place: &Place) -> Result<bool, LockError> {
        let mut is_unstable = true;
        for _ in 0..ROUNDS {
            let file = self.kept(place)?;
            let result = flock::try_lock(file.file(), self.mode);
            let locked = self.checked("lock", place, result)?;
            // A refusal is checked as well: nobody should wait for a dead file.
            if self.is_alive(&file, place, locked)? {
                return Ok(locked);
            }
            // A file that somebody has replaced has no name any more.
            is_unstable &= file.has_a_name();
        }
        if is_unstable { Err(unstable(&place.path)) } else { Ok(false) }
    }

    /// The open file that a pursuit blocks on: the kept one, so that a try takes what a pursuit has
    /// got and not brought home yet.
    #[cfg(unix)]
    pub(super) fn pursued(&mut self, place: &Place) -> Result<Pursued, LockError> {
        Ok(Pursued { file: self.kept(place)?, unlocks: self.unlocks })
    }

    /// The open file that a pursuit blocks on: one of its own, because Windows does one thing at a
    /// time with an open file, and a try on the same one would wait for the pursuit.
    #[cfg(windows)]
    pub(super) fn pursued(&mut self, place: &Place) -> Result<Pursued, LockError> {
        let file = LockFile::open(&place.path, place.permissions)?;
        Ok(Pursued { file: Arc::new(file), unlocks: self.unlocks })
    }

    /// Keeps the file that a pursuit has locked; `false` where the lock slipped away.
    pub(super) fn accept(&mut self, pursued: Pursued, place: &Place) -> Result<bool, LockError> {
        let Pursued { file, unlocks } = pursued;
        if self.is_kept(&file) && unlocks != self.unlocks {
            // The lock may be the one that was released since; who has it is granted it again.
            let result = flock::try_lock(file.file(), self.mode);
            if !self.checked("lock", place, result)? {
                return Ok(false);
            }
        }
        if self.is_alive(&file, place, true)? {
            self.kept = Some(file);
            return Ok(true);
        }
        self.try_acquire(place)
    }

    /// Unlocks what a pursuit has locked, unless it is the kept file.
    pub(super) fn discard(&self, pursued: &Pursued) {
        if !self.is_kept(&pursued.file) {
            // Nobody else has the dead file open here, so closing it is the fallback.
            let _ = flock::unlock(pursued.file.file());
        }
    }

    /// Unlocks the kept file.
    pub(super) fn release(&mut self, place: &Place) -> Result<(), LockError> {
        match self.kept.clone() {
            Some(file) => self.unlock(&file, place),
            None => Ok(()),
        }
    }

    /// Whether the path still names `file`. Where not, the next attempt starts from the path, and
    /// a lock on the dead file is let go.
    pub(super) fn is_alive(
        &mut self,
        file: &LockFile,
        place: &Place,
        locked: bool,
    ) -> Result<bool, LockError> {
        let result = file.is_at(&place.path);
        let alive = self.checked("look at", place, result);
        if !matches!(alive, Ok(true)) {
            self.kept = None;
            self.has_lost_a_file = true;
            if locked {
                self.unlock(file, place)?;
            }
        }
        alive
    }

    /// Whether the path still names the kept file.
    pub(super) fn is_in_place(&self, place: &Place) -> Result<bool, LockError> {
        let Some(file) = &self.kept else { return Ok(false) };
        file.is_at(&place.path).map_err(|error| trouble("look at", &place.path, error))
    }

    /// Whether others have removed or replaced a file that was in use here.
    pub(super) fn has_lost_a_file(&self) -> bool {
        self.has_lost_a_file
    }

    /// Whether the kept file was made here.
    pub(super) fn is_new(&self) -> bool {
        self.kept.as_ref().is_some_and(|file| file.is_new())
    }

    /// How often a file was opened.
    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    /// Whether somebody polls the kept file.
    pub(super) fn is_polled(&self) -> bool {
        self.kept.as_ref().is_some_and(|file| file.is_polled())
    }

    /// Gives up the kept file.
    pub(super) fn vacate(&mut self) -> Option<Arc<LockFile>> {
        self.kept.take()
    }

    fn kept(&mut self, place: &Place) -> Result<Arc<LockFile>, LockError> {
        if let Some(file) = &self.kept {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(LockFile::open(&place.path, place.permissions)?);
        self.opened += 1;
        self.kept = Some(Arc::clone(&file));
        Ok(file)
    }

    fn is_kept(&self, file: &Arc<LockFile>) -> bool {
        self.kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, file))
    }

    fn unlock(&mut self, file: &LockFile, place: &Place) -> Result<(), LockError> {
        self.unlocks += 1;
        let result = flock::unlock(file.file());
        self.checked("unlock", place, result)
    }

    /// Forgets the kept file where `result` says that something is wrong with it, so that the next
    /// attempt starts from the path.
    fn checked<T>(
        &mut self,
        operation: &'static str,
        place: &Place,
        result: io::Result<T>,
    ) -> Result<T, LockError> {
        result.map_err(|error| {
            self.kept = None;
            trouble(operation, &place.path, error)
        })
    }
}

/// What is wrong with a file that is never the one at its own `path`, although nobody has removed it:
/// whether two processes lock the same file cannot be determined then.
fn unstable(path: &Path) -> LockError {
    LockError::Unsupported {
        what: "locking a file whose inode number changes",
        location: path.display().to_string(),
        remedy: "keep the lock folder on a local file system, where inode numbers are stable",
    }
}

/// What went wrong with the file at `path`.
pub(super) fn trouble(operation: &'static str, path: &Path, error: io::Error) -> LockError {
    if error.kind() == io::ErrorKind::Unsupported {
        LockError::Unsupported {
            what: "file locking (flock)",
            location: path.display().to_string(),
            remedy: "keep the lock folder on a local file system",
        }
    } else {
        LockError::Io { operation, path: path.to_owned(), error }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_whose_inode_number_changes_with_every_look_is_an_error_and_no_contention() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { path: folder.path().join("x.lock"), permissions: None };
        let _observed = super::super::system::faults::Observed::with_unstable_inodes(folder.path());
        let error = Seat::new(Mode::Exclusive).try_acquire(&place).unwrap_err();
        assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_replaced_all_the_time_is_contended_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { path: folder.path().join("x.lock"), permissions: None };
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let _ = std::fs::remove_file(&place.path);
                }
            });
            let mut seat = Seat::new(Mode::Exclusive);
            let results: Vec<_> = (0..2_000).map(|_| seat.try_acquire(&place)).collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(results.iter().all(Result::is_ok), "{results:?}");
        });
    }

    #[test]
    fn a_file_system_without_flock_is_said_to_have_none() {
        let error = io::Error::from_raw_os_error(libc::ENOSYS);
        assert_eq!(
            trouble("lock", Path::new("/mnt/x.lock"), error).to_string(),
            "file locking (flock) is not supported at /mnt/x.lock: \
             keep the lock folder on a local file system"
        );
    }

    #[test]
    fn other_trouble_says_what_was_done_to_which_file() {
        let error = io::Error::from_raw_os_error(libc::ENOLCK);
        let text = trouble("lock", Path::new("/mnt/x.lock"), error).to_string();
        assert!(text.starts_with("cannot lock /mnt/x.lock: No locks available"), "{text}");
    }
}
