//! A task that is woken for the lock but not polled is passed over.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::{Hold, State};
use crate::gate::timer::Timer;
use crate::gate::wait_queue::WaiterKind;
use crate::gate::{Gate, sync};

/// How long the claim stays idle for a task that is not polled.
const STALL_TIMEOUT: Duration = Duration::from_millis(10);

/// The factor by which the number of offers grows each time that tasks are stalled: a few rounds
/// reach the first waiter that is not stalled, however many are.
const OFFER_GROWTH: usize = 16;

impl State {
    /// Starts the timer that passes over the head if it is a task, and does not take the claim that has been idle
    /// since `start`; a thread always runs.
    pub(super) fn arm_stalled_timer(&mut self, start: Instant) {
        let is_task = self.queue.head().is_some_and(|head| head.kind == WaiterKind::Task);
        if is_task && self.stalled_timer.is_none() {
            let skip = Waker::from(Arc::new(SkipStalled { gate: self.gate.clone() }));
            self.stalled_timer = Some(Timer::new(start + STALL_TIMEOUT, &skip));
        }
    }

    /// Passes over the tasks that were woken too long ago, and offers the idle claim to more waiters.
    pub(in crate::gate) fn skip_stalled(&mut self) {
        self.stalled_timer = None;
        let Hold::Idle(mode) = self.hold else { return };
        let now = sync::now();
        if now < self.idle_since + STALL_TIMEOUT {
            // Waiters take turns, but more of them were woken than their executor polls in this time.
            return self.arm_stalled_timer(self.idle_since);
        }
        self.record_idle();
        let since = now.checked_sub(STALL_TIMEOUT);
        if since.is_some_and(|since| self.queue.skip_stalled(since)) {
            self.offers = self.offers.saturating_mul(OFFER_GROWTH);
        }
        if self.head_takes_idle_claim(mode) {
            self.arm_stalled_timer(now);
        } else {
            // An error reaches no waiter; the next attempt meets it again.
            let _ = self.hand_off_or_return(mode, now);
        }
    }
}

/// Passes over the stalled tasks of a gate when it is woken.
struct SkipStalled {
    gate: Weak<Gate>,
}

impl Wake for SkipStalled {
    fn wake(self: Arc<Self>) {
        if let Some(gate) = self.gate.upgrade() {
            gate.update(State::skip_stalled);
        }
    }
}
