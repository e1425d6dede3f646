//! The gate's queue: a waiter comes, looks whether its turn has come, and goes.

use std::task::Waker;
use std::time::Duration;

use super::{Acquisition, HAND_OVER, Hold, State};
use crate::engine::{Mode, TryAcquire};
use crate::error::LockError;
use crate::gate::wait_queue::{Look, Waiter, Who};
use crate::gate::{Grant, sync};

/// What a waiter finds when it looks.
pub(in super::super) enum Turn {
    Granted(Grant),
    Failed(LockError),
    /// It does not wait, and the claim is elsewhere.
    Refused,
    Waiting,
}

impl State {
    /// Queues up, and sees to it that the engine is asked; a waiter that does not wait, and
    /// `is_refused` already, only comes for the answer.
    pub(in super::super) fn enqueue(
        &mut self,
        asked: &Acquisition,
        who: Who,
        waits: bool,
        is_refused: bool,
    ) -> u64 {
        let ticket = self.queue.push(asked, who, waits);
        if is_refused {
            self.queue.refuse(ticket);
            return ticket;
        }
        if self.hold != Hold::None {
            self.hand_over_until.get_or_insert_with(|| sync::now() + HAND_OVER);
        }
        self.start_wait(self.streak.pause());
        ticket
    }

    /// What became of `ticket`'s wait; unless it goes on, the ticket is gone afterwards.
    pub(in super::super) fn turn(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        if let Err(error) = self.claim.check_process() {
            self.remove(ticket);
            return Turn::Failed(error);
        }
        let look = self.queue.look(ticket).expect("a waiter is in the queue until it leaves");
        let is_offered = match look {
            Look::Present { is_offered } => is_offered,
            Look::Back => return self.last_turn(ticket, asked),
            Look::Refused => {
                self.remove(ticket);
                return Turn::Refused;
            }
            Look::Failed(error) => {
                self.remove(ticket);
                return Turn::Failed(error);
            }
        };
        let is_open = match (self.hold, asked.mode) {
            (Hold::Idle(held), mode) => held == mode,
            (Hold::Shared(_), Mode::Shared) => !self.is_lost(),
            _ => false,
        };
        if !(is_offered && is_open) {
            return Turn::Waiting;
        }
        if let Hold::Idle(held) = self.hold {
            if !self.claim.reassign(asked.owner) {
                // Those who wait here ask the engine anew, and are told of an error then.
                let _ = self.give_back(held, sync::now());
                return Turn::Waiting;
            }
        }
        self.remove(ticket);
        Turn::Granted(self.admit(asked, sync::now()))
    }

    /// The turn of a waiter that runs now and may not be back for long, because it was passed over
    /// or its time is up: it gets what is free at once, though this process may just be letting
    /// others go first.
    pub(in super::super) fn last_turn(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        if let (Hold::None, true) = (self.hold, self.queue.is_head(ticket)) {
            let mode = asked.mode;
            match self.claim.try_acquire(mode) {
                Ok(TryAcquire::Acquired) => {
                    let now = sync::now();
                    self.hand_over_until = Some(now + HAND_OVER);
                    self.hand_over(mode, now);
                }
                Ok(TryAcquire::Contended | TryAcquire::Unknown) => {}
                Err(error) => {
                    self.remove(ticket);
                    self.serve();
                    return Turn::Failed(error);
                }
            }
        }
        self.serve();
        self.turn(ticket, asked)
    }

    /// Has `ticket`'s waiter passed over until it looks again: it has something else to do first,
    /// and nobody knows for how long.
    pub(in super::super) fn step_aside(&mut self, ticket: u64) {
        let is_offered = match self.queue.get(ticket) {
            Some(waiter) => waiter.offered().is_some(),
            None => return,
        };
        self.queue.skip(ticket);
        let waker = self.queue.take_waker(ticket);
        self.wakers.discard(waker);
        if let (Hold::Idle(mode), true) = (self.hold, is_offered) {
            // It asks the engine itself when it is back, and is told of an error then.
            let _ = self.pass_on(mode, sync::now());
        }
    }

    /// Has `waker` wake `ticket`'s waiter, whose turn has not come.
    pub(in super::super) fn listen(&mut self, ticket: u64, waker: Waker) {
        self.queue.listen(ticket, waker, &mut self.wakers);
    }

    /// Gives up a wait, and what was offered meanwhile.
    pub(in super::super) fn leave(&mut self, ticket: u64) {
        let waiter = self.remove(ticket);
        self.recall_what_nobody_needs();
        match self.hold {
            Hold::Idle(mode) if waiter.is_some_and(|waiter| waiter.offered().is_some()) => {
                // Nobody is left to be told of an error; the next attempt meets it again.
                let _ = self.pass_on(mode, sync::now());
            }
            _ => self.serve(),
        }
    }

    /// Sees to it that the head is asked for, or let in, after a waiter has left or come back.
    pub(super) fn serve(&mut self) {
        match self.hold {
            Hold::None => self.start_wait(Duration::ZERO),
            Hold::Shared(_) if self.readers.is_over() || self.is_lost() => {}
            Hold::Shared(_) | Hold::Idle(Mode::Shared) => self.notify_readers(sync::now()),
            Hold::Exclusive | Hold::Idle(Mode::Exclusive) => {}
        }
    }

    fn remove(&mut self, ticket: u64) -> Option<Waiter> {
        let waiter = self.queue.remove(ticket, &mut self.wakers)?;
        if self.queue.is_empty() {
            self.hand_over_until = None;
        }
        Some(waiter)
    }
}
