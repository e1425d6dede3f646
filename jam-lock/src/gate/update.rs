//! Changes of a gate's state under its mutex, after which its wakers are called.
//!
//! Each change is a type of its own, for which only what calls it is compiled; the rest is compiled once.

use std::sync::{PoisonError, TryLockError};

use super::Gate;
use super::parker::WakeList;
use super::state::State;
use super::sync::MutexGuard;
use crate::engine::check_process;
use crate::error::LockError;

impl Gate {
    /// Changes the state; its wakers are called once the mutex is unlocked.
    pub(super) fn update<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change_and_wake(self.lock_state(), change)
    }

    /// The same as [`Self::update`], for a change that can be left to the thread that has the mutex.
    pub(super) fn update_if_unlocked(&self, change: impl FnOnce(&mut State)) {
        if let Ok(state) = self.state.try_lock() {
            change_and_wake(state, change);
        }
    }

    /// The same as [`Self::update`], for callers that may be in a fork, where the mutex may be locked
    /// forever.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a fork that inherited it locked.
    pub(super) fn try_update<R>(
        &self,
        change: impl FnOnce(&mut State) -> R,
    ) -> Result<R, LockError> {
        match self.try_lock_state() {
            Ok(state) => Ok(change_and_wake(state, change)),
            Err(error) => Err(error),
        }
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        // Ignores poison: no user code runs under the mutex, and a panic leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock_state(&self) -> Result<MutexGuard<'_, State>, LockError> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                check_process(self.process, &self.engine_name, || self.location.clone())?;
                Ok(self.lock_state())
            }
        }
    }
}

fn change_and_wake<R>(mut state: MutexGuard<'_, State>, change: impl FnOnce(&mut State) -> R) -> R {
    let result = change(&mut state);
    wake(state);
    result
}

fn wake(mut state: MutexGuard<'_, State>) {
    #[cfg(test)]
    state.assert_is_in_table();
    let wakers = state.take_wakers();
    drop(state);
    wakers.into_iter().for_each(WakeList::finish);
}
