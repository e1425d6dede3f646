//! How those who wait are woken.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::seam::{self, Condvar, Mutex};

/// A sleeping thread's bell.
///
/// Not `thread::park`, whose token belongs to whatever else the thread does.
#[derive(Default)]
pub(super) struct Bell {
    is_rung: Mutex<bool>,
    rung: Condvar,
}

impl Bell {
    /// Sleeps until the bell has been rung, or until `end`.
    pub(super) fn wait(&self, end: Option<Instant>) {
        let mut is_rung = self.is_rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_rung {
            let Some(end) = end else {
                is_rung = self.rung.wait(is_rung).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = end.saturating_duration_since(seam::now());
            if left.is_zero() {
                return;
            }
            let waited = self.rung.wait_timeout(is_rung, left);
            is_rung = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.is_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rung.notify_one();
    }
}

/// Wakes a task or a thread. Whoever wakes others must not end where one of the wakers panics, of
/// which the panic hook has told.
pub(super) fn ring(bell: Waker) {
    let _ = panic::catch_unwind(AssertUnwindSafe(|| bell.wake()));
}

/// What is done with wakers once the gate's mutex is free: whoever is woken needs it, and a task
/// that ends with its last waker may run anything.
#[derive(Default)]
pub(super) struct Bells {
    to_ring: Vec<Waker>,
    to_drop: Vec<Waker>,
}

impl Bells {
    pub(super) fn ring(&mut self, bell: Waker) {
        self.to_ring.push(bell);
    }

    pub(super) fn discard(&mut self, bell: Option<Waker>) {
        self.to_drop.extend(bell);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.to_ring.is_empty() && self.to_drop.is_empty()
    }

    /// Rings them; to be called without the mutex.
    pub(super) fn ring_all(self) {
        self.to_ring.into_iter().for_each(ring);
    }
}
