//! How a waiter leaves the queue: its future is dropped, its time is up, or it is busy elsewhere.

use super::fairness::Verdict;
use super::{Hold, State};
use crate::engine::Mode;
use crate::gate::sync;
use crate::gate::wait_queue::Ticket;

impl State {
    /// Removes a waiter that gives up, cancels the engine's wait if no other waiter needs it, and
    /// passes its offer on.
    pub(in super::super) fn cancel_waiter(&mut self, ticket: Ticket) {
        let was_offered = self.remove_waiter(ticket);
        self.cancel_unneeded_waits();
        match self.hold {
            Hold::Idle(mode) if was_offered => {
                // An error reaches no waiter; the next attempt meets it again.
                let _ = self.hand_off_or_return(mode, sync::now());
            }
            _ => self.serve_head(),
        }
    }

    /// Passes over a waiter that is busy elsewhere until it is polled again, and passes its offer on.
    pub(in super::super) fn skip_waiter(&mut self, ticket: Ticket) {
        let was_offered = self.queue.skip(ticket, &mut self.wake_list);
        if let (Hold::Idle(mode), true) = (self.hold, was_offered) {
            // An error reaches no waiter; the next attempt meets it again.
            let _ = self.hand_off_or_return(mode, sync::now());
        }
    }

    /// Starts a wait for the head, or lets it join the readers inside, after a waiter has left the
    /// queue or returned to it.
    pub(super) fn serve_head(&mut self) {
        match self.hold {
            Hold::None => self.start_wait(Verdict::Proceed),
            Hold::Shared(_) if self.reader_phase.has_ended() || self.is_lost() => {}
            Hold::Shared(_) | Hold::Idle(Mode::Shared) => self.notify_readers(sync::now()),
            Hold::Exclusive | Hold::Idle(Mode::Exclusive) => {}
        }
    }

    /// Removes a waiter; returns whether it had an offer.
    pub(super) fn remove_waiter(&mut self, ticket: Ticket) -> bool {
        let was_offered = self.queue.remove(ticket, &mut self.wake_list);
        self.cancel_own_wait(ticket);
        if self.queue.is_empty() {
            self.handoff_until = None;
        }
        was_offered
    }
}
