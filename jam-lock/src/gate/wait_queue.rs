//! The waiters of a gate, in the order of their arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;
use std::time::Instant;

use super::parker::WakeList;
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::Acquisition;

/// What waits: a thread runs soon after it was woken, and a task when its executor comes to it, or
/// never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Thread,
    Task,
}

/// Where a waiter stands.
enum Standing {
    /// In the queue, for its turn.
    Present,
    /// Passed over because it did not come when it was notified, or has something else to do first;
    /// it is back as soon as it looks.
    Skipped,
    /// It does not wait, and the claim is elsewhere.
    Refused,
    /// What ended its wait; it collects this and leaves.
    Failed(Box<LockError>),
}

/// A waiter, from its arrival until it has collected what came of its wait.
pub(super) struct Waiter {
    pub(super) asked: Acquisition,
    pub(super) who: Who,
    /// Whether it stays where the claim is elsewhere.
    pub(super) waits: bool,
    standing: Standing,
    /// Wakes it; taken when it is called, and put back when the waiter has looked and goes on
    /// waiting.
    waker: Option<Waker>,
    /// Since when the idle claim has been offered to it.
    offered: Option<Instant>,
    /// When it was notified, if it has not looked since.
    notified: Option<Instant>,
}

impl Waiter {
    /// Since when it may take the idle claim, if it may.
    pub(super) fn offered(&self) -> Option<Instant> {
        self.offered
    }

    /// When it was notified, if it has not looked since.
    pub(super) fn notified(&self) -> Option<Instant> {
        self.notified
    }

    /// Whether a notification would wake anybody.
    pub(super) fn is_asleep(&self) -> bool {
        self.waker.is_some()
    }
}

/// What a waiter finds of itself when it looks.
pub(super) enum Look {
    /// It is in the queue, and whether the idle claim was offered to it.
    Present {
        is_offered: bool,
    },
    /// It was passed over, and is in the queue again.
    Back,
    Refused,
    Failed(LockError),
}

/// The waiters, each known by a ticket that rises.
///
/// What is asked at every step is kept as a set of tickets, so that no step looks at all waiters.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiters: BTreeMap<u64, Waiter>,
    /// Those to be served.
    present: BTreeSet<u64>,
    /// The writers among them.
    writers: BTreeSet<u64>,
    /// Those among them to which a notification would be news.
    unnotified: BTreeSet<u64>,
    next_ticket: u64,
}

impl WaitQueue {
    /// Adds a waiter at the end, which stays where it `waits`.
    pub(super) fn push(&mut self, asked: &Acquisition, who: Who, waits: bool) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let waiter = Waiter {
            asked: *asked,
            who,
            waits,
            standing: Standing::Present,
            waker: None,
            offered: None,
            notified: None,
        };
        self.waiters.insert(ticket, waiter);
        self.enlist(ticket);
        ticket
    }

    /// The first waiter to be served.
    pub(super) fn head(&self) -> Option<&Waiter> {
        self.present.first().map(|ticket| &self.waiters[ticket])
    }

    /// Whether `ticket` is the first to be served.
    pub(super) fn is_head(&self, ticket: u64) -> bool {
        self.present.first() == Some(&ticket)
    }

    /// The mode that the head asks for.
    pub(super) fn head_mode(&self) -> Option<Mode> {
        self.head().map(|head| head.asked.mode)
    }

    /// Whether a writer is to be served.
    pub(super) fn has_writer(&self) -> bool {
        !self.writers.is_empty()
    }

    /// Whether nobody is to be served.
    pub(super) fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// How many wait for the lock, whether or not they are to be served now.
    pub(super) fn waiting(&self) -> usize {
        let waits = |it: &&Waiter| it.waits && !matches!(it.standing, Standing::Failed(_));
        self.waiters.values().filter(waits).count()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// The ticket's waiter, if it has not left.
    pub(super) fn get(&self, ticket: u64) -> Option<&Waiter> {
        self.waiters.get(&ticket)
    }

    /// Has the ticket's waiter look at how it stands; nothing where it has left.
    pub(super) fn look(&mut self, ticket: u64) -> Option<Look> {
        let waiter = self.waiters.get_mut(&ticket)?;
        waiter.notified = None;
        let is_offered = waiter.offered.is_some();
        Some(match std::mem::replace(&mut waiter.standing, Standing::Present) {
            Standing::Present => Look::Present { is_offered },
            Standing::Skipped => {
                self.enlist(ticket);
                Look::Back
            }
            Standing::Refused => {
                waiter.standing = Standing::Refused;
                Look::Refused
            }
            Standing::Failed(error) => Look::Failed(*error),
        })
    }

    /// Has `waker` wake the ticket's waiter from now on.
    pub(super) fn listen(&mut self, ticket: u64, waker: Waker, wakers: &mut WakeList) {
        let Some(waiter) = self.waiters.get_mut(&ticket) else { return };
        wakers.discard(waiter.waker.replace(waker));
        if self.present.contains(&ticket) {
            self.unnotified.insert(ticket);
        }
    }

    /// Offers the idle claim to the first `count` writers that no reader is in front of; says since
    /// when the first has had the offer.
    pub(super) fn notify_leading_writers(
        &mut self,
        count: usize,
        now: Instant,
        wakers: &mut WakeList,
    ) -> Option<Instant> {
        let first = *self.present.first()?;
        if count == 1 {
            self.notify_one(first, now, wakers);
        } else {
            let writers = self.present.iter().take_while(|ticket| self.writers.contains(ticket));
            let tickets: Vec<_> = writers.take(count).copied().collect();
            for ticket in tickets {
                self.notify_one(ticket, now, wakers);
            }
        }
        self.waiters[&first].offered
    }

    /// Offers the claim to the readers that no writer is in front of.
    pub(super) fn notify_leading_readers(&mut self, now: Instant, wakers: &mut WakeList) {
        let first_writer = self.writers.first().copied().unwrap_or(u64::MAX);
        while let Some(ticket) = self.unnotified.first().copied().filter(|it| *it < first_writer) {
            self.notify_one(ticket, now, wakers);
        }
    }

    /// Wakes the first `count` waiters without an offer, so that it is known whether they come when
    /// their turn does.
    pub(super) fn wake_leading(&mut self, count: usize, now: Instant, wakers: &mut WakeList) {
        for ticket in self.present.iter().take(count) {
            let Some(waiter) = self.waiters.get_mut(ticket) else { continue };
            waiter.notified.get_or_insert(now);
            if let Some(waker) = waiter.waker.take() {
                wakers.wake(waker);
            }
        }
    }

    /// Passes over the tasks that were notified before `since` and have not looked; says whether
    /// there were any.
    pub(super) fn skip_stalled(&mut self, since: Instant) -> bool {
        let is_notified = |ticket: &&u64| self.waiters[ticket].notified.is_some();
        let is_stalled = |ticket: &&u64| {
            let waiter = &self.waiters[ticket];
            waiter.who == Who::Task && waiter.notified.is_some_and(|notified| notified <= since)
        };
        let notified = self.present.iter().take_while(is_notified);
        let stalled: Vec<_> = notified.filter(is_stalled).copied().collect();
        for ticket in &stalled {
            self.skip(*ticket);
        }
        !stalled.is_empty()
    }

    /// Passes over the ticket's waiter until it looks again.
    pub(super) fn skip(&mut self, ticket: u64) {
        self.stand_aside(ticket, Standing::Skipped);
    }

    /// Takes the waker of the ticket's waiter.
    pub(super) fn take_waker(&mut self, ticket: u64) -> Option<Waker> {
        self.waiters.get_mut(&ticket)?.waker.take()
    }

    /// Refuses the ticket's waiter, which only comes for that.
    pub(super) fn refuse(&mut self, ticket: u64) {
        self.stand_aside(ticket, Standing::Refused);
    }

    /// Refuses those that do not wait.
    pub(super) fn refuse_tries(&mut self, wakers: &mut WakeList) {
        let tries: Vec<_> =
            self.present.iter().filter(|it| !self.waiters[it].waits).copied().collect();
        for ticket in tries {
            self.refuse(ticket);
            self.wake(ticket, wakers);
        }
    }

    /// Ends the wait of the head with `error`.
    pub(super) fn fail_head(&mut self, error: LockError, wakers: &mut WakeList) {
        let Some(ticket) = self.present.first().copied() else { return };
        self.stand_aside(ticket, Standing::Failed(Box::new(error)));
        self.wake(ticket, wakers);
    }

    /// Takes the ticket's waiter out.
    pub(super) fn remove(&mut self, ticket: u64, wakers: &mut WakeList) -> Option<Waiter> {
        let mut waiter = self.waiters.remove(&ticket)?;
        self.delist(ticket);
        wakers.discard(waiter.waker.take());
        Some(waiter)
    }

    fn notify_one(&mut self, ticket: u64, now: Instant, wakers: &mut WakeList) {
        self.unnotified.remove(&ticket);
        let Some(waiter) = self.waiters.get_mut(&ticket) else { return };
        waiter.offered.get_or_insert(now);
        waiter.notified.get_or_insert(now);
        if let Some(waker) = waiter.waker.take() {
            wakers.wake(waker);
        }
    }

    fn wake(&mut self, ticket: u64, wakers: &mut WakeList) {
        if let Some(waker) = self.take_waker(ticket) {
            wakers.wake(waker);
        }
    }

    fn stand_aside(&mut self, ticket: u64, standing: Standing) {
        if let Some(waiter) = self.waiters.get_mut(&ticket) {
            waiter.standing = standing;
            self.delist(ticket);
        }
    }

    /// Has the ticket's waiter be served in its turn.
    fn enlist(&mut self, ticket: u64) {
        let Some(waiter) = self.waiters.get(&ticket) else { return };
        if waiter.asked.mode == Mode::Exclusive {
            self.writers.insert(ticket);
        }
        self.present.insert(ticket);
        self.unnotified.insert(ticket);
    }

    fn delist(&mut self, ticket: u64) {
        for tickets in [&mut self.present, &mut self.writers, &mut self.unnotified] {
            tickets.remove(&ticket);
        }
    }
}
