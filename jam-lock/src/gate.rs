//! The queue of one name inside this process, in front of the engine.
//!
//! An engine sees only the process, so threads have to be told apart here: first come, first
//! served, each with its own deadline on its own condition variable. The decisions are in
//! [`state`], under one mutex; this file locks it, sleeps and rings.

mod queue;
mod registry;
mod state;

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::state::{Bells, State, Turn};
use crate::engine::Claim;
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
    pub(crate) fn acquire(&self, deadline: Deadline) -> Result<Duration, LockError> {
        let mut state = self.lock();
        if state.take()? {
            return Ok(Duration::ZERO);
        }
        let asked = match deadline {
            Deadline::Once => return Err(self.timeout(Duration::ZERO)),
            Deadline::Never => Instant::now(),
            Deadline::At { asked, .. } => asked,
        };
        let bell = Arc::new(Condvar::new());
        let (ticket, bells) = state.enqueue(Arc::clone(&bell));
        state = self.ring(state, bells);
        loop {
            match state.turn(ticket) {
                Turn::Granted => return Ok(asked.elapsed()),
                Turn::Failed(error) => return Err(error),
                Turn::Waiting => {}
            }
            state = match deadline {
                Deadline::At { end, .. } => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.leave(ticket);
                        return Err(self.timeout(asked.elapsed()));
                    }
                    bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                Deadline::Never | Deadline::Once => {
                    bell.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    /// Gives the lock to whoever is next, here or in another process.
    pub(crate) fn release(&self) -> Result<(), LockError> {
        let (result, bells) = self.lock().release();
        bells.ring();
        result
    }

    /// Where a pursuit comes home, on its own thread.
    fn home(&self, number: u64, result: Result<(), LockError>) {
        let bells = self.lock().home(number, result);
        bells.ring();
    }

    fn timeout(&self, waited: Duration) -> LockError {
        LockError::Timeout { name: self.name.clone(), place: self.place.clone(), waited }
    }

    /// No user's code runs under the mutex, so a poisoned one holds nothing half-done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever is woken needs the mutex first, so it is let go for the ringing.
    fn ring<'a>(&'a self, state: MutexGuard<'a, State>, bells: Bells) -> MutexGuard<'a, State> {
        if bells.is_empty() {
            return state;
        }
        drop(state);
        bells.ring();
        self.lock()
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

#[cfg(test)]
mod tests;
