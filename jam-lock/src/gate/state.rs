//! What is decided under a gate's mutex: who has the claim, and who is next.
//!
//! The claim is never handed to a sleeping waiter. It is left idle, the head of the queue is
//! notified, and the first waiter that comes takes it; so an offer to a waiter that never wakes can
//! go to the next.

mod engine_waits;
mod enqueue;
mod fairness;
mod handoff;
mod holders;
mod readers;
mod recorded;
mod snapshot;

use std::sync::Weak;
use std::time::{Duration, Instant};

use self::engine_waits::Pursuits;
use self::fairness::Streak;
use self::holders::Inside;
use self::readers::ReaderTurn;
use self::recorded::Published;
use super::parker::WakeList;
use super::sync;
use super::timer::Timer;
use super::wait_queue::WaitQueue;
use super::{Acquisition, Gate, Grant};
use crate::engine::{Claim, Mode, Recorded, TryAcquire, Usage};
use crate::error::LockError;
use crate::holder::Holder;

pub(super) use self::enqueue::Turn;

/// How long the claim may go from hand to hand in this process while somebody queues; other
/// processes wait that long at the most.
const HAND_OVER: Duration = Duration::from_millis(5);

/// Who has the claim.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    /// Not this process.
    None,
    /// This process, but nobody in it: a waiter that was notified may take it.
    Idle(Mode),
    /// One writer.
    Exclusive,
    /// So many readers.
    Shared(usize),
}

impl Hold {
    /// The same, with one more holder.
    fn joined(self, mode: Mode) -> Self {
        match (mode, self) {
            (Mode::Exclusive, _) => Self::Exclusive,
            (Mode::Shared, Self::Shared(readers)) => Self::Shared(readers + 1),
            (Mode::Shared, _) => Self::Shared(1),
        }
    }

    /// How the process holds the claim, if it does.
    fn mode(self) -> Option<Mode> {
        match self {
            Self::None => None,
            Self::Idle(mode) => Some(mode),
            Self::Exclusive => Some(Mode::Exclusive),
            Self::Shared(_) => Some(Mode::Shared),
        }
    }
}

/// What becomes of who does not want to wait, or has not begun to.
pub(super) enum Taken {
    Granted(Grant),
    Refused,
    /// Only a pursuit can tell.
    Unknown,
}

/// One name inside this process.
pub(super) struct State {
    gate: Weak<Gate>,
    /// Whether the engine serves processes in order, so that this one need not stand back.
    serves_in_order: bool,
    claim: Box<dyn Claim>,
    hold: Hold,
    inside: Inside,
    /// What the engine has made known of who is inside.
    published: Option<Published>,
    /// The greatest token that was given to a writer.
    token: u64,
    /// The first who died with the lock or left it abandoned, until somebody has recovered: a writer
    /// that learned of it has left the lock clean.
    abandoned: Option<Box<Holder>>,
    /// Since when the claim is idle, if it is.
    idle_since: Instant,
    /// Whether the idle claim is for those alone to which it was offered.
    is_reserved: bool,
    /// To how many waiters the idle claim is offered at once: more than one after a task has not
    /// come for it.
    offers: usize,
    queue: WaitQueue,
    /// When the claim must go back to the engine although somebody here waits for it.
    hand_over_until: Option<Instant>,
    streak: Streak,
    pursuits: Pursuits,
    readers: ReaderTurn,
    /// Fires where tasks that were notified may be passed over.
    stall_timer: Option<Timer>,
    wakers: WakeList,
}

impl State {
    pub(super) fn new(claim: Box<dyn Claim>, serves_in_order: bool, gate: Weak<Gate>) -> Self {
        Self {
            gate,
            serves_in_order,
            claim,
            hold: Hold::None,
            inside: Inside::default(),
            published: None,
            token: 0,
            abandoned: None,
            idle_since: sync::now(),
            is_reserved: false,
            offers: 1,
            queue: WaitQueue::default(),
            hand_over_until: None,
            streak: Streak::default(),
            pursuits: Pursuits::default(),
            readers: ReaderTurn::default(),
            stall_timer: None,
            wakers: WakeList::default(),
        }
    }

    #[cfg(feature = "conformance")]
    pub(super) fn queued(&self) -> usize {
        self.queue.waiting()
    }

    /// The wakers to call and to drop once the mutex is free, if there are any.
    pub(super) fn take_wakers(&mut self) -> Option<WakeList> {
        (!self.wakers.is_empty()).then(|| std::mem::take(&mut self.wakers))
    }

    /// Takes the lock if that needs no waiting; asks the engine only where nobody is before.
    ///
    /// Where this process has had its share, others have their turn first.
    pub(super) fn take(&mut self, asked: &Acquisition, may_wait: bool) -> Result<Taken, LockError> {
        let since = match (self.hold, asked.mode) {
            (Hold::None, mode) if self.queue.is_empty() => {
                let now = sync::now();
                let is_over =
                    !self.serves_in_order && self.streak.goes_on(now, || self.claim.is_polled());
                let attempt = match (is_over, may_wait) {
                    (false, _) => self.claim.try_acquire(mode)?,
                    (true, true) => TryAcquire::Contended,
                    // A try may not wait for others, but lets them go first.
                    (true, false) => TryAcquire::Unknown,
                };
                if attempt == TryAcquire::Unknown {
                    return Ok(Taken::Unknown);
                }
                (attempt == TryAcquire::Acquired).then_some(now)
            }
            (Hold::Idle(Mode::Exclusive), Mode::Exclusive) if !self.is_reserved => {
                self.claim.reassign(asked.owner).then_some(self.idle_since)
            }
            // A writer that waits holds later readers back.
            (Hold::Idle(Mode::Shared), Mode::Shared) if !self.queue.has_writer() => {
                self.claim.reassign(asked.owner).then(sync::now)
            }
            (Hold::Shared(_), Mode::Shared) if !self.queue.has_writer() && !self.is_lost() => {
                let now = sync::now();
                self.may_join_readers(now)?.then_some(now)
            }
            _ => None,
        };
        if since.is_none() {
            // Who is about to wait, or to be refused, would not learn otherwise that it is a fork.
            self.claim.check_process()?;
        }
        Ok(since.map_or(Taken::Refused, |since| Taken::Granted(self.admit(asked, since))))
    }

    /// Whether the claim is no longer this process's, although it was not given back.
    fn is_lost(&self) -> bool {
        self.claim.loss_monitor().is_some_and(|watch| watch.lost_reason().is_some())
    }

    /// Lets somebody in, for whom there is room.
    fn admit(&mut self, asked: &Acquisition, since: Instant) -> Grant {
        let mut recorded = self.publish(asked);
        self.hold = self.hold.joined(asked.mode);
        // It stays until a writer leaves the lock clean: this one may fail too, or die.
        self.abandoned = self.abandoned.take().or(recorded.abandoned_by.take());
        recorded.abandoned_by.clone_from(&self.abandoned);
        self.offers = 1;
        let number = self.inside.enter(asked.site, since, &recorded);
        Grant { number, recorded, watch: self.claim.loss_monitor(), waited: Duration::ZERO }
    }

    /// Has the engine make known who is inside, unless that is known already.
    fn publish(&mut self, asked: &Acquisition) -> Recorded {
        if asked.mode == Mode::Exclusive {
            let is_abandoned = self.abandoned.is_some();
            let published = self.published.as_mut();
            if let Some(recorded) = published.and_then(|it| it.next(asked, is_abandoned)) {
                self.token = recorded.token;
                return recorded;
            }
        }
        let site = asked.is_recorded.then_some(&asked.site);
        let used = Usage { abandoned_by: self.abandoned.as_deref(), last_token: self.token };
        let recorded = self.claim.record_holder(asked.mode, site, used);
        if asked.mode == Mode::Exclusive {
            self.token = recorded.token;
            let is_abandoned = self.abandoned.is_some() || recorded.abandoned_by.is_some();
            self.published = Published::new(asked, &recorded, is_abandoned);
        }
        recorded
    }

    /// Who of this process holds the lock, the first of them where they are readers.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        self.inside.first().map(Box::new)
    }
}

#[cfg(test)]
impl State {
    pub(super) fn queue_length(&self) -> usize {
        self.queue.len()
    }

    #[cfg(not(shuttle))]
    pub(super) fn first_inside(&self) -> u64 {
        self.inside.first_number()
    }

    #[cfg(not(shuttle))]
    pub(super) fn is_handing_over(&self) -> bool {
        self.hand_over_until.is_some()
    }

    /// Makes a slow machine's hand-over last as long as the test needs.
    #[cfg(not(shuttle))]
    pub(super) fn extend_hand_over(&mut self, by: Duration) {
        self.hand_over_until = Some(sync::now() + by);
    }
}
