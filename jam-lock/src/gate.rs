//! The queue of one name inside this process, in front of the engine.
//!
//! An engine sees only the process, so threads and tasks have to be told apart here: first come,
//! first served, each with its own deadline. The decisions are in [`state`], under one mutex; this
//! file locks it, sleeps and rings.

mod holder_query;
#[cfg(shuttle)]
mod model;
mod parker;
mod registry;
mod stalled;
mod state;
#[cfg(not(shuttle))]
mod sync;
#[cfg(test)]
mod test_support;
#[cfg(not(shuttle))]
mod timer;
mod wait;
mod wait_queue;
mod wake_threads;

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Duration;

use self::holder_query::HolderQuery;
#[cfg(shuttle)]
use self::model::{sync, timer};
use self::parker::WakeList;
use self::state::{State, Taken};
use self::sync::{Mutex, MutexGuard};
use crate::engine::{
    Capability, Engine, LossMonitor, Mode, OwnerId, ProcessId, Recorded, WaitId, check_process,
};
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;
use crate::status::Status;
use crate::timeout::Deadline;

pub(crate) use self::registry::{existing, gate};
pub(crate) use self::wait::Wait;
pub(crate) use self::wait_queue::Who;

/// The one gate of a name in this process.
pub(crate) struct Gate {
    name: LockName,
    location: String,
    process: ProcessId,
    sees_circles: bool,
    state: Mutex<State>,
    /// Dropped last: what an engine has made it may remove, once no claim uses it.
    engine: Arc<dyn Engine>,
}

/// What is asked of a gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition {
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// Whether other processes are told of it.
    pub(crate) is_recorded: bool,
    pub(crate) owner: OwnerId,
    /// Whether a timeout names the holder; where not, nobody looks for it.
    pub(crate) names_holder: bool,
}

/// What a gate has granted.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Names it, when it is given back.
    pub(crate) number: u64,
    pub(crate) recorded: Recorded,
    /// What tells whether it is lost, where it can be.
    pub(crate) watch: Option<Arc<dyn LossMonitor>>,
    /// Nothing, where the lock was free.
    pub(crate) waited: Duration,
}

/// How a holder leaves a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// In the state that the next holder may expect.
    Clean,
    /// As if the holder had died inside.
    Abandoned,
}

impl Gate {
    fn new(engine: Arc<dyn Engine>, name: LockName) -> Arc<Self> {
        Arc::new_cyclic(|gate| {
            let location = engine.lock_location(&name);
            let serves_in_order = engine.supports(Capability::FairAcrossProcesses);
            let state = State::new(engine.claim(&name), serves_in_order, gate.clone());
            let sees_circles = engine.supports(Capability::DeadlockDetection);
            let process = ProcessId::current();
            Self { name, location, process, sees_circles, state: Mutex::new(state), engine }
        })
    }

    /// The name that this gate guards.
    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    /// Where the lock is, for people.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// The process that this gate belongs to; a fork inherits it, and can acquire nothing by it.
    pub(crate) fn process(&self) -> ProcessId {
        self.process
    }

    /// How many wait here.
    #[cfg(feature = "conformance")]
    pub(crate) fn queued(&self) -> usize {
        self.lock().queued()
    }

    /// Whether the engine tells the next holder of one who died with the lock.
    pub(crate) fn reports_deaths(&self) -> bool {
        self.engine.supports(Capability::AbandonmentReports)
    }

    /// Whether the engine wants to know which call chain asks.
    pub(crate) fn sees_circles(&self) -> bool {
        self.sees_circles
    }

    /// Takes the lock if that needs no waiting, or queues up.
    pub(crate) fn enter<'gate>(
        self: &'gate Arc<Self>,
        asked: &'gate Acquisition,
        deadline: Deadline,
        who: Who,
    ) -> Result<Entry<'gate>, LockError> {
        if asked.mode == Mode::Shared && !self.engine.supports(Capability::SharedLocks) {
            return Err(LockError::Unsupported {
                what: "a lock for readers",
                location: self.location.clone(),
                remedy: "acquire it as a writer",
            });
        }
        let mut state = self.lock_here()?;
        let may_wait = !matches!(deadline, Deadline::Once);
        let is_refused = match state.take(asked, may_wait)? {
            Taken::Granted(grant) => return Ok(Entry::Granted(grant)),
            Taken::Refused => !may_wait,
            Taken::Unknown => false,
        };
        let (begun, end) = match deadline.starting_now() {
            Deadline::At { start, end } => (start, Some(end)),
            Deadline::Never | Deadline::After(_) | Deadline::Once => (sync::now(), None),
        };
        let ticket = Some(state.enqueue(asked, who, may_wait, is_refused));
        Ok(Entry::Queued(Wait { gate: self, asked, ticket, begun, end, pause: None }))
    }

    /// Gives the lock to whoever is next, here or in another process; nothing happens yet where
    /// another guard stands for the same acquisition.
    pub(crate) fn release(&self, number: u64, left: Outcome) -> Option<Result<(), LockError>> {
        match self.lock_here() {
            Ok(mut state) => state.release(number, left),
            Err(forked) => Some(Err(forked)),
        }
    }

    /// Has one more guard stand for the acquisition `number`, and tells its token, and what tells
    /// whether it is lost, if it is still there.
    pub(crate) fn reenter(&self, number: u64) -> Option<(u64, Option<Arc<dyn LossMonitor>>)> {
        self.lock_here().ok()?.reenter(number)
    }

    /// Who has the lock, where that is certain; blocks the thread where a server has to tell.
    pub(crate) fn holder(&self) -> Option<Box<Holder>> {
        let here = self.lock_here().ok()?.holder();
        self.holder_or(here)
    }

    /// Who has the lock, where that is certain; lets other tasks run where a server has to tell.
    pub(crate) async fn holder_ready(&self) -> Option<Box<Holder>> {
        let here = self.lock_here().ok()?.holder();
        self.holder_or_ready(here).await
    }

    /// Who of this process has the lock, or else of another; never asked under the mutex.
    fn holder_or(&self, here: Option<Box<Holder>>) -> Option<Box<Holder>> {
        here.or_else(|| HolderQuery::start(&*self.engine, &self.name).block())
    }

    async fn holder_or_ready(&self, here: Option<Box<Holder>>) -> Option<Box<Holder>> {
        match here {
            Some(holder) => Some(holder),
            None => HolderQuery::start(&*self.engine, &self.name).ready().await,
        }
    }

    /// What stands in the way of waiting in a task.
    fn trouble_with_deadlines(&self, error: io::Error) -> LockError {
        LockError::Io {
            operation: "start a thread to watch the deadline of",
            path: self.location.clone().into(),
            error,
        }
    }

    /// The end of a wait that was in vain.
    fn timeout(
        &self,
        waited: Duration,
        holder: Option<Box<Holder>>,
        blocked_on: Option<String>,
    ) -> LockError {
        let (name, location) = (Box::new(self.name.clone()), self.location.clone());
        LockError::Timeout {
            name,
            location,
            waited,
            holder,
            blocked_on: blocked_on.map(Into::into),
        }
    }

    /// How the lock stands now.
    pub(crate) fn status(&self) -> Result<Status, LockError> {
        Ok(self.amend(self.engine.status(&self.name)?))
    }

    /// How the lock stands, by the engine's `status` and by what is known better here.
    pub(crate) fn amend(&self, status: Status) -> Status {
        match self.lock_here() {
            Ok(state) => state.amend(status),
            Err(_) => status,
        }
    }

    /// Where a pursuit comes home, on its own thread.
    fn wait_done(&self, id: WaitId, mode: Mode, result: Result<bool, LockError>) {
        self.lock().wait_done(id, mode, result);
    }

    /// The state, for callers that may be in a fork, where the mutex may be locked forever.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a fork that inherited it locked.
    fn lock_here(&self) -> Result<Locked<'_>, LockError> {
        match self.state.try_lock() {
            Ok(state) => Ok(Locked(Some(state))),
            Err(TryLockError::Poisoned(poisoned)) => Ok(Locked(Some(poisoned.into_inner()))),
            Err(TryLockError::WouldBlock) => {
                check_process(self.process, &self.name, || self.location.clone())?;
                Ok(self.lock())
            }
        }
    }

    /// No user's code runs under the mutex, so a poisoned one holds nothing half-done.
    fn lock(&self) -> Locked<'_> {
        Locked(Some(self.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("name", &self.name)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        registry::forget(self.engine.identity(), &self.name);
    }
}

/// What becomes of who comes to a gate.
pub(crate) enum Entry<'gate> {
    Granted(Grant),
    Queued(Wait<'gate>),
}

/// The state under its mutex; the wakers that it has collected are called when that is free.
struct Locked<'gate>(Option<MutexGuard<'gate, State>>);

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.0.as_ref().expect("it is there until the drop")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.0.as_mut().expect("it is there until the drop")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let wakers = self.take_wakers();
        self.0 = None;
        wakers.into_iter().for_each(WakeList::finish);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
