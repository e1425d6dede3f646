//! [`OffloadedClaim`]: a lock file on a file system that may hang, as one that another process or
//! another machine serves may.
//!
//! Every call on it is made on the threads of its folder. So nobody waits for the file system under the
//! mutex of a gate, and a deadline reaches its waiter. It costs a switch of threads for each acquisition.

mod attempt;
mod held;
mod monitor;
mod reply;
mod serial_queue;

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use self::attempt::{Attempt, SharedWait};
use self::held::Held;
use self::serial_queue::SerialQueue;
use super::claim::FileClaim;
use super::file_spec::FileSpec;
use super::flock::lock_error;
use super::io_threads::IoThreads;
use super::record::TokenFloor;
use super::{holder_lookup, keep_mark};
use crate::engine::{
    Claim, LossMonitor, Mode, OwnerId, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId,
    WaitRequest, WriterWaiting, check_process,
};
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::name::LockName;
use crate::site::Site;

/// How long the file system may take to answer an attempt that does not wait for the lock.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a release may take before it goes on without its caller.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// The claim on one lock file, whose calls are made on other threads.
pub(super) struct OffloadedClaim {
    name: LockName,
    process: ProcessId,
    queue: Arc<SerialQueue>,
    waits: HashMap<WaitId, Arc<SharedWait>>,
    held: Option<Held>,
    seen: Arc<Seen>,
}

/// What was seen of the lock file at the last look.
#[derive(Default)]
struct Seen {
    /// Whether other processes poll for the lock.
    is_polled: AtomicBool,
    /// Whether the file that readers here have locked was removed or replaced.
    is_replaced: AtomicBool,
}

impl OffloadedClaim {
    /// A claim that only `process` may use, on the threads of its folder.
    pub(super) fn new(
        name: LockName,
        spec: FileSpec,
        token_floor: Option<Arc<TokenFloor>>,
        process: ProcessId,
        threads: Arc<IoThreads>,
    ) -> Self {
        let (path, permissions) = (spec.path.clone(), spec.permissions);
        let is_keyed = token_floor.is_some();
        let claim = FileClaim::new(name.clone(), spec, token_floor, process);
        let queue = SerialQueue::new(claim, path, threads);
        if is_keyed {
            let path = queue.path.clone();
            queue.push_or_keep(Box::new(move |_| {
                keep_mark::set(&path, permissions);
                None
            }));
        }
        Self { name, process, queue, waits: HashMap::new(), held: None, seen: Arc::default() }
    }

    /// Changes the claim after all earlier changes.
    fn update(&self, change: impl FnOnce(&mut FileClaim) + Send + 'static) {
        if self.check_process().is_ok() {
            self.queue.push_or_keep(Box::new(move |claim| {
                change(claim);
                None
            }));
        }
    }

    /// Asks the claim after all earlier changes, and waits for the answer.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut FileClaim) -> Result<T, LockError> + Send + 'static,
        operation: &'static str,
    ) -> Result<T, LockError> {
        let (reply, result) = reply::channel();
        self.update(move |claim| reply.send(question(claim)));
        result.wait(RELEASE_TIMEOUT).unwrap_or_else(|| {
            let error = io::Error::from(io::ErrorKind::TimedOut);
            Err(lock_error(operation, &self.queue.path, error))
        })
    }

    /// Releases the claim; with the result, if the file system answers in time.
    fn release_held(
        &self,
        held: &Held,
        abandoned_by: Option<Box<Holder>>,
        last_token: u64,
    ) -> Result<(), LockError> {
        let (mode, was_silent) = (held.mode, self.queue.is_silent());
        let (reply, result) = reply::channel();
        self.update(move |claim| {
            let permits = 1;
            let usage = Usage { abandoned_by: abandoned_by.as_deref(), last_token, permits };
            reply.send(claim.release(mode, Some(usage)));
        });
        let time = if was_silent { Duration::ZERO } else { RELEASE_TIMEOUT };
        let result = result.wait(time);
        if let (Some(_), Some(monitor)) = (&result, &held.loss_monitor) {
            monitor.set_released();
        }
        result.unwrap_or(Ok(()))
    }
}

impl Claim for OffloadedClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.queue.path.display().to_string())
    }

    fn is_polled(&self) -> bool {
        self.seen.is_polled.load(Relaxed)
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        Ok(TryAcquire::Unknown)
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        if !self.queue.is_silent() {
            let seen = Arc::clone(&self.seen);
            // The next call has the answer.
            self.update(move |claim| {
                seen.is_polled.store(claim.is_polled(), Relaxed);
                seen.is_replaced.store(matches!(claim.is_still_valid(), Ok(false)), Relaxed);
            });
        }
        Ok(!self.seen.is_replaced.load(Relaxed))
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        let path = self.queue.path.clone();
        let search = Box::new(move || holder_lookup::find_waiting_writer_now(path, found));
        // Without a thread, this search is skipped: the gate will start another one.
        let _ = self.queue.threads.run_at(Instant::now(), &self.queue.path, search);
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let (wait, queue) = (Arc::<SharedWait>::default(), Arc::clone(&self.queue));
        let attempt = Attempt::new(Arc::clone(&queue), Arc::clone(&wait), request, done);
        let started = if request.yield_first.is_zero() {
            queue.push(Box::new(move |claim| attempt.run(claim)))
        } else {
            let (at, again) = (Instant::now() + request.yield_first, Arc::clone(&queue));
            let start = move || again.push_or_keep(Box::new(move |claim| attempt.run(claim)));
            queue.threads.run_at(at, &queue.path, Box::new(start))
        };
        started
            .map_err(|error| lock_error("start a thread to wait for", &self.queue.path, error))?;
        self.waits.insert(request.id, wait);
        Ok(())
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(wait) = self.waits.get(&id).cloned() else { return Ok(false) };
        let is_outdated = wait.is_outdated();
        if wait.is_blocked() && !is_outdated {
            // The next look has the answer. One that tries opens the path each time.
            self.update(move |claim| {
                if wait.is_blocked() && matches!(claim.is_wait_still_valid(id), Ok(false)) {
                    wait.set_outdated();
                }
            });
        }
        Ok(!is_outdated)
    }

    fn blocked_on(&self, _: WaitId) -> Option<String> {
        self.queue.is_silent().then(|| "the file system has not answered".to_owned())
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        self.waits.get(&id).is_some_and(|wait| wait.cancel())
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(granted) = self.waits.remove(&id).and_then(|wait| wait.take_grant()) else {
            return Ok(false);
        };
        self.seen.is_polled.store(granted.is_polled, Relaxed);
        self.seen.is_replaced.store(false, Relaxed);
        self.held = Some(Held::new(granted, &self.queue));
        Ok(true)
    }

    fn discard(&mut self, id: WaitId) {
        if let Some(granted) = self.waits.remove(&id).and_then(|wait| wait.take_grant()) {
            let Recorded { abandoned_by, token, .. } = granted.recorded;
            self.update(move |claim| {
                let (abandoned_by, permits) = (abandoned_by.as_deref(), 1);
                let usage = Usage { abandoned_by, last_token: token, permits };
                // If that fails, the next holder meets it as well.
                let _ = claim.release(granted.mode, Some(usage));
            });
        }
    }

    /// Each acquisition is recorded by its own wait, so a claim that was used is given back.
    fn reassign(&mut self, _: OwnerId) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.mode == Mode::Shared || held.recorded.is_some())
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let monitor = self.held.as_ref()?.loss_monitor.clone()?;
        Some(monitor as Arc<dyn LossMonitor>)
    }

    fn duplicate_descriptor(&self, mode: Mode) -> Result<Option<OwnedFd>, LockError> {
        self.check_process()?;
        let operation = "duplicate the descriptor of";
        self.ask(move |claim| claim.duplicate_descriptor(mode), operation)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let Some(held) = &mut self.held else { return Recorded::default() };
        let recorded = held.recorded.take().unwrap_or_else(|| {
            // A further reader, or a writer of a claim that is kept.
            let token = if mode == Mode::Shared {
                held.token
            } else {
                usage.last_token.max(held.token) + 2
            };
            Recorded { token, ..Recorded::default() }
        });
        held.token = recorded.token;
        if mode == Mode::Exclusive && held.site != site.copied() {
            held.site = site.copied();
            let (site, last_token, permits) = (held.site, recorded.token, usage.permits);
            let first =
                usage.abandoned_by.cloned().map(Box::new).or_else(|| held.abandoned_by.clone());
            self.update(move |claim| {
                let usage = Usage { abandoned_by: first.as_deref(), last_token, permits };
                claim.record_holder(mode, site.as_ref(), usage);
            });
        }
        recorded
    }

    fn clear_holder(&mut self, last_token: u64) {
        if let Some(held) = &mut self.held {
            held.site = None;
            self.update(move |claim| claim.clear_holder(last_token));
        }
    }

    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        self.check_process()?;
        self.ask(FileClaim::begin_run, "read the last run of")
    }

    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        self.check_process()?;
        let site = *site;
        self.ask(move |claim| claim.record_run(&site, period), "record a run of")
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        let Some(held) = self.held.take_if(|held| held.mode == mode) else { return Ok(()) };
        let (abandoned_by, last_token) = match usage {
            Some(Usage { abandoned_by, last_token, .. }) => {
                (abandoned_by.cloned().map(Box::new), last_token)
            }
            None => (held.abandoned_by.clone(), held.token),
        };
        self.release_held(&held, abandoned_by, last_token)
    }
}

impl Drop for OffloadedClaim {
    fn drop(&mut self) {
        if self.check_process().is_ok() {
            self.queue.close();
        }
    }
}
