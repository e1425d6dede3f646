//! Lists the locks of a folder with their status, without changing any file.
//!
//! Linux lists the processes that hold file locks or wait for them, but its list may lack any of
//! them. If a holder is not listed all the time, the kernel decides: the lock is tried as a reader,
//! and released at once. A writer that tries the lock in that instant is refused.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::holder_lookup::{self, LockSnapshot, LockTable};
use super::record::{self, RecordFile};
use super::syscall::{Syscall, retry};
use super::{flock, open};
use crate::engine::Mode;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::{State, Status};

/// The extension of a lock file.
const EXTENSION: &str = "lock";

/// The status of each lock of `folder`, in no particular order.
pub(super) fn list(folder: &Path) -> Result<Vec<Status>, LockError> {
    let paths = lock_files(folder)?;
    // A lock whose file is gone by now was free, and only a regular file is a lock.
    let locks = paths.iter().filter_map(|path| LockSnapshot::take(path).ok());
    let locks: Vec<_> = locks.filter(|lock| lock.metadata.is_file()).collect();
    let table = LockTable::read();
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(locks.iter().map(|lock| status_of(lock, name(&lock.path), &table)).collect())
}

/// The status of the lock `name`, whose file is at `path`.
pub(super) fn status(name: &LockName, path: &Path) -> Status {
    match LockSnapshot::take(path) {
        Ok(lock) if lock.metadata.is_file() => {
            status_of(&lock, name.to_string(), &LockTable::read())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // A recorded abandonment is left to the next holder, which creates the file again.
            let record = record::read_record(&RecordFile::path(path));
            Status::new(name.as_str(), State::Free)
                .with_token(record.and_then(|record| record.token))
        }
        _ => Status::new(name.as_str(), State::Unknown),
    }
}

/// The paths in `folder` that have the name of a lock file.
pub(super) fn lock_files(folder: &Path) -> Result<Vec<PathBuf>, LockError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>();
    let paths: Vec<PathBuf> = retry(Syscall::List, folder, list).map_err(|error| {
        LockError::Io { operation: "list the lock folder", path: folder.to_owned(), error }
    })?;
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|it| it == EXTENSION);
    Ok(paths.into_iter().filter(is_lock).collect())
}

fn status_of(lock: &LockSnapshot, name: String, table: &LockTable) -> Status {
    let mut occupancy = table.occupancy(lock);
    let state = occupancy.state.unwrap_or_else(|| {
        let state = try_as_reader(&lock.path);
        occupancy.is_record_stale |= matches!(state, State::Free | State::NoWriter);
        match state {
            State::Free if occupancy.may_have_readers => State::NoWriter,
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
    let abandoned_by =
        (occupancy.is_record_stale || has_no_holder).then(|| abandoned_by(lock)).flatten();
    Status::new(name, state)
        .held_by(holder.map(Box::new))
        .waited_for_by(occupancy.waiting)
        .with_token(lock.record.as_ref().and_then(|record| record.token))
        .abandoned_by(abandoned_by.map(Box::new))
}

/// The holder that abandoned the lock, given that the recorded holder does not have it; `None` if
/// the record has changed since.
fn abandoned_by(lock: &LockSnapshot) -> Option<Holder> {
    let record = lock.record.clone()?;
    let is_unchanged = record::read_record(&RecordFile::path(&lock.path)).as_ref() == Some(&record);
    is_unchanged.then(|| record.abandoned_by_if_free()).flatten()
}

/// The state that a try for the lock as a reader shows.
fn try_as_reader(path: &Path) -> State {
    let Ok(file) = open::read_only(path) else { return State::Unknown };
    let metadata = retry(Syscall::Metadata, &file, || file.metadata());
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        return State::Unknown;
    }
    match flock::try_lock(&file, Mode::Shared) {
        Ok(true) => {
            // If that fails, closing the file unlocks it.
            let _ = flock::unlock(&file);
            State::Free
        }
        Ok(false) => State::Writer,
        Err(_) => State::Unknown,
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
