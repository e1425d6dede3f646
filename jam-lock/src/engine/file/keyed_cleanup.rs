//! Removes the files of keyed locks: keys are unlimited, so their files cannot all stay.
//!
//! A file is removed under its own lock, by a process that no longer uses it. A waiter on a removed
//! file notices as soon as the lock is granted, and opens the path again. Programs that do not
//! check the path must not use the same keyed names. Where a look at the path is unreliable (see
//! `file_identity`), or is for others (see `keep_mark`), files are only removed by a sweep.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock_file::LockFile;
use super::record::{self, RecordFile};
use super::syscall::{Syscall, retry};
use super::{flock, keep_mark, platform};
use crate::background_thread;
use crate::due_queue::DueQueue;
use crate::engine::Mode;
use crate::per_process::PerProcess;

/// How long a lock that other processes use too is kept: while they take turns, none of them should
/// have to create its file each time.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// How recent a write to the holder record must be for the lock to be in use. It is well below
/// [`IDLE_GRACE`], so that a process never takes its own last use for another's.
const USED_RECENTLY: Duration = Duration::from_millis(500);

/// Files to remove once this process has not used them for a while.
#[derive(Default)]
struct Schedule {
    /// When the use of a file ended; `None` while it is in use again.
    idle_since: HashMap<PathBuf, Option<Instant>>,
    /// The files by the time of their next check.
    checks: DueQueue<PathBuf>,
    is_running: bool,
}

static SCHEDULE: PerProcess<Mutex<Schedule>> = PerProcess::new();

/// Removes the file at `path`, which is `file`, unless it is in use.
pub(super) fn remove(file: Arc<LockFile>, path: &Path) {
    remove_if(file, path, |path| !keep_mark::is_set(path));
}

/// Removes the file at `path` once this process has not used it for a while, unless other processes
/// use it then.
pub(super) fn remove_later(path: PathBuf) {
    let mut schedule = schedule();
    let now = Instant::now();
    if schedule.idle_since.insert(path.clone(), Some(now)).is_none() {
        schedule.checks.add(now + IDLE_GRACE, path);
    }
    if !schedule.is_running {
        schedule.is_running = background_thread::start("jam-lock cleanup", run).is_ok();
    }
    if !schedule.is_running {
        // Without a thread the files stay until they are used again, or swept.
        *schedule = Schedule::default();
    }
}

/// Notes that this process uses the file at `path` again; `true` if it was scheduled for removal.
pub(super) fn is_used_again(path: &Path) -> bool {
    schedule().idle_since.get_mut(path).map(|since| *since = None).is_some()
}

/// Whether the lock file at `path` was in use a moment ago, if its holder record shows that.
pub(super) fn is_in_recent_use(path: &Path) -> Option<bool> {
    let record = RecordFile::path(path);
    let modified = || fs::symlink_metadata(&record)?.modified();
    let modified = retry(Syscall::Metadata, record.as_path(), modified).ok()?;
    // A time in the future shows nothing.
    Some(modified.elapsed().ok()? < USED_RECENTLY)
}

/// Removes the file at `path` if its record shows that a keyed name was left behind; returns
/// whether it did.
pub(super) fn sweep(path: &Path) -> bool {
    let is_left_behind = |path: &Path| record::is_left_behind(&RecordFile::path(path));
    if !is_left_behind(path) {
        return false;
    }
    // It is checked again under the lock, because a process may use the name, and die, in between.
    let file = LockFile::open_existing(path, Mode::Exclusive).ok().flatten();
    file.is_some_and(|file| remove_if(Arc::new(file), path, is_left_behind))
}

/// Removes the file at `path`, which is `file`, unless it is in use or `may_remove` returns `false`
/// while no other process can acquire the lock; returns whether it did.
fn remove_if(file: Arc<LockFile>, path: &Path, may_remove: impl Fn(&Path) -> bool) -> bool {
    if !platform::OPEN_FILES_CAN_MOVE {
        drop(file);
        // The removal fails while any process has the file open.
        return may_remove(path) && remove_both(path);
    }
    if !flock::try_lock(file.file(), Mode::Exclusive).unwrap_or(false) {
        return false;
    }
    let is_removed = file.is_at(path).unwrap_or(false) && may_remove(path) && remove_both(path);
    let _ = flock::unlock(file.file());
    // If that fails, closing the file unlocks it.
    drop(file);
    is_removed
}

/// Removes the record of the lock file at `path`, and then the lock file. If that fails, it does no
/// harm.
fn remove_both(path: &Path) -> bool {
    record::remove(&RecordFile::path(path))
        && retry(Syscall::Remove, path, || fs::remove_file(path)).is_ok()
}

/// The body of the thread, which ends when nothing is scheduled.
fn run() {
    while let Some(next) = next_check() {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        schedule().take_due(Instant::now()).iter().for_each(|path| remove_idle(path));
    }
}

fn next_check() -> Option<Instant> {
    let mut schedule = schedule();
    let next = schedule.checks.next();
    schedule.is_running = next.is_some();
    next
}

impl Schedule {
    /// Removes from the schedule the files that have been idle for long enough.
    fn take_due(&mut self, now: Instant) -> Vec<PathBuf> {
        let mut due = Vec::new();
        while let Some(path) = self.checks.pop_due(now) {
            match self.idle_since.get(&path).copied().flatten() {
                Some(since) if now < since + IDLE_GRACE => {
                    self.checks.add(since + IDLE_GRACE, path);
                }
                since => {
                    self.idle_since.remove(&path);
                    // If it is in use again, the end of that use schedules it again.
                    due.extend(since.map(|_| path));
                }
            }
        }
        due
    }
}

/// Removes the file at `path`, unless other processes use it, which will remove it themselves.
///
/// A holder writes to its record just before it unlocks, so this does not overtake a waiter that is
/// about to be granted the lock.
fn remove_idle(path: &Path) {
    if is_in_recent_use(path) == Some(true) {
        return;
    }
    if let Ok(Some(file)) = LockFile::open_existing(path, Mode::Exclusive) {
        remove(Arc::new(file), path);
    }
}

fn schedule() -> MutexGuard<'static, Schedule> {
    SCHEDULE.get().lock().unwrap_or_else(PoisonError::into_inner)
}
