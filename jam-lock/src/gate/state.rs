//! The decisions under a gate's mutex: which request holds the claim, and which is next.
//!
//! The claim is never handed to a sleeping waiter. It is left idle, and offered to the head of the
//! queue, which takes it when it runs; so an offer to a waiter that never runs can go to the next.
//!
//! These are the states in which the mutex is unlocked; `table.rs` checks them in tests:
//!
//! ```text
//! hold       queue            engine waits   left by
//! ---------  ---------------  -------------  ---------------------------------------------------
//! None       empty            unneeded       try_acquire -> in use; enqueue; poll_waiter of a
//!                                            waiter that was passed over -> not empty, or in use
//!   The lock is free, or another process holds it.
//!
//! None       not empty        one at least   wait_done -> Idle; try_acquire_queued of the head
//!                                            -> in use; the last waiter is passed over, refused or
//!                                            cancelled, or fails -> empty
//!   Another process holds the lock, or may acquire it first.
//!
//! Idle(m)    has a woken      unneeded       poll_waiter of a waiter with an offer -> in use, or
//!            waiter in                       None if the claim cannot be reassigned; try_acquire
//!            mode m                          of a barging writer unless reserved, or of a reader
//!                                            unless a writer is queued -> in use; skip_stalled,
//!                                            skip_waiter, cancel_waiter -> hand_off_or_return
//!   The lock is being handed off. The woken waiter has an offer, and is a thread, or a task that
//!   the stalled timer watches.
//!
//! Exclusive  any              unneeded       release of the last guard -> hand_off_or_return
//!   In use by one writer.
//!
//! Shared(n)  any              unneeded       try_acquire, or poll_waiter with an offer
//!                                            -> Shared(n + 1); release of a reader's last guard
//!                                            -> Shared(n - 1), or hand_off_or_return
//!   In use by n readers.
//! ```
//!
//! `hand_off_or_return` leads to `Idle` in the mode of the head; or to `None`, if the queue is empty,
//! the time for hand-offs (`handoff_until`) or the reader phase is over, the claim cannot be
//! reassigned, or the head wants the other mode and the engine does not grant it at once.
//!
//! Each mode has at most one current engine wait; one that was replaced or is unneeded is discarded
//! when it is done. If the queue is not empty, the head's mode has one; only after a head was passed
//! over may the other mode alone have one, whose end starts the missing one. Waiters that were passed
//! over, refused or failed are not in the queue; they return to it, or leave, when they are polled.
//!
//! A waiter that needs a wait of its own (`own_waits.rs`) has one in every state, except as the head
//! while hold is `Idle`; it is the current one while the waiter is the head and hold is `None`. If it
//! is granted in `None`, its waiter becomes the head -> Idle. While this process has the claim, it is
//! granted to a reader beside readers, which joins them, or if the claim is lost; then it starts again
//! once that has been released.
//!
//! In a fork, where every acquisition and release fails, other states occur.

mod cancel;
mod engine_waits;
mod enqueue;
mod fairness;
mod handoff;
mod holder_waits;
mod holders;
mod local_status;
mod own_waits;
mod reader_phase;
mod recorded_holder;
mod stalled_tasks;
#[cfg(test)]
mod table;
mod try_acquire;
mod waking_holder;

#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use self::engine_waits::EngineWaits;
use self::fairness::Fairness;
use self::holders::Holders;
use self::own_waits::OwnWaits;
use self::reader_phase::ReaderPhase;
use self::recorded_holder::RecordedHolder;
use self::waking_holder::WakingHolder;
use super::Gate;
use super::parker::WakeList;
use super::pending_wait::PendingWait;
use super::sync;
use super::timer::Timer;
use super::wait_queue::{Ticket, WaitQueue};
use crate::engine::{Claim, LossMonitor, Mode};
#[cfg(unix)]
use crate::error::LockError;
use crate::holder::Holder;

pub(super) use self::enqueue::WaiterPoll;
pub(super) use self::fairness::Verdict;
pub(super) use self::try_acquire::Attempt;

/// How long the claim may be handed from waiter to waiter before other processes get a turn.
const HANDOFF_LIMIT: Duration = Duration::from_millis(5);

/// How this process holds the claim.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    /// Not at all.
    None,
    /// Without a holder: a waiter with an offer may take it.
    Idle(Mode),
    /// With one writer.
    Exclusive,
    /// With this many readers.
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

    /// The mode in which the engine has granted the claim, if it has.
    fn mode(self) -> Option<Mode> {
        match self {
            Self::None => None,
            Self::Idle(mode) => Some(mode),
            Self::Exclusive => Some(Mode::Exclusive),
            Self::Shared(_) => Some(Mode::Shared),
        }
    }
}

/// The state of one name in this process.
pub(super) struct State {
    gate: Weak<Gate>,
    claim: Box<dyn Claim>,
    hold: Hold,
    holders: Holders,
    /// What the owner of the writer waits for.
    holder_waits: Vec<Arc<PendingWait>>,
    /// The holder that the engine has recorded.
    recorded: Option<RecordedHolder>,
    /// The record of the head, if it was written before the head has taken the idle claim.
    waking_holder: Option<WakingHolder>,
    /// The greatest token that was given to a writer.
    token: u64,
    /// The first holder that died with the lock or left it abandoned, until a writer that learned of
    /// it has left the lock clean.
    abandoned_by: Option<Box<Holder>>,
    /// When the claim last became idle.
    idle_since: Instant,
    /// The thread that was last woken in vain, and until when it keeps running for the next offer.
    spinning: Option<(Ticket, Instant)>,
    /// Whether the last section lasted until a thread that was woken at its beginning ran, and no longer than
    /// that thread spins.
    is_section_short: bool,
    /// Whether a writer needs an offer to take the idle claim.
    is_reserved: bool,
    /// How many waiters the idle claim is offered to at once: more than one after a task stalled.
    offers: usize,
    queue: WaitQueue,
    /// From when on the claim is returned to the engine even if the queue is not empty.
    handoff_until: Option<Instant>,
    fairness: Fairness,
    engine_waits: EngineWaits,
    own_waits: OwnWaits,
    reader_phase: ReaderPhase,
    /// Fires when tasks that were woken may have stalled.
    stalled_timer: Option<Timer>,
    wake_list: WakeList,
}

impl State {
    pub(super) fn new(claim: Box<dyn Claim>, engine_is_fair: bool, gate: Weak<Gate>) -> Self {
        Self {
            gate,
            claim,
            hold: Hold::None,
            holders: Holders::default(),
            holder_waits: Vec::new(),
            recorded: None,
            waking_holder: None,
            token: 0,
            abandoned_by: None,
            idle_since: sync::now(),
            spinning: None,
            is_section_short: false,
            is_reserved: false,
            offers: 1,
            queue: WaitQueue::default(),
            handoff_until: None,
            fairness: Fairness::new(engine_is_fair),
            engine_waits: EngineWaits::default(),
            own_waits: OwnWaits::default(),
            reader_phase: ReaderPhase::default(),
            stalled_timer: None,
            wake_list: WakeList::default(),
        }
    }

    #[cfg(feature = "conformance")]
    pub(super) fn queued(&self) -> usize {
        self.queue.waiting()
    }

    /// The wakers to call and to drop once the mutex is unlocked, if there are any.
    pub(super) fn take_wakers(&mut self) -> Option<WakeList> {
        (!self.wake_list.is_empty()).then(|| std::mem::take(&mut self.wake_list))
    }

    /// The holder in this process; the first of them if they are readers.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        self.holders.first().map(Box::new)
    }

    /// How many permits the lock has for the holder in this process.
    pub(super) fn permits_of_holder(&self) -> Option<u16> {
        self.holders.permits()
    }

    /// Adds a guard to holder `number`; returns its token and loss monitor, unless it is gone.
    pub(super) fn reenter(&mut self, number: u64) -> Option<(u64, Option<Arc<dyn LossMonitor>>)> {
        self.claim.check_process().ok()?;
        Some((self.holders.add_guard(number)?, self.claim.loss_monitor()))
    }

    /// The claim, for what concerns the engine and its one writer only.
    pub(super) fn claim_mut(&mut self) -> &mut dyn Claim {
        &mut *self.claim
    }

    /// A duplicate of the descriptor that holds the claim, if one does.
    #[cfg(unix)]
    pub(super) fn duplicate_descriptor(&self) -> Result<Option<OwnedFd>, LockError> {
        self.hold.mode().map_or(Ok(None), |mode| self.claim.duplicate_descriptor(mode))
    }

    /// Whether this process neither has the claim nor waits for it.
    pub(super) fn is_unused(&self) -> bool {
        self.hold == Hold::None && self.queue.is_empty()
    }

    /// Whether the claim is lost: no longer this process's, although it was not released.
    fn is_lost(&self) -> bool {
        self.claim.loss_monitor().is_some_and(|monitor| monitor.lost_reason().is_some())
    }
}

#[cfg(test)]
impl State {
    pub(super) fn queue_length(&self) -> usize {
        self.queue.len()
    }

    #[cfg(not(shuttle))]
    pub(super) fn passed_over(&self) -> usize {
        self.queue.len() - self.queue.iter().count()
    }

    #[cfg(not(shuttle))]
    pub(super) fn first_holder(&self) -> u64 {
        self.holders.first_number()
    }

    #[cfg(not(shuttle))]
    pub(super) fn has_handoff_limit(&self) -> bool {
        self.handoff_until.is_some()
    }

    /// Lets the thread that was last woken in vain run for as long as a test on a slow machine needs.
    #[cfg(not(shuttle))]
    pub(super) fn extend_spin(&mut self, by: Duration) {
        let (_, until) = self.spinning.as_mut().expect("a thread was woken in vain");
        *until += by;
    }

    /// Lets the last section count as short, or not, on a machine of any speed.
    #[cfg(not(shuttle))]
    pub(super) fn set_section_short(&mut self, is_short: bool) {
        self.is_section_short = is_short;
    }

    /// Lets the claim count as idle for a shorter time, as a test on a slow machine needs.
    #[cfg(not(shuttle))]
    pub(super) fn shorten_idle_time(&mut self, by: Duration) {
        self.idle_since += by;
    }

    /// Extends the time for hand-offs to what a test on a slow machine needs.
    #[cfg(not(shuttle))]
    pub(super) fn extend_handoff(&mut self, by: Duration) {
        self.handoff_until = Some(sync::now() + by);
    }
}
