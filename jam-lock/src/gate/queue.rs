//! Who waits at a gate, in the order of arrival.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use crate::LockError;
use crate::engine::Mode;
use crate::gate::Acquisition;

/// Who waits: a thread runs soon after it was woken, and a task when its executor comes to it, or
/// never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Thread,
    Task,
}

/// One that waits, or has been failed and has not looked since.
pub(super) struct Waiter {
    ticket: u64,
    pub(super) asked: Acquisition,
    pub(super) who: Who,
    /// Whether it stays where the claim is elsewhere.
    pub(super) waits: bool,
    /// Whether it does not stay, and the claim is elsewhere.
    pub(super) is_refused: bool,
    /// Wakes it; taken when it is rung, and put back when it has looked and goes on waiting.
    pub(super) bell: Option<Waker>,
    /// Since when its bell has been rung without it having looked.
    pub(super) rung: Option<Instant>,
    /// Since when it could have taken the idle claim, which it still may.
    pub(super) nudged: Option<Instant>,
    /// Whether it was passed over, because it did not look for too long.
    pub(super) is_absent: bool,
    /// What ended its wait; it collects this and leaves.
    pub(super) error: Option<Box<LockError>>,
}

impl Waiter {
    /// Whether it is the ticket's.
    pub(super) fn is(&self, ticket: u64) -> bool {
        self.ticket == ticket
    }

    /// Whether it is to be served.
    fn is_present(&self) -> bool {
        !self.is_absent && !self.is_refused && self.error.is_none()
    }
}

/// The waiters, each known by a ticket that rises.
#[derive(Default)]
pub(super) struct Queue {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
}

impl Queue {
    /// Adds a waiter at the end, who stays where it `waits`.
    pub(super) fn push(&mut self, asked: &Acquisition, who: Who, waits: bool) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter {
            ticket,
            asked: *asked,
            who,
            waits,
            is_refused: false,
            bell: None,
            rung: None,
            nudged: None,
            is_absent: false,
            error: None,
        });
        ticket
    }

    /// The first who is to be served.
    pub(super) fn head(&mut self) -> Option<&mut Waiter> {
        self.present().next()
    }

    /// What the head asks for.
    pub(super) fn head_mode(&mut self) -> Option<Mode> {
        self.head().map(|head| head.asked.mode)
    }

    /// The readers whom no writer is in front of.
    pub(super) fn leading_readers(&mut self) -> impl Iterator<Item = &mut Waiter> {
        self.present().take_while(|waiter| waiter.asked.mode == Mode::Shared)
    }

    /// Those who would not stay.
    pub(super) fn tries(&mut self) -> impl Iterator<Item = &mut Waiter> {
        self.present().filter(|waiter| !waiter.waits)
    }

    /// Whether a writer is to be served.
    pub(super) fn has_writer(&mut self) -> bool {
        self.present().any(|waiter| waiter.asked.mode == Mode::Exclusive)
    }

    /// Whether nobody is to be served.
    pub(super) fn is_empty(&mut self) -> bool {
        self.head().is_none()
    }

    /// How many wait for the lock, whether or not they are to be served now.
    pub(super) fn waiting(&self) -> usize {
        let waits = |waiter: &&Waiter| waiter.waits && waiter.error.is_none();
        self.waiters.iter().filter(waits).count()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// The ticket's waiter, if it has not left.
    pub(super) fn get(&mut self, ticket: u64) -> Option<&mut Waiter> {
        self.position(ticket).map(|at| &mut self.waiters[at])
    }

    /// Takes the ticket's waiter out.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<Waiter> {
        self.position(ticket).and_then(|at| self.waiters.remove(at))
    }

    fn present(&mut self) -> impl Iterator<Item = &mut Waiter> {
        self.waiters.iter_mut().filter(|waiter| waiter.is_present())
    }

    fn position(&self, ticket: u64) -> Option<usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }
}
