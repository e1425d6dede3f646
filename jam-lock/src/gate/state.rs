//! What is decided under a gate's mutex: who has the claim, and who is next.
//!
//! Nobody is ever handed a claim while asleep. It is left idle for those who were nudged, and is
//! whose who comes and takes it; so what a waiter was offered can be offered to the next, should
//! it not come.

mod inside;
mod published;
mod pursuits;
mod streak;

use std::sync::Weak;
use std::task::Waker;
use std::time::{Duration, Instant};

use self::inside::Inside;
use self::published::Published;
use self::pursuits::Pursuits;
use self::streak::Streak;
use super::alarm::Alarm;
use super::bell::Bells;
use super::queue::{Queue, Waiter, Who};
use super::seam;
use super::watcher::Watcher;
use super::{Acquisition, Gate, Grant};
use crate::LockError;
use crate::engine::{Claim, Left, Mode, Publication};
use crate::holder::Holder;

/// How long the claim may go from hand to hand in this process while somebody queues; other
/// processes wait that long at the most.
const HAND_OVER: Duration = Duration::from_millis(5);

/// How long a running thread may take the idle claim before the head that was nudged for it. To
/// hand it to a sleeping thread every time would cost a context switch for each acquisition.
const BARGING: Duration = Duration::from_micros(200);

/// How long the claim is kept idle for a task whose executor does not come to it.
pub(super) const PATIENCE: Duration = Duration::from_millis(10);

/// How short a section is whose end is not recorded while the next one of this process is about to
/// begin. To record it would take as long as the section.
const BRIEF: Duration = Duration::from_micros(10);

/// Who has the claim.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    /// Not this process.
    None,
    /// This process, but nobody in it: whoever was nudged may take it.
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

/// What a waiter finds when it looks.
pub(super) enum Turn {
    Granted(Grant),
    Failed(LockError),
    Waiting,
}

/// One name inside this process.
pub(super) struct State {
    gate: Weak<Gate>,
    claim: Box<dyn Claim>,
    hold: Hold,
    inside: Inside,
    /// What the engine has made known of who is inside.
    published: Option<Published>,
    /// The greatest token that was given to a writer.
    token: u64,
    /// Who has left the lock abandoned, until somebody is told.
    abandoned: Option<Box<Holder>>,
    /// Since when the claim is idle, if it is.
    idle_since: Instant,
    /// Whether the idle claim is for those alone who were nudged.
    is_reserved: bool,
    queue: Queue,
    /// When the claim must go back to the engine although somebody here waits for it.
    hand_over_until: Option<Instant>,
    streak: Streak,
    pursuits: Pursuits,
    /// Goes off where a task that was nudged may be passed over.
    watch: Option<Alarm>,
    bells: Bells,
}

impl State {
    pub(super) fn new(claim: Box<dyn Claim>, gate: Weak<Gate>) -> Self {
        Self {
            gate,
            claim,
            hold: Hold::None,
            inside: Inside::default(),
            published: None,
            token: 0,
            abandoned: None,
            idle_since: seam::now(),
            is_reserved: false,
            queue: Queue::default(),
            hand_over_until: None,
            streak: Streak::default(),
            pursuits: Pursuits::default(),
            watch: None,
            bells: Bells::default(),
        }
    }

    /// The bells to ring once the mutex is free, if there are any.
    pub(super) fn take_bells(&mut self) -> Option<Bells> {
        (!self.bells.is_empty()).then(|| std::mem::take(&mut self.bells))
    }

    /// Takes the lock if that needs no waiting; asks the engine only where nobody is before.
    ///
    /// Who `may_wait` has to, where this process has had its share.
    pub(super) fn take(
        &mut self,
        asked: &Acquisition,
        may_wait: bool,
    ) -> Result<Option<Grant>, LockError> {
        let since = match (self.hold, asked.mode) {
            (Hold::None, mode) if self.queue.is_empty() => {
                let now = seam::now();
                let is_over = self.streak.goes_on(now);
                (!(is_over && may_wait) && self.claim.attempt(mode)?).then_some(now)
            }
            (Hold::Idle(Mode::Exclusive), Mode::Exclusive) if !self.is_reserved => {
                Some(self.idle_since)
            }
            // A writer that waits holds later readers back.
            (Hold::Idle(Mode::Shared) | Hold::Shared(_), Mode::Shared)
                if !self.queue.has_writer() =>
            {
                Some(seam::now())
            }
            _ => None,
        };
        if since.is_none() {
            // Who is about to wait, or to be refused, would not learn otherwise that it is a fork.
            self.claim.check_process()?;
        }
        Ok(since.map(|since| self.admit(asked, since)))
    }

    /// Lets somebody in, for whom there is room.
    fn admit(&mut self, asked: &Acquisition, since: Instant) -> Grant {
        self.hold = self.hold.joined(asked.mode);
        let mut publication = self.publish(asked);
        // Readers may all be told, but what they find they do not mend.
        let abandoned = match asked.mode {
            Mode::Exclusive => self.abandoned.take(),
            Mode::Shared => self.abandoned.clone(),
        };
        publication.abandoned = abandoned.or(publication.abandoned);
        let number = self.inside.enter(asked.site, since, &publication);
        Grant { number, publication, waited: Duration::ZERO }
    }

    /// Has the engine make known who is inside, unless that is known already.
    fn publish(&mut self, asked: &Acquisition) -> Publication {
        if asked.mode == Mode::Exclusive {
            if let Some(publication) = self.published.as_mut().and_then(|it| it.next(asked)) {
                self.token = publication.token;
                return publication;
            }
        }
        let site = asked.is_recorded.then_some(&asked.site);
        let publication = self.claim.publish(asked.mode, site, self.token);
        if asked.mode == Mode::Exclusive {
            self.token = publication.token;
            self.published = Some(Published::new(asked, &publication));
        }
        publication
    }

    /// Who of this process holds the lock, the first of them where they are readers.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        self.inside.first().map(Box::new)
    }

    /// Queues up, and sees to it that somebody asks the engine.
    pub(super) fn enqueue(&mut self, mode: Mode, who: Who) -> u64 {
        if self.hold != Hold::None {
            self.hand_over_until.get_or_insert_with(|| seam::now() + HAND_OVER);
        }
        let ticket = self.queue.push(mode, who);
        let pause = if self.streak.is_over() { pursuits::pause() } else { Duration::ZERO };
        self.pursue(pause);
        ticket
    }

    /// What became of `ticket`'s wait; unless it goes on, the ticket is gone afterwards.
    pub(super) fn turn(&mut self, ticket: u64, asked: &Acquisition) -> Turn {
        let waiter = self.queue.get(ticket).expect("a waiter is in the queue until it leaves");
        waiter.rung = None;
        if std::mem::take(&mut waiter.is_absent) {
            return self.turn_of_absent(ticket, asked);
        }
        if let Some(error) = waiter.error.take() {
            self.remove(ticket);
            return Turn::Failed(*error);
        }
        let (mode, is_nudged) = (waiter.mode, waiter.nudged.is_some());
        let is_open = match (self.hold, mode) {
            (Hold::Idle(held), mode) => held == mode,
            (Hold::Shared(_), Mode::Shared) => true,
            _ => false,
        };
        if !(is_nudged && is_open) {
            return Turn::Waiting;
        }
        self.remove(ticket);
        if self.queue.is_empty() {
            self.hand_over_until = None;
        }
        Turn::Granted(self.admit(asked, seam::now()))
    }

    /// Has `bell` wake `ticket`'s waiter, whose turn has not come.
    pub(super) fn listen(&mut self, ticket: u64, bell: Waker) {
        if let Some(waiter) = self.queue.get(ticket) {
            self.bells.discard(waiter.bell.replace(bell));
        }
    }

    /// Rings for `ticket`, so that it looks at the time.
    pub(super) fn remind(&mut self, ticket: u64) {
        if let Some(bell) = self.queue.get(ticket).and_then(|waiter| waiter.bell.take()) {
            self.bells.ring(bell);
        }
    }

    /// Gives up a wait, and what was offered meanwhile.
    pub(super) fn leave(&mut self, ticket: u64) {
        let waiter = self.remove(ticket);
        match self.hold {
            Hold::Idle(mode) if waiter.is_some_and(|waiter| waiter.nudged.is_some()) => {
                // Who gave up has nobody to tell of an error; the next attempt meets it again.
                let _ = self.pass_on(mode, seam::now());
            }
            _ => self.serve(),
        }
    }

    /// Gives the lock to whoever is next, or the claim back to the engine.
    pub(super) fn release(&mut self, number: u64, left: Left) -> Result<(), LockError> {
        let (since, holder) = self.inside.leave(number, left);
        let mode = match self.hold {
            Hold::Shared(readers) if readers > 1 => {
                self.hold = Hold::Shared(readers - 1);
                return Ok(());
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
        result
    }

    /// Records that nobody is inside, if that is so, and well.
    fn record_idleness(&mut self) {
        if matches!(self.hold, Hold::Idle(_)) && self.abandoned.is_none() {
            self.claim.withdraw(self.token);
            self.published = None;
        }
    }

    /// Passes over the tasks that were nudged, and have not come for too long.
    pub(super) fn watch_went_off(&mut self) {
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
    fn pass_on(&mut self, mode: Mode, now: Instant) -> Result<(), LockError> {
        let Some(wanted) = self.queue.head_mode() else { return self.give_back(mode, now) };
        if self.hand_over_until.is_none_or(|until| until <= now) {
            return self.give_back(mode, now);
        }
        if wanted != mode {
            return self.convert(mode, wanted);
        }
        self.hand_over(mode, now);
        Ok(())
    }

    /// Nudges the head, and with a reader all those who may enter with it.
    ///
    /// A running thread may be faster than the head, unless that has been passed over for too long.
    fn hand_over(&mut self, mode: Mode, now: Instant) {
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

    fn nudge_readers(&mut self, now: Instant) {
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

    /// Sees to it that whoever is first is asked for, or let in, after somebody has left or come
    /// back.
    fn serve(&mut self) {
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
                Ok(true) => {
                    let now = seam::now();
                    self.hand_over_until = Some(now + HAND_OVER);
                    self.hand_over(mode, now);
                }
                Ok(false) => {}
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
        Some(waiter)
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

#[cfg(test)]
impl State {
    pub(super) fn queue_length(&self) -> usize {
        self.queue.len()
    }

    #[cfg(not(shuttle))]
    pub(super) fn first_inside(&self) -> u64 {
        self.inside.first_number()
    }

    /// Makes a slow machine's hand-over last as long as the test needs.
    #[cfg(not(shuttle))]
    pub(super) fn extend_hand_over(&mut self, by: Duration) {
        self.hand_over_until = Some(seam::now() + by);
    }
}
