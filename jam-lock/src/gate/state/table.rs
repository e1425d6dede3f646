//! Checks the table of states in tests, whenever the mutex is unlocked.

use super::{Hold, State};
use crate::gate::wait_queue::{Waiter, WaiterKind};

impl State {
    /// Panics in a state that the table of [`super`] does not have.
    pub(in super::super) fn assert_is_in_table(&self) {
        self.queue.assert_is_consistent();
        let holders = self.holders.len();
        match self.hold {
            Hold::None => {
                assert_eq!(holders, 0, "the claim is not held");
                let is_served =
                    self.queue.is_empty() || self.engine_waits.ids().iter().any(Option::is_some);
                assert!(is_served, "no wait is in progress for the queue");
                let mut missing = self.own_waits.missing().into_iter();
                let is_queued = |ticket| self.queue.request_if_queued(ticket).is_some();
                assert!(!missing.any(is_queued), "a waiter has no wait of its own");
            }
            Hold::Idle(mode) => {
                assert_eq!(holders, 0, "the claim is idle");
                assert!(self.handoff_until.is_some(), "the idle claim is kept without a limit");
                let is_coming = |waiter: &&Waiter| {
                    let is_woken = waiter.woken_at().is_some() && waiter.is_offered();
                    is_woken && waiter.request.mode == mode
                };
                let mut coming = self.queue.iter().filter(is_coming).peekable();
                assert!(coming.peek().is_some(), "the idle claim is offered to no waiter");
                let has_thread = coming.any(|waiter| waiter.kind == WaiterKind::Thread);
                let is_watched = has_thread || self.stalled_timer.is_some();
                assert!(is_watched, "tasks that stall would keep the claim idle forever");
            }
            Hold::Exclusive => assert_eq!(holders, 1, "one writer holds the claim"),
            Hold::Shared(readers) => assert_eq!(holders, readers, "readers hold the claim"),
        }
    }
}
