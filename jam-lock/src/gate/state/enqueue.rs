//! How a waiter enters the queue, and how it is polled.

use std::task::Waker;

use super::fairness::Verdict;
use super::{HANDOFF_LIMIT, Hold, State};
use crate::engine::{Mode, TryAcquire};
use crate::error::LockError;
use crate::gate::parker::SPIN;
use crate::gate::wait_queue::{Polled, Ticket, WaiterKind};
use crate::gate::{AcquireRequest, Grant, sync};

/// The result of polling a waiter.
pub(in super::super) enum WaiterPoll {
    Granted(Grant),
    Failed(LockError),
    /// It does not block, and the lock is not free.
    Refused,
    Pending,
}

impl State {
    /// Adds a waiter to the queue, and starts a wait at the engine if none is in progress.
    pub(in super::super) fn enqueue(
        &mut self,
        request: &AcquireRequest,
        kind: WaiterKind,
        blocking: bool,
        verdict: Verdict,
    ) -> Ticket {
        let ticket = self.queue.push(request, kind, blocking);
        if self.hold != Hold::None {
            self.handoff_until.get_or_insert_with(|| sync::now() + HANDOFF_LIMIT);
        }
        if blocking {
            self.start_own_wait_if_needed(ticket, request);
        }
        self.start_wait(verdict);
        if kind == WaiterKind::Thread {
            self.wake_next_early();
        }
        ticket
    }

    /// Wakes the thread that is next once the lock was handed to another one, if sections are so short that it is
    /// still running then. The caller, which is about to sleep, has the time for that; the next holder has not.
    fn wake_next_early(&mut self) {
        if !self.is_section_short {
            return;
        }
        let now = sync::now();
        let ahead = match self.hold {
            Hold::Exclusive => 0,
            Hold::Idle(Mode::Exclusive) if self.is_head_spinning(now) => 1,
            _ => return,
        };
        self.queue.wake_sleeping_thread(ahead, now, &mut self.wake_list);
    }

    /// Polls a waiter, and removes it unless it is pending.
    pub(in super::super) fn poll_waiter(&mut self, ticket: Ticket) -> WaiterPoll {
        if let Err(error) = self.claim.check_process() {
            self.remove_waiter(ticket);
            return WaiterPoll::Failed(error);
        }
        let (request, is_offered, keeps_running) = match self.queue.poll(ticket) {
            Polled::Queued { request, is_offered, keeps_running } => {
                (request, is_offered, keeps_running)
            }
            Polled::PassedOver => return self.try_acquire_queued(ticket),
            Polled::Refused => {
                self.remove_waiter(ticket);
                return WaiterPoll::Refused;
            }
            Polled::Failed(error) => {
                self.remove_waiter(ticket);
                return WaiterPoll::Failed(error);
            }
        };
        let is_open = match (self.hold, request.mode) {
            (Hold::Idle(held), mode) => held == mode,
            (Hold::Shared(_), Mode::Shared) => !self.is_lost(),
            _ => false,
        };
        if !(is_offered && is_open) {
            if keeps_running {
                self.spinning = Some((ticket, sync::now() + SPIN));
            }
            return WaiterPoll::Pending;
        }
        let idle = if let Hold::Idle(held) = self.hold { Some(held) } else { None };
        if let Some(held) = idle {
            if !self.claim.reassign(request.owner) {
                // The head may be able to use it; but it has not been woken if it has just come back to its
                // place before this waiter.
                if !self.head_takes_idle_claim(held) {
                    // An error reaches no waiter; the new wait meets it again.
                    let _ = self.return_claim(held, sync::now());
                }
                return WaiterPoll::Pending;
            }
        }
        self.remove_waiter(ticket);
        let now = sync::now();
        let grant = self.grant(&request, now);
        if idle == Some(Mode::Shared) {
            // Those that could not use the idle claim may join the reader that has it.
            self.notify_readers(now);
        }
        WaiterPoll::Granted(grant)
    }

    /// Polls a waiter that may not be polled again soon, because it was passed over or its time is
    /// up: it gets the claim if that is free, even while this process yields to others.
    pub(in super::super) fn try_acquire_queued(&mut self, ticket: Ticket) -> WaiterPoll {
        if let (Hold::None, Some(mode)) = (self.hold, self.queue.mode_if_head(ticket)) {
            match self.claim.try_acquire(mode) {
                Ok(TryAcquire::Acquired) => {
                    let now = sync::now();
                    self.handoff_until = Some(now + HANDOFF_LIMIT);
                    self.hand_off(mode, now);
                }
                Ok(TryAcquire::Contended | TryAcquire::Unknown) => {}
                Err(error) => {
                    self.remove_waiter(ticket);
                    self.serve_head();
                    return WaiterPoll::Failed(error);
                }
            }
        }
        self.serve_head();
        self.start_own_waits();
        self.poll_waiter(ticket)
    }

    /// Stores the waker of a pending waiter.
    pub(in super::super) fn set_waker(&mut self, ticket: Ticket, waker: Option<Waker>) {
        self.queue.set_waker(ticket, waker, &mut self.wake_list);
    }
}
