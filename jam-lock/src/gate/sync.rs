//! The mutex, the condition variable and the clocks of a gate, which a model checker replaces.

use std::hint;
pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub(super) use crate::wall_clock::since_1970;

/// How long a spinning thread gives way to those that acquire the lock again at once.
const GIVE_WAY: Duration = Duration::from_micros(1);

/// The time on the monotonic clock.
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Keeps the processor busy until `is_done` and a moment longer, or for this time.
pub(super) fn spin(time: Duration, is_done: impl Fn() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        if is_done() {
            // A running thread that acquires the lock again goes first: that is faster than any hand-off.
            let done = Instant::now();
            while done.elapsed() < GIVE_WAY {
                hint::spin_loop();
            }
            return;
        }
        hint::spin_loop();
    }
}
