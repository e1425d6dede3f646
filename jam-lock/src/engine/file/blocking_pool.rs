//! The threads that block in `flock(2)` so that no caller has to.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::lock_file::LockFile;
use super::system::{Call, ask};
use super::{flock, polling};
use crate::engine::Mode;
use crate::per_process::PerProcess;

/// How many threads of the process may block at once. Nothing interrupts `flock(2)`, so a wait that
/// has timed out keeps its thread and its descriptor until the lock is free.
pub(super) const MAX_THREADS: usize = 64;

/// How long a thread without work lingers: starting one costs more than a hand-off does.
const LINGER: Duration = Duration::from_secs(1);

/// A wait for the lock on a file.
pub(super) struct Wait {
    pub(super) id: PoolWaitId,
    pub(super) file: Arc<LockFile>,
    pub(super) mode: Mode,
    /// Whether it waits for other holders; where not, it tries once.
    pub(super) is_blocking: bool,
    /// How long others may have the lock first.
    pub(super) pause: Duration,
    /// Called once, with whether the lock was acquired.
    pub(super) done: Box<dyn FnOnce(io::Result<bool>) + Send>,
}

/// Identifies a wait in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PoolWaitId(u64);

impl PoolWaitId {
    /// One that no other wait of this process has.
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Wait {
    fn block(self) {
        if !self.pause.is_zero() {
            thread::sleep(self.pause);
        }
        let result = if self.is_blocking {
            flock::lock(self.file.file(), self.mode).map(|()| true)
        } else {
            flock::try_lock(self.file.file(), self.mode)
        };
        self.finish(result);
    }

    /// Ends it.
    pub(super) fn finish(self, result: io::Result<bool>) {
        drop(self.file);
        (self.done)(result);
    }
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    threads: usize,
    idle: usize,
    /// What no thread has begun yet.
    waits: VecDeque<Wait>,
}

static POOL: PerProcess<Pool> = PerProcess::new();

/// Starts `wait` for the lock file at `path`, on a thread that blocks, or else on the one that polls.
///
/// # Errors
/// There is no thread for it, not even to poll.
pub(super) fn start(wait: Wait, path: &Path) -> io::Result<()> {
    let pool = POOL.get();
    let may_start = ask(Call::StartThread, path, || Ok(())).is_ok();
    let mut state = pool.lock();
    let has_thread = state.idle > state.waits.len();
    if !may_start || !has_thread && state.threads == MAX_THREADS {
        drop(state);
        return polling::start(wait, path);
    }
    let id = wait.id;
    state.waits.push_back(wait);
    if has_thread {
        drop(state);
        pool.arrived.notify_one();
        return Ok(());
    }
    state.threads += 1;
    drop(state);
    let thread = thread::Builder::new().name("jam-lock wait".to_owned());
    if thread.spawn(|| pool.run()).is_ok() {
        return Ok(());
    }
    let mut state = pool.lock();
    state.threads -= 1;
    let at = state.waits.iter().position(|wait| wait.id == id);
    let wait = at.and_then(|at| state.waits.remove(at));
    drop(state);
    // Where it is not there any more, a thread that had nothing else to do has begun it.
    wait.map_or(Ok(()), |wait| polling::start(wait, path))
}

impl Pool {
    /// What each thread does.
    fn run(&self) {
        while let Some(wait) = self.next() {
            wait.block();
        }
    }

    /// The next wait, or `None` where none came for a while.
    fn next(&self) -> Option<Wait> {
        let next = self.lock().waits.pop_front().or_else(polling::take_oldest);
        if next.is_some() {
            return next;
        }
        let mut state = self.lock();
        state.idle += 1;
        let (mut state, _) = self
            .arrived
            .wait_timeout_while(state, LINGER, |state| state.waits.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        let next = state.waits.pop_front();
        if next.is_none() {
            state.threads -= 1;
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
