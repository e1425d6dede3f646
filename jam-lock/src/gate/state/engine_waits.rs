//! The gate's side of the engine: the claim is pursued, comes home, is exchanged and given back.

use std::time::{Duration, Instant};

use super::{Acquisition, HAND_OVER, Hold, State, sync};
use crate::engine::{Mode, OwnerId, TryAcquire, Usage, WaitId, WaitRequest};
use crate::error::LockError;

/// The pursuits in flight that count, one for each mode; older ones are dismissed when they come
/// home.
#[derive(Default)]
pub(super) struct Pursuits {
    exclusive: Option<Underway>,
    shared: Option<Underway>,
    started: u64,
}

/// A pursuit in flight, and for whom.
#[derive(Clone, Copy, PartialEq)]
struct Underway {
    id: WaitId,
    owner: OwnerId,
    waits: bool,
}

impl Pursuits {
    /// How many are in flight.
    pub(super) fn count(&self) -> usize {
        usize::from(self.exclusive.is_some()) + usize::from(self.shared.is_some())
    }

    fn of(&mut self, mode: Mode) -> &mut Option<Underway> {
        match mode {
            Mode::Exclusive => &mut self.exclusive,
            Mode::Shared => &mut self.shared,
        }
    }
}

impl State {
    /// Receives pursuit `number`, whose wait has ended.
    pub(in super::super) fn wait_done(
        &mut self,
        id: WaitId,
        mode: Mode,
        result: Result<bool, LockError>,
    ) {
        if self.pursuits.of(mode).take_if(|underway| underway.id == id).is_none() {
            return self.claim.discard(id);
        }
        if self.hold != Hold::None || self.queue.head_mode() != Some(mode) {
            // Nobody needs it any more, or somebody of this process was faster.
            self.claim.discard(id);
            if self.hold.mode() != Some(mode) {
                // Nobody is left to be told of an error; the next attempt meets it again.
                let _ = self.claim.release(mode, None);
            }
            return self.start_wait(Duration::ZERO);
        }
        let welcome = match result {
            Ok(true) => self.claim.accept(id),
            Ok(false) => {
                self.claim.discard(id);
                self.queue.refuse_tries(&mut self.wakers);
                Ok(false)
            }
            Err(error) => {
                self.claim.discard(id);
                Err(error)
            }
        };
        match welcome {
            Ok(true) => {
                let now = sync::now();
                let stands_back = !self.serves_in_order;
                let pause = stands_back
                    .then(|| self.streak.has_waited(now, || self.claim.is_polled()))
                    .flatten();
                if let Some(pause) = pause {
                    return self.stand_back(mode, pause);
                }
                self.hand_over_until = Some(now + HAND_OVER);
                self.hand_over(mode, now);
                // Who asks now did not wait for this.
                self.is_reserved = true;
            }
            Ok(false) => self.start_wait(Duration::ZERO),
            Err(error) => {
                self.fail(error);
                self.start_wait(Duration::ZERO);
            }
        }
    }

    /// Exchanges the idle claim for one of the other mode, for which somebody here waits.
    pub(super) fn convert(&mut self, held: Mode, wanted: Mode) -> Result<(), LockError> {
        self.hold = Hold::None;
        self.readers.end();
        let result = self.release_claim(held);
        match self.claim.try_acquire(wanted) {
            Ok(TryAcquire::Acquired) => self.hand_over(wanted, sync::now()),
            Ok(TryAcquire::Contended | TryAcquire::Unknown) => self.start_wait(Duration::ZERO),
            Err(error) => {
                self.fail(error);
                self.start_wait(Duration::ZERO);
            }
        }
        result
    }

    /// Returns the claim to the engine, and asks for it again where somebody waits.
    pub(super) fn give_back(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        self.hold = Hold::None;
        self.hand_over_until = None;
        let result = self.release_claim(mode);
        self.readers.end();
        self.streak.pauses(now);
        if !self.queue.is_empty() {
            let pause = self.streak.insists(now);
            self.start_wait(if self.serves_in_order { Duration::ZERO } else { pause });
        }
        result
    }

    /// Leaves the claim that has come home to others for a moment.
    fn stand_back(&mut self, mode: Mode, pause: Duration) {
        if let Err(error) = self.claim.release(mode, None) {
            self.fail(error);
        }
        self.start_wait(pause);
    }

    /// Gives the claim back; whoever has it next learns from the engine of who left it abandoned.
    fn release_claim(&mut self, mode: Mode) -> Result<(), LockError> {
        self.published = None;
        let abandoned = self.abandoned.take();
        self.claim.release(
            mode,
            Some(Usage { abandoned_by: abandoned.as_deref(), last_token: self.token }),
        )
    }

    /// Starts a pursuit where somebody waits for a claim that nobody is asking for.
    pub(super) fn start_wait(&mut self, pause: Duration) {
        while self.hold == Hold::None {
            let Some(head) = self.queue.head() else { return };
            let (asked, waits) = (head.asked, head.waits);
            match self.pursued(&asked, waits, pause) {
                Ok(underway) => {
                    *self.pursuits.of(asked.mode) = Some(underway);
                    return;
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// The pursuit in flight, or a new one where there is none for what the name stands for now.
    fn pursued(
        &mut self,
        asked: &Acquisition,
        waits: bool,
        pause: Duration,
    ) -> Result<Underway, LockError> {
        let Acquisition { mode, site, is_recorded, owner, .. } = *asked;
        // What is waited for may be a file that somebody has removed or replaced since.
        if let Some(underway) = self.pursuits.of(mode).take() {
            if self.claim.is_wait_still_valid(underway.id)? {
                return Ok(underway);
            }
        }
        self.pursuits.started += 1;
        let id = WaitId(self.pursuits.started);
        let site = is_recorded.then_some(site);
        let gate = self.gate.upgrade().expect("whoever calls has the gate");
        let done = Box::new(move |result| gate.wait_done(id, mode, result));
        self.claim.start_wait(
            WaitRequest { id, mode, blocking: waits, yield_first: pause, owner, site },
            done,
        )?;
        Ok(Underway { id, owner, waits })
    }

    /// What keeps the pursuit for who waits in vain, but a holder.
    pub(in super::super) fn blocked_on(&mut self, asked: &Acquisition) -> Option<String> {
        let underway = (*self.pursuits.of(asked.mode))?;
        self.claim.blocked_on(underway.id)
    }

    /// Ends the pursuits of those who have left, where nobody else is served by them.
    pub(super) fn recall_what_nobody_needs(&mut self) {
        let needed = self.queue.head().map(|head| (head.asked.mode, head.asked.owner, head.waits));
        for mode in [Mode::Exclusive, Mode::Shared] {
            let Some(underway) = *self.pursuits.of(mode) else { continue };
            let is_needed = needed == Some((mode, underway.owner, underway.waits));
            if !is_needed && self.claim.cancel_wait(underway.id) {
                *self.pursuits.of(mode) = None;
            }
        }
    }

    /// Ends the head's wait with an error; the next one asks again and hears for itself.
    fn fail(&mut self, error: LockError) {
        self.queue.fail_head(error, &mut self.wakers);
    }
}
