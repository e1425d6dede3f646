//! The thread of this process that searches for deadlocks, so that no owner has to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::graph::{LockGraph, LockRef, LockStep};
use super::search::{Found, search};
use crate::background_thread;
use crate::due_queue::DueQueue;
use crate::error::LockError;
use crate::gate::{Gate, PendingWait};
use crate::per_process::PerProcess;

/// How long the thread stays idle before it ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// After how many milliseconds an unclear look is repeated. What changes in between is the start of another wait, whose owner
/// searches itself, or is not a cycle; so there is no need to look forever.
const REPEATED_AFTER: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// After how many milliseconds an owner that is not the youngest of a cycle looks again; it gives up after the last look.
const LOOKED_AGAIN_AFTER: [u64; 2] = [10, 20];

#[derive(Default)]
struct Detector {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    is_running: bool,
    searches: DueQueue<Search>,
}

/// A search for a cycle that `wait` is in.
struct Search {
    wait: Weak<PendingWait>,
    /// How many looks were unclear.
    unclear: usize,
    /// How many looks have found a cycle whose youngest owner is another one.
    found: usize,
}

static DETECTOR: PerProcess<Detector> = PerProcess::new();

/// Searches for a cycle that `wait`, which was just published, has closed; if there is one, ends the wait
/// with [`LockError::Deadlock`].
pub(super) fn start(wait: &Arc<PendingWait>) {
    let detector = DETECTOR.get();
    let mut queue = detector.lock();
    let start = || background_thread::start("jam-lock deadlocks", move || detector.run());
    queue.is_running = queue.is_running || start().is_ok();
    // Without the thread, a deadlock lasts until a timeout.
    if queue.is_running {
        let search = Search { wait: Arc::downgrade(wait), unclear: 0, found: 0 };
        queue.searches.add(Instant::now(), search);
        drop(queue);
        detector.arrived.notify_one();
    }
}

impl Detector {
    /// The body of the thread.
    fn run(&self) {
        while let Some(search) = self.next() {
            if let Some((after, search)) = search.carry_out() {
                self.lock().searches.add(Instant::now() + after, search);
            }
        }
    }

    /// The next search that is due, or `None` if there was none for a while.
    fn next(&self) -> Option<Search> {
        let mut queue = self.lock();
        let idle_until = Instant::now() + IDLE_TIMEOUT;
        loop {
            let now = Instant::now();
            if let Some(search) = queue.searches.pop_due(now) {
                return Some(search);
            }
            let until = match queue.searches.next() {
                Some(next) => next,
                None if idle_until <= now => {
                    queue.is_running = false;
                    return None;
                }
                None => idle_until,
            };
            let waited = self.arrived.wait_timeout(queue, until - now);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Search {
    /// Searches once; returns what is to be done later.
    fn carry_out(mut self) -> Option<(Duration, Self)> {
        let wait = self.wait.upgrade()?;
        let mut graph = LockGraph { own: Some(wait.number), opens_folders: true };
        match search(&mut graph, &Some(LockRef::of(&wait.wanted))) {
            Found::None => None,
            Found::Unclear => {
                let after = *REPEATED_AFTER.get(self.unclear)?;
                self.unclear += 1;
                Some((Duration::from_millis(after), self))
            }
            Found::Cycle { steps, .. } if steps.iter().all(LockStep::is_left_to_engine) => None,
            Found::Cycle { steps, is_youngest } => {
                let again = LOOKED_AGAIN_AFTER.get(self.found);
                if let (Some(after), false) = (again, is_youngest) {
                    self.found += 1;
                    return Some((Duration::from_millis(*after), self));
                }
                Gate::fail_wait(&wait, deadlock(&wait, steps));
                None
            }
        }
    }
}

/// The error of the owner of `wait`, which is the last of `steps`.
fn deadlock(wait: &PendingWait, mut steps: Vec<LockStep>) -> LockError {
    steps.rotate_right(1);
    LockError::Deadlock {
        name: Box::new(wait.wanted.name().clone()),
        location: wait.wanted.location().to_owned(),
        cycle: steps.iter().map(LockStep::to_owner).collect(),
    }
}
