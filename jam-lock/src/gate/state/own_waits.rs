//! The waits at the engine of waiters that need one of their own.
//!
//! Such a waiter owns other locks at the engine, which sees whom it waits for only while the engine has
//! a wait for it: also while this process has the claim, or another waiter is the head. No other waiter
//! can use the claim that its wait acquires, so it goes first once that has happened.

use super::{Hold, State, Verdict, sync};
use crate::engine::{Mode, WaitId};
use crate::error::LockError;
use crate::gate::AcquireRequest;
use crate::gate::arrivals::Arrivals;
use crate::gate::wait_queue::Ticket;

/// The waiters that need a wait of their own; `None` for one that has to be started again.
#[derive(Default)]
pub(super) struct OwnWaits(Arrivals<Option<WaitId>>);

impl OwnWaits {
    /// How many are in progress, besides those that are `current`.
    pub(super) fn count_besides(&self, current: &[Option<WaitId>]) -> usize {
        self.0.iter().filter(|(_, id)| id.is_some() && !current.contains(id)).count()
    }

    /// The wait of a waiter, if it has one in progress.
    pub(super) fn of(&self, ticket: Ticket) -> Option<WaitId> {
        *self.0.get(ticket.0)?
    }

    pub(super) fn contains(&self, id: WaitId) -> bool {
        self.0.iter().any(|(_, own)| *own == Some(id))
    }

    /// Records that a wait was started for a waiter, if that needs its own.
    pub(super) fn started(&mut self, ticket: Ticket, id: WaitId) {
        if let Some(own) = self.0.get_mut(ticket.0) {
            *own = Some(id);
        }
    }

    /// Records that the wait `id` is done; returns the waiter whose own it was.
    pub(super) fn done(&mut self, id: WaitId) -> Option<Ticket> {
        let (ticket, own) = self.0.iter_mut().find(|(_, own)| **own == Some(id))?;
        *own = None;
        Some(Ticket(ticket))
    }

    /// The waiters whose wait has to be started.
    pub(super) fn missing(&self) -> Vec<Ticket> {
        self.0.iter().filter(|(_, own)| own.is_none()).map(|(ticket, _)| Ticket(ticket)).collect()
    }
}

impl State {
    /// Starts a wait for a new waiter if it needs its own.
    pub(super) fn start_own_wait_if_needed(&mut self, ticket: Ticket, request: &AcquireRequest) {
        if self.claim.needs_own_wait(request.owner) {
            self.own_waits.0.push(ticket.0, None);
            self.start_own_waits();
        }
    }

    /// Starts the missing waits of the waiters that are in the queue.
    pub(super) fn start_own_waits(&mut self) {
        for ticket in self.own_waits.missing() {
            let Some(request) = self.queue.request_if_queued(ticket) else { continue };
            // The head is about to take the claim, perhaps the one that its wait has acquired.
            if matches!(self.hold, Hold::Idle(_)) && self.queue.is_head(ticket) {
                continue;
            }
            match self.new_wait(&request, true, Verdict::Proceed) {
                Ok(wait) => self.own_waits.started(ticket, wait.id),
                // As the head, it asks the engine again, and meets the error itself.
                Err(_) => drop(self.own_waits.0.remove(ticket.0)),
            }
        }
    }

    /// Cancels the own wait of a waiter that leaves.
    pub(super) fn cancel_own_wait(&mut self, ticket: Ticket) {
        if let Some(id) = self.own_waits.0.remove(ticket.0).flatten() {
            self.claim.cancel_wait(id);
            self.engine_waits.forget(id);
        }
    }

    /// Takes the result of the own wait of a waiter, whose claim was discarded.
    pub(super) fn own_wait_done(
        &mut self,
        ticket: Ticket,
        mode: Mode,
        result: Result<bool, LockError>,
    ) {
        match (result, self.hold) {
            (Err(error @ LockError::Deadlock { .. }), _) => {
                self.queue.fail(ticket, error, &mut self.wake_list);
            }
            // The engine lets it in beside the readers here, so it must not wait for a writer here,
            // which the engine does not see.
            (Ok(true), Hold::Shared(_)) if mode == Mode::Shared => {
                self.queue.offer(ticket, sync::now(), &mut self.wake_list);
            }
            // The waiter is passed over; or this process has lost the claim, and not released it yet.
            (Ok(true), _) => {}
            // As the head, it asks the engine again, and meets the error itself.
            (Ok(false) | Err(_), _) => drop(self.own_waits.0.remove(ticket.0)),
        }
    }
}
