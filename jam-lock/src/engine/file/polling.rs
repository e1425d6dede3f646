//! The one thread that polls lock files in turn, for the waits that find all blocking threads busy.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::flock;
use super::flock_wait::{FlockWait, FlockWaitId};
use super::syscall::{Syscall, retry};
use crate::background_thread;
use crate::due_queue::DueQueue;
use crate::per_process::PerProcess;

/// How long after its start a wait is first tried; the interval doubles with every try.
const FIRST_INTERVAL: Duration = Duration::from_millis(1);

/// The longest interval between two tries.
const LONGEST_INTERVAL: Duration = Duration::from_millis(50);

/// How long the thread stays idle before it ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Poller {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_running: bool,
    waits: HashMap<FlockWaitId, Polled>,
    /// The waits by the time of their next try; some may have ended since.
    due: DueQueue<FlockWaitId>,
    /// Waits that only need to be finished.
    cancelled: Vec<FlockWait>,
    /// The wait that is being tried right now.
    current: Option<CurrentTry>,
}

struct Polled {
    wait: FlockWait,
    next: Instant,
    interval: Duration,
}

struct CurrentTry {
    id: FlockWaitId,
    is_cancelled: bool,
}

static POLLER: PerProcess<Poller> = PerProcess::new();

/// Polls for `wait`, whose file is at `path`, until it acquires the lock or is cancelled.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn start(wait: FlockWait, path: &Path) -> io::Result<()> {
    let poller = POLLER.get();
    retry(Syscall::StartThread, path, || Ok(()))?;
    let mut state = poller.lock();
    if !state.is_running {
        // Under the mutex, so that no caller relies on a thread that failed to start.
        background_thread::start("jam-lock polling", || poller.run())?;
        state.is_running = true;
    }
    let next = Instant::now() + wait.pause.max(FIRST_INTERVAL);
    state.insert(Polled { wait, next, interval: FIRST_INTERVAL });
    drop(state);
    poller.changed.notify_one();
    Ok(())
}

/// Ends the wait `id` without the lock, if it is polled and not being tried right now; returns
/// whether it did. A wait that is being tried ends if that try fails.
pub(super) fn cancel(id: FlockWaitId) -> bool {
    let poller = POLLER.get();
    let mut state = poller.lock();
    if let Some(polled) = state.waits.remove(&id) {
        state.cancelled.push(polled.wait);
        drop(state);
        poller.changed.notify_one();
        return true;
    }
    if let Some(current) = state.current.as_mut().filter(|current| current.id == id) {
        current.is_cancelled = true;
    }
    false
}

/// Removes the wait that started first, for a thread that can block.
pub(super) fn take_oldest() -> Option<FlockWait> {
    let mut state = POLLER.get().lock();
    let id = *state.waits.keys().min()?;
    let polled = state.waits.remove(&id)?;
    let pause = polled.next.saturating_duration_since(Instant::now());
    // Only the rest of its initial pause counts, not the interval between two tries.
    let pause = if polled.wait.pause.is_zero() { Duration::ZERO } else { pause };
    Some(FlockWait { pause, ..polled.wait })
}

/// The number of waits for the file at `path` that are polled.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn count(path: &Path) -> usize {
    let is_it = |polled: &&Polled| super::syscall::faults::path_of(polled.wait.file.file()) == path;
    POLLER.get().lock().waits.values().filter(is_it).count()
}

impl State {
    fn insert(&mut self, polled: Polled) {
        self.due.add(polled.next, polled.wait.id);
        self.waits.insert(polled.wait.id, polled);
    }

    /// Removes a wait that is due.
    fn take_due(&mut self) -> Option<Polled> {
        let now = Instant::now();
        while let Some(id) = self.due.pop_due(now) {
            if let Some(polled) = self.waits.remove(&id) {
                self.current = Some(CurrentTry { id, is_cancelled: false });
                return Some(polled);
            }
        }
        None
    }
}

impl Poller {
    /// The body of the thread.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            if let Some(wait) = state.cancelled.pop() {
                drop(state);
                wait.finish(Ok(false));
                state = self.lock();
            } else if let Some(polled) = state.take_due() {
                drop(state);
                self.try_once(polled);
                state = self.lock();
            } else {
                let next = state.due.next();
                let left = next.map(|next| next.saturating_duration_since(Instant::now()));
                let slept = self.changed.wait_timeout(state, left.unwrap_or(IDLE_TIMEOUT));
                let (woken, timeout) = slept.unwrap_or_else(PoisonError::into_inner);
                state = woken;
                if timeout.timed_out() && state.waits.is_empty() && state.cancelled.is_empty() {
                    state.is_running = false;
                    return;
                }
            }
        }
    }

    /// Tries a wait, and puts it back if it has to be tried again.
    fn try_once(&self, Polled { wait, interval, .. }: Polled) {
        let result = flock::try_lock(wait.file.file(), wait.mode);
        let mut state = self.lock();
        let is_cancelled = state.current.take().is_none_or(|current| current.is_cancelled);
        if matches!(result, Ok(false)) && wait.is_blocking && !is_cancelled {
            let wait = FlockWait { pause: Duration::ZERO, ..wait };
            let next = Instant::now() + interval;
            let interval = (2 * interval).min(LONGEST_INTERVAL);
            state.insert(Polled { wait, next, interval });
        } else {
            drop(state);
            wait.finish(result);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver};

    use super::super::lock_file::LockFile;
    use super::*;
    use crate::engine::Mode;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    /// Polls for the lock on the file at `path`; the result arrives on the channel.
    fn poll(path: &Path, is_blocking: bool) -> (FlockWaitId, Receiver<bool>) {
        let (id, file) =
            (FlockWaitId::next(), Arc::new(LockFile::open(path, None, Mode::Exclusive).unwrap()));
        let (reply, result) = mpsc::channel();
        let done = Box::new(move |done: io::Result<bool>| reply.send(done.unwrap()).unwrap());
        let (mode, pause) = (Mode::Exclusive, Duration::ZERO);
        start(FlockWait { id, file, mode, is_blocking, pause, done }, path).unwrap();
        (id, result)
    }

    #[test]
    fn a_wait_lasts_until_the_lock_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None, Mode::Exclusive).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (_, result) = poll(&path, true);
        assert!(result.recv_timeout(4 * LONGEST_INTERVAL).is_err());
        flock::unlock(holder.file()).unwrap();
        assert!(result.recv_timeout(LONG).unwrap());
    }

    #[test]
    fn a_try_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None, Mode::Exclusive).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (_, result) = poll(&path, false);
        assert!(!result.recv_timeout(LONG).unwrap());
    }

    #[test]
    fn a_cancelled_wait_ends_without_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None, Mode::Exclusive).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (id, result) = poll(&path, true);
        // It ends in any case, even if it was just being tried.
        cancel(id);
        assert!(!result.recv_timeout(LONG).unwrap());
        assert!(!cancel(id));
    }
}
