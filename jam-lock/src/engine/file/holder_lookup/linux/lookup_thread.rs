//! The one thread of this process that looks up holders, so that no caller has to.
//!
//! It answers all pending requests with the same reading of the system's list, and gives up after a
//! while, because a late answer is of no use.

use std::collections::HashMap;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::answer_cache::{Answer, AnswerCache};
use super::live_processes;
use super::lock_table::LockTable;
use super::open_files::OpenFiles;
use super::proc_locks::READINGS;
use super::run_callback::run_callback;
use super::waiting_writer::{self, Search};
use crate::background_thread;
use crate::engine::file::holder_lookup::TIMEOUT;
use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;
use crate::engine::{HolderReply, WriterWaiting};
use crate::holder::Holder;
use crate::per_process::PerProcess;

/// How long the thread stays idle before it ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long it looks up the holders of one batch; requests that arrive meanwhile wait for the next
/// one.
const BUDGET: Duration = TIMEOUT.checked_div(2).expect("two is not zero");

#[derive(Default)]
struct Lookup {
    queue: Mutex<Queue>,
    arrived: Condvar,
    cache: AnswerCache,
}

#[derive(Default)]
struct Queue {
    is_running: bool,
    requests: Vec<Request>,
    searches: Vec<Search>,
    /// When the thread started with the current batch.
    busy_since: Option<Instant>,
}

struct Request {
    lock: PathBuf,
    reply: HolderReply,
}

/// Replies with the holder of the lock file at `lock`: at once from the cache, or on the lookup
/// thread.
pub(in crate::engine::file) fn find(lock: PathBuf, reply: HolderReply) {
    let lookup = LOOKUP.get();
    if let Some(answer) = lookup.cache.get(&lock) {
        return reply(answer.holder().map(Box::new));
    }
    let mut queue = lookup.lock();
    // If a file system hangs, so does the thread.
    let hangs = queue.busy_since.is_some_and(|since| since.elapsed() > TIMEOUT);
    if hangs || !queue.ensure_thread(lookup) {
        drop(queue);
        return reply(None);
    }
    queue.requests.push(Request { lock, reply });
    drop(queue);
    lookup.arrived.notify_one();
}

/// Calls `found` on the thread if a writer of another process waits for the lock file at `lock`.
pub(in crate::engine::file) fn find_waiting_writer(lock: PathBuf, found: WriterWaiting) {
    let lookup = LOOKUP.get();
    let mut queue = lookup.lock();
    // Without the thread, this search is skipped: the gate will start another one.
    if queue.ensure_thread(lookup) {
        queue.searches.push(Search { lock, found });
        drop(queue);
        lookup.arrived.notify_one();
    }
}

/// The same, on this thread.
pub(in crate::engine::file) fn find_waiting_writer_now(lock: PathBuf, found: WriterWaiting) {
    waiting_writer::run(vec![Search { lock, found }]);
}

/// The holder of the lock file at `lock`, looked up on this thread.
pub(in crate::engine::file) fn find_now(lock: &Path) -> Option<Holder> {
    let end = Instant::now() + TIMEOUT;
    let mut open_files = OpenFiles::default();
    for reading in 0..READINGS {
        let snapshot = LockSnapshot::take(lock).ok()?;
        let table = LockTable::one_reading(reading, open_files, end);
        if let Some(found) = table.holder(&snapshot) {
            return Some(found.holder);
        }
        open_files = table.into_open_files();
    }
    None
}

/// The recorded holder of `lock`, if it lives and holds the lock now, looked up on this thread.
///
/// A process that has ended is listed for as long as a child has its file, which it may have inherited.
pub(in crate::engine::file) fn confirm(lock: &LockSnapshot) -> Option<Holder> {
    let end = Instant::now() + TIMEOUT;
    let confirm =
        |reading| LockTable::one_reading(reading, OpenFiles::default(), end).confirmed_holder(lock);
    let confirmed = (0..READINGS).find_map(confirm)?;
    confirmed.process.is_some_and(live_processes::is_running).then_some(confirmed)
}

static LOOKUP: PerProcess<Lookup> = PerProcess::new();

impl Queue {
    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.searches.is_empty()
    }

    /// Starts the thread unless it is running; `false` if that fails.
    fn ensure_thread(&mut self, lookup: &'static Lookup) -> bool {
        let start = || background_thread::start("jam-lock holders", move || run(lookup));
        self.is_running = self.is_running || start().is_ok();
        self.is_running
    }
}

impl Lookup {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests that have arrived, or `None` if none arrived in time.
    fn next(&self) -> Option<(Vec<Request>, Vec<Search>)> {
        let mut queue = self.lock();
        queue.busy_since = None;
        let (mut queue, _) = self
            .arrived
            .wait_timeout_while(queue, IDLE_TIMEOUT, |queue| queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        if queue.is_empty() {
            queue.is_running = false;
            return None;
        }
        queue.busy_since = Some(Instant::now());
        Some((mem::take(&mut queue.requests), mem::take(&mut queue.searches)))
    }

    /// Answers a batch of requests, with one lookup for each lock.
    fn answer(&self, batch: Vec<Request>, open_files: &mut OpenFiles) {
        let start = Instant::now();
        let end = start + BUDGET;
        let mut open: HashMap<PathBuf, Vec<HolderReply>> = HashMap::new();
        for Request { lock, reply } in batch {
            open.entry(lock).or_default().push(reply);
        }
        for reading in 0..READINGS {
            let half = end.saturating_duration_since(Instant::now()) / 2;
            let snapshots = take_snapshots(open, Instant::now() + half);
            let table = LockTable::one_reading(reading, mem::take(open_files), end);
            open = HashMap::new();
            for (snapshot, replies) in snapshots {
                let found = table.holder(&snapshot);
                let is_over = Instant::now() >= end;
                if found.is_none() && !is_over && reading + 1 < READINGS {
                    open.insert(snapshot.path, replies);
                    continue;
                }
                let answer = Answer::new(found, snapshot.record, snapshot.record_text, start);
                let holder = answer.holder();
                if holder.is_some() || !is_over {
                    self.cache.insert(snapshot.path, answer);
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

/// Reads the lock files and their records until `end`; for the others, no holder is replied.
fn take_snapshots(
    open: HashMap<PathBuf, Vec<HolderReply>>,
    end: Instant,
) -> Vec<(LockSnapshot, Vec<HolderReply>)> {
    let mut snapshots = Vec::with_capacity(open.len());
    for (lock, replies) in open {
        let is_in_time = Instant::now() < end;
        match is_in_time.then(|| LockSnapshot::take(&lock)) {
            Some(Ok(snapshot)) => snapshots.push((snapshot, replies)),
            _ => reply_all(replies, None),
        }
    }
    snapshots
}

fn reply_all(replies: Vec<HolderReply>, holder: Option<&Holder>) {
    for reply in replies {
        run_callback(|| reply(holder.cloned().map(Box::new)));
    }
}

/// The body of the thread.
fn run(lookup: &'static Lookup) {
    let mut open_files = OpenFiles::default();
    while let Some((batch, searches)) = lookup.next() {
        lookup.answer(batch, &mut open_files);
        waiting_writer::run(searches);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;
    use crate::engine::file::syscall::Syscall;
    use crate::engine::file::syscall::faults::SyscallTrace;

    #[test]
    fn one_lookup_answers_all_requests_for_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("x.lock");
        fs::write(&lock, "").unwrap();
        let trace = SyscallTrace::new(folder.path(), None);
        let replies = Arc::new(AtomicUsize::new(0));
        let request = || {
            let replies = Arc::clone(&replies);
            let count = move |_| _ = replies.fetch_add(1, Ordering::Relaxed);
            Request { lock: lock.clone(), reply: Box::new(count) }
        };
        let batch = (0..100).map(|_| request()).collect();
        Lookup::default().answer(batch, &mut OpenFiles::default());
        assert_eq!(replies.load(Ordering::Relaxed), 100);
        let is_lookup = |(syscall, _): &&(Syscall, PathBuf)| *syscall == Syscall::Metadata;
        let lookups = trace.calls().iter().filter(is_lookup).count();
        assert!(lookups <= READINGS, "{lookups}");
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
        let request = |name: &str, reply: HolderReply| find(folder.path().join(name), reply);
        let (begun, begins) = mpsc::channel();
        request(
            "panics.lock",
            Box::new(move |_| {
                begun.send(()).unwrap();
                std::panic::resume_unwind(Box::new(()));
            }),
        );
        begins.recv().unwrap();
        let (reply, replies) = mpsc::channel();
        request("x.lock", Box::new(move |holder| reply.send(holder).unwrap()));
        assert_eq!(replies.recv().unwrap(), None);
    }
}
