//! A wait at a gate, be it a thread's or a task's.

use std::future;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::alarm::{Alarm, Attendance};
use super::bell::Bell;
use super::state::Turn;
use super::watcher::Reminder;
use super::{Acquisition, Gate, Grant, seam};
use crate::LockError;

/// A place in the queue, which is left behind by nobody: neither by who has got the lock or an
/// error, nor by who gives up, nor by a future that is dropped.
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

impl Wait<'_> {
    /// Blocks the thread until the wait has ended, or its pause has come.
    pub(crate) fn block(&mut self) -> Poll<Result<Grant, LockError>> {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        loop {
            let result = self.look(&waker);
            if result.is_ready() || self.pauses() {
                return result;
            }
            bell.wait(self.next_moment());
        }
    }

    /// Lets other tasks run until the wait has ended, or its pause has come.
    pub(crate) async fn ready(&mut self) -> Poll<Result<Grant, LockError>> {
        let _attendance = match Attendance::start() {
            Ok(attendance) => attendance,
            Err(error) => return Poll::Ready(Err(self.gate.trouble_with_deadlines(error))),
        };
        let reminder = self.next_moment().zip(self.ticket);
        let _alarm = reminder.map(|(moment, ticket)| {
            Alarm::set(moment, Reminder::waker(Arc::downgrade(self.gate), ticket))
        });
        future::poll_fn(|context| match self.look(context.waker()) {
            Poll::Pending if self.pauses() => Poll::Ready(Poll::Pending),
            Poll::Pending => Poll::Pending,
            ready @ Poll::Ready(_) => Poll::Ready(ready),
        })
        .await
    }

    /// When there is something to do, whoever has the lock.
    fn next_moment(&self) -> Option<Instant> {
        [self.end, self.pause].into_iter().flatten().min()
    }

    /// Whether the pause has come, which comes once.
    fn pauses(&mut self) -> bool {
        self.pause.take_if(|pause| *pause <= seam::now()).is_some()
    }

    /// Whether the wait has ended; where not, `waker` is woken when it is worth another look.
    fn look(&mut self, waker: &Waker) -> Poll<Result<Grant, LockError>> {
        let ticket = self.ticket.expect("a wait ends once");
        let bell = waker.clone();
        let mut state = self.gate.lock();
        let result = match state.turn(ticket, self.asked) {
            Turn::Granted(grant) => Ok(Grant { waited: self.begun.elapsed(), ..grant }),
            Turn::Failed(error) => Err(error),
            Turn::Waiting if self.end.is_some_and(|end| end <= seam::now()) => {
                state.leave(ticket);
                self.ticket = None;
                Err(self.gate.timeout(state, self.begun.elapsed()))
            }
            Turn::Waiting => {
                state.listen(ticket, bell);
                return Poll::Pending;
            }
        };
        self.ticket = None;
        Poll::Ready(result)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.gate.lock().leave(ticket);
        }
    }
}
