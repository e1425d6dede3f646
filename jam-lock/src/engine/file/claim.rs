//! The claim on one lock file.

use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::lock_file::LockFile;
use super::{flock, pursuit};
use crate::engine::{Claim, Home};
use crate::{LockError, LockName};

/// How often the file may be replaced under one attempt before that counts as contention.
const ROUNDS: usize = 16;

/// One lock file, opened once and kept for as long as the path names it.
pub(super) struct FileClaim {
    name: LockName,
    path: PathBuf,
    mode: Option<u32>,
    /// A fork shares the open file, so that its unlock would free the lock of its parent.
    process: u32,
    kept: Option<Arc<LockFile>>,
    /// Counts unlocks of the kept file: a pursuit's lock is only a hint where one happened since.
    unlocks: u64,
    in_flight: Vec<Pursuit>,
}

/// A thread that blocks for a file, which is not always the kept one any more.
struct Pursuit {
    number: u64,
    file: Arc<LockFile>,
    unlocks: u64,
}

impl FileClaim {
    pub(super) fn new(name: LockName, path: PathBuf, mode: Option<u32>) -> Self {
        let process = process::id();
        Self { name, path, mode, process, kept: None, unlocks: 0, in_flight: Vec::new() }
    }

    fn kept(&mut self) -> Result<Arc<LockFile>, LockError> {
        if let Some(file) = &self.kept {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(LockFile::open(&self.path, self.mode)?);
        self.kept = Some(Arc::clone(&file));
        Ok(file)
    }

    /// The open file that a pursuit blocks on: the kept one, so that a try takes what a pursuit has
    /// got and not brought home yet.
    #[cfg(unix)]
    fn pursued(&mut self) -> Result<Arc<LockFile>, LockError> {
        self.kept()
    }

    /// The open file that a pursuit blocks on: one of its own, because Windows does one thing at a
    /// time with an open file, and a try on the same one would wait for the pursuit.
    #[cfg(windows)]
    fn pursued(&mut self) -> Result<Arc<LockFile>, LockError> {
        LockFile::open(&self.path, self.mode).map(Arc::new)
    }

    /// Forgets the kept file where `result` says that something is wrong with it, so that the next
    /// attempt starts from the path.
    fn checked<T>(
        &mut self,
        operation: &'static str,
        result: io::Result<T>,
    ) -> Result<T, LockError> {
        result.map_err(|error| {
            self.kept = None;
            trouble(operation, &self.path, error)
        })
    }

    fn is_kept(&self, file: &Arc<LockFile>) -> bool {
        self.kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, file))
    }

    /// Whether the path still names `file`. Where not, the next attempt starts from the path, and
    /// a lock on the dead file is let go.
    fn is_alive(&mut self, file: &LockFile, locked: bool) -> Result<bool, LockError> {
        let result = file.is_at(&self.path);
        let alive = self.checked("look at", result);
        if !matches!(alive, Ok(true)) {
            self.kept = None;
            if locked {
                self.unlock(file)?;
            }
        }
        alive
    }

    fn unlock(&mut self, file: &LockFile) -> Result<(), LockError> {
        self.unlocks += 1;
        let result = flock::unlock(file.file());
        self.checked("unlock", result)
    }

    fn land(&mut self, number: u64) -> Pursuit {
        let at = self.in_flight.iter().position(|pursuit| pursuit.number == number);
        self.in_flight.swap_remove(at.expect("every pursuit lands once"))
    }
}

impl Claim for FileClaim {
    fn check_process(&self) -> Result<(), LockError> {
        let here = process::id();
        if here == self.process {
            return Ok(());
        }
        Err(LockError::Forked {
            name: self.name.clone(),
            place: self.path.display().to_string(),
            opened_by: self.process,
            here,
        })
    }

    fn attempt(&mut self) -> Result<bool, LockError> {
        self.check_process()?;
        for _ in 0..ROUNDS {
            let file = self.kept()?;
            let result = flock::try_lock(file.file());
            let locked = self.checked("lock", result)?;
            // A refusal is checked as well: nobody should wait for a dead file.
            if self.is_alive(&file, locked)? {
                return Ok(locked);
            }
        }
        Ok(false)
    }

    fn pursue(&mut self, number: u64, pause: Duration, home: Home) -> Result<(), LockError> {
        self.check_process()?;
        let file = self.pursued()?;
        self.in_flight.push(Pursuit { number, file: Arc::clone(&file), unlocks: self.unlocks });
        let path = self.path.clone();
        let started = pursuit::start(Box::new(move || {
            if !pause.is_zero() {
                thread::sleep(pause);
            }
            let result = flock::lock(file.file());
            drop(file);
            home(result.map_err(|error| trouble("lock", &path, error)));
        }));
        started.map_err(|error| {
            self.land(number);
            trouble("start a thread to wait for", &self.path, error)
        })
    }

    fn is_current(&mut self, number: u64) -> Result<bool, LockError> {
        let Some(pursuit) = self.in_flight.iter().find(|pursuit| pursuit.number == number) else {
            return Ok(false);
        };
        let file = Arc::clone(&pursuit.file);
        self.is_alive(&file, false)
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let Pursuit { file, unlocks, .. } = self.land(number);
        if self.is_kept(&file) && unlocks != self.unlocks {
            // The lock may be the one that was released since; who has it is granted it again.
            let result = flock::try_lock(file.file());
            if !self.checked("lock", result)? {
                return Ok(false);
            }
        }
        if self.is_alive(&file, true)? {
            self.kept = Some(file);
            return Ok(true);
        }
        self.attempt()
    }

    fn dismiss(&mut self, number: u64) {
        let pursuit = self.land(number);
        if !self.is_kept(&pursuit.file) {
            // Nobody else has the dead file open here, so closing it is the fallback.
            let _ = flock::unlock(pursuit.file.file());
        }
    }

    fn release(&mut self) -> Result<(), LockError> {
        self.check_process()?;
        match self.kept.clone() {
            Some(file) => self.unlock(&file),
            None => Ok(()),
        }
    }
}

fn trouble(operation: &'static str, path: &Path, error: io::Error) -> LockError {
    if error.kind() == io::ErrorKind::Unsupported {
        LockError::Unsupported {
            what: "file locking (flock)",
            place: path.display().to_string(),
            remedy: "keep the lock folder on a local file system",
        }
    } else {
        LockError::Io { operation, path: path.to_owned(), error }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A claim on `x.lock` of `folder`, as a fork of this process would have it if `forked`.
    fn claim(folder: &Path, forked: bool) -> FileClaim {
        let path = folder.join("x.lock");
        let mut claim = FileClaim::new(LockName::declared("x"), path, None);
        claim.process += u32::from(forked);
        claim
    }

    #[test]
    fn a_fork_can_use_nothing_that_it_inherited() {
        let folder = tempfile::tempdir().unwrap();
        let mut inherited = claim(folder.path(), true);
        let home = || Box::new(|_| panic!("no pursuit was started"));
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.attempt(), Err(LockError::Forked { .. })));
        let pursued = inherited.pursue(1, Duration::ZERO, home());
        assert!(matches!(pursued, Err(LockError::Forked { .. })));
    }

    #[test]
    fn a_fork_that_releases_leaves_the_lock_of_its_parent_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut parents = claim(folder.path(), false);
        assert!(parents.attempt().unwrap());
        // The open file is shared, so that an unlock in the child would unlock for both.
        let mut inherited = claim(folder.path(), true);
        inherited.kept.clone_from(&parents.kept);
        assert!(matches!(inherited.release(), Err(LockError::Forked { .. })));
        assert!(!claim(folder.path(), false).attempt().unwrap());
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
