//! [`Completion`]: completes a wait even if its task panics, so that no waiter hangs.

use crate::engine::WaitDone;
use crate::error::LockError;

/// Calls a [`WaitDone`] once: with a result, or with an error on drop.
pub(super) struct Completion {
    done: Option<WaitDone>,
    location: String,
}

impl Completion {
    pub(super) fn new(done: WaitDone, location: String) -> Self {
        Self { done: Some(done), location }
    }

    pub(super) fn complete(mut self, result: Result<bool, LockError>) {
        self.call(result);
    }

    fn call(&mut self, result: Result<bool, LockError>) {
        if let Some(done) = self.done.take() {
            done(result);
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let location = std::mem::take(&mut self.location);
        self.call(Err(LockError::engine("acquire a lock", location, "the engine has stopped")));
    }
}
