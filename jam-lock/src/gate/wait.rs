//! A wait at a gate, be it a thread's or a task's.

use std::future;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::parker::Parker;
use super::state::Turn;
use super::timer::{Attendance, Timer};
use super::{Acquisition, Gate, Grant, sync};
use crate::error::LockError;
use crate::holder::Holder;

/// A place in the queue. It is removed however the wait ends: granted, failed, timed out, or
/// dropped.
pub(crate) struct Wait<'gate> {
    pub(super) gate: &'gate Arc<Gate>,
    pub(super) asked: &'gate Acquisition,
    /// Until the wait has ended.
    pub(super) ticket: Option<u64>,
    pub(super) begun: Instant,
    pub(super) end: Option<Instant>,
    /// When whoever waits has something else to do for a moment.
    pub(crate) pause: Option<Instant>,
}

/// What has come of a wait.
enum Ended {
    Granted(Grant),
    Failed(LockError),
    /// Nothing, after so long; and who of this process was inside.
    InVain(Duration, Option<Box<Holder>>),
    /// Nothing, after so long, because of something else than a holder.
    Obstructed(Duration, String),
}

impl Wait<'_> {
    /// Blocks the thread until the wait has ended, or its pause has come.
    pub(crate) fn block(&mut self) -> Poll<Result<Grant, LockError>> {
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        loop {
            match self.look(&waker) {
                Poll::Ready(ended) => {
                    let names = self.asked.names_holder;
                    let holder = |here| if names { self.gate.holder_or(here) } else { here };
                    return Poll::Ready(ended.told(self.gate, holder));
                }
                Poll::Pending if self.pauses() => return Poll::Pending,
                Poll::Pending => parker.park(self.next_moment()),
            }
        }
    }

    /// Lets other tasks run until the wait has ended, or its pause has come.
    pub(crate) async fn ready(&mut self) -> Poll<Result<Grant, LockError>> {
        let ended = match self.ended().await {
            Poll::Ready(ended) => ended,
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(match ended {
            Ended::InVain(waited, here) if self.asked.names_holder => {
                Err(self.gate.timeout(waited, self.gate.holder_or_ready(here).await, None))
            }
            other => other.told(self.gate, |here| here),
        })
    }

    async fn ended(&mut self) -> Poll<Ended> {
        let first = future::poll_fn(|context| Poll::Ready(self.look(context.waker()))).await;
        if first.is_ready() {
            return first;
        }
        let _attendance = match Attendance::start() {
            Ok(attendance) => attendance,
            Err(error) => {
                return Poll::Ready(Ended::Failed(self.gate.trouble_with_deadlines(error)));
            }
        };
        let (moment, mut timer) = (self.next_moment(), None);
        future::poll_fn(|context| {
            // Before the look, which sees by the time what has fired until then.
            if let Some(moment) = moment {
                Timer::arm(&mut timer, moment, context.waker());
            }
            match self.look(context.waker()) {
                Poll::Pending if self.pauses() => Poll::Ready(Poll::Pending),
                Poll::Pending => Poll::Pending,
                ready @ Poll::Ready(_) => Poll::Ready(ready),
            }
        })
        .await
    }

    /// Keeps nobody out while whoever waits does something else, until it looks again.
    pub(crate) fn step_aside(&self) {
        if let Some(ticket) = self.ticket {
            if let Ok(mut state) = self.gate.lock_here() {
                state.step_aside(ticket);
            }
        }
    }

    /// When there is something to do, whoever has the lock.
    fn next_moment(&self) -> Option<Instant> {
        [self.end, self.pause].into_iter().flatten().min()
    }

    /// Whether the pause has come, which comes once.
    fn pauses(&mut self) -> bool {
        self.pause.take_if(|pause| *pause <= sync::now()).is_some()
    }

    /// Whether the wait has ended; where not, `waker` is woken when it is worth another look.
    fn look(&mut self, waker: &Waker) -> Poll<Ended> {
        let ticket = self.ticket.expect("a wait ends once");
        let waker = waker.clone();
        let mut state = match self.gate.lock_here() {
            Ok(state) => state,
            Err(forked) => return Poll::Ready(Ended::Failed(forked)),
        };
        // Under the mutex: after a look that finds time left, a timer that fires wakes the waiter.
        let is_over = self.end.is_some_and(|end| end <= sync::now());
        let turn = match state.turn(ticket, self.asked) {
            Turn::Waiting if is_over => state.last_turn(ticket, self.asked),
            turn => turn,
        };
        let ended = match turn {
            Turn::Granted(grant) => Ended::Granted(Grant { waited: self.begun.elapsed(), ..grant }),
            Turn::Failed(error) => Ended::Failed(error),
            Turn::Refused => Ended::InVain(Duration::ZERO, state.holder()),
            Turn::Waiting if is_over => {
                let (waited, blocked_on) = (self.begun.elapsed(), state.blocked_on(self.asked));
                state.leave(ticket);
                match blocked_on {
                    Some(blocked_on) => Ended::Obstructed(waited, blocked_on),
                    None => Ended::InVain(waited, state.holder()),
                }
            }
            Turn::Waiting => {
                state.listen(ticket, waker);
                return Poll::Pending;
            }
        };
        self.ticket = None;
        Poll::Ready(ended)
    }
}

impl Ended {
    /// The same, for who waited; `holder` finds out who was in the way.
    fn told(
        self,
        gate: &Gate,
        holder: impl FnOnce(Option<Box<Holder>>) -> Option<Box<Holder>>,
    ) -> Result<Grant, LockError> {
        match self {
            Self::Granted(grant) => Ok(grant),
            Self::Failed(error) => Err(error),
            Self::InVain(waited, here) => Err(gate.timeout(waited, holder(here), None)),
            Self::Obstructed(waited, blocked_on) => {
                Err(gate.timeout(waited, None, Some(blocked_on)))
            }
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            if let Ok(mut state) = self.gate.lock_here() {
                state.leave(ticket);
            }
        }
    }
}
