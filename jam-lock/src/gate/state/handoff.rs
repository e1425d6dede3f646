//! From holder to holder: the claim is handed to the queue, exchanged for the other mode, or returned
//! to the engine.

use std::time::{Duration, Instant};

use super::fairness::Verdict;
use super::{Hold, State};
use crate::engine::{Mode, TryAcquire, Usage};
use crate::error::LockError;
use crate::gate::parker::SPIN;
use crate::gate::wait_queue::Waiter;
use crate::gate::{Outcome, sync};

/// How long after its first offer the head may be overtaken by running threads. Always handing off
/// to a sleeping thread would cost a context switch for each acquisition.
const BARGING: Duration = Duration::from_micros(200);

/// The end of a shorter section is not recorded if the next one of this process is about to begin:
/// recording it would take as long as the section. Nor is that of a longer one if the head is running, and
/// begins sooner than the record is written.
const SHORT_SECTION: Duration = Duration::from_micros(10);

/// A section that is shorter is over before a thread that is woken at its beginning runs.
const WORTH_A_WAKE_UP: Duration = Duration::from_micros(5);

impl State {
    /// Releases one guard of holder `number`; with the last one, hands the claim to the queue or
    /// returns it to the engine.
    pub(in super::super) fn release(
        &mut self,
        number: u64,
        outcome: Outcome,
    ) -> Option<Result<(), LockError>> {
        let holder = self.holders.remove_guard(number, outcome)?;
        if !self.holder_waits.is_empty() {
            self.clear_holder_waits();
        }
        let mode = match self.hold {
            Hold::Shared(readers) if readers > 1 => {
                self.hold = Hold::Shared(readers - 1);
                return Some(Ok(()));
            }
            Hold::Shared(_) => Mode::Shared,
            _ => Mode::Exclusive,
        };
        // A reader leaves the lock as it found it.
        if mode == Mode::Exclusive {
            self.abandoned_by = holder.abandoned_by;
        }
        self.hold = Hold::Idle(mode);
        let now = sync::now();
        let result = self.hand_off_or_return(mode, now);
        let section = now.duration_since(holder.since);
        self.is_section_short = (WORTH_A_WAKE_UP..SPIN).contains(&section);
        if section >= SHORT_SECTION && !self.is_head_spinning(now) {
            self.record_idle();
        }
        Some(result)
    }

    /// Whether the head is a thread that keeps running until it gets the claim.
    pub(super) fn is_head_spinning(&self, now: Instant) -> bool {
        self.spinning.is_some_and(|(ticket, until)| now < until && self.queue.is_head(ticket))
    }

    /// Records that the claim is idle, if it is, and was not abandoned.
    pub(super) fn record_idle(&mut self) {
        if matches!(self.hold, Hold::Idle(_)) && self.abandoned_by.is_none() {
            self.claim.clear_holder(self.token);
            (self.recorded, self.waking_holder) = (None, None);
        }
    }

    /// Hands the idle claim to the queue; returns it to the engine if the queue is empty, or has kept
    /// it for too long.
    pub(super) fn hand_off_or_return(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        let Some(wanted) = self.queue.head_mode() else { return self.return_claim(mode, now) };
        let is_over = self.handoff_until.is_none_or(|until| until <= now);
        if is_over || self.reader_phase.has_ended() {
            return self.return_claim(mode, now);
        }
        if wanted != mode {
            return self.switch_mode(mode, wanted);
        }
        let owner = self.queue.head().map(|head| head.request.owner);
        if owner.is_some_and(|owner| !self.claim.reassign(owner)) {
            return self.return_claim(mode, now);
        }
        if self.queue.head().is_some_and(Waiter::is_asleep) {
            // A fork has nothing to hand off; next to the call of a waker, the check costs little.
            self.claim.check_process().inspect_err(|_| self.hold = Hold::None)?;
        }
        self.hand_off(mode, now);
        Ok(())
    }

    /// Leaves the claim idle, and notifies the head; if that is a reader, also those that may join it.
    ///
    /// A running thread may barge ahead of the head, unless the head has been overtaken for too long.
    pub(super) fn hand_off(&mut self, mode: Mode, now: Instant) {
        self.hold = Hold::Idle(mode);
        self.idle_since = now;
        match mode {
            Mode::Exclusive => {
                let Some(offered_since) =
                    self.queue.notify_leading_writers(self.offers, now, &mut self.wake_list)
                else {
                    return;
                };
                self.is_reserved = now.duration_since(offered_since) > BARGING;
            }
            Mode::Shared => self.notify_readers(now),
        }
        if self.offers > 1 {
            // So the next round knows which of the leading waiters are stalled, of either mode.
            self.queue.wake_leading(self.offers, now, &mut self.wake_list);
        }
        self.arm_stalled_timer(now);
    }

    /// Whether the head has been woken to take the claim, which is idle in this mode.
    pub(super) fn head_takes_idle_claim(&self, mode: Mode) -> bool {
        self.queue.head().is_some_and(|head| {
            head.is_offered() && head.woken_at().is_some() && head.request.mode == mode
        })
    }

    pub(super) fn notify_readers(&mut self, now: Instant) {
        self.queue.notify_leading_readers(now, &mut self.wake_list);
    }

    /// Exchanges the idle claim for one of the other mode, which the head wants.
    fn switch_mode(&mut self, held: Mode, wanted: Mode) -> Result<(), LockError> {
        self.hold = Hold::None;
        self.reader_phase.reset();
        let result = self.release_claim(held);
        match self.claim.try_acquire(wanted) {
            Ok(TryAcquire::Acquired) => self.hand_off(wanted, sync::now()),
            Ok(TryAcquire::Contended | TryAcquire::Unknown) => self.start_wait(Verdict::Proceed),
            Err(error) => {
                self.fail_head(error);
                self.start_wait(Verdict::Proceed);
            }
        }
        result
    }

    /// Returns the claim to the engine, and starts a wait for it if the queue is not empty.
    pub(super) fn return_claim(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        self.hold = Hold::None;
        self.handoff_until = None;
        let result = self.release_claim(mode);
        self.reader_phase.reset();
        // Not from `now` on: where the release takes long, a loop would seem to leave gaps.
        self.fairness.released(sync::now());
        if !self.queue.is_empty() {
            let verdict = self.fairness.should_yield_after_release(now);
            self.start_wait(verdict);
        }
        result
    }

    /// Releases the claim, and reports an abandonment to the engine.
    fn release_claim(&mut self, mode: Mode) -> Result<(), LockError> {
        (self.recorded, self.waking_holder) = (None, None);
        let abandoned_by = self.abandoned_by.take();
        // Nothing is recorded that has a number of permits.
        let (last_token, permits) = (self.token, 1);
        let usage = Usage { abandoned_by: abandoned_by.as_deref(), last_token, permits };
        self.claim.release(mode, Some(usage))
    }
}
