//! A wait at a gate, be it a thread's or a task's.

use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::state::Turn;
use super::{Gate, seam};
use crate::LockError;

/// A place in the queue, which is left behind by nobody: neither by who has got the lock or an
/// error, nor by who gives up, nor by a future that is dropped.
pub(super) struct Wait<'gate> {
    pub(super) gate: &'gate Gate,
    /// Until the wait has ended.
    pub(super) ticket: Option<u64>,
    pub(super) asked: Instant,
    pub(super) end: Option<Instant>,
}

impl Wait<'_> {
    /// Whether the wait has ended; where not, `waker` is woken when it is worth another look.
    pub(super) fn look(&mut self, waker: &Waker) -> Poll<Result<Duration, LockError>> {
        let ticket = self.ticket.expect("a wait ends once");
        let bell = waker.clone();
        let mut state = self.gate.lock();
        let result = match state.turn(ticket) {
            Turn::Granted => Ok(self.asked.elapsed()),
            Turn::Failed(error) => Err(error),
            Turn::Waiting if self.end.is_some_and(|end| end <= seam::now()) => {
                state.leave(ticket);
                Err(self.gate.timeout(self.asked.elapsed()))
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
        let Some(ticket) = self.ticket else { return };
        let mut state = self.gate.lock();
        match state.turn(ticket) {
            Turn::Waiting => state.leave(ticket),
            Turn::Failed(_) => {}
            Turn::Granted => {
                // Who gave up has nobody to tell of an error; the next attempt meets it again.
                let _ = state.release();
            }
        }
    }
}
