//! The gate's queue: who comes to wait, looks whether its turn has come, and goes.

use std::task::Waker;
use std::time::Duration;

use super::{Acquisition, HAND_OVER, Hold, State};
use crate::LockError;
use crate::engine::{Attempt, Mode};
use crate::gate::queue::{Waiter, Who};
use crate::gate::{Grant, seam};

/// What a waiter finds when it looks.
pub(in super::super) enum Turn {
    Granted(Grant),
    Failed(LockError),
    /// It would not stay, and the claim is elsewhere.
    Refused,
    Waiting,
}

impl State {
    /// Queues up, and sees to it that somebody asks the engine; who would not stay, and
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
            self.queue.get(ticket).expect("it has come just now").is_refused = true;
            return ticket;
        }
        if self.hold != Hold::None {
            self.hand_over_until.get_or_insert_with(|| seam::now() + HAND_OVER);
        }
        self.pursue(self.streak.pause());
        ticket
    }

    /// What became of `ticket`'s wait; unless it goes on, the ticket is gone afterwards.
    pub(in super::super) fn turn(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        if let Err(error) = self.claim.check_process() {
            self.remove(ticket);
            return Turn::Failed(error);
        }
        let waiter = self.queue.get(ticket).expect("a waiter is in the queue until it leaves");
        waiter.rung = None;
        if std::mem::take(&mut waiter.is_absent) {
            return self.turn_of_absent(ticket, asked);
        }
        if let Some(error) = waiter.error.take() {
            self.remove(ticket);
            return Turn::Failed(*error);
        }
        if waiter.is_refused {
            self.remove(ticket);
            return Turn::Refused;
        }
        let (mode, is_nudged) = (waiter.asked.mode, waiter.nudged.is_some());
        let is_open = match (self.hold, mode) {
            (Hold::Idle(held), mode) => held == mode,
            (Hold::Shared(_), Mode::Shared) => true,
            _ => false,
        };
        if !(is_nudged && is_open) {
            return Turn::Waiting;
        }
        if let Hold::Idle(held) = self.hold {
            if !self.claim.pass_to(asked.chain) {
                // Who waits here asks the engine anew, and is told of an error then.
                let _ = self.give_back(held, seam::now());
                return Turn::Waiting;
            }
        }
        self.remove(ticket);
        Turn::Granted(self.admit(asked, seam::now()))
    }

    /// What becomes of `ticket`'s wait at its end: what can be had at once is had, though this process
    /// may just be standing back for others.
    pub(in super::super) fn last_turn(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        if let Some(waiter) = self.queue.get(ticket) {
            waiter.is_absent = true;
        }
        self.turn(ticket, asked)
    }

    /// Has `ticket`'s waiter passed over until it looks again: it has something else to do first, and
    /// nobody knows for how long.
    pub(in super::super) fn step_aside(&mut self, ticket: u64) {
        let Some(waiter) = self.queue.get(ticket) else { return };
        waiter.is_absent = true;
        let (bell, is_nudged) = (waiter.bell.take(), waiter.nudged.is_some());
        self.bells.discard(bell);
        if let (Hold::Idle(mode), true) = (self.hold, is_nudged) {
            // It asks the engine itself when it is back, and is told of an error then.
            let _ = self.pass_on(mode, seam::now());
        }
    }

    /// Has `bell` wake `ticket`'s waiter, whose turn has not come.
    pub(in super::super) fn listen(&mut self, ticket: u64, bell: Waker) {
        if let Some(waiter) = self.queue.get(ticket) {
            self.bells.discard(waiter.bell.replace(bell));
        }
    }

    /// Rings for `ticket`, so that it looks at the time.
    pub(in super::super) fn remind(&mut self, ticket: u64) {
        if let Some(bell) = self.queue.get(ticket).and_then(|waiter| waiter.bell.take()) {
            self.bells.ring(bell);
        }
    }

    /// Gives up a wait, and what was offered meanwhile.
    pub(in super::super) fn leave(&mut self, ticket: u64) {
        let waiter = self.remove(ticket);
        self.recall_what_nobody_needs();
        match self.hold {
            Hold::Idle(mode) if waiter.is_some_and(|waiter| waiter.nudged.is_some()) => {
                // Who gave up has nobody to tell of an error; the next attempt meets it again.
                let _ = self.pass_on(mode, seam::now());
            }
            _ => self.serve(),
        }
    }

    /// Sees to it that whoever is first is asked for, or let in, after somebody has left or come
    /// back.
    pub(super) fn serve(&mut self) {
        match self.hold {
            Hold::None => self.pursue(Duration::ZERO),
            Hold::Shared(_) | Hold::Idle(Mode::Shared) => self.nudge_readers(seam::now()),
            Hold::Exclusive | Hold::Idle(Mode::Exclusive) => {}
        }
    }

    /// The turn of a waiter that has been passed over: it runs now, so it is not made to wait for
    /// what can be had at once.
    fn turn_of_absent(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        let is_first = self.queue.head().is_some_and(|head| head.is(ticket));
        let mode = self.queue.head_mode();
        if let (Hold::None, true, Some(mode)) = (self.hold, is_first, mode) {
            match self.claim.attempt(mode) {
                Ok(Attempt::Claimed) => {
                    let now = seam::now();
                    self.hand_over_until = Some(now + HAND_OVER);
                    self.hand_over(mode, now);
                }
                Ok(Attempt::Refused | Attempt::Unknown) => {}
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

    fn remove(&mut self, ticket: u64) -> Option<Waiter> {
        let mut waiter = self.queue.remove(ticket)?;
        self.bells.discard(waiter.bell.take());
        if self.queue.is_empty() {
            self.hand_over_until = None;
        }
        Some(waiter)
    }
}
