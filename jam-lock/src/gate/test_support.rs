//! Shorthands for the tests of a gate.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::{AcquireRequest, Admission, EndedWait, Gate, Grant, TaskTimer, WaiterKind};
use crate::engine::{Mode, OwnerId};
use crate::error::LockError;
use crate::site::Site;
use crate::timeout::Deadline;

/// A request in `mode`, whose holder is recorded.
pub(super) fn request(mode: Mode) -> AcquireRequest {
    let (site, owner) = (Site::here(), OwnerId::NONE);
    AcquireRequest { mode, site, is_recorded: true, owner, names_holder: true, permits: 1 }
}

impl Gate {
    pub(super) fn acquire(
        self: &Arc<Self>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        self.acquire_requested(&request(mode), deadline)
    }

    pub(super) fn acquire_requested(
        self: &Arc<Self>,
        request: &AcquireRequest,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        match self.acquire_or_enqueue(request, deadline, WaiterKind::Thread)? {
            Admission::Granted(grant) => Ok(grant),
            Admission::Queued(mut wait) => match wait.wait() {
                Poll::Ready(EndedWait::Known(result)) => result,
                Poll::Ready(EndedWait::TimedOut(waited)) => Err(wait.timed_out(waited)),
                Poll::Pending => unreachable!("it is not interrupted"),
            },
        }
    }

    pub(super) async fn acquire_async(
        self: &Arc<Self>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        self.acquire_requested_async(&request(mode), deadline).await
    }

    pub(super) async fn acquire_requested_async(
        self: &Arc<Self>,
        request: &AcquireRequest,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        match self.acquire_or_enqueue(request, deadline, WaiterKind::Task)? {
            Admission::Granted(grant) => Ok(grant),
            Admission::Queued(mut wait) => {
                let mut timer = TaskTimer::default();
                let end = poll_fn(|context| wait.poll_for_task(&mut timer, context.waker())).await;
                match wait.ended(end) {
                    Poll::Ready(EndedWait::Known(result)) => result,
                    Poll::Ready(EndedWait::TimedOut(waited)) => {
                        Err(wait.timed_out_async(waited).await)
                    }
                    Poll::Pending => unreachable!("it is not interrupted"),
                }
            }
        }
    }

    pub(super) fn queue_length(&self) -> usize {
        self.update(|state| state.queue_length())
    }
}
