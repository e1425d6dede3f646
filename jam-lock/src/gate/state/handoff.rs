//! From hand to hand: who is inside goes, and the claim is left to those who wait here, or given
//! back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Hold, State};
use crate::engine::{LossMonitor, Mode};
use crate::error::LockError;
use crate::gate::Outcome;
use crate::gate::stalled::SkipStalled;
use crate::gate::sync;
use crate::gate::timer::Timer;
use crate::gate::wait_queue::{Waiter, Who};

/// How long a running thread may take the idle claim before the head that was notified of it. To
/// hand it to a sleeping thread every time would cost a context switch for each acquisition.
const BARGING: Duration = Duration::from_micros(200);

/// How long the claim is kept idle for a task whose executor does not come to it.
const PATIENCE: Duration = Duration::from_millis(10);

/// How many more waiters are offered the idle claim each time that none has come for it: however
/// many tasks are stalled, a few rounds find the first waiter that is not.
const MORE_OFFERS: usize = 16;

/// How short a section is whose end is not recorded while the next one of this process is about to
/// begin. To record it would take as long as the section.
const BRIEF: Duration = Duration::from_micros(10);

impl State {
    /// Gives the lock to whoever is next, or the claim back to the engine, once the last guard of
    /// the acquisition `number` is gone.
    pub(in super::super) fn release(
        &mut self,
        number: u64,
        left: Outcome,
    ) -> Option<Result<(), LockError>> {
        let (since, holder) = self.inside.leave(number, left)?;
        let mode = match self.hold {
            Hold::Shared(readers) if readers > 1 => {
                self.hold = Hold::Shared(readers - 1);
                return Some(Ok(()));
            }
            Hold::Shared(_) => Mode::Shared,
            _ => Mode::Exclusive,
        };
        // What a reader leaves behind is what it found.
        if mode == Mode::Exclusive {
            self.abandoned = holder;
        }
        self.hold = Hold::Idle(mode);
        let now = sync::now();
        let result = self.pass_on(mode, now);
        if matches!(self.hold, Hold::Idle(_)) && now.duration_since(since) >= BRIEF {
            self.record_idleness();
        }
        Some(result)
    }

    /// Has one more guard stand for the acquisition `number`, and tells its token, and what tells
    /// whether it is lost, if it is still there.
    pub(in super::super) fn reenter(
        &mut self,
        number: u64,
    ) -> Option<(u64, Option<Arc<dyn LossMonitor>>)> {
        self.claim.check_process().ok()?;
        Some((self.inside.reenter(number)?, self.claim.loss_monitor()))
    }

    /// Records that nobody is inside, if that is so, and well.
    fn record_idleness(&mut self) {
        if matches!(self.hold, Hold::Idle(_)) && self.abandoned.is_none() {
            self.claim.clear_holder(self.token);
            self.published = None;
        }
    }

    /// Passes over the tasks that were notified, and have not come for too long.
    pub(in super::super) fn skip_stalled(&mut self) {
        self.stall_timer = None;
        let Hold::Idle(mode) = self.hold else { return };
        let now = sync::now();
        self.record_idleness();
        let is_due = now.checked_sub(PATIENCE);
        if is_due.is_some_and(|since| self.queue.skip_stalled(since)) {
            self.offers = self.offers.saturating_mul(MORE_OFFERS);
        }
        let is_expected = |head: &Waiter| head.notified().is_some() && head.asked.mode == mode;
        if self.queue.head().is_some_and(is_expected) {
            self.watch_for_stalled(now);
        } else {
            // Nobody is there to be told of an error; the next attempt meets it again.
            let _ = self.pass_on(mode, now);
        }
    }

    /// Leaves the idle claim to those who wait here, or gives it back where nobody does, or for
    /// too long already.
    pub(super) fn pass_on(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        let Some(wanted) = self.queue.head_mode() else { return self.give_back(mode, now) };
        let is_over = self.hand_over_until.is_none_or(|until| until <= now);
        if is_over || self.readers.is_over() {
            return self.give_back(mode, now);
        }
        if wanted != mode {
            return self.convert(mode, wanted);
        }
        let owner = self.queue.head().map(|head| head.asked.owner);
        if owner.is_some_and(|owner| !self.claim.reassign(owner)) {
            return self.give_back(mode, now);
        }
        if self.queue.head().is_some_and(Waiter::is_asleep) {
            // A fork has nothing to hand over; beside a waker that is called, a check costs little.
            self.claim.check_process().inspect_err(|_| self.hold = Hold::None)?;
        }
        self.hand_over(mode, now);
        Ok(())
    }

    /// Notifies the head, and with a reader all those who may enter with it.
    ///
    /// A running thread may be faster than the head, unless that has been passed over for too long.
    pub(super) fn hand_over(&mut self, mode: Mode, now: Instant) {
        self.hold = Hold::Idle(mode);
        self.idle_since = now;
        match mode {
            Mode::Exclusive => {
                let Some(offered) =
                    self.queue.notify_leading_writers(self.offers, now, &mut self.wakers)
                else {
                    return;
                };
                self.is_reserved = now.duration_since(offered) > BARGING;
            }
            Mode::Shared => self.notify_readers(now),
        }
        if self.offers > 1 {
            // Of those that have to be waited for, whatever their mode, it is known by the next round.
            self.queue.wake_leading(self.offers, now, &mut self.wakers);
        }
        self.watch_for_stalled(now);
    }

    pub(super) fn notify_readers(&mut self, now: Instant) {
        self.queue.notify_leading_readers(now, &mut self.wakers);
    }

    /// Sees to it that a task which was notified is not waited for in vain; a thread always comes.
    fn watch_for_stalled(&mut self, now: Instant) {
        let is_task = self.queue.head().is_some_and(|head| head.who == Who::Task);
        if is_task && self.stall_timer.is_none() {
            let skip = SkipStalled::waker(self.gate.clone());
            self.stall_timer = Some(Timer::new(now + PATIENCE, &skip));
        }
    }
}
