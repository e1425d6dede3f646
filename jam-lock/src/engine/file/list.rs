//! How the locks of a folder stand, for people: nothing is made, emptied, removed or written to.
//!
//! Linux lists the processes that hold files and those that wait for them, but its list may lack
//! any of them. What it does not show all the time, the kernel is asked for: by a try for the lock as
//! a reader, which is given back at once; a writer's try elsewhere in that instant is refused.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::holder_lookup::{self, LockTable, Seen};
use super::record_file::{self, RecordFile};
use super::system::{Call, ask};
use super::{flock, open};
use crate::engine::Mode;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::{State, Status};

/// What the name of a lock file ends with.
const EXTENSION: &str = "lock";

/// How the locks of `folder` stand, in no order.
pub(super) fn survey(folder: &Path) -> Result<Vec<Status>, LockError> {
    let paths = files(folder)?;
    // What is gone by now was free, and what is no file is no lock.
    let seen = paths.iter().filter_map(|path| Seen::look(path).ok());
    let seen: Vec<_> = seen.filter(|seen| seen.file.is_file()).collect();
    let table = LockTable::read();
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(seen.iter().map(|seen| status_of(seen, name(&seen.path), &table)).collect())
}

/// How the lock `name` stands, whose file is at `path`.
pub(super) fn status(name: &LockName, path: &Path) -> Status {
    match Seen::look(path) {
        Ok(seen) if seen.file.is_file() => status_of(&seen, name.to_string(), &LockTable::read()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // A death that is recorded all the same is for the next holder.
            let record = record_file::look(&RecordFile::path(path));
            Status::new(name.as_str(), State::Free)
                .with_token(record.and_then(|record| record.token))
        }
        _ => Status::new(name.as_str(), State::Unknown),
    }
}

/// The paths in `folder` that are called as lock files are.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, LockError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>();
    let paths: Vec<PathBuf> = ask(Call::List, folder, list).map_err(|error| LockError::Io {
        operation: "list the lock folder",
        path: folder.to_owned(),
        error,
    })?;
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|it| it == EXTENSION);
    Ok(paths.into_iter().filter(is_lock).collect())
}

fn status_of(seen: &Seen, name: String, table: &LockTable) -> Status {
    let mut occupancy = table.occupancy(seen);
    let state = occupancy.state.unwrap_or_else(|| {
        let state = try_as_reader(&seen.path);
        occupancy.excludes_recorded |= matches!(state, State::Free | State::NoWriter);
        match state {
            State::Free if occupancy.may_have_readers => State::NoWriter,
            state => state,
        }
    });
    let holder = match occupancy.holder {
        // Who has taken it meanwhile is listed by now.
        None if state.is_held() => holder_lookup::find_now(&seen.path),
        holder => holder,
    };
    // Where nobody is recorded as inside, somebody may still be, who is not recorded.
    let is_left = seen.record.as_ref().is_some_and(|record| record.holder.is_none());
    let died = (occupancy.excludes_recorded || is_left).then(|| died(seen)).flatten();
    Status::new(name, state)
        .held_by(holder.map(Box::new))
        .waited_for_by(occupancy.waiting)
        .with_token(seen.record.as_ref().and_then(|record| record.token))
        .abandoned_by(died.map(Box::new))
}

/// Who died with the lock, or left it as if it had, where the recorded holder is known not to have
/// it: unless the record has changed meanwhile.
fn died(seen: &Seen) -> Option<Holder> {
    let record = seen.record.clone()?;
    let is_unchanged = record_file::look(&RecordFile::path(&seen.path)).as_ref() == Some(&record);
    is_unchanged.then(|| record.first_death()).flatten()
}

/// What is found out by a try for the lock as a reader, which the kernel answers.
fn try_as_reader(path: &Path) -> State {
    let Ok(file) = open::readable(path) else { return State::Unknown };
    let found = ask(Call::Look, &file, || file.metadata());
    if !found.is_ok_and(|found| found.is_file()) {
        return State::Unknown;
    }
    match flock::try_lock(&file, Mode::Shared) {
        Ok(true) => {
            // To close it is the fallback.
            let _ = flock::unlock(&file);
            State::Free
        }
        Ok(false) => State::Writer,
        Err(_) => State::Unknown,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::system::faults::Observed;
    use super::*;

    /// A folder with the file of a lock that nobody has, and what a survey of it finds and asks
    /// where the call with a number fails.
    fn survey_with(fault: Option<(usize, i32)>) -> (Result<Vec<Status>, LockError>, Vec<Call>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.lock"), "").unwrap();
        let observed = Observed::new(folder.path(), fault);
        let found = survey(folder.path());
        (found, observed.asked().into_iter().map(|(call, _)| call).collect())
    }

    #[test]
    fn nothing_is_asked_that_changes_anything() {
        let (_, asked) = survey_with(None);
        let look = [Call::List, Call::Look, Call::Open];
        let ask = [Call::Open, Call::Look, Call::TryLock, Call::Unlock];
        assert_eq!(asked, [&look[..], &ask].concat());
    }

    #[test]
    fn what_cannot_be_seen_is_unknown() {
        let (_, asked) = survey_with(None);
        let (undisturbed, _) = survey_with(None);
        let undisturbed = undisturbed.unwrap()[0].state();
        for (number, call) in asked.iter().enumerate() {
            let (found, _) = survey_with(Some((number, libc::EACCES)));
            let states = found.as_deref().map(|it| it.iter().map(Status::state).collect());
            let states: Vec<State> = states.unwrap_or_default();
            match (number, call) {
                (0, _) => assert!(matches!(found, Err(LockError::Io { .. })), "{found:?}"),
                // As where the file has gone meanwhile.
                (1, _) => assert_eq!(states, []),
                // Without a record, and unlocked by being closed.
                (2, _) | (_, Call::Unlock) => assert_eq!(states, [undisturbed]),
                _ => assert_eq!(states, [State::Unknown], "{call:?}"),
            }
        }
    }

    #[test]
    fn a_signal_disturbs_nothing() {
        let (undisturbed, asked) = survey_with(None);
        for number in 0..asked.len() {
            let (found, _) = survey_with(Some((number, libc::EINTR)));
            assert_eq!(found.unwrap(), *undisturbed.as_ref().unwrap());
        }
    }
}
