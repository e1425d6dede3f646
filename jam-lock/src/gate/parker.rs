//! How waiters are woken: the parker of a thread, and the wakers to call once a mutex is unlocked.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::sync::{self, Condvar, Mutex};
use crate::foreign_waker::{call, discard};

/// How long a thread that was woken in vain keeps running before it parks: about as long as it takes to wake
/// it again.
pub(super) const SPIN: Duration = Duration::from_micros(30);

/// Parks a thread until it is woken.
///
/// Not `thread::park`, whose token other code of the thread may use.
#[derive(Default)]
pub(super) struct Parker {
    state: Mutex<ParkerState>,
    notified: Condvar,
    /// Shows a spinning thread that it is notified.
    is_notified: AtomicBool,
}

#[derive(Default)]
struct ParkerState {
    is_notified: bool,
    /// Whether the thread sleeps; waking it costs a system call.
    is_asleep: bool,
}

impl Parker {
    /// Parks the thread until the parker is woken, or until `end`; whether it was woken.
    pub(super) fn park(&self, end: Option<Instant>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.is_notified {
            let left = end.map(|end| end.saturating_duration_since(sync::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            state.is_asleep = true;
            state = match left {
                None => self.notified.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.notified.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.is_asleep = false;
        }
        state.is_notified = false;
        self.is_notified.store(false, Relaxed);
        true
    }

    /// Keeps the processor busy for a moment, or until the parker is woken.
    pub(super) fn spin(&self) {
        sync::spin(SPIN, || self.is_notified.load(Relaxed));
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_notified = true;
        self.is_notified.store(true, Relaxed);
        let is_asleep = state.is_asleep;
        drop(state);
        if is_asleep {
            self.notified.notify_one();
        }
    }
}

/// Wakers to call or to drop once the gate's mutex is unlocked: a woken waiter locks it, and a task
/// that is dropped with its last waker may run any code.
#[derive(Default)]
pub(super) struct WakeList {
    to_wake: Vec<Waker>,
    to_drop: Vec<Waker>,
}

impl WakeList {
    pub(super) fn wake(&mut self, waker: Option<Waker>) {
        self.to_wake.extend(waker);
    }

    pub(super) fn discard(&mut self, waker: Option<Waker>) {
        self.to_drop.extend(waker);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.to_wake.is_empty() && self.to_drop.is_empty()
    }

    /// Calls and drops the wakers; not under the mutex.
    pub(super) fn finish(self) {
        self.to_wake.into_iter().for_each(call);
        self.to_drop.into_iter().for_each(discard);
    }
}
