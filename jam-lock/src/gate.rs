//! The queue of one name inside this process, in front of the engine.
//!
//! An engine sees only the process, so threads and tasks have to be told apart here: first come,
//! first served, each with its own deadline. The decisions are in [`state`], under one mutex; this
//! file locks it, sleeps and rings.

#[cfg(not(shuttle))]
mod alarm;
#[cfg(test)]
mod bare;
mod bell;
#[cfg(shuttle)]
mod model;
mod queue;
mod registry;
#[cfg(not(shuttle))]
mod seam;
mod state;
mod wait;
mod watcher;

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use self::bell::Bells;
#[cfg(shuttle)]
use self::model::{alarm, seam};
use self::seam::{Mutex, MutexGuard};
use self::state::State;
use crate::engine::{Engine, Left, Mode, Publication};
use crate::holder::Holder;
use crate::site::Site;
use crate::timeout::Deadline;
use crate::{LockError, LockName};

pub(crate) use self::queue::Who;
pub(crate) use self::registry::gate;
pub(crate) use self::wait::Wait;

/// The one gate of a name in this process.
pub(crate) struct Gate {
    engine: Arc<dyn Engine>,
    name: LockName,
    place: String,
    state: Mutex<State>,
}

/// What is asked of a gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition {
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// Whether other processes are told of it.
    pub(crate) is_recorded: bool,
}

/// What a gate has granted.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Names it, when it is given back.
    pub(crate) number: u64,
    pub(crate) publication: Publication,
    /// Nothing, where the lock was free.
    pub(crate) waited: Duration,
}

impl Gate {
    fn new(engine: Arc<dyn Engine>, name: LockName) -> Arc<Self> {
        Arc::new_cyclic(|gate| {
            let place = engine.place(&name);
            let state = Mutex::new(State::new(engine.claim(&name), gate.clone()));
            Self { engine, name, place, state }
        })
    }

    /// The name that this gate guards.
    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    /// Takes the lock if that needs no waiting, or queues up.
    pub(crate) fn enter<'gate>(
        self: &'gate Arc<Self>,
        asked: &'gate Acquisition,
        deadline: Deadline,
        who: Who,
    ) -> Result<Entry<'gate>, LockError> {
        let mut state = self.lock();
        let may_wait = !matches!(deadline, Deadline::Once);
        if let Some(grant) = state.take(asked, may_wait)? {
            return Ok(Entry::Granted(grant));
        }
        let (begun, end) = match deadline.fixed() {
            Deadline::Once => return Err(self.timeout(state, Duration::ZERO)),
            Deadline::At { asked, end } => (asked, Some(end)),
            Deadline::Never | Deadline::After(_) => (seam::now(), None),
        };
        let ticket = Some(state.enqueue(asked.mode, who));
        Ok(Entry::Queued(Wait { gate: self, asked, ticket, begun, end, pause: None }))
    }

    /// Gives the lock to whoever is next, here or in another process; nothing happens yet where
    /// another guard stands for the same acquisition.
    pub(crate) fn release(&self, number: u64, left: Left) -> Option<Result<(), LockError>> {
        self.lock().release(number, left)
    }

    /// Has one more guard stand for the acquisition `number`, and tells its token, if it is still
    /// there.
    pub(crate) fn reenter(&self, number: u64) -> Option<u64> {
        self.lock().reenter(number)
    }

    /// Who has the lock, where that is certain.
    pub(crate) fn holder(&self) -> Option<Box<Holder>> {
        self.holder_seen_in(self.lock())
    }

    fn holder_seen_in(&self, state: Locked<'_>) -> Option<Box<Holder>> {
        let here = state.holder();
        drop(state);
        // To ask the engine takes a while, in which nobody is to wait for the mutex.
        here.or_else(|| self.engine.holder(&self.name))
    }

    /// What stands in the way of waiting in a task.
    fn trouble_with_deadlines(&self, error: io::Error) -> LockError {
        LockError::Io {
            operation: "start a thread to watch the deadline of",
            path: self.place.clone().into(),
            error,
        }
    }

    /// The end of a wait that was in vain.
    fn timeout(&self, state: Locked<'_>, waited: Duration) -> LockError {
        let holder = self.holder_seen_in(state);
        LockError::Timeout { name: self.name.clone(), place: self.place.clone(), waited, holder }
    }

    /// Where a pursuit comes home, on its own thread.
    fn home(&self, number: u64, mode: Mode, result: Result<(), LockError>) {
        self.lock().home(number, mode, result);
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
            .field("place", &self.place)
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

/// The state under its mutex; the bells of those to be woken are rung when that is free.
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
        let bells = self.take_bells();
        self.0 = None;
        bells.into_iter().for_each(Bells::ring_all);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
