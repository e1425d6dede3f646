//! The queue of one name inside this process, in front of the engine.
//!
//! An engine sees only the process, so threads and tasks have to be told apart here: first come,
//! first served, each with its own deadline. The decisions are in [`state`], under one mutex; this
//! file locks it, sleeps and rings.

#[cfg(not(shuttle))]
mod alarm;
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

use std::ffi::OsString;
use std::fmt;
use std::future;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use self::alarm::{Alarm, Attendance};
use self::bell::{Bell, Bells};
#[cfg(shuttle)]
use self::model::{alarm, seam};
use self::queue::Who;
use self::seam::{Mutex, MutexGuard};
use self::state::State;
use self::wait::Wait;
use self::watcher::Reminder;
use crate::engine::{Claim, Mode};
use crate::timeout::Deadline;
use crate::{LockError, LockName};

pub(crate) use self::registry::gate;

/// The one gate of a name in this process.
pub(crate) struct Gate {
    identity: OsString,
    name: LockName,
    place: String,
    state: Mutex<State>,
}

impl Gate {
    fn new(identity: OsString, name: LockName, place: String, claim: Box<dyn Claim>) -> Arc<Self> {
        Arc::new_cyclic(|gate| {
            let state = Mutex::new(State::new(claim, gate.clone()));
            Self { identity, name, place, state }
        })
    }

    /// The name that this gate guards.
    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    /// Waits for the lock until `deadline`, and tells how long that took: nothing, where the lock
    /// was free.
    pub(crate) fn acquire(&self, mode: Mode, deadline: Deadline) -> Result<Duration, LockError> {
        let Some(mut wait) = self.enter(mode, deadline, Who::Thread)? else {
            return Ok(Duration::ZERO);
        };
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        loop {
            match wait.look(&waker) {
                Poll::Ready(result) => return result,
                Poll::Pending => bell.wait(wait.end),
            }
        }
    }

    /// Waits as [`Gate::acquire`] does, without blocking the thread.
    pub(crate) async fn acquire_async(
        self: &Arc<Self>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Duration, LockError> {
        let Some(mut wait) = self.enter(mode, deadline, Who::Task)? else {
            return Ok(Duration::ZERO);
        };
        let _attendance = Attendance::start().map_err(|error| LockError::Io {
            operation: "start a thread to watch the deadline of",
            path: self.place.clone().into(),
            error,
        })?;
        let _alarm = wait
            .end
            .zip(wait.ticket)
            .map(|(end, ticket)| Alarm::set(end, Reminder::waker(Arc::downgrade(self), ticket)));
        future::poll_fn(|context| wait.look(context.waker())).await
    }

    /// Takes the lock if that needs no waiting, or queues up.
    fn enter(
        &self,
        mode: Mode,
        deadline: Deadline,
        who: Who,
    ) -> Result<Option<Wait<'_>>, LockError> {
        let mut state = self.lock();
        let may_wait = !matches!(deadline, Deadline::Once);
        if state.take(mode, may_wait)? {
            return Ok(None);
        }
        let (asked, end) = match deadline.fixed() {
            Deadline::Once => return Err(self.timeout(Duration::ZERO)),
            Deadline::At { asked, end } => (asked, Some(end)),
            Deadline::Never | Deadline::After(_) => (seam::now(), None),
        };
        let ticket = state.enqueue(mode, who);
        Ok(Some(Wait { gate: self, ticket: Some(ticket), asked, end }))
    }

    /// Gives the lock to whoever is next, here or in another process.
    pub(crate) fn release(&self) -> Result<(), LockError> {
        self.lock().release()
    }

    /// Where a pursuit comes home, on its own thread.
    fn home(&self, number: u64, mode: Mode, result: Result<(), LockError>) {
        self.lock().home(number, mode, result);
    }

    fn timeout(&self, waited: Duration) -> LockError {
        LockError::Timeout { name: self.name.clone(), place: self.place.clone(), waited }
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
        registry::forget(&self.identity, &self.name);
    }
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
