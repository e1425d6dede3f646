//! Lists the locks of a folder with their status, without changing any file.
//!
//! Linux lists the processes that hold file locks or wait for them, but its list may lack any of
//! them. If a holder is not listed all the time, the kernel decides: the lock is tried as a reader,
//! and released at once. A writer that tries the lock in that instant is refused.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::holder_lookup::{self, LiveProcesses, LockSnapshot, LockTable};
use super::lock_file::{EXTENSION, not_a_file};
use super::record::{self, Record, RecordFile};
use super::syscall::{Syscall, retry};
use super::{flock, open};
use crate::engine::Mode;
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::name::LockName;
use crate::status::{State, Status};

/// The status of each lock of `folder`, in no particular order.
pub(super) fn list(folder: &Path) -> Result<Vec<Status>, LockError> {
    let paths = files(folder)?;
    // A lock whose file is gone by now was free.
    let locks =
        paths.iter().filter(|path| is_lock(path)).filter_map(|path| LockSnapshot::take(path).ok());
    let locks: Vec<_> = locks.collect();
    let (table, processes) = (LockTable::read(), LiveProcesses::default());
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let statuses = locks.iter().map(|lock| status_of(lock, name(&lock.path), &table, &processes));
    let present: HashSet<_> = locks.iter().map(|lock| lock.path.as_path()).collect();
    let records =
        paths.iter().filter(|path| path.extension() == RecordFile::path(path).extension());
    let removed = records.filter_map(|record| {
        let lock = record.with_extension(EXTENSION);
        let is_missing = !present.contains(lock.as_path());
        let status = is_missing.then(|| status_without_file(name(&lock), &lock, &processes))?;
        // Otherwise the name may be one that is no longer used.
        status.unreleased().is_some().then_some(status)
    });
    Ok(statuses.chain(removed).collect())
}

/// The status of the lock `name`, whose file is at `path`.
pub(super) fn status(name: &LockName, path: &Path) -> Result<Status, LockError> {
    let processes = LiveProcesses::default();
    match LockSnapshot::take(path) {
        Ok(lock) => match not_a_file(path, &lock.metadata) {
            Some(error) => Err(error),
            None => Ok(status_of(&lock, name.to_string(), &LockTable::read(), &processes)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(status_without_file(name.to_string(), path, &processes))
        }
        Err(_) => Ok(Status::new(name.as_str(), State::Unknown)),
    }
}

/// The status of a lock whose file, at `path`, is missing.
fn status_without_file(name: String, path: &Path, processes: &LiveProcesses) -> Status {
    // A recorded abandonment is left to the next holder, which creates the file again.
    let record = record::read_record(&RecordFile::path(path));
    let token = record.as_ref().and_then(|record| record.token);
    let last_run = record.as_ref().and_then(last_run);
    let unreleased = record.and_then(|record| unreleased_by(record, path, processes));
    // The holder may have created it in between.
    let is_missing = || retry(Syscall::Metadata, path, || fs::symlink_metadata(path)).is_err();
    let unreleased = unreleased.filter(|_| is_missing());
    Status::new(name, State::Free)
        .with_token(token)
        .unreleased_by(unreleased.map(Box::new))
        .with_last_run(last_run)
}

/// The paths in `folder` that have the name of a lock file.
pub(super) fn lock_files(folder: &Path) -> Result<Vec<PathBuf>, LockError> {
    Ok(files(folder)?.into_iter().filter(|path| is_lock(path)).collect())
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == EXTENSION)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, LockError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>();
    retry(Syscall::List, folder, list).map_err(|error| LockError::Io {
        operation: "list the lock folder",
        path: folder.to_owned(),
        error,
    })
}

fn status_of(
    lock: &LockSnapshot,
    name: String,
    table: &LockTable,
    processes: &LiveProcesses,
) -> Status {
    if !lock.metadata.is_file() {
        // What is in the place of a lock file may be a lock of another program.
        return Status::new(name, State::Unknown);
    }
    let mut occupancy = table.occupancy(lock);
    let state = occupancy.state.unwrap_or_else(|| {
        let Tried { state, is_listed } = try_as_reader(&lock.path);
        occupancy.is_record_stale |= matches!(state, State::Free | State::NoWriter);
        if !is_listed {
            // The list shows no other process either.
            occupancy.waiting = None;
        }
        match state {
            State::Free if occupancy.may_have_readers || !is_listed => State::NoWriter,
            state => state,
        }
    });
    let holder = match occupancy.holder {
        // A process that acquired it in between is listed by now.
        None if state.is_held() => holder_lookup::find_now(&lock.path),
        holder => holder,
    };
    // If the record has no holder, its abandonment counts, even if an unrecorded process holds the
    // lock.
    let has_no_holder = lock.record.as_ref().is_some_and(|record| record.holder.is_none());
    let record = lock.record.as_ref().filter(|_| occupancy.is_record_stale || has_no_holder);
    let former = record.map(|record| former_holders(lock, record, processes));
    let (abandoned_by, unreleased_by) = former.unwrap_or_default();
    let recorded = lock.record.as_ref().and_then(|record| record.holder.as_ref());
    Status::new(name, state)
        .held_by(holder.map(Box::new))
        .waited_for_by(occupancy.waiting)
        .with_token(lock.record.as_ref().and_then(|record| record.token))
        .abandoned_by(abandoned_by.map(Box::new))
        .unreleased_by(unreleased_by.map(Box::new))
        .with_recorded_permits(recorded.and_then(|(holder, _)| holder.permits))
        .with_last_run(lock.record.as_ref().and_then(last_run))
}

/// The last run that a record has.
fn last_run(record: &Record) -> Option<LastRun> {
    record.last_run.as_ref().and_then(record::to_last_run)
}

/// The holder that abandoned the lock, and the one that has not released it, given that the
/// recorded holder does not have it; none if the record has changed since.
fn former_holders(
    lock: &LockSnapshot,
    record: &Record,
    processes: &LiveProcesses,
) -> (Option<Holder>, Option<Holder>) {
    let unreleased = unreleased_by(record.clone(), &lock.path, processes);
    if record::read_record(&RecordFile::path(&lock.path)).as_ref() != Some(record) {
        return (None, None);
    }
    let record = record.clone();
    match unreleased {
        None => (record.abandoned_by_if_free(), None),
        Some(_) => (record.abandoned_by, unreleased),
    }
}

/// The recorded holder, if it lives and has not released the lock of the file at `path`.
fn unreleased_by(record: Record, path: &Path, processes: &LiveProcesses) -> Option<Holder> {
    let has_not_released = processes.has_not_released(&record, path);
    record.holder.filter(|_| has_not_released).map(|(holder, _)| holder.not_released())
}

/// What a try for the lock as a reader shows.
struct Tried {
    state: State,
    /// Whether the system lists the locks of the file: not if its file system manages them by itself.
    is_listed: bool,
}

fn try_as_reader(path: &Path) -> Tried {
    let unknown = Tried { state: State::Unknown, is_listed: false };
    let Ok(file) = open::read_only(path) else { return unknown };
    let metadata = retry(Syscall::Metadata, &file, || file.metadata());
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        return unknown;
    }
    match flock::try_lock(&file, Mode::Shared) {
        Ok(true) => {
            let is_listed = holder_lookup::is_lock_listed(&file);
            // If that fails, closing the file unlocks it.
            let _ = flock::unlock(&file);
            Tried { state: State::Free, is_listed }
        }
        // The list has been read, and does not show this writer.
        Ok(false) => Tried { state: State::Writer, is_listed: false },
        Err(_) => unknown,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::engine::file::syscall::faults::SyscallTrace;

    /// The list of a folder with one free lock, and the calls that it makes, with a fault.
    fn list_with(fault: Option<(usize, i32)>) -> (Result<Vec<Status>, LockError>, Vec<Syscall>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.lock"), "").unwrap();
        let trace = SyscallTrace::new(folder.path(), fault);
        let found = list(folder.path());
        (found, trace.calls().into_iter().map(|(syscall, _)| syscall).collect())
    }

    #[test]
    fn no_call_changes_anything() {
        let (_, calls) = list_with(None);
        let snapshot = [Syscall::List, Syscall::Metadata, Syscall::Open];
        let try_as_reader = [Syscall::Open, Syscall::Metadata, Syscall::TryLock, Syscall::Unlock];
        assert_eq!(calls, [&snapshot[..], &try_as_reader].concat());
    }

    #[test]
    fn a_lock_that_cannot_be_inspected_is_unknown() {
        let (_, calls) = list_with(None);
        let (undisturbed, _) = list_with(None);
        let undisturbed = undisturbed.unwrap()[0].state();
        for (number, syscall) in calls.iter().enumerate() {
            let (found, _) = list_with(Some((number, libc::EACCES)));
            let states = found.as_deref().map(|it| it.iter().map(Status::state).collect());
            let states: Vec<State> = states.unwrap_or_default();
            match (number, syscall) {
                (0, _) => assert!(matches!(found, Err(LockError::Io { .. })), "{found:?}"),
                // As if the file was removed in between.
                (1, _) => assert_eq!(states, []),
                // Without a record, or unlocked by closing the file.
                (2, _) | (_, Syscall::Unlock) => assert_eq!(states, [undisturbed]),
                _ => assert_eq!(states, [State::Unknown], "{syscall:?}"),
            }
        }
    }

    #[test]
    fn a_signal_changes_nothing() {
        let (undisturbed, calls) = list_with(None);
        for number in 0..calls.len() {
            let (found, _) = list_with(Some((number, libc::EINTR)));
            assert_eq!(found.unwrap(), *undisturbed.as_ref().unwrap());
        }
    }
}
