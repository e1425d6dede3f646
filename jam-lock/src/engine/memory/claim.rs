//! [`MemoryClaim`]: one lock, as a process acquires, holds and releases it.

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use super::LOCATION;
use super::last_run::RecordedRun;
use super::lock::RecordedWriter;
use super::table::LockRef;
use crate::background_thread;
use crate::engine::{
    Claim, Mode, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
    check_process,
};
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::site::Site;
use crate::wall_clock;

/// One lock, in both modes.
pub(super) struct MemoryClaim {
    lock: LockRef,
    process: ProcessId,
    held: Option<Mode>,
    /// Whether a holder was recorded since the claim was acquired, and so learned of an
    /// abandonment.
    was_recorded: bool,
    /// When the run in progress began, since 1970.
    run_began: Duration,
    waits: Vec<PendingWait>,
}

/// A wait that was started and not yet accepted or discarded.
struct PendingWait {
    id: WaitId,
    mode: Mode,
    queued: u64,
}

impl MemoryClaim {
    /// A claim that only `process` may use.
    pub(super) fn new(lock: LockRef, process: ProcessId) -> Self {
        Self {
            lock,
            process,
            held: None,
            was_recorded: false,
            run_began: Duration::ZERO,
            waits: Vec::new(),
        }
    }

    fn take_wait(&mut self, id: WaitId) -> Option<PendingWait> {
        let at = self.waits.iter().position(|wait| wait.id == id)?;
        Some(self.waits.swap_remove(at))
    }
}

impl Claim for MemoryClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, self.lock.name(), || LOCATION.to_owned())
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        if !self.lock.lock().try_acquire(mode) {
            return Ok(TryAcquire::Contended);
        }
        self.held = Some(mode);
        Ok(TryAcquire::Acquired)
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let WaitRequest { id, mode, yield_first, .. } = request;
        let mut queued = 0;
        self.lock.update(|state| queued = state.enqueue(mode));
        self.waits.push(PendingWait { id, mode, queued });
        let lock = self.lock.clone();
        // Without a pool: all waits are in one process, whose gate starts few of them.
        let started = background_thread::start("jam-lock wait", move || {
            thread::sleep(yield_first);
            done(Ok(lock.wait(queued)));
        });
        started.map_err(|error| {
            self.discard(id);
            LockError::Engine {
                operation: format!("start a thread to wait for lock `{}`", self.lock.name()),
                location: LOCATION.to_owned(),
                error: error.into(),
            }
        })
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.waits.iter().any(|wait| wait.id == id))
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        self.discard(id);
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(PendingWait { mode, queued, .. }) = self.take_wait(id) else { return Ok(false) };
        let is_granted = self.lock.lock().take(queued);
        self.held = is_granted.then_some(mode);
        Ok(is_granted)
    }

    fn discard(&mut self, id: WaitId) {
        // A cancelled wait is already gone.
        let Some(PendingWait { mode, queued, .. }) = self.take_wait(id) else { return };
        self.lock.update(|state| {
            if state.take(queued) {
                state.release(mode);
            }
        });
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        self.was_recorded |= site.is_some();
        let mut state = self.lock.lock();
        state.token = state.token.max(usage.last_token);
        let abandoned_by = site.and_then(|_| state.abandoned_by.clone());
        if mode == Mode::Shared {
            let token = state.token + 1;
            return Recorded { token, abandoned_by, ..Recorded::default() };
        }
        state.token += 2;
        let token = state.token;
        let since = Instant::now();
        state.recorded = site.map(|site| RecordedWriter { site: *site, since, token });
        Recorded { token, abandoned_by, ..Recorded::default() }
    }

    fn clear_holder(&mut self, last_token: u64) {
        let mut state = self.lock.lock();
        state.token = state.token.max(last_token);
        state.recorded = None;
    }

    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        self.run_began = wall_clock::of_runs();
        let mut state = self.lock.lock();
        let Some(last) = &mut state.last_run else { return Ok(None) };
        last.began = last.began.min(self.run_began);
        Ok(last.to_last_run())
    }

    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        self.check_process()?;
        let run = RecordedRun { began: self.run_began, period, holder: Holder::here(site) };
        self.lock.lock().last_run = Some(Box::new(run));
        Ok(())
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if self.held.take_if(|held| *held == mode).is_none() {
            return Ok(());
        }
        let was_recorded = mem::take(&mut self.was_recorded);
        self.lock.update(|state| {
            if let (Mode::Exclusive, Some(Usage { abandoned_by, last_token, .. })) = (mode, usage) {
                state.token = state.token.max(last_token);
                if was_recorded {
                    state.abandoned_by = abandoned_by.cloned().map(Box::new);
                }
                state.recorded = None;
            }
            state.release(mode);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver};
    use std::time::Duration;

    use super::*;
    use crate::engine::OwnerId;
    use crate::engine::memory::table::Table;
    use crate::name::LockName;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    /// Two claims, as two processes would have them.
    fn two() -> [MemoryClaim; 2] {
        let (table, name) = (Arc::default(), LockName::declared("x", "claims", 0));
        [(); 2].map(|()| MemoryClaim::new(Table::lock_ref(&table, &name), ProcessId::current()))
    }

    /// Makes `claim` wait for the lock; the result arrives on the channel.
    fn start_wait(claim: &mut MemoryClaim, mode: Mode) -> Receiver<bool> {
        let (reply, result) = mpsc::channel();
        let request = WaitRequest {
            id: WaitId(1),
            mode,
            blocking: true,
            yield_first: Duration::ZERO,
            owner: OwnerId::NONE,
            site: None,
            permits: 1,
        };
        let done =
            Box::new(move |done: Result<bool, LockError>| reply.send(done.unwrap()).unwrap());
        claim.start_wait(request, done).unwrap();
        result
    }

    #[test]
    fn one_writer_or_several_readers_have_the_lock() {
        let [mut here, mut there] = two();
        assert_eq!(here.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
        assert_eq!(there.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
        here.release(Mode::Shared, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        there.release(Mode::Shared, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
        assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Contended);
    }

    #[test]
    fn a_released_lock_goes_to_the_waiter() {
        let [mut here, mut there] = two();
        here.try_acquire(Mode::Exclusive).unwrap();
        let done = start_wait(&mut there, Mode::Exclusive);
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert!(done.recv_timeout(LONG).unwrap() && there.accept(WaitId(1)).unwrap());
        there.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn a_granted_wait_that_is_discarded_releases_the_lock() {
        let [mut here, mut there] = two();
        assert!(start_wait(&mut there, Mode::Exclusive).recv_timeout(LONG).unwrap());
        there.discard(WaitId(1));
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn a_cancelled_wait_ends_without_the_lock() {
        let [mut here, mut there] = two();
        here.try_acquire(Mode::Exclusive).unwrap();
        let done = start_wait(&mut there, Mode::Exclusive);
        assert!(there.cancel_wait(WaitId(1)));
        assert!(!done.recv_timeout(LONG).unwrap());
        there.discard(WaitId(1));
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn a_fork_can_use_nothing_that_it_inherited() {
        let [mut inherited, _] = two();
        inherited.try_acquire(Mode::Exclusive).unwrap();
        // As the child would have it.
        inherited.process = ProcessId::forked();
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.try_acquire(Mode::Shared), Err(LockError::Forked { .. })));
        let released = inherited.release(Mode::Exclusive, None);
        assert!(matches!(released, Err(LockError::Forked { .. })));
    }

    #[test]
    fn a_last_run_that_lies_in_the_future_begins_now() {
        let [mut here, mut there] = two();
        here.begin_run().unwrap();
        here.record_run(&Site::here(), Duration::from_secs(60)).unwrap();
        let began = wall_clock::of_runs() + Duration::from_secs(1000);
        here.lock.lock().last_run.as_mut().expect("it was recorded").began = began;
        let last = there.begin_run().unwrap().expect("it was recorded");
        assert!(last.age() < Duration::from_secs(60));
        let recorded = there.lock.lock().last_run.as_ref().expect("it is kept").began;
        assert!(recorded <= wall_clock::of_runs());
    }
}
