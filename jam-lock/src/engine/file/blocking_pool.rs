//! The threads that block in `flock(2)`, so that no caller has to.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::flock_wait::FlockWait;
use super::polling;
use super::syscall::{Syscall, retry};
use crate::background_thread;
use crate::per_process::PerProcess;

/// How many threads of the process may block at once.
///
/// Nothing interrupts `flock(2)`, so a wait that has timed out keeps its thread and its descriptor
/// until the lock is free.
pub(super) const MAX_THREADS: usize = 64;

/// How long an idle thread stays: starting one costs more than a hand-off does.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    threads: usize,
    idle: usize,
    /// Waits that no thread has started yet.
    waits: VecDeque<FlockWait>,
}

static POOL: PerProcess<Pool> = PerProcess::new();

/// Starts `wait` for the lock file at `path`, on a thread that blocks, or else on the polling
/// thread.
///
/// # Errors
/// No thread can be started, not even the polling thread.
pub(super) fn start(wait: FlockWait, path: &Path) -> io::Result<()> {
    let pool = POOL.get();
    let may_start = retry(Syscall::StartThread, path, || Ok(())).is_ok();
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
    if background_thread::start("jam-lock wait", || pool.run()).is_ok() {
        return Ok(());
    }
    let mut state = pool.lock();
    state.threads -= 1;
    let at = state.waits.iter().position(|wait| wait.id == id);
    let wait = at.and_then(|at| state.waits.remove(at));
    drop(state);
    // If it is gone, a thread that became idle has started it.
    wait.map_or(Ok(()), |wait| polling::start(wait, path))
}

impl Pool {
    /// The body of each thread.
    fn run(&self) {
        while let Some(wait) = self.next() {
            wait.block();
        }
    }

    /// The next wait, or `None` if none arrived in time.
    fn next(&self) -> Option<FlockWait> {
        let next = self.lock().waits.pop_front().or_else(polling::take_oldest);
        if next.is_some() {
            return next;
        }
        let mut state = self.lock();
        state.idle += 1;
        let (mut state, _) = self
            .arrived
            .wait_timeout_while(state, IDLE_TIMEOUT, |state| state.waits.is_empty())
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
