//! [`Handle`]: the open lock file of one mode.

use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use super::file_spec::FileSpec;
use super::flock::{self, lock_error};
use super::lock_file::{Baseline, LockFile};
use super::record::SeenLock;
use super::version::Version;
use super::{file_identity, platform};
use crate::engine::{LossMonitor, Mode};
use crate::error::LockError;

/// How often the file may be replaced during one try before that counts as contention.
const MAX_REOPENS: usize = 100;

/// A lock file that is opened once for one mode, and cached as long as the path names it; or, where
/// that cannot be relied on, as long as it is locked.
///
/// Each mode has an open file of its own: `flock(2)` does not convert a lock atomically, and if the
/// conversion fails, the original lock is lost.
pub(super) struct Handle {
    mode: Mode,
    cached: Option<Arc<LockFile>>,
    /// Counts the unlocks of the cached file: after one, the lock of a wait is no longer certain.
    unlocks: u64,
    /// Whether the path has ever named another file than the cached one.
    was_replaced: bool,
    /// Whether the file that was opened last has no reliable identity.
    is_unreliable: bool,
    open_count: u64,
    /// The version of the record at the last look at the path.
    version: Option<Version>,
    /// Shows whether the file has been polled, although it was opened again.
    baseline: Option<Baseline>,
}

/// The open file that a wait blocks on; the handle may have cached another one since.
pub(super) struct WaitFile {
    pub(super) file: Arc<LockFile>,
    unlocks: u64,
}

impl Handle {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            cached: None,
            unlocks: 0,
            was_replaced: false,
            is_unreliable: false,
            open_count: 0,
            version: None,
            baseline: None,
        }
    }

    /// Tries to lock the file without waiting.
    pub(super) fn try_acquire(&mut self, spec: &FileSpec) -> Result<bool, LockError> {
        self.forget_unreliable();
        let mut is_unstable = true;
        for _ in 0..MAX_REOPENS {
            self.open(spec)?;
            // It is back in its place if it can be used again.
            let Some(file) = self.cached.take() else { continue };
            let result = flock::try_lock(file.file(), self.mode);
            let is_locked = self.check("lock", spec, result)?;
            // Also if it is not locked, because no wait should start for a file that was replaced.
            if self.is_current(&file, spec, is_locked)? {
                self.cached = Some(file);
                return Ok(is_locked);
            }
            // A file that was really replaced has no name anymore.
            is_unstable &= file.has_a_name();
        }
        if is_unstable { Err(unstable_inode(&spec.path)) } else { Ok(false) }
    }

    /// The open file for a wait.
    ///
    /// It is the cached one, so that a try can use the lock of a wait that is not accepted yet,
    /// unless the platform would make that try block, or the file is not known to be at its path.
    pub(super) fn wait_file(&mut self, spec: &FileSpec) -> Result<WaitFile, LockError> {
        let file = if platform::OPEN_FILES_CAN_BE_SHARED && !self.is_unreliable {
            Arc::clone(self.open(spec)?)
        } else {
            Arc::new(LockFile::open(&spec.path, spec.permissions, self.mode)?)
        };
        Ok(WaitFile { file, unlocks: self.unlocks })
    }

    /// Caches the file that a wait has locked; `false` if the lock was released since.
    pub(super) fn accept(&mut self, wait: WaitFile, spec: &FileSpec) -> Result<bool, LockError> {
        let WaitFile { file, unlocks } = wait;
        if !file.has_reliable_id() {
            return self.exchange(&file, spec);
        }
        if self.is_cached(&file) && unlocks != self.unlocks {
            // That may have unlocked it; locking it again is harmless if it is still locked.
            let result = flock::try_lock(file.file(), self.mode);
            if !self.check("lock", spec, result)? {
                return Ok(false);
            }
        }
        if self.is_current(&file, spec, true)? {
            self.cached = Some(file);
            return Ok(true);
        }
        self.try_acquire(spec)
    }

    /// Locks the file that is at the path now, instead of the one that a wait has locked: that may have
    /// been replaced by one that looks the same, and has another holder.
    fn exchange(&mut self, locked: &LockFile, spec: &FileSpec) -> Result<bool, LockError> {
        self.cached = None;
        // Before the unlock, so that another waiter is hardly ever faster.
        let opened = self.open(spec).cloned();
        self.unlock(locked, spec)?;
        let file = opened?;
        let result = flock::try_lock(file.file(), self.mode);
        let is_locked = self.check("lock", spec, result)?;
        if self.is_current(&file, spec, is_locked)? {
            return Ok(is_locked);
        }
        self.try_acquire(spec)
    }

    /// Closes the cached file, if it is not known to be at its path.
    fn forget_unreliable(&mut self) {
        self.cached.take_if(|file| !file.has_reliable_id());
    }

    /// Unlocks the file that a wait has locked, unless it is the cached one.
    pub(super) fn discard(&self, wait: &WaitFile) {
        if !self.is_cached(&wait.file) {
            // If that fails, closing the file unlocks it: nothing else here has it open.
            let _ = flock::unlock(wait.file.file());
        }
    }

    /// Unlocks the cached file.
    pub(super) fn release(&mut self, spec: &FileSpec) -> Result<(), LockError> {
        let Some(file) = self.cached.take() else { return Ok(()) };
        self.unlock(&file, spec)?;
        self.cached = Some(file).filter(|file| file.has_reliable_id());
        Ok(())
    }

    /// The cached file, which is locked, as it was last seen.
    pub(super) fn seen(&self) -> Option<SeenLock<'_>> {
        self.cached.as_deref().map(|file| SeenLock { file, version: self.version })
    }

    /// Whether a file is kept open.
    pub(super) fn is_open(&self) -> bool {
        self.cached.is_some()
    }

    /// Whether the identity of its file is unreliable, as far as that is known.
    pub(super) fn is_unreliable(&self) -> bool {
        self.is_unreliable
    }

    /// The cached file, if its identity is unreliable.
    #[cfg(target_os = "linux")]
    pub(super) fn unreliable_file(&self) -> Option<Arc<LockFile>> {
        self.cached.clone().filter(|file| !file.has_reliable_id())
    }

    /// Whether the path still names `file`. If not, the file is unlocked if it `is_locked`, and the
    /// next try opens the path again.
    pub(super) fn is_current(
        &mut self,
        file: &LockFile,
        spec: &FileSpec,
        is_locked: bool,
    ) -> Result<bool, LockError> {
        let result = file.look(&spec.path).and_then(|look| {
            let is_at = look.is_some();
            self.version = look.and_then(|look| look.version);
            let is_uncertain = is_at && is_locked && !file.has_reliable_id();
            Ok(is_at && !(is_uncertain && file_identity::is_another_at(&spec.path)?))
        });
        let is_current = self.check("inspect", spec, result);
        if !matches!(is_current, Ok(true)) {
            self.cached = None;
            self.was_replaced = true;
            if is_locked {
                self.unlock(file, spec)?;
            }
        }
        is_current
    }

    /// Whether the path still names the cached file.
    pub(super) fn is_in_place(&self, spec: &FileSpec) -> Result<bool, LockError> {
        let Some(file) = &self.cached else { return Ok(false) };
        file.is_at(&spec.path).map_err(|error| lock_error("inspect", &spec.path, error))
    }

    /// Shows whether the cached file, which is locked, is removed or replaced.
    pub(super) fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let file = self.cached.as_ref().filter(|_| platform::OPEN_FILES_CAN_MOVE);
        file.map(|file| Arc::clone(file) as Arc<dyn LossMonitor>)
    }

    /// Whether other processes have removed or replaced a file that was in use here.
    pub(super) fn was_replaced(&self) -> bool {
        self.was_replaced
    }

    /// Whether the cached file was created here.
    pub(super) fn is_new(&self) -> bool {
        self.cached.as_ref().is_some_and(|file| file.is_new())
    }

    /// How often a file was opened.
    pub(super) fn open_count(&self) -> u64 {
        self.open_count
    }

    /// Whether another process polls the cached file.
    pub(super) fn is_polled(&self) -> bool {
        self.cached.as_ref().is_some_and(|file| file.is_polled())
    }

    /// A duplicate of the descriptor of the cached file, which shares its lock.
    #[cfg(unix)]
    pub(super) fn duplicate_descriptor(
        &self,
        spec: &FileSpec,
    ) -> Result<Option<OwnedFd>, LockError> {
        let duplicate = self.cached.as_ref().map(|file| file.file().try_clone());
        let duplicate = duplicate.transpose();
        let failed = |error| lock_error("duplicate the descriptor of", &spec.path, error);
        Ok(duplicate.map_err(failed)?.map(OwnedFd::from))
    }

    /// Removes the cached file from the handle.
    pub(super) fn take(&mut self) -> Option<Arc<LockFile>> {
        self.cached.take()
    }

    /// The cached file, or else the one at the path.
    fn open(&mut self, spec: &FileSpec) -> Result<&Arc<LockFile>, LockError> {
        if self.cached.is_none() {
            let file = LockFile::open(&spec.path, spec.permissions, self.mode)?;
            let file = file.since(self.baseline);
            self.baseline = Some(file.baseline());
            self.open_count += 1;
            self.is_unreliable = !file.has_reliable_id();
            self.cached = Some(Arc::new(file));
        }
        Ok(self.cached.as_ref().expect("it was opened"))
    }

    fn is_cached(&self, file: &Arc<LockFile>) -> bool {
        self.cached.as_ref().is_some_and(|cached| Arc::ptr_eq(cached, file))
    }

    fn unlock(&mut self, file: &LockFile, spec: &FileSpec) -> Result<(), LockError> {
        self.unlocks += 1;
        let result = flock::unlock(file.file());
        self.check("unlock", spec, result)
    }

    /// Forgets the cached file after an error, so that the next try opens the path again.
    fn check<T>(
        &mut self,
        operation: &'static str,
        spec: &FileSpec,
        result: io::Result<T>,
    ) -> Result<T, LockError> {
        result.map_err(|error| {
            self.cached = None;
            lock_error(operation, &spec.path, error)
        })
    }
}

/// The error of a file that never has the inode number of its own path, although it was not
/// removed: whether two processes lock the same file cannot be determined then.
fn unstable_inode(path: &Path) -> LockError {
    LockError::Unsupported {
        what: "locking a file whose inode number changes",
        location: path.display().to_string(),
        remedy: "keep the lock folder on a local file system, where inode numbers are stable"
            .into(),
    }
}

#[cfg(all(test, unix))]
mod tests;
