//! The waits at the engine, on behalf of the head of the queue.

use std::mem::ManuallyDrop;

use super::fairness::Verdict;
use super::{HANDOFF_LIMIT, Hold, State, sync};
use crate::engine::{Claim, Mode, OwnerId, WaitId, WaitRequest};
use crate::error::LockError;
use crate::gate::AcquireRequest;
use crate::gate::wait_queue::Ticket;

/// The current waits, at most one for each mode; a wait that was replaced is discarded when it is
/// done.
#[derive(Default)]
pub(super) struct EngineWaits {
    exclusive: Option<EngineWait>,
    shared: Option<EngineWait>,
    started: u64,
}

/// A wait in progress, and the waiter that it was started for.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct EngineWait {
    pub(super) id: WaitId,
    owner: OwnerId,
    blocking: bool,
}

impl EngineWaits {
    /// Those in progress.
    pub(super) fn ids(&self) -> [Option<WaitId>; 2] {
        [self.exclusive, self.shared].map(|wait| wait.map(|wait| wait.id))
    }

    /// Forgets the wait `id`, which was cancelled.
    pub(super) fn forget(&mut self, id: WaitId) {
        for wait in [&mut self.exclusive, &mut self.shared] {
            wait.take_if(|current| current.id == id);
        }
    }

    fn in_mode(&mut self, mode: Mode) -> &mut Option<EngineWait> {
        match mode {
            Mode::Exclusive => &mut self.exclusive,
            Mode::Shared => &mut self.shared,
        }
    }
}

/// A wait that is done: accepted once, or discarded when it is dropped.
struct FinishedWait<'claim> {
    claim: &'claim mut dyn Claim,
    id: WaitId,
}

impl FinishedWait<'_> {
    /// Takes over the claim if the wait acquired it; `false` if the claim is not acquired.
    fn accept_if_acquired(self, result: Result<bool, LockError>) -> Result<bool, LockError> {
        if !result? {
            return Ok(false);
        }
        let mut wait = ManuallyDrop::new(self);
        let id = wait.id;
        wait.claim.accept(id)
    }
}

impl Drop for FinishedWait<'_> {
    fn drop(&mut self) {
        self.claim.discard(self.id);
    }
}

impl State {
    /// Takes the result of the wait `id`.
    pub(in super::super) fn wait_done(
        &mut self,
        id: WaitId,
        mode: Mode,
        result: Result<bool, LockError>,
    ) {
        let own = self.own_waits.done(id);
        let wait = FinishedWait { claim: &mut *self.claim, id };
        let current = self.engine_waits.in_mode(mode).take_if(|current| current.id == id);
        if let (Some(ticket), Ok(true), Hold::None) = (own, &result, self.hold) {
            self.queue.promote(ticket);
        }
        let is_of_head = current.is_some() || own.is_some_and(|own| self.queue.is_head(own));
        if !is_of_head && own.is_none() {
            return;
        }
        if self.hold != Hold::None || !is_of_head || self.queue.head_mode() != Some(mode) {
            // No waiter needs it any more, or another acquisition of this process was faster.
            drop(wait);
            if current.is_some() && self.hold.mode() != Some(mode) {
                // An error reaches no waiter; the next attempt meets it again.
                let _ = self.claim.release(mode, None);
            }
            if let Some(ticket) = own {
                self.own_wait_done(ticket, mode, result);
            }
            return self.start_wait(Verdict::Proceed);
        }
        let is_contended = matches!(result, Ok(false));
        let accepted = wait.accept_if_acquired(result);
        if is_contended {
            self.queue.refuse_tries(&mut self.wake_list);
        }
        match accepted {
            Ok(true) => self.hand_off_after_wait(mode),
            Ok(false) => self.start_wait(Verdict::Proceed),
            Err(error) => {
                match own {
                    Some(ticket) => self.queue.fail(ticket, error, &mut self.wake_list),
                    None => self.fail_head(error),
                }
                self.start_wait(Verdict::Proceed);
            }
        }
    }

    /// Hands the claim that a wait has acquired to the queue, or yields it to other processes.
    fn hand_off_after_wait(&mut self, mode: Mode) {
        let now = sync::now();
        let verdict = self.fairness.should_yield_after_wait(now, || self.claim.is_polled());
        if let Verdict::Yield(_) = verdict {
            if let Err(error) = self.claim.release(mode, None) {
                self.fail_head(error);
            }
            return self.start_wait(verdict);
        }
        self.handoff_until = Some(now + HANDOFF_LIMIT);
        self.hand_off(mode, now);
        // A later request has not waited, so it does not go first.
        self.is_reserved = true;
    }

    /// Starts a wait for the head of the queue, unless one is in progress or the claim is held.
    pub(super) fn start_wait(&mut self, verdict: Verdict) {
        while self.hold == Hold::None {
            let Some(ticket) = self.queue.head_ticket() else { return };
            let Some(head) = self.queue.head() else { return };
            let (request, blocking) = (head.request, head.blocking);
            match self.current_or_new_wait(ticket, &request, blocking, verdict) {
                Ok(wait) => {
                    *self.engine_waits.in_mode(request.mode) = Some(wait);
                    return self.start_own_waits();
                }
                Err(error) => self.fail_head(error),
            }
        }
    }

    /// The wait in progress, or a new one if there is none or it is no longer valid.
    fn current_or_new_wait(
        &mut self,
        ticket: Ticket,
        request: &AcquireRequest,
        blocking: bool,
        verdict: Verdict,
    ) -> Result<EngineWait, LockError> {
        // Its file may have been removed or replaced.
        if let Some(wait) = self.engine_waits.in_mode(request.mode).take() {
            if self.claim.is_wait_still_valid(wait.id)? {
                return Ok(wait);
            }
        }
        if let Some(id) = self.own_waits.of(ticket) {
            return Ok(EngineWait { id, owner: request.owner, blocking });
        }
        let wait = self.new_wait(request, blocking, verdict)?;
        self.own_waits.started(ticket, wait.id);
        Ok(wait)
    }

    pub(super) fn new_wait(
        &mut self,
        request: &AcquireRequest,
        blocking: bool,
        verdict: Verdict,
    ) -> Result<EngineWait, LockError> {
        let AcquireRequest { mode, site, is_recorded, owner, permits, .. } = *request;
        self.engine_waits.started += 1;
        let id = WaitId(self.engine_waits.started);
        let site = is_recorded.then_some(site);
        let gate = self.gate.upgrade().expect("the caller has the gate");
        let done = Box::new(move |result| {
            gate.update(|state| state.wait_done(id, mode, result));
            gate.update_if_unlocked(State::record_waking_head);
        });
        let yield_first = verdict.yield_for();
        let request = WaitRequest { id, mode, blocking, yield_first, owner, site, permits };
        self.claim.start_wait(request, done)?;
        Ok(EngineWait { id, owner, blocking })
    }

    /// What the wait for `request` is blocked on, if not on a holder.
    pub(in super::super) fn blocked_on(&mut self, request: &AcquireRequest) -> Option<String> {
        let wait = (*self.engine_waits.in_mode(request.mode))?;
        self.claim.blocked_on(wait.id)
    }

    /// Cancels the waits that were started for a waiter other than the head.
    pub(super) fn cancel_unneeded_waits(&mut self) {
        let head = self.queue.head();
        let needed = head.map(|head| (head.request.mode, head.request.owner, head.blocking));
        for mode in [Mode::Exclusive, Mode::Shared] {
            let Some(wait) = *self.engine_waits.in_mode(mode) else { continue };
            let is_needed = needed == Some((mode, wait.owner, wait.blocking));
            // A waiter that needs a wait of its own keeps it until it leaves.
            let is_own = self.own_waits.contains(wait.id);
            if !is_needed && (is_own || self.claim.cancel_wait(wait.id)) {
                *self.engine_waits.in_mode(mode) = None;
            }
        }
    }

    /// Ends the head's wait with an error; the next waiter asks the engine again.
    pub(super) fn fail_head(&mut self, error: LockError) {
        self.queue.fail_head(error, &mut self.wake_list);
    }
}
