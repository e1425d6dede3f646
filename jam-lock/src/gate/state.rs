//! What is decided under a gate's mutex: who has the claim, and who is next.

use std::sync::{Arc, Condvar, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::Gate;
use super::queue::Queue;
use crate::LockError;
use crate::engine::Claim;

/// How long the claim may go from thread to thread of this process while somebody queues; other
/// processes wait that long at the most.
const HAND_OVER: Duration = Duration::from_millis(5);

/// How long a running thread may take the idle claim before the head that was nudged for it. To
/// hand it to a sleeping thread every time would cost a context switch for each acquisition.
const BARGING: Duration = Duration::from_micros(200);

/// Who has the claim.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    /// Not this process.
    None,
    /// This process, but none of its threads: the head has been nudged to take it.
    Idle,
    /// A thread, or a waiter to whom it was granted.
    Owned,
}

/// What a waiter finds when it looks.
pub(super) enum Turn {
    Granted,
    Failed(LockError),
    Waiting,
}

/// Condition variables to notify once the mutex is free.
#[derive(Default)]
#[must_use]
pub(super) struct Bells(Vec<Arc<Condvar>>);

impl Bells {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn ring(self) {
        self.0.iter().for_each(|bell| bell.notify_one());
    }
}

/// One name inside this process.
pub(super) struct State {
    gate: Weak<Gate>,
    claim: Box<dyn Claim>,
    hold: Hold,
    queue: Queue,
    /// When the claim must go back to the engine although somebody here waits for it.
    hand_over_until: Option<Instant>,
    /// The one pursuit in flight that counts; older ones are dismissed when they come home.
    pursuit: Option<u64>,
    pursuits: u64,
}

impl State {
    pub(super) fn new(claim: Box<dyn Claim>, gate: Weak<Gate>) -> Self {
        Self {
            gate,
            claim,
            hold: Hold::None,
            queue: Queue::default(),
            hand_over_until: None,
            pursuit: None,
            pursuits: 0,
        }
    }

    /// Takes the lock if that needs no waiting; asks the engine only where nobody is before.
    pub(super) fn take(&mut self) -> Result<bool, LockError> {
        let taken = match self.hold {
            Hold::None => self.queue.is_empty() && self.claim.attempt()?,
            Hold::Idle => true,
            Hold::Owned => false,
        };
        if taken {
            self.hold = Hold::Owned;
        } else {
            // Who is about to wait, or to be refused, would not learn otherwise that it is a fork.
            self.claim.check_process()?;
        }
        Ok(taken)
    }

    /// Queues up, and sees to it that somebody asks the engine.
    pub(super) fn enqueue(&mut self, bell: Arc<Condvar>) -> (u64, Bells) {
        if self.hold != Hold::None {
            self.hand_over_until.get_or_insert_with(|| Instant::now() + HAND_OVER);
        }
        let ticket = self.queue.push(bell);
        let mut bells = Bells::default();
        self.pursue(Duration::ZERO, &mut bells);
        (ticket, bells)
    }

    /// What became of `ticket`'s wait; unless it goes on, the ticket is gone afterwards.
    pub(super) fn turn(&mut self, ticket: u64) -> Turn {
        let waiter = self.queue.get(ticket);
        waiter.rung = false;
        match waiter.answer.take() {
            Some(answer) => {
                self.queue.remove(ticket);
                answer.map_or_else(Turn::Failed, |()| Turn::Granted)
            }
            None if self.hold == Hold::Idle && waiter.nudged.is_some() => {
                self.queue.remove(ticket);
                self.hold = Hold::Owned;
                Turn::Granted
            }
            None => Turn::Waiting,
        }
    }

    /// Gives up a wait; to be called right after [`State::turn`] said that it goes on.
    pub(super) fn leave(&mut self, ticket: u64) {
        self.queue.remove(ticket);
    }

    /// Gives the lock to the head, or the claim back to the engine.
    pub(super) fn release(&mut self) -> (Result<(), LockError>, Bells) {
        let mut bells = Bells::default();
        let result = if self.is_handed_over() {
            self.hand_over(&mut bells);
            Ok(())
        } else {
            self.give_back(pause(), &mut bells)
        };
        (result, bells)
    }

    /// Receives pursuit `number`, whose wait has ended.
    pub(super) fn home(&mut self, number: u64, result: Result<(), LockError>) -> Bells {
        let mut bells = Bells::default();
        if self.pursuit != Some(number) {
            self.claim.dismiss(number);
            return bells;
        }
        self.pursuit = None;
        if self.hold != Hold::None {
            // A thread of this process was faster, on the same open file.
            self.claim.dismiss(number);
            return bells;
        }
        if self.queue.is_empty() {
            self.claim.dismiss(number);
            // Nobody is left to be told of an error; the next attempt meets it again.
            let _ = self.claim.release();
            return bells;
        }
        let welcome = match result {
            Ok(()) => self.claim.welcome(number),
            Err(error) => {
                self.claim.dismiss(number);
                Err(error)
            }
        };
        match welcome {
            Ok(true) => {
                self.hold = Hold::Owned;
                self.grant(&mut bells);
                if !self.queue.is_empty() {
                    self.hand_over_until = Some(Instant::now() + HAND_OVER);
                }
            }
            Ok(false) => self.pursue(Duration::ZERO, &mut bells),
            Err(error) => {
                self.fail(error, &mut bells);
                self.pursue(Duration::ZERO, &mut bells);
            }
        }
        bells
    }

    /// Makes the head the owner of the claim.
    fn grant(&mut self, bells: &mut Bells) {
        self.answer_head(Ok(()), bells);
    }

    /// Tells the head what went wrong; whoever is next asks again and hears for itself.
    fn fail(&mut self, error: LockError, bells: &mut Bells) {
        self.answer_head(Err(error), bells);
    }

    fn answer_head(&mut self, answer: Result<(), LockError>, bells: &mut Bells) {
        if let Some(head) = self.queue.head() {
            head.answer = Some(answer);
            bells.0.push(Arc::clone(&head.bell));
        }
    }

    /// Whether the claim stays in this process: somebody waits here, and has not for too long.
    fn is_handed_over(&self) -> bool {
        !self.queue.is_empty() && self.hand_over_until.is_some_and(|until| Instant::now() < until)
    }

    /// Leaves the claim to whoever comes first, the head, which is woken, or a running thread; and
    /// to the head alone where it has been passed over for too long.
    fn hand_over(&mut self, bells: &mut Bells) {
        let Some(head) = self.queue.head() else { return };
        let now = Instant::now();
        if now.duration_since(*head.nudged.get_or_insert(now)) > BARGING {
            return self.grant(bells);
        }
        if !head.rung {
            head.rung = true;
            bells.0.push(Arc::clone(&head.bell));
        }
        self.hold = Hold::Idle;
    }

    /// Returns the claim to the engine, and asks for it again, after `pause`, where somebody waits.
    fn give_back(&mut self, pause: Duration, bells: &mut Bells) -> Result<(), LockError> {
        self.hold = Hold::None;
        self.hand_over_until = None;
        let result = self.claim.release();
        self.pursue(pause, bells);
        result
    }

    /// Starts a pursuit where somebody waits for a claim that nobody is asking for.
    fn pursue(&mut self, pause: Duration, bells: &mut Bells) {
        while self.hold == Hold::None && !self.queue.is_empty() {
            match self.pursued(pause) {
                Ok(number) => {
                    self.pursuit = Some(number);
                    return;
                }
                Err(error) => self.fail(error, bells),
            }
        }
    }

    /// The pursuit in flight, or a new one where there is none for what the name stands for now.
    fn pursued(&mut self, pause: Duration) -> Result<u64, LockError> {
        // What is waited for may be a file that somebody has removed or replaced since.
        if let Some(number) = self.pursuit.take() {
            if self.claim.is_current(number)? {
                return Ok(number);
            }
        }
        self.pursuits += 1;
        let number = self.pursuits;
        let gate = self.gate.upgrade().expect("whoever calls has the gate");
        let home = Box::new(move |result| gate.home(number, result));
        self.claim.pursue(number, pause, home)?;
        Ok(number)
    }
}

/// A gap in which other processes can take the lock: the kernel hands nothing over, so whoever
/// asks again at once wins against every process that it has woken. 100 to 250 µs; the clock's
/// last digits keep processes out of step.
fn pause() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_micros(100 + u64::from(now.subsec_nanos() % 151))
}

#[cfg(test)]
impl State {
    pub(super) fn queue_length(&self) -> usize {
        self.queue.len()
    }

    /// Makes a slow machine's hand-over last as long as the test needs.
    pub(super) fn extend_hand_over(&mut self, by: Duration) {
        self.hand_over_until = Some(Instant::now() + by);
    }
}
