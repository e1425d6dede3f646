//! How waiters are woken: the parker of a thread, and the wakers to call once a mutex is unlocked.

use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::sync::{self, Condvar, Mutex};
use crate::foreign_waker::{call, discard};

/// Parks a thread until it is woken.
///
/// Not `thread::park`, whose token other code of the thread may use.
#[derive(Default)]
pub(super) struct Parker {
    is_notified: Mutex<bool>,
    notified: Condvar,
}

impl Parker {
    /// Parks the thread until the parker is woken, or until `end`.
    pub(super) fn park(&self, end: Option<Instant>) {
        let mut is_notified = self.is_notified.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_notified {
            let Some(end) = end else {
                is_notified =
                    self.notified.wait(is_notified).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = end.saturating_duration_since(sync::now());
            if left.is_zero() {
                return;
            }
            let waited = self.notified.wait_timeout(is_notified, left);
            is_notified = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_notified = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.is_notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.notified.notify_one();
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
