//! [`SerialQueue`]: what is to be done with one claim, one after the other.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::file::claim::FileClaim;
use crate::engine::file::io_threads::IoThreads;

/// How long a call may take before the file system counts as silent.
const SILENCE: Duration = Duration::from_millis(100);

/// A use of the claim. What it returns is called once the next one can begin: it may wait for a mutex whose
/// owner waits for the next one.
pub(super) type Job = Box<dyn FnOnce(&mut FileClaim) -> Option<Callback> + Send>;
pub(super) type Callback = Box<dyn FnOnce() + Send>;

/// A claim, and the jobs that wait for it.
pub(super) struct SerialQueue {
    pub(super) path: PathBuf,
    pub(super) threads: Arc<IoThreads>,
    state: Mutex<State>,
    /// Locked by the job that is running; `None` once the queue has ended.
    claim: Mutex<Option<FileClaim>>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Whether a thread has been asked to run the jobs.
    is_running: bool,
    /// When the current job was begun, or asked for.
    busy_since: Option<Instant>,
    /// Whether no more jobs come, so that the claim can be dropped.
    is_closed: bool,
}

impl SerialQueue {
    pub(super) fn new(claim: FileClaim, path: PathBuf, threads: Arc<IoThreads>) -> Arc<Self> {
        Arc::new(Self { path, threads, state: Mutex::default(), claim: Mutex::new(Some(claim)) })
    }

    /// Runs `job` after all earlier ones.
    ///
    /// # Errors
    /// No thread can be started, and the job is dropped.
    pub(super) fn push(self: &Arc<Self>, job: Job) -> io::Result<()> {
        let mut state = self.lock();
        state.jobs.push_back(job);
        let started = self.ensure_running(&mut state);
        if started.is_err() {
            state.jobs.pop_back();
        }
        started
    }

    /// The same; without a thread, the job waits for the next one.
    pub(super) fn push_or_keep(self: &Arc<Self>, job: Job) {
        let mut state = self.lock();
        state.jobs.push_back(job);
        let _ = self.ensure_running(&mut state);
    }

    /// Drops the claim after all jobs.
    pub(super) fn close(self: &Arc<Self>) {
        self.lock().is_closed = true;
        self.push_or_keep(Box::new(|_| None));
    }

    /// Whether the file system has not answered for a while.
    pub(super) fn is_silent(&self) -> bool {
        self.lock().busy_since.is_some_and(|since| since.elapsed() >= SILENCE)
    }

    fn ensure_running(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if !state.is_running {
            let queue = Arc::clone(self);
            let now = Instant::now();
            self.threads.run_at(now, &self.path, Box::new(move || queue.run()))?;
            (state.is_running, state.busy_since) = (true, Some(now));
        }
        Ok(())
    }

    /// Runs jobs until none is left, or one has something to call.
    fn run(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let Some(job) = state.jobs.pop_front() else {
                (state.is_running, state.busy_since) = (false, None);
                let is_closed = state.is_closed;
                drop(state);
                if is_closed {
                    *self.claim() = None;
                }
                return;
            };
            state.busy_since = Some(Instant::now());
            drop(state);
            let callback = self.claim().as_mut().and_then(job);
            if let Some(callback) = callback {
                let mut state = self.lock();
                (state.is_running, state.busy_since) = (false, None);
                if !state.jobs.is_empty() || state.is_closed {
                    // Without another thread, the next job starts one.
                    let _ = self.ensure_running(&mut state);
                }
                drop(state);
                return callback();
            }
        }
    }

    fn claim(&self) -> MutexGuard<'_, Option<FileClaim>> {
        self.claim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
