//! What alarms do at a gate.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use super::Gate;

/// Has a task look at the time, when the end of its wait has come.
pub(super) struct Reminder {
    gate: Weak<Gate>,
    ticket: u64,
}

impl Reminder {
    pub(super) fn waker(gate: Weak<Gate>, ticket: u64) -> Waker {
        Waker::from(Arc::new(Self { gate, ticket }))
    }
}

impl Wake for Reminder {
    fn wake(self: Arc<Self>) {
        if let Some(gate) = self.gate.upgrade() {
            gate.lock().remind(self.ticket);
        }
    }
}

/// Passes over a task that was nudged, and has not come for too long.
pub(super) struct Watcher {
    gate: Weak<Gate>,
}

impl Watcher {
    pub(super) fn waker(gate: Weak<Gate>) -> Waker {
        Waker::from(Arc::new(Self { gate }))
    }
}

impl Wake for Watcher {
    fn wake(self: Arc<Self>) {
        if let Some(gate) = self.gate.upgrade() {
            gate.lock().watch_went_off();
        }
    }
}
