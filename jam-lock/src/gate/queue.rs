//! Who waits at a gate, in the order of arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};
use std::time::Instant;

use crate::LockError;

/// One that waits, or has been answered and has not run since.
pub(super) struct Waiter {
    ticket: u64,
    pub(super) bell: Arc<Condvar>,
    /// Since when it could have taken the idle claim.
    pub(super) nudged: Option<Instant>,
    /// Whether its bell was rung and it has not looked since.
    pub(super) rung: bool,
    /// What became of its wait; it collects this and leaves.
    pub(super) answer: Option<Result<(), LockError>>,
}

/// The waiters, each known by a ticket that rises.
#[derive(Default)]
pub(super) struct Queue {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
}

impl Queue {
    /// Adds a waiter at the end.
    pub(super) fn push(&mut self, bell: Arc<Condvar>) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter { ticket, bell, nudged: None, rung: false, answer: None });
        ticket
    }

    /// The first that has no answer yet.
    pub(super) fn head(&mut self) -> Option<&mut Waiter> {
        self.waiters.iter_mut().find(|waiter| waiter.answer.is_none())
    }

    /// Whether nobody waits for an answer.
    pub(super) fn is_empty(&self) -> bool {
        self.waiters.iter().all(|waiter| waiter.answer.is_some())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// The ticket's waiter.
    pub(super) fn get(&mut self, ticket: u64) -> &mut Waiter {
        let at = self.position(ticket);
        &mut self.waiters[at]
    }

    /// Takes the ticket's waiter out.
    pub(super) fn remove(&mut self, ticket: u64) -> Waiter {
        let at = self.position(ticket);
        self.waiters.remove(at).expect("a position inside the queue")
    }

    fn position(&self, ticket: u64) -> usize {
        self.waiters
            .binary_search_by_key(&ticket, |waiter| waiter.ticket)
            .expect("a waiter is in the queue until it leaves")
    }
}
