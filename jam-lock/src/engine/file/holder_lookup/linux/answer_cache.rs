//! Caches recent answers, so that repeated tries for a lock cost little.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::evidence::{Evidence, FoundHolder};
use crate::engine::file::record::{self, Record, RecordFile};
use crate::holder::Holder;

/// The shortest time for which an answer is cached.
const MIN_TTL: Duration = Duration::from_millis(5);

/// The longest time for which an answer is cached.
const MAX_TTL: Duration = Duration::from_millis(50);

/// In between, an answer is cached this many times as long as the lookup took, so that lookups,
/// which contend for the system's list with all processes, take only a small part of the time.
const TTL_FACTOR: u32 = 10;

/// How many answers are cached.
const MAX_ANSWERS: usize = 64;

#[derive(Default)]
pub(super) struct AnswerCache(Mutex<HashMap<PathBuf, Arc<Answer>>>);

/// The holder of a lock, or that none was found.
pub(super) struct Answer {
    found: Option<FoundHolder>,
    record: Option<Record>,
    at: Instant,
    end: Instant,
}

impl Answer {
    /// The answer of a lookup that began at `start` and read `record`.
    pub(super) fn new(found: Option<FoundHolder>, record: Option<Record>, start: Instant) -> Self {
        let at = Instant::now();
        let ttl = ((at - start) * TTL_FACTOR).clamp(MIN_TTL, MAX_TTL);
        Self { found, record, at, end: at + ttl }
    }

    /// The holder, which had the lock a moment ago.
    pub(super) fn holder(&self) -> Option<Holder> {
        self.found.as_ref().map(|found| found.holder.clone().seen_now())
    }

    fn is_still_valid(&self, lock: &Path) -> bool {
        let record_is_enough = |evidence: &Evidence| {
            matches!(evidence, Evidence::Record { .. } | Evidence::Listed { .. })
                && self.at.elapsed() < MIN_TTL
        };
        let is_unchanged = || record::read_record(&RecordFile::path(lock)) == self.record;
        Instant::now() < self.end
            && is_unchanged()
            && self.found.as_ref().is_none_or(|FoundHolder { evidence, .. }| {
                record_is_enough(evidence) || evidence.is_still_valid()
            })
    }
}

impl AnswerCache {
    /// An answer that is still valid, as far as a quick check shows.
    pub(super) fn get(&self, lock: &Path) -> Option<Arc<Answer>> {
        let answer = self.lock().get(lock).cloned();
        answer.filter(|answer| answer.is_still_valid(lock))
    }

    pub(super) fn insert(&self, lock: PathBuf, answer: Answer) {
        let mut answers = self.lock();
        if answers.len() >= MAX_ANSWERS {
            let now = Instant::now();
            answers.retain(|_, answer| now < answer.end);
        }
        if answers.len() < MAX_ANSWERS {
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

    #[test]
    fn an_answer_is_reused_until_the_record_changes() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("x.lock");
        let path = RecordFile::path(&lock);
        let released = |token| format!("jam-lock 1 free token {token:19}\n");
        fs::write(&path, released(7)).unwrap();
        let cache = AnswerCache::default();
        let insert = || {
            let record = record::read_record(&path);
            assert!(record.is_some());
            cache.insert(lock.clone(), Answer::new(None, record, Instant::now()));
        };
        // On a busy machine it may be too old at once.
        while cache.get(&lock).is_none() {
            insert();
        }
        insert();
        fs::write(&path, released(9)).unwrap();
        assert!(cache.get(&lock).is_none());
    }
}
