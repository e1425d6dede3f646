//! Keyed locks that have gone cold: there is no end of their names, so their files do not stay.
//!
//! A file is removed by a process that has no lock on it any more, while it holds the lock once
//! more. Whoever waits for a removed file finds out as soon as it is granted, and starts again from
//! the path. Programs that lock without that look must not use the same keyed names.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock_file::LockFile;
use super::pursuit;
use super::record_file::{self, RecordFile};
use super::system::{Call, ask};
use crate::of_process::OfProcess;

/// How long a lock that others wanted too is left alone: while they take turns, none of them should
/// make its file anew each time.
const COOLING: Duration = Duration::from_secs(1);

/// Files that are cooling down, and since when; one thread looks after them while there are any.
static COOLING_DOWN: Mutex<OfProcess<VecDeque<(Instant, PathBuf)>>> =
    Mutex::new(OfProcess::new(VecDeque::new));

/// Removes the file at `path`, which is `file`, unless it is in use.
pub(super) fn remove(file: Arc<LockFile>, path: &Path) {
    remove_if(file, path, || true);
}

/// Removes the file at `path` if its record says that a keyed name was left behind there, and tells
/// whether it did.
pub(super) fn sweep(path: &Path) -> bool {
    let is_left_behind = || record_file::is_left_behind(&RecordFile::path(path));
    if !is_left_behind() {
        return false;
    }
    // Whoever uses the name just now may have died inside meanwhile, so it is looked at again.
    let file = LockFile::existing(path).ok().flatten();
    file.is_some_and(|file| remove_if(Arc::new(file), path, is_left_behind))
}

/// Removes the file at `path`, which is `file`, unless it is in use or `may_go` objects while nobody
/// else can have it; and tells whether it did.
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
        && ask(Call::Remove, path, || std::fs::remove_file(path)).is_ok()
}

/// Removes the file at `path` in a while, unless it is in use then.
pub(super) fn remove_later(path: PathBuf) {
    let mut files = COOLING_DOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let files = files.get();
    files.push_back((Instant::now(), path));
    if files.len() == 1 && pursuit::start(Box::new(look_after)).is_err() {
        // Without a thread it stays until somebody uses it again, or sweeps.
        files.clear();
    }
}

/// What the thread does, until nothing is cooling down any more.
fn look_after() {
    while let Some((since, path)) = first() {
        thread::sleep((since + COOLING).saturating_duration_since(Instant::now()));
        if let Ok(Some(file)) = LockFile::existing(&path) {
            remove(Arc::new(file), &path);
        }
        COOLING_DOWN.lock().unwrap_or_else(PoisonError::into_inner).get().pop_front();
    }
}

fn first() -> Option<(Instant, PathBuf)> {
    COOLING_DOWN.lock().unwrap_or_else(PoisonError::into_inner).get().front().cloned()
}
