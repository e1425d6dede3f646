//! The files of keyed locks, which do not stay: there is no end of their names.
//!
//! A file is removed by a process that has no lock on it any more, while it holds the lock once
//! more. A waiter on a removed file finds out as soon as it is granted, and starts again from the
//! path. Programs that lock without that look must not use the same keyed names.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock_file::LockFile;
use super::record_file::{self, RecordFile};
use super::system::{Call, ask};
use crate::per_process::PerProcess;

/// How long a lock that others use too is left alone: while they take turns, none of them should
/// make its file anew each time.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// How long ago a holder record was written to at the most, for its lock to be in use. It is well
/// below [`IDLE_GRACE`], so that a process never takes its own last use for another's.
const RECENTLY: Duration = Duration::from_millis(500);

/// Files that are to be removed once this process has not used them for a while.
#[derive(Default)]
struct Schedule {
    /// Since when a file has not been used; none while it is in use again.
    files: HashMap<PathBuf, Option<Instant>>,
    /// When each of these files is looked at.
    looks: BTreeSet<(Instant, PathBuf)>,
    /// Whether there is a thread that does.
    is_running: bool,
}

static SCHEDULE: PerProcess<Mutex<Schedule>> = PerProcess::new();

/// Removes the file at `path`, which is `file`, unless it is in use.
pub(super) fn remove(file: Arc<LockFile>, path: &Path) {
    remove_if(file, path, || true);
}

/// Removes the file at `path` once this process has not used it for a while, unless others use it then.
pub(super) fn remove_later(path: PathBuf) {
    let mut schedule = schedule();
    let now = Instant::now();
    if schedule.files.insert(path.clone(), Some(now)).is_none() {
        schedule.looks.insert((now + IDLE_GRACE, path));
    }
    if !schedule.is_running {
        let thread = thread::Builder::new().name("jam-lock cleanup".to_owned());
        schedule.is_running = thread.spawn(look_after).is_ok();
    }
    if !schedule.is_running {
        // Without a thread they stay until somebody uses them again, or sweeps.
        *schedule = Schedule::default();
    }
}

/// Notes that this process uses the file at `path` again; `true` if that was to be removed.
pub(super) fn is_used_again(path: &Path) -> bool {
    schedule().files.get_mut(path).map(|since| *since = None).is_some()
}

/// Whether the lock whose file is at `path` was in use a moment ago, as far as its holder record
/// tells.
pub(super) fn is_in_recent_use(path: &Path) -> Option<bool> {
    let record = RecordFile::path(path);
    let look = || fs::symlink_metadata(&record)?.modified();
    let modified = ask(Call::Look, record.as_path(), look).ok()?;
    // A time that is still to come tells nothing.
    Some(modified.elapsed().ok()? < RECENTLY)
}

/// Removes the file at `path` if its record says that a keyed name was left behind there; returns
/// whether it did.
pub(super) fn sweep(path: &Path) -> bool {
    let is_left_behind = || record_file::is_left_behind(&RecordFile::path(path));
    if !is_left_behind() {
        return false;
    }
    // A process that uses the name just now may have died inside meanwhile, so it looks again.
    let file = LockFile::existing(path).ok().flatten();
    file.is_some_and(|file| remove_if(Arc::new(file), path, is_left_behind))
}

/// Removes the file at `path`, which is `file`, unless it is in use or `may_go` objects while nobody
/// else can have it; returns whether it did.
#[cfg(unix)]
fn remove_if(file: Arc<LockFile>, path: &Path, may_go: impl Fn() -> bool) -> bool {
    use super::flock;
    use crate::engine::Mode;

    if !flock::try_lock(file.file(), Mode::Exclusive).unwrap_or(false) {
        return false;
    }
    let is_gone = file.is_at(path).unwrap_or(false) && may_go() && remove_both(path);
    let _ = flock::unlock(file.file());
    // To close it is the fallback.
    drop(file);
    is_gone
}

/// Removes the file at `path`, which Windows refuses while anybody has it open.
#[cfg(windows)]
fn remove_if(file: Arc<LockFile>, path: &Path, may_go: impl Fn() -> bool) -> bool {
    drop(file);
    may_go() && remove_both(path)
}

/// Removes the lock file at `path` and its record. A file that stays is litter, but no harm.
fn remove_both(path: &Path) -> bool {
    record_file::remove(&RecordFile::path(path))
        && ask(Call::Remove, path, || fs::remove_file(path)).is_ok()
}

/// What the thread does, until nothing is left to look at.
fn look_after() {
    while let Some(next) = next_look() {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        schedule().take_due(Instant::now()).iter().for_each(|path| remove_idle(path));
    }
}

fn next_look() -> Option<Instant> {
    let mut schedule = schedule();
    let next = schedule.looks.first().map(|(next, _)| *next);
    schedule.is_running = next.is_some();
    next
}

impl Schedule {
    /// Takes out the files that have not been used for long enough.
    fn take_due(&mut self, now: Instant) -> Vec<PathBuf> {
        let mut due = Vec::new();
        while self.looks.first().is_some_and(|(next, _)| *next <= now) {
            let Some((_, path)) = self.looks.pop_first() else { break };
            match self.files.get(&path).copied().flatten() {
                Some(since) if now < since + IDLE_GRACE => {
                    self.looks.insert((since + IDLE_GRACE, path));
                }
                since => {
                    self.files.remove(&path);
                    // Where it is in use again, the end of that use puts it on the schedule.
                    due.extend(since.map(|_| path));
                }
            }
        }
        due
    }
}

/// Removes the file at `path`, unless others use it: they see to it later.
///
/// A holder writes to its record just before it unlocks, so this does not get in ahead of a waiter
/// that is about to be granted the lock.
fn remove_idle(path: &Path) {
    if is_in_recent_use(path) == Some(true) {
        return;
    }
    if let Ok(Some(file)) = LockFile::existing(path) {
        remove(Arc::new(file), path);
    }
}

fn schedule() -> MutexGuard<'static, Schedule> {
    SCHEDULE.get().lock().unwrap_or_else(PoisonError::into_inner)
}
