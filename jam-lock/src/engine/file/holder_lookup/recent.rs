//! Answers of the last moment: those that try for a lock again and again cost little by them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::evidence::{Evidence, Found};
use crate::engine::file::record_file::{self, RecordFile};
use crate::engine::file::record_format::Record;
use crate::holder::Holder;

/// How long an answer is kept at least.
const KEPT: Duration = Duration::from_millis(5);

/// How long it is kept at the most, and how many times as long as it took to find: so that the
/// list of all locks, which everybody shares, is read a small part of the time.
const KEPT_AT_MOST: Duration = Duration::from_millis(50);
const TIMES: u32 = 10;

/// How many are kept.
const ANSWERS: usize = 64;

#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<PathBuf, Arc<Answer>>>);

/// The holder of a lock, or that none was found.
pub(super) struct Answer {
    found: Option<Found>,
    record: Option<Record>,
    at: Instant,
    end: Instant,
}

impl Answer {
    /// What was found beside `record`, where somebody began to look at `start`.
    pub(super) fn new(found: Option<Found>, record: Option<Record>, start: Instant) -> Self {
        let at = Instant::now();
        let kept = ((at - start) * TIMES).clamp(KEPT, KEPT_AT_MOST);
        Self { found, record, at, end: at + kept }
    }

    /// The holder, who was seen with the lock a moment ago.
    pub(super) fn holder(&self) -> Option<Holder> {
        self.found.as_ref().map(|found| found.holder.clone().seen_now())
    }

    fn stands(&self, lock: &Path) -> bool {
        let record_is_enough = |evidence: &Evidence| {
            matches!(evidence, Evidence::Record { .. }) && self.at.elapsed() < KEPT
        };
        let is_unchanged = || record_file::look(&RecordFile::path(lock)) == self.record;
        Instant::now() < self.end
            && is_unchanged()
            && self.found.as_ref().is_none_or(|Found { evidence, .. }| {
                record_is_enough(evidence) || evidence.stands()
            })
    }
}

impl Recent {
    /// An answer that still stands, as far as a quick look shows.
    pub(super) fn of(&self, lock: &Path) -> Option<Arc<Answer>> {
        let answer = self.lock().get(lock).cloned();
        answer.filter(|answer| answer.stands(lock))
    }

    pub(super) fn keep(&self, lock: PathBuf, answer: Answer) {
        let mut answers = self.lock();
        if answers.len() >= ANSWERS {
            let now = Instant::now();
            answers.retain(|_, answer| now < answer.end);
        }
        if answers.len() < ANSWERS {
            answers.insert(lock, Arc::new(answer));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<Answer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::engine::file::record_format;

    #[test]
    fn an_answer_is_used_again_until_the_record_changes() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("x.lock");
        let path = RecordFile::path(&lock);
        fs::write(&path, record_format::free(7)).unwrap();
        let recent = Recent::default();
        let keep = || {
            let record = record_file::look(&path);
            assert!(record.is_some());
            recent.keep(lock.clone(), Answer::new(None, record, Instant::now()));
        };
        // One that is looked for too late is gone.
        while recent.of(&lock).is_none() {
            keep();
        }
        keep();
        fs::write(&path, record_format::free(9)).unwrap();
        assert!(recent.of(&lock).is_none());
    }
}
