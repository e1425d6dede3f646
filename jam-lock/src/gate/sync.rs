//! The mutex, the condition variable and the clocks of a gate, which a model checker replaces.

pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

pub(super) use crate::wall_clock::since_1970;

/// The time on the monotonic clock.
pub(super) fn now() -> Instant {
    Instant::now()
}
