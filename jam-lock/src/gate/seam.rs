//! What a model checker takes the place of: the mutex, the condition variable and the clock.

pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

/// The time on the monotonic clock.
pub(super) fn now() -> Instant {
    Instant::now()
}
