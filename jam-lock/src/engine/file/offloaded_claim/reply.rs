//! A reply from another thread, for which a caller waits for a while.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Gives the reply; if it is dropped before, there is none.
pub(super) struct Replier<T>(Arc<Shared<T>>);

/// Waits for the reply.
pub(super) struct Reply<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: Option<T>,
    is_final: bool,
}

/// Both ends of a reply.
pub(super) fn channel<T>() -> (Replier<T>, Reply<T>) {
    let state = Mutex::new(State { value: None, is_final: false });
    let shared = Arc::new(Shared { state, changed: Condvar::new() });
    (Replier(Arc::clone(&shared)), Reply(shared))
}

impl<T> Replier<T> {
    pub(super) fn send(self, value: T) {
        self.0.lock().value = Some(value);
    }
}

impl<T> Drop for Replier<T> {
    fn drop(&mut self) {
        self.0.lock().is_final = true;
        self.0.changed.notify_one();
    }
}

impl<T> Reply<T> {
    /// Waits for the reply at most for this time.
    pub(super) fn wait(self, time: Duration) -> Option<T> {
        let state = self.0.lock();
        let waited = self.0.changed.wait_timeout_while(state, time, |state| !state.is_final);
        waited.unwrap_or_else(PoisonError::into_inner).0.value.take()
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_reply_arrives_from_another_thread() {
        let (replier, reply) = channel();
        thread::spawn(move || replier.send(7));
        assert_eq!(reply.wait(LONG), Some(7));
    }

    #[test]
    fn nobody_waits_for_a_reply_that_never_comes() {
        let (replier, reply) = channel::<()>();
        thread::spawn(move || drop(replier));
        assert_eq!(reply.wait(LONG), None);
        let (_replier, reply) = channel::<()>();
        assert_eq!(reply.wait(Duration::ZERO), None);
    }
}
