//! Threads that call the wakers of tasks whose deadline has come.
//!
//! A waker is foreign code: it may panic, block, or poll its task at once. So one thread calls them,
//! one after another, and whenever it is stuck, the timer thread starts one more.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::background_thread;
use crate::foreign_waker::call;
use crate::per_process::PerProcess;

/// How long a waker may take before another thread is started for the ones behind it.
const STUCK_AFTER: Duration = Duration::from_millis(10);

/// How many threads there may be at once.
const MAX_THREADS: usize = 64;

static WAKE_THREADS: PerProcess<WakeThreads> = PerProcess::new();

#[derive(Default)]
struct WakeThreads {
    work: Mutex<Work>,
    arrived: Condvar,
}

#[derive(Default)]
struct Work {
    pending: VecDeque<Waker>,
    threads: usize,
    idle: usize,
    /// Since when the first of the pending wakers has been the first.
    stuck_since: Option<Instant>,
    /// Whether the last thread goes on while no waker is pending.
    is_needed: bool,
}

/// Starts the first thread.
pub(super) fn start() -> io::Result<()> {
    let threads = WAKE_THREADS.get();
    let mut work = threads.lock();
    work.is_needed = true;
    if work.threads == 0 { threads.start_one(&mut work) } else { Ok(()) }
}

/// Lets all threads end.
pub(super) fn stop() {
    let threads = WAKE_THREADS.get();
    threads.lock().is_needed = false;
    threads.arrived.notify_all();
}

/// Calls all of these wakers soon.
pub(super) fn wake(wakers: Vec<Waker>) {
    let threads = WAKE_THREADS.get();
    let mut work = threads.lock();
    work.stuck_since.get_or_insert_with(Instant::now);
    work.pending.extend(wakers);
    drop(work);
    threads.arrived.notify_one();
}

/// Starts another thread if the others are stuck; returns when to check again, if a waker is pending.
pub(super) fn check() -> Option<Duration> {
    let threads = WAKE_THREADS.get();
    let mut work = threads.lock();
    let since = work.stuck_since?;
    if since.elapsed() >= STUCK_AFTER && work.idle == 0 && work.threads < MAX_THREADS {
        work.stuck_since = Some(Instant::now());
        // If none can be started, the next check tries again.
        let _ = threads.start_one(&mut work);
    }
    Some(STUCK_AFTER)
}

impl WakeThreads {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_one(&'static self, work: &mut Work) -> io::Result<()> {
        background_thread::start("jam-lock wake", || self.run())?;
        work.threads += 1;
        Ok(())
    }

    fn run(&self) {
        let mut work = self.lock();
        loop {
            if let Some(next) = work.pending.pop_front() {
                let more = !work.pending.is_empty();
                work.stuck_since = more.then(Instant::now);
                drop(work);
                call(next);
                work = self.lock();
            } else if work.idle > 0 || !work.is_needed {
                // One idle thread is enough.
                work.threads -= 1;
                return;
            } else {
                work.idle += 1;
                work = self.arrived.wait(work).unwrap_or_else(PoisonError::into_inner);
                work.idle -= 1;
            }
        }
    }
}
