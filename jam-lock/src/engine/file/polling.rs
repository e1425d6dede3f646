//! The one thread that tries files in turn, for waits for which no thread is left that could block.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::blocking_pool::{PoolWaitId, Wait};
use super::flock;
use super::system::{Call, ask};
use crate::per_process::PerProcess;

/// How long after its start a wait is tried first; later it is tried less and less often.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// How long a file is left alone at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long the thread lingers without any wait.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Poller {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_running: bool,
    waits: BTreeMap<PoolWaitId, Polled>,
    /// When each of them is tried next.
    due: BTreeSet<(Instant, PoolWaitId)>,
    /// Waits that have only to be ended.
    cancelled: Vec<Wait>,
    /// The one that is being tried just now.
    in_hand: Option<InHand>,
}

struct Polled {
    wait: Wait,
    next: Instant,
    pause: Duration,
}

struct InHand {
    id: PoolWaitId,
    is_cancelled: bool,
}

static POLLER: PerProcess<Poller> = PerProcess::new();

/// Has `wait` tried until it is acquired or cancelled; its file is at `path`.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn start(wait: Wait, path: &Path) -> io::Result<()> {
    let poller = POLLER.get();
    ask(Call::StartThread, path, || Ok(()))?;
    let mut state = poller.lock();
    if !state.is_running {
        // Under the mutex, so that nobody relies on a thread that does not come.
        let thread = thread::Builder::new().name("jam-lock polling".to_owned());
        thread.spawn(|| poller.run())?;
        state.is_running = true;
    }
    let next = Instant::now() + wait.pause.max(FIRST_PAUSE);
    state.insert(Polled { wait, next, pause: FIRST_PAUSE });
    drop(state);
    poller.changed.notify_one();
    Ok(())
}

/// Ends the wait `id` without the lock, if it is polled and not being tried just now; a wait that is
/// refused just now ends as well.
pub(super) fn cancel(id: PoolWaitId) -> bool {
    let poller = POLLER.get();
    let mut state = poller.lock();
    if let Some(polled) = state.remove(id) {
        state.cancelled.push(polled.wait);
        drop(state);
        poller.changed.notify_one();
        return true;
    }
    if let Some(in_hand) = state.in_hand.as_mut().filter(|in_hand| in_hand.id == id) {
        in_hand.is_cancelled = true;
    }
    false
}

/// Takes out the wait that began first, for a thread that can block.
pub(super) fn take_oldest() -> Option<Wait> {
    let mut state = POLLER.get().lock();
    let id = *state.waits.first_key_value()?.0;
    let polled = state.remove(id)?;
    let pause = polled.next.saturating_duration_since(Instant::now());
    // What is left of a pause that others were to have; the pauses between two tries are over.
    let pause = if polled.wait.pause.is_zero() { Duration::ZERO } else { pause };
    Some(Wait { pause, ..polled.wait })
}

/// How many waits for the file at `path` are polled.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn count(path: &Path) -> usize {
    let is_it = |polled: &&Polled| super::system::faults::path_of(polled.wait.file.file()) == path;
    POLLER.get().lock().waits.values().filter(is_it).count()
}

impl State {
    fn insert(&mut self, polled: Polled) {
        self.due.insert((polled.next, polled.wait.id));
        self.waits.insert(polled.wait.id, polled);
    }

    fn remove(&mut self, id: PoolWaitId) -> Option<Polled> {
        let polled = self.waits.remove(&id)?;
        self.due.remove(&(polled.next, id));
        Some(polled)
    }

    /// Takes out a wait that is to be tried by now.
    fn take_due(&mut self) -> Option<Polled> {
        let &(next, id) = self.due.first()?;
        if next > Instant::now() {
            return None;
        }
        self.in_hand = Some(InHand { id, is_cancelled: false });
        self.remove(id)
    }
}

impl Poller {
    /// What the thread does.
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
                let next = state.due.first().map(|(next, _)| *next);
                let left = next.map(|next| next.saturating_duration_since(Instant::now()));
                let slept = self.changed.wait_timeout(state, left.unwrap_or(LINGER));
                let (woken, timeout) = slept.unwrap_or_else(PoisonError::into_inner);
                state = woken;
                if timeout.timed_out() && state.waits.is_empty() && state.cancelled.is_empty() {
                    state.is_running = false;
                    return;
                }
            }
        }
    }

    /// Tries a wait, and puts it back if it is refused and goes on.
    fn try_once(&self, Polled { wait, pause, .. }: Polled) {
        let result = flock::try_lock(wait.file.file(), wait.mode);
        let mut state = self.lock();
        let is_cancelled = state.in_hand.take().is_none_or(|in_hand| in_hand.is_cancelled);
        if matches!(result, Ok(false)) && wait.is_blocking && !is_cancelled {
            let wait = Wait { pause: Duration::ZERO, ..wait };
            let next = Instant::now() + pause;
            state.insert(Polled { wait, next, pause: (2 * pause).min(LONGEST_PAUSE) });
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

    /// Has the lock on the file at `path` polled, and what becomes of that.
    fn poll(path: &Path, is_blocking: bool) -> (PoolWaitId, Receiver<bool>) {
        let (id, file) = (PoolWaitId::next(), Arc::new(LockFile::open(path, None).unwrap()));
        let (reply, told) = mpsc::channel();
        let done = Box::new(move |result: io::Result<bool>| reply.send(result.unwrap()).unwrap());
        let (mode, pause) = (Mode::Exclusive, Duration::ZERO);
        start(Wait { id, file, mode, is_blocking, pause, done }, path).unwrap();
        (id, told)
    }

    #[test]
    fn a_wait_goes_on_until_the_lock_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (_, told) = poll(&path, true);
        assert!(told.recv_timeout(4 * LONGEST_PAUSE).is_err());
        flock::unlock(holder.file()).unwrap();
        assert!(told.recv_timeout(LONG).unwrap());
    }

    #[test]
    fn what_does_not_wait_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (_, told) = poll(&path, false);
        assert!(!told.recv_timeout(LONG).unwrap());
    }

    #[test]
    fn a_wait_that_is_cancelled_ends_without_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let holder = LockFile::open(&path, None).unwrap();
        flock::lock(holder.file(), Mode::Exclusive).unwrap();
        let (id, told) = poll(&path, true);
        // It ends in any case, also where it was just being tried.
        cancel(id);
        assert!(!told.recv_timeout(LONG).unwrap());
        assert!(!cancel(id));
    }
}
