//! What a model checker takes the place of: the mutex, the condition variable and the clocks.

pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

/// The time on the monotonic clock.
pub(super) fn now() -> Instant {
    Instant::now()
}

/// The time since 1970, which all processes agree on.
pub(super) fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
