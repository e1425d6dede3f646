//! [`AcquireFuture`]: how a task drives the steps of an acquisition, and lets other tasks run.

use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::acquire::Started;
use super::waiting::Waiting;
use super::{Lock, Options, yield_to_executor};
use crate::context::Owner;
use crate::deadlock;
use crate::error::LockError;
use crate::gate::{EndedWait, Grant, TaskTimer, WaitEnd, WaiterKind};
use crate::guard::LockGuard;
use crate::name::LockName;
use crate::settings::Settings;
use crate::site::Site;
use crate::timeout::{Deadline, Timeout};

/// The acquisition of a lock by a task.
///
/// It is no `async` block, which would keep what it starts with as long as it waits, in every task.
pub(crate) struct AcquireFuture(Step);

enum Step {
    Start(Start),
    Wait(TaskTimer, Waiting, Acquirer),
    /// Few waits get here, so what this needs is in a box.
    End(Pin<Box<dyn Future<Output = Ended> + Send>>, Acquirer),
    /// An acquisition of one of several permits.
    Permit(Pin<Box<dyn Future<Output = Result<LockGuard, LockError>> + Send>>),
    Done,
}

struct Start {
    lock: Lock,
    owner: AcquiredBy,
    site: Site,
    deadline: Deadline,
    has_yielded: bool,
}

/// What is needed of the lock, and of its owner, once a wait has ended: less than all of them.
struct Acquirer {
    owner: Owner,
    name: LockName,
    settings: Arc<Settings>,
    options: Options,
}

/// The owner, or how to find it when the future is polled for the first time.
pub(crate) enum AcquiredBy {
    Current(fn() -> Owner),
    Owner(Owner),
}

/// How a wait has ended without a grant.
enum Ended {
    Finished(Waiting, Result<Grant, LockError>),
    Interrupted(Waiting),
}

impl Lock {
    /// Acquires the lock, and lets other tasks run until then.
    pub(crate) fn acquire_async_for(
        self,
        owner: AcquiredBy,
        site: Site,
        deadline: Deadline,
    ) -> AcquireFuture {
        let start = Start { lock: self, owner, site, deadline, has_yielded: false };
        AcquireFuture(Step::Start(start))
    }
}

impl Future for AcquireFuture {
    type Output = Result<LockGuard, LockError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(step) = self.get_mut();
        loop {
            *step = match mem::replace(step, Step::Done) {
                Step::Start(mut start) => {
                    if start.must_yield(context) {
                        *step = Step::Start(start);
                        return Poll::Pending;
                    }
                    match start.run()? {
                        ControlFlow::Break(guard) => return Poll::Ready(Ok(guard)),
                        ControlFlow::Continue(step) => step,
                    }
                }
                Step::Wait(mut timer, mut waiting, acquirer) => {
                    let polled = waiting.wait.poll_for_task(&mut timer, context.waker());
                    let Poll::Ready(end) = polled else {
                        *step = Step::Wait(timer, waiting, acquirer);
                        return Poll::Pending;
                    };
                    drop(timer);
                    match end {
                        WaitEnd::Granted(grant) => {
                            return Poll::Ready(acquirer.finish(waiting, Ok(grant)));
                        }
                        end => Step::End(Box::pin(end_without_grant(waiting, end)), acquirer),
                    }
                }
                Step::End(mut ended, acquirer) => match ended.as_mut().poll(context) {
                    Poll::Pending => {
                        *step = Step::End(ended, acquirer);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ended::Interrupted(waiting)) => {
                        Step::Wait(TaskTimer::default(), waiting, acquirer)
                    }
                    Poll::Ready(Ended::Finished(waiting, result)) => {
                        return Poll::Ready(acquirer.finish(waiting, result));
                    }
                },
                Step::Permit(mut acquisition) => {
                    let polled = acquisition.as_mut().poll(context);
                    if polled.is_pending() {
                        *step = Step::Permit(acquisition);
                    }
                    return polled;
                }
                Step::Done => unreachable!("it is not polled after its end"),
            }
        }
    }
}

impl Start {
    /// Whether other tasks have to run first, which happens once.
    fn must_yield(&mut self, context: &Context<'_>) -> bool {
        !mem::replace(&mut self.has_yielded, true) && yield_to_executor::must_yield(context)
    }

    /// Starts the acquisition; continues with the next step if it waits.
    fn run(self) -> Result<ControlFlow<LockGuard, Step>, LockError> {
        let lock = self.lock;
        let owner = match self.owner {
            AcquiredBy::Current(find) => find(),
            AcquiredBy::Owner(owner) => owner,
        };
        if let Some(permits) = lock.settings.permits.clone() {
            let acquisition = async move {
                lock.acquire_permit_async_for(&permits, owner, self.site, self.deadline).await
            };
            return Ok(ControlFlow::Continue(Step::Permit(Box::pin(acquisition))));
        }
        let request = lock.request(&owner, self.site);
        Ok(match lock.start(&owner, &request, self.deadline, WaiterKind::Task)? {
            Started::Reentrant(guard) => ControlFlow::Break(guard),
            Started::Granted(grant, notifier) => {
                yield_to_executor::spend_budget();
                let kind = WaiterKind::Task;
                ControlFlow::Break(lock.guard(&lock.gate, owner, &request, grant, notifier, kind))
            }
            Started::Waiting(waiting) => {
                let Lock { name, settings, options, .. } = lock;
                let acquirer = Acquirer { owner, name, settings, options };
                ControlFlow::Continue(Step::Wait(TaskTimer::default(), waiting, acquirer))
            }
        })
    }
}

impl Acquirer {
    fn finish(
        self,
        mut waiting: Waiting,
        result: Result<Grant, LockError>,
    ) -> Result<LockGuard, LockError> {
        waiting.withdraw();
        let Self { owner, name, settings, options } = self;
        let (gate, request) = (Arc::clone(&waiting.wait.gate), waiting.wait.request);
        let lock = Lock { name, gate, settings, options, timeout: Timeout::FOREVER };
        let (grant, notifier) = lock.finish(waiting, result)?;
        Ok(lock.guard(&lock.gate, owner, &request, grant, notifier, WaiterKind::Task))
    }
}

/// Ends a wait that was not granted, with what its error names; or goes on after an interruption.
async fn end_without_grant(mut waiting: Waiting, end: WaitEnd) -> Ended {
    let gate = Arc::clone(&waiting.wait.gate);
    let result = match waiting.wait.ended(end) {
        Poll::Ready(ended) => {
            waiting.withdraw();
            match ended {
                EndedWait::Known(result) => result,
                EndedWait::TimedOut(waited) => Err(waiting.wait.timed_out_async(waited).await),
            }
        }
        Poll::Pending => {
            waiting.skip_if_observed();
            let holder = gate.holder_async().await;
            let holder = deadlock::explain_holder_async(holder, &gate).await;
            match waiting.interrupted(holder.as_deref()) {
                Ok(()) => return Ended::Interrupted(waiting),
                Err(error) => Err(error),
            }
        }
    };
    waiting.withdraw();
    let result = match result {
        Err(error) if !waiting.is_try() => Err(deadlock::explain_async(error, &gate).await),
        result => result,
    };
    Ended::Finished(waiting, result)
}
