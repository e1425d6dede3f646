//! Caches recent answers, so that repeated tries for a lock cost little.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::evidence::{Evidence, FoundHolder};
use crate::engine::file::record::{Record, RecordFile, RecordText};
use crate::holder::Holder;

/// The shortest time for which an answer is cached.
const MIN_TTL: Duration = Duration::from_millis(5);

/// The longest time for which an answer is cached.
const MAX_TTL: Duration = Duration::from_millis(50);

/// In between, an answer is cached this many times as long as the lookup took, so that lookups,
/// which contend for the system's list with all processes, take only a small part of the time.
const TTL_FACTOR: u32 = 10;

/// How long a process that was seen counts as alive, as long as the record is unchanged: to look at it costs
/// more than the rest of a try.
const SEEN_RECENTLY: Duration = MIN_TTL;

/// How many answers are cached.
const MAX_ANSWERS: usize = 64;

#[derive(Default)]
pub(super) struct AnswerCache(Mutex<HashMap<PathBuf, Arc<Answer>>>);

/// The holder of a lock, or that none was found.
pub(super) struct Answer {
    found: Option<FoundHolder>,
    record: Option<Record>,
    record_text: Option<RecordText>,
    end: Instant,
    /// When the process of the holder was last seen.
    seen_at: Mutex<Instant>,
}

impl Answer {
    /// The answer of a lookup that began at `start` and read `record`, which is the parsed `record_text`.
    pub(super) fn new(
        found: Option<FoundHolder>,
        record: Option<Record>,
        record_text: Option<RecordText>,
        start: Instant,
    ) -> Self {
        let now = Instant::now();
        let ttl = ((now - start) * TTL_FACTOR).clamp(MIN_TTL, MAX_TTL);
        Self { found, record, record_text, end: now + ttl, seen_at: Mutex::new(now) }
    }

    /// The holder, which had the lock a moment ago.
    pub(super) fn holder(&self) -> Option<Holder> {
        self.found.as_ref().map(|found| found.holder.clone().seen_now())
    }

    fn is_still_valid(&self, lock: &Path, now: Instant) -> bool {
        now < self.end
            && self.is_record_unchanged(lock)
            && self.found.as_ref().is_none_or(|found| self.is_still_there(&found.evidence, now))
    }

    fn is_record_unchanged(&self, lock: &Path) -> bool {
        let text = RecordText::read(&RecordFile::path(lock));
        // What the holder waits for may follow the record.
        text == self.record_text || text.and_then(|text| text.parse()) == self.record
    }

    fn is_still_there(&self, evidence: &Evidence, now: Instant) -> bool {
        // A program without a record may release the lock at any time.
        if matches!(evidence, Evidence::OpenFile { .. }) {
            return evidence.is_still_valid();
        }
        let mut seen_at = self.seen_at.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(*seen_at) < SEEN_RECENTLY {
            return true;
        }
        let is_there = evidence.is_still_valid();
        if is_there {
            *seen_at = now;
        }
        is_there
    }
}

impl AnswerCache {
    /// An answer that is still valid, as far as a quick check shows.
    pub(super) fn get(&self, lock: &Path) -> Option<Arc<Answer>> {
        let answer = self.lock().get(lock).cloned();
        answer.filter(|answer| answer.is_still_valid(lock, Instant::now()))
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
    use std::process::Command;

    use super::*;
    use crate::this_process::start_time;

    #[test]
    fn a_process_that_was_seen_a_moment_ago_is_not_looked_at_again() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let process = child.id();
        let started = start_time(&process.to_string()).unwrap();
        let evidence = Evidence::Record { process, started };
        let answer = Answer::new(None, None, None, Instant::now());
        let found = *answer.seen_at.lock().unwrap();
        let is_still_there = |after| answer.is_still_there(&evidence, found + after);
        assert!(is_still_there(SEEN_RECENTLY));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_still_there(SEEN_RECENTLY * 3 / 2));
        assert!(!is_still_there(SEEN_RECENTLY * 2));
    }

    #[test]
    fn an_answer_is_reused_until_the_record_changes() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("x.lock");
        let path = RecordFile::path(&lock);
        let released = |token| format!("jam-lock 1 free token {token:19}\n");
        fs::write(&path, released(7)).unwrap();
        let cache = AnswerCache::default();
        let insert = || {
            let text = RecordText::read(&path);
            let record = text.as_ref().and_then(RecordText::parse);
            assert!(record.is_some());
            cache.insert(lock.clone(), Answer::new(None, record, text, Instant::now()));
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
