//! The queue for one name in this process, in front of the engine.
//!
//! An engine sees only processes, so the gate arbitrates between the threads and tasks of this one:
//! first come, first served, each with its own deadline. The decisions are made in [`state`], under
//! one mutex; this file locks it, and wakes waiters once it is unlocked.

mod admission;
mod any_wait;
mod arrivals;
mod holder_query;
#[cfg(shuttle)]
mod model;
mod parker;
mod pending_wait;
mod registry;
mod request;
mod state;
#[cfg(not(shuttle))]
mod sync;
#[cfg(test)]
mod test_support;
#[cfg(not(shuttle))]
mod timer;
mod wait;
mod wait_driver;
mod wait_queue;
#[cfg(not(shuttle))]
mod wake_threads;

use std::fmt;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Duration;

use self::holder_query::HolderQuery;
#[cfg(shuttle)]
use self::model::{sync, timer};
use self::parker::WakeList;
use self::state::State;
use self::sync::{Mutex, MutexGuard};
#[cfg(feature = "postgres")]
use crate::engine::postgres::transaction::TransactionLock;
use crate::engine::{Capability, Engine, LossMonitor, ProcessId, check_process};
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::name::LockName;
use crate::site::Site;
use crate::status::Status;

pub(crate) use self::admission::Admission;
pub(crate) use self::any_wait::{AnyAdmission, AnyError, AnyWait};
pub(crate) use self::pending_wait::{LocalHold, PendingWait};
pub(crate) use self::registry::{at_addresses, existing, gate};
pub(crate) use self::request::{AcquireRequest, Grant, Outcome};
pub(crate) use self::wait::{EndedWait, Wait, WaitEnd};
pub(crate) use self::wait_driver::TaskTimer;
pub(crate) use self::wait_queue::WaiterKind;

/// The one gate of a name in this process.
pub(crate) struct Gate {
    /// The name of the lock at the engine, which may be that of a permit.
    engine_name: LockName,
    /// The name that has the permit, if it is not the first one.
    name: Option<Box<LockName>>,
    location: String,
    process: ProcessId,
    detects_deadlocks: bool,
    detects_ancestors: bool,
    state: Mutex<State>,
    /// Dropped last: an engine may remove its files once no claim uses them.
    engine: Arc<dyn Engine>,
}

impl Gate {
    fn new(engine: Arc<dyn Engine>, engine_name: LockName) -> Arc<Self> {
        Arc::new_cyclic(|gate| {
            let location = engine.lock_location(&engine_name);
            let engine_is_fair = engine.supports(Capability::FairAcrossProcesses);
            let state = State::new(engine.claim(&engine_name), engine_is_fair, gate.clone());
            let is_first = engine_name.permit() == 1;
            let name = (!is_first).then(|| Box::new(engine_name.without_permit()));
            let detects_deadlocks = engine.supports(Capability::DeadlockDetection);
            let detects_ancestors = engine.supports(Capability::AncestorDetection);
            let (process, state) = (ProcessId::current(), Mutex::new(state));
            Self {
                engine_name,
                name,
                location,
                process,
                detects_deadlocks,
                detects_ancestors,
                state,
                engine,
            }
        })
    }

    /// The name of the lock, for messages.
    pub(crate) fn name(&self) -> &LockName {
        self.name.as_deref().unwrap_or(&self.engine_name)
    }

    /// The name of the lock at the engine.
    pub(crate) fn engine_name(&self) -> &LockName {
        &self.engine_name
    }

    /// Where the lock is, for messages.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// The engine that it asks for the lock.
    pub(crate) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// The process that opened the gate; a fork inherits it, but can acquire nothing with it.
    pub(crate) fn process(&self) -> ProcessId {
        self.process
    }

    /// How many waiters there are.
    #[cfg(feature = "conformance")]
    pub(crate) fn queued(&self) -> usize {
        self.update(|state| state.queued())
    }

    /// Whether the engine reports the death of a holder to the next one.
    pub(crate) fn reports_abandonment(&self) -> bool {
        self.engine.supports(Capability::AbandonmentReports)
    }

    /// Whether the engine needs the owner of each request, to detect deadlocks.
    pub(crate) fn detects_deadlocks(&self) -> bool {
        self.detects_deadlocks
    }

    /// Whether the engine recognizes a holder that waits for this process to exit.
    pub(crate) fn detects_ancestors(&self) -> bool {
        self.detects_ancestors
    }

    /// The lock for one transaction, if it is in a database.
    #[cfg(feature = "postgres")]
    pub(crate) fn transaction_lock(&self) -> Option<TransactionLock> {
        self.engine.transaction_lock(&self.engine_name)
    }

    /// Releases one guard of holder `number`; `None` while another guard shares the acquisition.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a fork, and failures of the engine; the lock is released in any case.
    pub(crate) fn release(&self, number: u64, outcome: Outcome) -> Option<Result<(), LockError>> {
        self.try_update(|state| state.release(number, outcome))
            .unwrap_or_else(|forked| Some(Err(forked)))
    }

    /// Whether the engine records the last run.
    pub(crate) fn records_runs(&self) -> bool {
        self.engine.supports(Capability::LastRuns)
    }

    /// Begins a run of the writer, and returns the last one that ended well.
    ///
    /// # Errors
    /// As [`Claim::begin_run`](crate::engine::Claim::begin_run), and [`LockError::Forked`].
    pub(crate) fn begin_run(&self) -> Result<Option<LastRun>, LockError> {
        self.try_update(|state| state.claim_mut().begin_run())?
    }

    /// Records that the writer's run at `site` has ended well.
    ///
    /// # Errors
    /// As [`Claim::record_run`](crate::engine::Claim::record_run), and [`LockError::Forked`].
    pub(crate) fn record_run(&self, site: &Site, period: Duration) -> Result<(), LockError> {
        self.try_update(|state| state.claim_mut().record_run(site, period))?
    }

    /// A duplicate of the descriptor that holds the lock, if one does.
    #[cfg(unix)]
    pub(crate) fn duplicate_descriptor(&self) -> Result<Option<OwnedFd>, LockError> {
        self.try_update(|state| state.duplicate_descriptor())?
    }

    /// Adds a guard to holder `number`; returns its token and loss monitor, unless it is gone.
    pub(crate) fn reenter(&self, number: u64) -> Option<(u64, Option<Arc<dyn LossMonitor>>)> {
        self.try_update(|state| state.reenter(number)).ok()?
    }

    /// How many permits the lock has for its holder, as far as that can be seen without waiting; the holder
    /// may be gone by now.
    pub(crate) fn permits_of_holder(&self) -> Option<u16> {
        let here = self.try_update(|state| state.permits_of_holder()).ok()?;
        here.or_else(|| self.engine.recorded_permits(&self.engine_name))
    }

    /// The holder in this process.
    fn local_holder(&self) -> Option<Box<Holder>> {
        self.try_update(|state| state.holder()).ok().flatten()
    }

    /// The holder in any process, if it is certain; blocks the thread while the engine looks for it.
    pub(crate) fn holder(&self) -> Option<Box<Holder>> {
        let here = self.try_update(|state| state.holder()).ok()?;
        here.or_else(|| wait_driver::block_on(&mut self.query_holder()))
    }

    /// The same as [`Self::holder`], but lets other tasks run.
    pub(crate) async fn holder_async(&self) -> Option<Box<Holder>> {
        match self.try_update(|state| state.holder()).ok()? {
            Some(here) => Some(here),
            None => self.holder_elsewhere().await,
        }
    }

    /// The holder in another process.
    ///
    /// The query has a box of its own, because every task that waits has room for the future.
    async fn holder_elsewhere(&self) -> Option<Box<Holder>> {
        Box::pin(async { wait_driver::run(&mut self.query_holder()).await }).await
    }

    /// Asks the engine for the holder in another process; not under the mutex.
    fn query_holder(&self) -> HolderQuery {
        HolderQuery::start(&*self.engine, &self.engine_name)
    }

    /// The status of the lock.
    pub(crate) fn status(&self) -> Result<Status, LockError> {
        Ok(self.refine_status(self.engine.status(&self.engine_name)?))
    }

    /// Corrects the engine's `status` where this process knows better.
    pub(crate) fn refine_status(&self, status: Status) -> Status {
        self.try_update(|state| state.refine_status(status.clone())).unwrap_or(status)
    }

    /// Changes the state; its wakers are called once the mutex is unlocked.
    fn update<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        // Ignores poison: no user code runs under the mutex, and a panic leaves nothing half-done.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change_and_wake(state, change)
    }

    /// The same as [`Self::update`], for a change that can be left to the thread that has the mutex.
    fn update_if_unlocked(&self, change: impl FnOnce(&mut State)) {
        if let Ok(state) = self.state.try_lock() {
            change_and_wake(state, change);
        }
    }

    /// The same as [`Self::update`], for callers that may be in a fork, where the mutex may be locked
    /// forever.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a fork that inherited it locked.
    fn try_update<R>(&self, change: impl FnOnce(&mut State) -> R) -> Result<R, LockError> {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                check_process(self.process, &self.engine_name, || self.location.clone())?;
                return Ok(self.update(change));
            }
        };
        Ok(change_and_wake(state, change))
    }
}

fn change_and_wake<R>(mut state: MutexGuard<'_, State>, change: impl FnOnce(&mut State) -> R) -> R {
    let result = change(&mut state);
    #[cfg(test)]
    state.assert_is_in_table();
    let wakers = state.take_wakers();
    drop(state);
    wakers.into_iter().for_each(WakeList::finish);
    result
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("name", &self.engine_name)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        registry::forget(self.engine.identity(), &self.engine_name);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
