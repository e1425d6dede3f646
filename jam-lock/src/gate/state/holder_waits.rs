//! What the owner of the lock waits for, while it is a writer of this process.

use std::sync::Arc;

use super::{Hold, State};
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::pending_wait::{LocalHold, PendingWait};
use crate::gate::wait_queue::Ticket;
use crate::site::Site;

impl State {
    /// Adds a wait of the owner of the writer `number`, unless that has released the lock.
    pub(in super::super) fn add_holder_wait(&mut self, number: u64, wait: &Arc<PendingWait>) {
        if self.hold == Hold::Exclusive && self.holders.is_first(number) {
            self.holder_waits.push(Arc::clone(wait));
            self.record_holder_waits();
        }
    }

    /// Removes the wait with this number, if it is there.
    pub(in super::super) fn remove_holder_wait(&mut self, number: u64) {
        let before = self.holder_waits.len();
        self.holder_waits.retain(|wait| wait.number != number);
        if self.holder_waits.len() < before {
            self.record_holder_waits();
        }
    }

    /// Removes all waits of the holder `number`, if it has only one guard.
    pub(in super::super) fn remove_all_holder_waits(&mut self, number: u64) {
        if !self.holder_waits.is_empty() && self.holders.has_one_guard(number) {
            self.clear_holder_waits();
        }
    }

    /// How the holder `number` holds the lock, and where it has acquired that.
    pub(in super::super) fn held_as(&self, number: u64) -> Option<(Mode, Site)> {
        self.hold.mode().zip(self.holders.site(number))
    }

    /// Removes all waits, because another thread releases the lock while its owner waits.
    pub(super) fn clear_holder_waits(&mut self) {
        // Each is kept alive by its owner, so no gate is dropped here.
        self.holder_waits.clear();
        self.record_holder_waits();
    }

    fn record_holder_waits(&mut self) {
        let waits: Vec<_> = self.holder_waits.iter().map(|wait| wait.recorded()).collect();
        self.claim.record_waits(&waits);
    }

    /// The writer in this process, with what its owner waits for.
    pub(in super::super) fn local_hold(&self) -> LocalHold {
        match (self.hold, self.holder()) {
            (Hold::None, _) => LocalHold::None,
            // Also if the claim is lost: the waiters here wait for this holder.
            (Hold::Exclusive, Some(holder)) => {
                LocalHold::Writer { holder, waits: self.holder_waits.clone() }
            }
            _ => LocalHold::NoWriter,
        }
    }

    /// Ends the wait of a waiter that is in a deadlock, unless the lock is being handed off.
    pub(in super::super) fn fail_blocked(&mut self, ticket: Ticket, error: LockError) {
        if matches!(self.hold, Hold::None | Hold::Exclusive) {
            self.queue.fail(ticket, error, &mut self.wake_list);
            self.cancel_own_wait(ticket);
            self.cancel_unneeded_waits();
            self.serve_head();
        }
    }
}
