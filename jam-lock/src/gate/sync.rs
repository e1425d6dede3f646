//! What a model checker takes the place of: the mutex, the condition variable and the clocks.

pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

pub(super) use crate::wall_clock::since_1970;

/// The time on the monotonic clock.
pub(super) fn now() -> Instant {
    Instant::now()
}
