//! [`Attempt`]: a wait for a claim whose file system may hang, from one try to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::serial_queue::{Callback, SerialQueue};
use crate::engine::file::claim::FileClaim;
use crate::engine::{Claim, LossMonitor, Mode, Recorded, TryAcquire, Usage, WaitDone, WaitRequest};
use crate::error::LockError;
use crate::site::Site;

/// The pause after the first try; it doubles with every try.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

/// A wait that was started, as both the gate and the threads see it.
#[derive(Default)]
pub(super) struct SharedWait(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    is_cancelled: bool,
    /// Whether a thread is blocked until the lock is free.
    is_blocked: bool,
    /// Whether the file that it is blocked on has been replaced.
    is_outdated: bool,
    grant: Option<Granted>,
}

/// A claim that is held and recorded.
pub(super) struct Granted {
    pub(super) mode: Mode,
    /// The call site that is recorded.
    pub(super) site: Option<Site>,
    pub(super) recorded: Recorded,
    pub(super) is_polled: bool,
    pub(super) loss_monitor: Option<Arc<dyn LossMonitor>>,
}

impl SharedWait {
    /// Cancels the wait; `false` if it goes on, because its thread is blocked.
    pub(super) fn cancel(&self) -> bool {
        let mut progress = self.lock();
        progress.is_cancelled = !progress.is_blocked;
        progress.is_cancelled
    }

    /// What the wait has acquired, if it has.
    pub(super) fn take_grant(&self) -> Option<Granted> {
        self.lock().grant.take()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.lock().is_blocked
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.lock().is_outdated
    }

    pub(super) fn set_outdated(&self) {
        self.lock().is_outdated = true;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait that has to be tried, or tried again.
pub(super) struct Attempt {
    pub(super) queue: Arc<SerialQueue>,
    pub(super) wait: Arc<SharedWait>,
    pub(super) request: WaitRequest,
    pub(super) done: WaitDone,
    pause: Duration,
}

impl Attempt {
    pub(super) fn new(
        queue: Arc<SerialQueue>,
        wait: Arc<SharedWait>,
        request: WaitRequest,
        done: WaitDone,
    ) -> Self {
        Self { queue, wait, request, done, pause: FIRST_PAUSE }
    }

    /// Tries the claim; returns what is to be called, if the wait ends with this.
    pub(super) fn run(self, claim: &mut FileClaim) -> Option<Callback> {
        if self.wait.lock().is_cancelled {
            return self.end(Ok(false));
        }
        if claim.is_held() {
            // By another wait, until the gate has discarded one of them.
            return self.try_later();
        }
        match claim.try_acquire(self.request.mode) {
            Ok(TryAcquire::Acquired) => self.grant(claim),
            Ok(_) if !self.request.blocking => self.end(Ok(false)),
            Ok(_) if claim.can_block() => self.block(claim),
            Ok(_) => {
                claim.show_polling(self.request.mode);
                self.try_later()
            }
            Err(error) => self.end(Err(error)),
        }
    }

    /// Records the holder, here where that can hang.
    fn grant(self, claim: &mut FileClaim) -> Option<Callback> {
        let WaitRequest { mode, site, permits, .. } = self.request;
        let usage = Usage { abandoned_by: None, last_token: 0, permits };
        let recorded = claim.record_holder(mode, site.as_ref(), usage);
        let (is_polled, loss_monitor) = (claim.is_polled(), claim.loss_monitor());
        let grant = Granted { mode, site, recorded, is_polled, loss_monitor };
        self.wait.lock().grant = Some(grant);
        self.end(Ok(true))
    }

    /// Tries again after a pause.
    fn try_later(self) -> Option<Callback> {
        let (queue, at) = (Arc::clone(&self.queue), Instant::now() + self.pause);
        let pause = (2 * self.pause).min(LONGEST_PAUSE);
        let next = Self { pause, ..self };
        next.start_at(&queue, at);
        None
    }

    /// Starts it at this time. This thread is one that can do it.
    fn start_at(self, queue: &Arc<SerialQueue>, at: Instant) {
        let again = Arc::clone(queue);
        let start = move || again.push_or_keep(Box::new(move |claim| self.run(claim)));
        let _ = queue.threads.run_at(at, &queue.path, Box::new(start));
    }

    /// Waits on a thread that blocks: the kernel itself has the lock, and does not hang.
    fn block(self, claim: &mut FileClaim) -> Option<Callback> {
        let mut progress = self.wait.lock();
        if progress.is_cancelled {
            drop(progress);
            return self.end(Ok(false));
        }
        progress.is_blocked = true;
        drop(progress);
        let request = WaitRequest { yield_first: Duration::ZERO, ..self.request };
        let slot = Arc::new(Mutex::new(Some(self)));
        let blocked = Arc::clone(&slot);
        let take = |slot: &Mutex<Option<Self>>| {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take().expect("a wait ends once")
        };
        let done = Box::new(move |result| {
            let attempt = take(&blocked);
            let queue = Arc::clone(&attempt.queue);
            queue.push_or_keep(Box::new(move |claim| attempt.unblocked(claim, result)));
        });
        match claim.start_wait(request, done) {
            Ok(()) => None,
            Err(error) => take(&slot).end(Err(error)),
        }
    }

    /// Goes on after the thread was blocked.
    fn unblocked(self, claim: &mut FileClaim, result: Result<bool, LockError>) -> Option<Callback> {
        let id = self.request.id;
        self.wait.lock().is_blocked = false;
        let is_usable = matches!(result, Ok(true)) && !claim.is_held();
        if !is_usable {
            claim.discard(id);
            return match result {
                Ok(_) => self.try_later(),
                Err(error) => self.end(Err(error)),
            };
        }
        match claim.accept(id) {
            Ok(true) => self.grant(claim),
            Ok(false) => self.run(claim),
            Err(error) => self.end(Err(error)),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is the result of each step")]
    fn end(self, result: Result<bool, LockError>) -> Option<Callback> {
        let done = self.done;
        Some(Box::new(move || done(result)))
    }
}
