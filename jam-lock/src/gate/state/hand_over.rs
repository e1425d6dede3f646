//! From hand to hand: who is inside goes, and the claim is left to those who wait here, or given
//! back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Hold, State};
use crate::LockError;
use crate::engine::{Left, Mode, Watch};
use crate::gate::alarm::Alarm;
use crate::gate::bell::Bells;
use crate::gate::queue::{Waiter, Who};
use crate::gate::seam;
use crate::gate::watcher::Watcher;

/// How long a running thread may take the idle claim before the head that was nudged for it. To
/// hand it to a sleeping thread every time would cost a context switch for each acquisition.
const BARGING: Duration = Duration::from_micros(200);

/// How long the claim is kept idle for a task whose executor does not come to it.
const PATIENCE: Duration = Duration::from_millis(10);

/// How short a section is whose end is not recorded while the next one of this process is about to
/// begin. To record it would take as long as the section.
const BRIEF: Duration = Duration::from_micros(10);

impl State {
    /// Gives the lock to whoever is next, or the claim back to the engine, once the last guard of
    /// the acquisition `number` is gone.
    pub(in super::super) fn release(
        &mut self,
        number: u64,
        left: Left,
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
        let now = seam::now();
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
    ) -> Option<(u64, Option<Arc<dyn Watch>>)> {
        self.claim.check_process().ok()?;
        Some((self.inside.reenter(number)?, self.claim.watch()))
    }

    /// Records that nobody is inside, if that is so, and well.
    fn record_idleness(&mut self) {
        if matches!(self.hold, Hold::Idle(_)) && self.abandoned.is_none() {
            self.claim.withdraw(self.token);
            self.published = None;
        }
    }

    /// Passes over the tasks that were nudged, and have not come for too long.
    pub(in super::super) fn watch_went_off(&mut self) {
        self.watch = None;
        let Hold::Idle(mode) = self.hold else { return };
        let now = seam::now();
        self.record_idleness();
        while let Some(head) = self.queue.head() {
            let is_silent = head.rung.is_some_and(|rung| now.duration_since(rung) >= PATIENCE);
            if head.who == Who::Thread || !is_silent {
                break;
            }
            head.is_absent = true;
        }
        if self.queue.head().is_some_and(|head| head.rung.is_some()) {
            // This one was nudged too, and is still expected.
            self.watch(now);
        } else {
            // Nobody is there to be told of an error; the next attempt meets it again.
            let _ = self.pass_on(mode, now);
        }
    }

    /// Leaves the idle claim to those who wait here, or gives it back where nobody does, or for
    /// too long already.
    pub(super) fn pass_on(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        let Some(wanted) = self.queue.head_mode() else { return self.give_back(mode, now) };
        if self.hand_over_until.is_none_or(|until| until <= now) {
            return self.give_back(mode, now);
        }
        if wanted != mode {
            return self.convert(mode, wanted);
        }
        let chain = self.queue.head().map(|head| head.asked.chain);
        if chain.is_some_and(|chain| !self.claim.pass_to(chain)) {
            return self.give_back(mode, now);
        }
        if self.queue.head().is_some_and(|head| head.bell.is_some()) {
            // A fork has nothing to hand over; beside a bell that is rung, it costs little to ask.
            self.claim.check_process().inspect_err(|_| self.hold = Hold::None)?;
        }
        self.hand_over(mode, now);
        Ok(())
    }

    /// Nudges the head, and with a reader all those who may enter with it.
    ///
    /// A running thread may be faster than the head, unless that has been passed over for too long.
    pub(super) fn hand_over(&mut self, mode: Mode, now: Instant) {
        self.hold = Hold::Idle(mode);
        self.idle_since = now;
        match mode {
            Mode::Exclusive => {
                let Some(head) = self.queue.head() else { return };
                let nudged = nudge(head, now, &mut self.bells);
                self.is_reserved = now.duration_since(nudged) > BARGING;
            }
            Mode::Shared => self.nudge_readers(now),
        }
        self.watch(now);
    }

    pub(super) fn nudge_readers(&mut self, now: Instant) {
        for reader in self.queue.leading_readers() {
            nudge(reader, now, &mut self.bells);
        }
    }

    /// Sees to it that a task which was nudged is not waited for in vain; a thread always comes.
    fn watch(&mut self, now: Instant) {
        let is_task = self.queue.head().is_some_and(|head| head.who == Who::Task);
        if is_task && self.watch.is_none() {
            let watcher = Watcher::waker(self.gate.clone());
            self.watch = Some(Alarm::set(now + PATIENCE, watcher));
        }
    }
}

/// Offers the idle claim to `waiter`, and tells since when it has been offered.
fn nudge(waiter: &mut Waiter, now: Instant, bells: &mut Bells) -> Instant {
    if let Some(bell) = waiter.bell.take() {
        bells.ring(bell);
    }
    waiter.rung.get_or_insert(now);
    *waiter.nudged.get_or_insert(now)
}
