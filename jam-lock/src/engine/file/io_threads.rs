//! [`IoThreads`]: the threads that make the calls on a file system that may hang, so that no caller
//! has to.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::syscall::{Syscall, retry};
use crate::background_thread;
use crate::due_queue::DueQueue;

/// How many threads of one folder may hang at once; further calls wait for one of them.
const MAX_THREADS: usize = 16;

/// How long an idle thread stays: starting one costs more than most calls do.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The threads of one folder, which are started when they are needed.
#[derive(Default)]
pub(super) struct IoThreads {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    threads: usize,
    idle: usize,
    jobs: DueQueue<Job>,
}

impl IoThreads {
    /// Runs `job`, which uses the file at `path`, at this time or soon after.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn run_at(self: &Arc<Self>, at: Instant, path: &Path, job: Job) -> io::Result<()> {
        let now = Instant::now();
        let mut state = self.lock();
        // Even if none is due, one has to be there in time.
        let needed = (state.jobs.count_due(now) + usize::from(at <= now)).max(1);
        if state.idle < needed && state.threads < MAX_THREADS {
            let threads = Arc::clone(self);
            let started = retry(Syscall::StartThread, path, || Ok(()))
                .and_then(|()| background_thread::start("jam-lock files", move || threads.run()));
            match started {
                Ok(()) => state.threads += 1,
                Err(error) if state.threads == 0 => return Err(error),
                Err(_) => {}
            }
        }
        state.jobs.add(at, job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The body of each thread.
    fn run(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The next job once it is due, or `None` if none arrived in time.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if let Some(job) = state.jobs.pop_due(now) {
                if state.jobs.next().is_some() {
                    self.changed.notify_one();
                }
                return Some(job);
            }
            let time = state.jobs.next().map_or(IDLE_TIMEOUT, |at| at - now);
            state.idle += 1;
            let waited = self.changed.wait_timeout(state, time);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.next().is_none() {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for IoThreads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IoThreads").finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    fn run_at(threads: &Arc<IoThreads>, at: Instant, job: impl FnOnce() + Send + 'static) {
        threads.run_at(at, Path::new("x.lock"), Box::new(job)).unwrap();
    }

    #[test]
    fn a_job_runs_although_others_hang() {
        let threads = Arc::<IoThreads>::default();
        let (hangs, until) = mpsc::channel::<()>();
        let until = Arc::new(Mutex::new(until));
        for _ in 0..MAX_THREADS - 1 {
            let until = Arc::clone(&until);
            run_at(&threads, Instant::now(), move || _ = until.lock().map(|it| it.recv()));
        }
        let (reply, replies) = mpsc::channel();
        for number in [0, 1] {
            let reply = reply.clone();
            run_at(&threads, Instant::now(), move || reply.send(number).unwrap());
            assert_eq!(replies.recv_timeout(LONG), Ok(number));
        }
        drop(hangs);
    }

    #[test]
    fn jobs_run_in_the_order_of_their_times() {
        let (threads, (reply, replies)) = (Arc::<IoThreads>::default(), mpsc::channel());
        let now = Instant::now();
        for delay in [40, 0, 20] {
            let reply = reply.clone();
            run_at(&threads, now + Duration::from_millis(delay), move || {
                reply.send(delay).unwrap();
            });
        }
        let received: Vec<_> = (0..3).map(|_| replies.recv_timeout(LONG).unwrap()).collect();
        assert_eq!(received[0], 0);
        assert!(received.contains(&20) && received.contains(&40));
        assert!(now.elapsed() >= Duration::from_millis(40));
    }
}
