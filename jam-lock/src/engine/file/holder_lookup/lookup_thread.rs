//! The one thread of this process that looks for holders, so that no other has to.
//!
//! It answers all questions that have come by then at once, with one reading of the system's list,
//! and stops looking after a while: a name that comes late is of no use.

use std::collections::HashMap;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock_table::LockTable;
use super::open_files::OpenFiles;
use super::proc_locks::READINGS;
use super::recent::{Answer, Recent};
use super::waiting_writer::{self, Search};
use super::{Seen, TIMEOUT, call_safely};
use crate::engine::{HolderReply, WriterWaiting};
use crate::holder::Holder;
use crate::per_process::PerProcess;

/// How long the thread stays when there are no questions any more.
const LINGER: Duration = Duration::from_secs(1);

/// How long it looks for the holders of a batch. Those that come meanwhile wait for the next one.
const BUDGET: Duration = TIMEOUT.checked_div(2).expect("two is not zero");

#[derive(Default)]
struct Lookup {
    questions: Mutex<Questions>,
    arrived: Condvar,
    recent: Recent,
}

#[derive(Default)]
struct Questions {
    is_running: bool,
    waiting: Vec<Question>,
    searches: Vec<Search>,
    /// Since when the thread has been looking, if it is.
    busy: Option<Instant>,
}

struct Question {
    lock: PathBuf,
    reply: HolderReply,
}

/// Answers who holds the lock file at `lock`: at once where that is known, or on another thread.
pub(in crate::engine::file) fn find(lock: PathBuf, reply: HolderReply) {
    let lookup = LOOKUP.get();
    if let Some(answer) = lookup.recent.of(&lock) {
        return reply(answer.holder().map(Box::new));
    }
    let mut questions = lookup.lock();
    // On a file system that hangs, the thread does.
    let hangs = questions.busy.is_some_and(|since| since.elapsed() > TIMEOUT);
    if hangs || !questions.attended(lookup) {
        drop(questions);
        return reply(None);
    }
    questions.waiting.push(Question { lock, reply });
    drop(questions);
    lookup.arrived.notify_one();
}

/// Calls `found` on the thread if a writer of another process waits for the lock file at `lock`.
pub(in crate::engine::file) fn find_waiting_writer(lock: PathBuf, found: WriterWaiting) {
    let lookup = LOOKUP.get();
    let mut questions = lookup.lock();
    // Without the thread, the next search is soon enough.
    if questions.attended(lookup) {
        questions.searches.push(Search { lock, found });
        drop(questions);
        lookup.arrived.notify_one();
    }
}

/// The holder of the lock file at `lock`, looked for on this thread.
pub(in crate::engine::file) fn find_now(lock: &Path) -> Option<Holder> {
    let end = Instant::now() + TIMEOUT;
    let mut open_files = OpenFiles::default();
    for reading in 0..READINGS {
        let seen = Seen::look(lock).ok()?;
        let table = LockTable::one_reading(reading, open_files, end);
        if let Some(found) = table.holder(&seen) {
            return Some(found.holder);
        }
        open_files = table.into_open_files();
    }
    None
}

static LOOKUP: PerProcess<Lookup> = PerProcess::new();

impl Questions {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.searches.is_empty()
    }

    /// Whether the thread is there, which is started where it is not.
    fn attended(&mut self, lookup: &'static Lookup) -> bool {
        let start = || thread::Builder::new().name("jam-lock holders".to_owned());
        self.is_running = self.is_running || start().spawn(move || run(lookup)).is_ok();
        self.is_running
    }
}

impl Lookup {
    fn lock(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All questions that have come, or nothing where none came for a while.
    fn next(&self) -> Option<(Vec<Question>, Vec<Search>)> {
        let mut questions = self.lock();
        questions.busy = None;
        let (mut questions, _) = self
            .arrived
            .wait_timeout_while(questions, LINGER, |questions| questions.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        if questions.is_empty() {
            questions.is_running = false;
            return None;
        }
        questions.busy = Some(Instant::now());
        Some((mem::take(&mut questions.waiting), mem::take(&mut questions.searches)))
    }

    /// Answers a batch of questions, and the same one once.
    fn answer(&self, batch: Vec<Question>, open_files: &mut OpenFiles) {
        let start = Instant::now();
        let end = start + BUDGET;
        let mut open: HashMap<PathBuf, Vec<HolderReply>> = HashMap::new();
        for Question { lock, reply } in batch {
            open.entry(lock).or_default().push(reply);
        }
        for reading in 0..READINGS {
            let seen =
                look(open, Instant::now() + end.saturating_duration_since(Instant::now()) / 2);
            let table = LockTable::one_reading(reading, mem::take(open_files), end);
            open = HashMap::new();
            for (seen, replies) in seen {
                let found = table.holder(&seen);
                let is_over = Instant::now() >= end;
                if found.is_none() && !is_over && reading + 1 < READINGS {
                    open.insert(seen.path, replies);
                    continue;
                }
                let answer = Answer::new(found, seen.record, start);
                let holder = answer.holder();
                if holder.is_some() || !is_over {
                    self.recent.keep(seen.path, answer);
                }
                reply_all(replies, holder.as_ref());
            }
            *open_files = table.into_open_files();
            if open.is_empty() {
                return;
            }
        }
    }
}

/// Looks at the lock files and their records until `end`; of the others nothing is known.
fn look(open: HashMap<PathBuf, Vec<HolderReply>>, end: Instant) -> Vec<(Seen, Vec<HolderReply>)> {
    let mut found = Vec::with_capacity(open.len());
    for (lock, replies) in open {
        let is_in_time = Instant::now() < end;
        match is_in_time.then(|| Seen::look(&lock)) {
            Some(Ok(seen)) => found.push((seen, replies)),
            _ => reply_all(replies, None),
        }
    }
    found
}

fn reply_all(replies: Vec<HolderReply>, holder: Option<&Holder>) {
    for reply in replies {
        call_safely(|| reply(holder.cloned().map(Box::new)));
    }
}

/// What the thread does.
fn run(lookup: &'static Lookup) {
    let mut open_files = OpenFiles::default();
    while let Some((batch, searches)) = lookup.next() {
        lookup.answer(batch, &mut open_files);
        waiting_writer::end(searches);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;
    use crate::engine::file::system::Call;
    use crate::engine::file::system::faults::Observed;

    #[test]
    fn one_look_is_for_all_that_ask() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("x.lock");
        fs::write(&lock, "").unwrap();
        let observed = Observed::new(folder.path(), None);
        let replies = Arc::new(AtomicUsize::new(0));
        let question = || {
            let replies = Arc::clone(&replies);
            let count = move |_| _ = replies.fetch_add(1, Ordering::Relaxed);
            Question { lock: lock.clone(), reply: Box::new(count) }
        };
        let batch = (0..100).map(|_| question()).collect();
        Lookup::default().answer(batch, &mut OpenFiles::default());
        assert_eq!(replies.load(Ordering::Relaxed), 100);
        let looks = observed.asked().iter().filter(|(call, _)| *call == Call::Look).count();
        assert!(looks <= READINGS, "{looks}");
    }

    #[test]
    fn a_lock_without_a_file_is_held_by_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (reply, replies) = mpsc::channel();
        let lock = folder.path().join("x.lock");
        find(lock, Box::new(move |holder| reply.send(holder).unwrap()));
        assert_eq!(replies.recv().unwrap(), None);
    }

    #[test]
    fn the_thread_outlives_a_reply_that_panics() {
        let folder = tempfile::tempdir().unwrap();
        let question = |name: &str, reply: HolderReply| find(folder.path().join(name), reply);
        let (begun, begins) = mpsc::channel();
        question(
            "panics.lock",
            Box::new(move |_| {
                begun.send(()).unwrap();
                std::panic::resume_unwind(Box::new(()));
            }),
        );
        begins.recv().unwrap();
        let (reply, replies) = mpsc::channel();
        question("x.lock", Box::new(move |holder| reply.send(holder).unwrap()));
        assert_eq!(replies.recv().unwrap(), None);
    }
}
