//! The two drivers of a [`TimedPoll`]: a thread parks, and a task sets a timer.

use std::future;
use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::parker::Parker;
use super::sync;
use super::timer::TimerThreadGuard;

/// Something to poll whenever its waker is called, and at a given time.
pub(super) trait TimedPoll {
    type Output;

    fn poll(&mut self, waker: &Waker) -> Poll<Self::Output>;

    /// When to poll without being woken; constant until the output is ready.
    fn next_poll(&self) -> Option<Instant>;

    /// The output for a task when the thread that watches deadlines cannot be started.
    fn without_timer(&self, error: io::Error) -> Self::Output;
}

/// Blocks the thread until the output is ready.
pub(super) fn block_on<T: TimedPoll>(target: &mut T) -> T::Output {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    let mut was_woken = false;
    loop {
        match target.poll(&waker) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                if was_woken {
                    // Another thread was faster, whose section is probably short.
                    parker.spin();
                }
                was_woken = parker.park(target.next_poll());
            }
        }
    }
}

/// Lets other tasks run until the output is ready.
pub(super) async fn run<T: TimedPoll>(target: &mut T) -> T::Output {
    let mut timer = TaskTimer::default();
    future::poll_fn(|context| timer.poll(target, context.waker())).await
}

/// Wakes a task at the time at which it polls without being woken.
#[derive(Default)]
pub(crate) struct TaskTimer {
    /// Set with the first poll that is pending. Timers of the gate need it even if the task has no deadline.
    guard: Option<TimerThreadGuard>,
}

impl TaskTimer {
    /// Polls `target` for a task, always the same one until its output is ready.
    pub(super) fn poll<T: TimedPoll>(&mut self, target: &mut T, waker: &Waker) -> Poll<T::Output> {
        if let Poll::Ready(output) = target.poll(waker) {
            return Poll::Ready(output);
        }
        let time = target.next_poll();
        match &self.guard {
            Some(guard) => guard.set_waker(waker),
            None => match TimerThreadGuard::start(time, waker) {
                Ok(guard) => self.guard = Some(guard),
                Err(error) => return Poll::Ready(target.without_timer(error)),
            },
        }
        // If the timer has fired before it had this waker, no other call will come.
        if time.is_some_and(|time| time <= sync::now()) {
            target.poll(waker)
        } else {
            Poll::Pending
        }
    }
}
