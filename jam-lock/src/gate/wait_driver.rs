//! The two drivers of a [`TimedPoll`]: a thread parks, and a task sets a timer.

use std::future;
use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::parker::Parker;
use super::timer::{Timer, TimerThreadGuard};

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
    let first = future::poll_fn(|context| Poll::Ready(target.poll(context.waker())));
    if let Poll::Ready(output) = first.await {
        return output;
    }
    let _guard = match TimerThreadGuard::start() {
        Ok(guard) => guard,
        Err(error) => return target.without_timer(error),
    };
    let (next_poll, mut timer) = (target.next_poll(), None);
    future::poll_fn(|context| {
        // Before the poll: if the timer has fired already, the poll finds the time passed.
        if let Some(time) = next_poll {
            Timer::arm(&mut timer, time, context.waker());
        }
        target.poll(context.waker())
    })
    .await
}
