//! [`AnyWait`]: a wait at several gates, for whichever lock falls free first.
//!
//! The waiter is in the queue of every gate. The first gate that grants its lock ends the wait, and the
//! waiter leaves the other queues as one that gives up does: what they have offered to it goes to the next
//! waiter. So a lock that falls free is never kept for a waiter that has got another one, and a waiter that
//! does not come when it is woken is passed over at each gate as everywhere. All waiters queue at the gates
//! in one order, so that they are served first come, first served.

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::holder_query::HolderQuery;
use super::state::{Attempt, Verdict};
use super::wait::{TimeoutReason, WaitEnd, no_timer};
use super::wait_driver::{self, TimedPoll};
use super::{AcquireRequest, Admission, Gate, Grant, Wait, WaiterKind, sync};
use crate::error::LockError;
use crate::holder::Holder;
use crate::timeout::Deadline;

/// The result of a request for one of several locks: one that is granted, or a wait for any.
pub(crate) enum AnyAdmission<'gate> {
    Granted(usize, Grant),
    Queued(AnyWait<'gate>),
}

/// Why none of several locks was acquired.
pub(crate) enum AnyError {
    Failed(LockError),
    TimedOut {
        waited: Duration,
        /// The holder of each lock, if it is known.
        holders: Vec<Option<Box<Holder>>>,
        /// What the wait was blocked on, if not on holders, as the end of a sentence.
        blocked_on: Option<String>,
    },
}

/// A wait for one of several locks. Nothing of it is left however it ends, even if it is dropped.
pub(crate) struct AnyWait<'gate> {
    gates: &'gate [Arc<Gate>],
    request: &'gate AcquireRequest,
    kind: WaiterKind,
    /// Whether it waits for no other holder, only for the engine's answers.
    is_try: bool,
    begun: Instant,
    end: Option<Instant>,
    /// When the wait is interrupted, once, so that the caller can do something else.
    pub(crate) interrupt_at: Option<Instant>,
    deadline: Deadline,
    /// The gates where only a wait at the engine can decide, the last one first.
    undecided: Vec<(usize, Verdict)>,
    /// The gates that this process leaves to others for a moment.
    yielding: Vec<(usize, Verdict)>,
    stage: Stage,
}

/// What it waits for. Engines are asked one after another at first: of those that are asked at once, all
/// may grant a lock for an instant, in which others would be refused.
enum Stage {
    /// For the engine's answer about one lock.
    Asking(usize, Wait),
    /// For any of the locks; those whose time is up have the reason, in the order of the gates.
    Queued(Vec<Result<Wait, TimeoutReason>>),
    /// For none: they are all held.
    Refused,
}

/// How a wait for any of several locks ends.
pub(super) enum AnyEnd {
    Granted(usize, Grant),
    Failed(LockError),
    /// With the reason for each lock, in the order of the gates.
    TimedOut(Duration, Vec<TimeoutReason>),
    Interrupted,
}

impl<'gate> AnyWait<'gate> {
    /// Acquires one of the locks if that needs no waiting, from number `first` on; or starts to wait.
    ///
    /// # Errors
    /// As [`Gate::acquire_or_enqueue`].
    pub(crate) fn start(
        gates: &'gate [Arc<Gate>],
        first: usize,
        request: &'gate AcquireRequest,
        deadline: Deadline,
        kind: WaiterKind,
    ) -> Result<AnyAdmission<'gate>, LockError> {
        let deadline = deadline.starting_now();
        let is_try = matches!(deadline, Deadline::Once);
        let (mut undecided, mut yielding) = (Vec::new(), Vec::new());
        for at in (first..gates.len()).chain(0..first) {
            match gates[at].try_now(request)? {
                Attempt::Granted(grant) => return Ok(AnyAdmission::Granted(at, grant)),
                Attempt::Contended => {}
                Attempt::Undecided(verdict @ Verdict::Yield(_)) if !is_try => {
                    yielding.push((at, verdict));
                }
                Attempt::Undecided(verdict) => undecided.push((at, verdict)),
            }
        }
        undecided.reverse();
        let (begun, end) = gates[0].time_span(deadline);
        let (interrupt_at, stage) = (None, Stage::Refused);
        let mut wait = Self {
            gates,
            request,
            kind,
            is_try,
            begun,
            end,
            interrupt_at,
            deadline,
            undecided,
            yielding,
            stage,
        };
        Ok(match wait.ask_or_queue()? {
            Some((at, grant)) => AnyAdmission::Granted(at, grant),
            None => AnyAdmission::Queued(wait),
        })
    }

    /// Blocks the thread until the wait has ended; pending if it is interrupted. Returns the number of the
    /// lock as well.
    pub(crate) fn wait(&mut self) -> Poll<Result<(usize, Grant), AnyError>> {
        let (waited, mut reasons) = match wait_driver::block_on(self) {
            AnyEnd::Granted(at, grant) => return Poll::Ready(Ok((at, grant))),
            AnyEnd::Failed(error) => return Poll::Ready(Err(AnyError::Failed(error))),
            AnyEnd::Interrupted => return Poll::Pending,
            AnyEnd::TimedOut(waited, reasons) => (waited, reasons),
        };
        for (at, mut query) in self.queries(&reasons) {
            reasons[at] = TimeoutReason::Holder(wait_driver::block_on(&mut query));
        }
        Poll::Ready(Err(timeout(waited, reasons)))
    }

    /// The same as [`Self::wait`], but lets other tasks run.
    pub(crate) async fn wait_async(&mut self) -> Poll<Result<(usize, Grant), AnyError>> {
        let (waited, mut reasons) = match wait_driver::run(self).await {
            AnyEnd::Granted(at, grant) => return Poll::Ready(Ok((at, grant))),
            AnyEnd::Failed(error) => return Poll::Ready(Err(AnyError::Failed(error))),
            AnyEnd::Interrupted => return Poll::Pending,
            AnyEnd::TimedOut(waited, reasons) => (waited, reasons),
        };
        for (at, mut query) in self.queries(&reasons) {
            reasons[at] = TimeoutReason::Holder(wait_driver::run(&mut query).await);
        }
        Poll::Ready(Err(timeout(waited, reasons)))
    }

    /// Passes over the waiter until it is polled again, for a caller that is busy elsewhere.
    pub(crate) fn skip_until_polled(&self) {
        if let Stage::Queued(waits) = &self.stage {
            waits.iter().flatten().for_each(Wait::skip_until_polled);
        }
    }

    /// Asks the engine about the next lock where only that can decide; after the last one, queues at all
    /// gates, unless this is a try.
    fn ask_or_queue(&mut self) -> Result<Option<(usize, Grant)>, LockError> {
        self.stage = Stage::Refused;
        while let Some((at, verdict)) = self.undecided.pop() {
            let span = (self.begun, self.end);
            if let Some(wait) = self.gates[at].ask(self.request, span, self.kind, verdict)? {
                self.stage = Stage::Asking(at, wait);
                return Ok(None);
            }
        }
        if self.is_try {
            return Ok(None);
        }
        let mut waits = Vec::with_capacity(self.gates.len());
        for (at, gate) in self.gates.iter().enumerate() {
            let yielding = self.yielding.iter().find(|(yielding, _)| *yielding == at);
            let admission = match yielding {
                Some((_, verdict)) => {
                    let span = (self.begun, self.end);
                    Admission::Queued(gate.queue(self.request, span, self.kind, *verdict)?)
                }
                None => gate.acquire_or_enqueue(self.request, self.deadline, self.kind)?,
            };
            match admission {
                Admission::Granted(grant) => {
                    let waited = self.begun.elapsed();
                    return Ok(Some((at, Grant { waited, ..grant })));
                }
                Admission::Queued(wait) => waits.push(Ok(wait)),
            }
        }
        self.stage = Stage::Queued(waits);
        Ok(None)
    }

    /// Polls the waits of this stage; the next stage begins if all it has to show is that a lock is held.
    fn poll_stage(&mut self, waker: &Waker) -> Poll<AnyEnd> {
        loop {
            let (at, end) = match &mut self.stage {
                Stage::Refused => {
                    return Poll::Ready(AnyEnd::TimedOut(Duration::ZERO, self.reasons()));
                }
                Stage::Asking(at, wait) => match wait.poll(waker) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(end) => (*at, end),
                },
                Stage::Queued(waits) => match poll_all(waits, waker) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some((at, end))) => (at, end),
                    Poll::Ready(None) => {
                        let reasons = waits.drain(..).filter_map(Result::err).collect();
                        return Poll::Ready(AnyEnd::TimedOut(self.begun.elapsed(), reasons));
                    }
                },
            };
            return Poll::Ready(match end {
                WaitEnd::Granted(grant) => AnyEnd::Granted(at, grant),
                WaitEnd::Failed(error) => AnyEnd::Failed(error),
                WaitEnd::Interrupted => AnyEnd::Interrupted,
                // Its time is up while it still asks.
                WaitEnd::TimedOut { waited, reason } if !waited.is_zero() => {
                    let mut reasons = self.reasons();
                    reasons[at] = reason;
                    AnyEnd::TimedOut(waited, reasons)
                }
                WaitEnd::TimedOut { .. } => match self.ask_or_queue() {
                    Ok(None) => continue,
                    Ok(Some((at, grant))) => AnyEnd::Granted(at, grant),
                    Err(error) => AnyEnd::Failed(error),
                },
            });
        }
    }

    /// The holders in this process.
    fn reasons(&self) -> Vec<TimeoutReason> {
        let holder = |gate: &Arc<Gate>| TimeoutReason::Holder(gate.local_holder());
        self.gates.iter().map(holder).collect()
    }

    /// Starts to look up the holders in other processes, all at the same time.
    fn queries(&self, reasons: &[TimeoutReason]) -> Vec<(usize, HolderQuery)> {
        if !self.request.names_holder {
            return Vec::new();
        }
        let is_unknown = |reason: &TimeoutReason| matches!(reason, TimeoutReason::Holder(None));
        let unknown = reasons.iter().enumerate().filter(|(_, reason)| is_unknown(reason));
        unknown.map(|(at, _)| (at, self.gates[at].query_holder())).collect()
    }
}

fn timeout(waited: Duration, reasons: Vec<TimeoutReason>) -> AnyError {
    let mut blocked_on = None;
    let mut holder = |reason| match reason {
        TimeoutReason::Holder(holder) => holder,
        TimeoutReason::BlockedOn(reason) => {
            blocked_on = Some(reason);
            None
        }
    };
    let holders = reasons.into_iter().map(&mut holder).collect();
    AnyError::TimedOut { waited, holders, blocked_on }
}

/// Polls all waits, until one of them ends otherwise than by its time; ready without one once the time of
/// all is up.
fn poll_all(
    waits: &mut [Result<Wait, TimeoutReason>],
    waker: &Waker,
) -> Poll<Option<(usize, WaitEnd)>> {
    let mut is_over = true;
    for (at, slot) in waits.iter_mut().enumerate() {
        let Ok(wait) = slot else { continue };
        match wait.poll(waker) {
            Poll::Pending => is_over = false,
            Poll::Ready(WaitEnd::TimedOut { reason, .. }) => *slot = Err(reason),
            Poll::Ready(end) => return Poll::Ready(Some((at, end))),
        }
    }
    if is_over { Poll::Ready(None) } else { Poll::Pending }
}

impl TimedPoll for AnyWait<'_> {
    type Output = AnyEnd;

    fn poll(&mut self, waker: &Waker) -> Poll<AnyEnd> {
        let polled = self.poll_stage(waker);
        if polled.is_ready() {
            // What the other gates have offered goes to the next waiters at once.
            self.stage = Stage::Refused;
            return polled;
        }
        let is_due = |time: &mut Instant| *time <= sync::now();
        match self.interrupt_at.take_if(is_due) {
            Some(_) => Poll::Ready(AnyEnd::Interrupted),
            None => Poll::Pending,
        }
    }

    fn next_poll(&self) -> Option<Instant> {
        [self.end, self.interrupt_at].into_iter().flatten().min()
    }

    fn without_timer(&self, error: io::Error) -> AnyEnd {
        AnyEnd::Failed(no_timer(&self.gates[0], error))
    }
}
