//! What happens when a task that was offered the lock does not come for it.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use super::Gate;

/// Passes over the tasks that were notified, and have not come for too long.
pub(super) struct SkipStalled {
    gate: Weak<Gate>,
}

impl SkipStalled {
    pub(super) fn waker(gate: Weak<Gate>) -> Waker {
        Waker::from(Arc::new(Self { gate }))
    }
}

impl Wake for SkipStalled {
    fn wake(self: Arc<Self>) {
        if let Some(gate) = self.gate.upgrade() {
            gate.lock().skip_stalled();
        }
    }
}
