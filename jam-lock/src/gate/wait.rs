//! A wait at a gate, of a thread or of a task.

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::state::WaiterPoll;
use super::wait_driver::{self, TaskTimer, TimedPoll};
use super::wait_queue::Ticket;
use super::{AcquireRequest, Gate, Grant, sync};
use crate::error::LockError;
use crate::holder::Holder;

/// A place in the queue. It is removed however the wait ends: granted, failed, timed out, or
/// dropped.
pub(crate) struct Wait {
    pub(crate) gate: Arc<Gate>,
    pub(crate) request: AcquireRequest,
    /// `None` once the wait has ended, and for a try that was refused at once.
    pub(super) ticket: Option<Ticket>,
    pub(crate) begun: Instant,
    pub(super) end: Option<Instant>,
    /// When the wait is interrupted, once, so that the caller can do something else.
    pub(crate) interrupt_at: Option<Instant>,
}

/// How a wait ends.
pub(crate) enum WaitEnd {
    Granted(Grant),
    Failed(LockError),
    TimedOut { waited: Duration, reason: TimeoutReason },
    Interrupted,
}

/// The reason why a waiter did not get the lock in time.
pub(crate) enum TimeoutReason {
    /// A holder, if it is known.
    Holder(Option<Box<Holder>>),
    /// Something else, as the end of a sentence.
    BlockedOn(String),
}

/// A wait that has ended.
pub(crate) enum EndedWait {
    Known(Result<Grant, LockError>),
    /// After this time; the holder has to be looked up in other processes, which takes a while.
    TimedOut(Duration),
}

impl Wait {
    /// Blocks the thread until the wait has ended; pending if it is interrupted.
    pub(crate) fn wait(&mut self) -> Poll<EndedWait> {
        let end = match self.ticket {
            Some(_) => wait_driver::block_on(self),
            None => self.refused(),
        };
        self.ended(end)
    }

    /// Polls the wait of a task; always with the same timer, which wakes the task when its time is up.
    pub(crate) fn poll_for_task(&mut self, timer: &mut TaskTimer, waker: &Waker) -> Poll<WaitEnd> {
        match self.ticket {
            Some(_) => timer.poll(self, waker),
            None => Poll::Ready(self.refused()),
        }
    }

    /// The error of a wait that has timed out; blocks the thread while the holder is looked up.
    pub(crate) fn timed_out(&self, waited: Duration) -> LockError {
        let holder = wait_driver::block_on(&mut self.gate.query_holder());
        self.timeout(waited, TimeoutReason::Holder(holder))
    }

    /// The same as [`Self::timed_out`], but lets other tasks run.
    pub(crate) async fn timed_out_async(&self, waited: Duration) -> LockError {
        let holder = self.gate.holder_elsewhere().await;
        self.timeout(waited, TimeoutReason::Holder(holder))
    }

    /// Passes over the waiter until it is polled again, for a caller that is busy elsewhere.
    pub(crate) fn skip_until_polled(&self) {
        if let Some(ticket) = self.ticket {
            // In a fork, there is no queue to leave.
            let _ = self.gate.try_update(|state| state.skip_waiter(ticket));
        }
    }

    /// How a try ends that was refused at once.
    fn refused(&self) -> WaitEnd {
        match self.gate.try_update(|state| state.holder()) {
            Ok(holder) => {
                let reason = TimeoutReason::Holder(holder);
                WaitEnd::TimedOut { waited: Duration::ZERO, reason }
            }
            Err(forked) => WaitEnd::Failed(forked),
        }
    }

    fn poll_waiter(&mut self, waker: &Waker) -> Poll<WaitEnd> {
        let ticket = self.ticket.expect("a wait ends once");
        // Cloned and dropped while the mutex is unlocked, because that may run any code.
        let mut waker = Some(waker.clone());
        let polled = self.gate.try_update(|state| {
            // Under the mutex: if there is time left, the timer fires after the waker has been set.
            let is_over = self.end.is_some_and(|end| end <= sync::now());
            let polled = match state.poll_waiter(ticket) {
                WaiterPoll::Pending if is_over => state.try_acquire_queued(ticket),
                polled => polled,
            };
            Poll::Ready(match polled {
                WaiterPoll::Granted(grant) => {
                    WaitEnd::Granted(Grant { waited: self.begun.elapsed(), ..grant })
                }
                WaiterPoll::Failed(error) => WaitEnd::Failed(error),
                WaiterPoll::Refused => {
                    let reason = TimeoutReason::Holder(state.holder());
                    WaitEnd::TimedOut { waited: Duration::ZERO, reason }
                }
                WaiterPoll::Pending if is_over => {
                    let waited = self.begun.elapsed();
                    let blocked_on = state.blocked_on(&self.request);
                    state.cancel_waiter(ticket);
                    let reason = match blocked_on {
                        Some(blocked_on) => TimeoutReason::BlockedOn(blocked_on),
                        None => TimeoutReason::Holder(state.holder()),
                    };
                    WaitEnd::TimedOut { waited, reason }
                }
                WaiterPoll::Pending => {
                    state.set_waker(ticket, waker.take());
                    return Poll::Pending;
                }
            })
        });
        let polled = polled.unwrap_or_else(|forked| Poll::Ready(WaitEnd::Failed(forked)));
        if polled.is_ready() {
            self.ticket = None;
        }
        polled
    }

    /// What is known of a wait that has ended so; pending if it was interrupted.
    pub(crate) fn ended(&self, end: WaitEnd) -> Poll<EndedWait> {
        Poll::Ready(EndedWait::Known(match end {
            WaitEnd::Interrupted => return Poll::Pending,
            WaitEnd::Granted(grant) => Ok(grant),
            WaitEnd::Failed(error) => Err(error),
            WaitEnd::TimedOut { waited, reason: TimeoutReason::Holder(None) }
                if self.request.names_holder =>
            {
                return Poll::Ready(EndedWait::TimedOut(waited));
            }
            WaitEnd::TimedOut { waited, reason } => Err(self.timeout(waited, reason)),
        }))
    }

    fn timeout(&self, waited: Duration, reason: TimeoutReason) -> LockError {
        let (holder, blocked_on) = match reason {
            TimeoutReason::Holder(holder) => (holder, None),
            TimeoutReason::BlockedOn(blocked_on) => (None, Some(blocked_on.into())),
        };
        let name = Box::new(self.gate.name().clone());
        let location = self.gate.location().to_owned();
        let other_holders = Vec::new();
        LockError::Timeout { name, location, waited, holder, other_holders, blocked_on }
    }
}

impl TimedPoll for Wait {
    type Output = WaitEnd;

    fn poll(&mut self, waker: &Waker) -> Poll<WaitEnd> {
        let polled = self.poll_waiter(waker);
        let is_due = |time: &mut Instant| *time <= sync::now();
        if polled.is_pending() && self.interrupt_at.take_if(is_due).is_some() {
            return Poll::Ready(WaitEnd::Interrupted);
        }
        polled
    }

    fn next_poll(&self) -> Option<Instant> {
        [self.end, self.interrupt_at].into_iter().flatten().min()
    }

    fn without_timer(&self, error: io::Error) -> WaitEnd {
        WaitEnd::Failed(no_timer(&self.gate, error))
    }
}

/// The error of a wait whose deadline cannot be watched.
pub(super) fn no_timer(gate: &Gate, error: io::Error) -> LockError {
    LockError::Io {
        operation: "start a thread to watch the deadline of",
        path: gate.location().into(),
        error,
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            // In a fork, the queue belongs to the parent.
            let _ = self.gate.try_update(|state| state.cancel_waiter(ticket));
        }
    }
}
