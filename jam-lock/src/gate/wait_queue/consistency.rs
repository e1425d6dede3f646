//! Checks in tests that the sets of tickets match the states of the waiters.

use super::waiter::{Waiter, WaiterState};
use super::{Ticket, WaitQueue};
use crate::engine::Mode;

impl WaitQueue {
    pub(in crate::gate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(in crate::gate) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.queued.iter().filter_map(|ticket| self.waiter(ticket))
    }

    /// Panics if a set of tickets does not match the states of the waiters, which takes too long for
    /// large queues.
    pub(in crate::gate) fn assert_is_consistent(&self) {
        if self.waiters.len() > 100 {
            return;
        }
        for (number, waiter) in self.waiters.iter() {
            let ticket = Ticket(number);
            let is_queued = waiter.is_queued();
            let is_writer = waiter.request.mode == Mode::Exclusive;
            let is_notified = matches!(waiter.state, WaiterState::Notified { .. });
            assert_eq!(self.queued.contains(ticket), is_queued);
            assert_eq!(self.writers.contains(ticket), is_queued && is_writer);
            assert_eq!(self.unnotified.contains(ticket), is_queued && !is_notified);
            assert!(waiter.is_offered() || !is_notified, "it was notified without an offer");
        }
        assert!(self.queued.iter().all(|ticket| self.waiter(ticket).is_some()));
        assert!(self.promoted.is_none_or(|ticket| self.queued.contains(ticket)));
    }
}
