//! How the locks of a folder stand, for people: nothing is made, emptied, removed or written to.
//!
//! Linux tells who holds files and who waits for them. Where it tells of nobody, the lock is asked
//! for as a reader and given back at once; a writer's try elsewhere in that instant is refused.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::record::Record;
use super::record_file::{self, RecordFile};
use super::system::{Call, ask};
use super::witness::{self, Census, Crowd};
use super::{flock, opening};
use crate::engine::Mode;
use crate::{Holder, LockError, State, Status};

/// What the name of a lock file ends with.
const EXTENSION: &str = "lock";

/// A lock file, and what its record said before anybody was asked who holds it.
struct Found {
    path: PathBuf,
    file: Metadata,
    record: Option<Record>,
}

/// How the locks of `folder` stand, in no order.
pub(super) fn survey(folder: &Path) -> Result<Vec<Status>, LockError> {
    let found: Vec<_> = files(folder)?.into_iter().filter_map(Found::look).collect();
    let census = Census::take();
    Ok(found.into_iter().map(|found| found.status(&census)).collect())
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

impl Found {
    /// Looks at what is at `path`; nothing, where that is no lock file, or gone.
    fn look(path: PathBuf) -> Option<Self> {
        let file = ask(Call::Look, path.as_path(), || fs::symlink_metadata(&path)).ok()?;
        let record = file.is_file().then(|| record_file::look(&RecordFile::path(&path)))?;
        Some(Self { path, file, record })
    }

    fn status(self, census: &Census) -> Status {
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let recorded = self.record.as_ref().and_then(|record| record.holder.clone());
        let crowd = census.of(&self.file, recorded).unwrap_or_else(|| self.unlisted());
        let token = self.record.as_ref().and_then(|record| record.token);
        // Where nobody is recorded as inside, somebody may still be, who is not recorded.
        let is_left = self.record.as_ref().is_some_and(|record| record.holder.is_none());
        let abandoned = (crowd.is_without_recorded || is_left).then(|| self.died()).flatten();
        Status::new(name, crowd.state)
            .held_by(crowd.holder.map(Box::new))
            .waited_for_by(crowd.waiting)
            .with_token(token)
            .abandoned_by(abandoned.map(Box::new))
    }

    /// Who has the lock where nobody was listed.
    fn unlisted(&self) -> Crowd {
        let state = ask_as_reader(&self.path);
        // Who has taken it meanwhile is listed by now.
        let holder = if state.is_held() { witness::holder(&self.path) } else { None };
        let waiting = Census::is_of_everybody().then_some(0);
        let is_without_recorded = matches!(state, State::Free | State::NoWriter);
        Crowd { state, holder, is_without_recorded, waiting }
    }

    /// Who died with the lock, or left it as if it had, where whoever is recorded as its holder is
    /// known not to be: unless the record has changed meanwhile.
    fn died(self) -> Option<Holder> {
        let record = self.record?;
        let is_unchanged = record_file::look(&RecordFile::path(&self.path))? == record;
        is_unchanged.then(|| record.first_death()).flatten()
    }
}

/// What is found out by asking for the lock as a reader.
fn ask_as_reader(path: &Path) -> State {
    let Ok(file) = opening::readable(path) else { return State::Unknown };
    let found = ask(Call::Look, &file, || file.metadata());
    if !found.is_ok_and(|found| found.is_file()) {
        return State::Unknown;
    }
    match flock::try_lock(&file, Mode::Shared) {
        Ok(true) => {
            // To close it is the fallback.
            let _ = flock::unlock(&file);
            if Census::is_of_everybody() { State::Free } else { State::NoWriter }
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
