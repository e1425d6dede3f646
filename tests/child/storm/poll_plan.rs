//! How a task polls an acquisition: to the end, or until it is dropped, or with a pause in which its
//! executor polls nothing.

use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// How long a stalled executor waits at most until its task is offered the lock.
const UNTIL_OFFERED: Duration = Duration::from_millis(50);

/// Whether an executor polls its tasks when they are woken.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Executor {
    Prompt,
    /// It sometimes blocks for a long time, as with a blocking handler.
    Stalls,
}

/// How an acquisition is polled.
#[derive(Clone, Copy)]
pub(super) enum PollPlan {
    ToTheEnd,
    /// Dropped after so many polls.
    DroppedAfterPolls(u32),
    /// Dropped after some time.
    DroppedAfter(Duration),
    /// Dropped when it was woken, before the next poll: most often it was offered the lock.
    DroppedWhenWoken,
    /// Not polled for so long after it was woken, and neither is any other task of the thread.
    Stalled(Duration),
}

impl PollPlan {
    pub(super) fn choose(random: &mut Rng, executor: Executor) -> Self {
        match random.u32(..40) {
            0..2 => Self::DroppedAfterPolls(random.u32(1..4)),
            2..4 => Self::DroppedAfter(Duration::from_micros(random.u64(..2_000))),
            4..6 => Self::DroppedWhenWoken,
            6..8 if executor == Executor::Stalls => {
                Self::Stalled(Duration::from_millis(random.u64(10..50)))
            }
            _ => Self::ToTheEnd,
        }
    }

    /// Polls `acquisition` according to the plan. Returns its output unless it was dropped, and what has to
    /// be counted.
    pub(super) async fn poll<T>(
        self,
        acquisition: impl Future<Output = T>,
    ) -> (Option<T>, Option<&'static str>) {
        let mut acquisition = pin!(acquisition);
        match self {
            Self::ToTheEnd => (Some(acquisition.await), None),
            Self::DroppedAfterPolls(polls) => {
                let mut left = polls;
                let result = future::poll_fn(|context| {
                    left -= 1;
                    match acquisition.as_mut().poll(context) {
                        Poll::Pending if left > 0 => Poll::Pending,
                        Poll::Pending => Poll::Ready(None),
                        Poll::Ready(result) => Poll::Ready(Some(result)),
                    }
                });
                counted(result.await, "cancelled")
            }
            Self::DroppedAfter(time) => {
                counted(tokio::time::timeout(time, acquisition).await.ok(), "cancelled")
            }
            Self::DroppedWhenWoken => {
                let mut woken: Option<Arc<Woken>> = None;
                let result = future::poll_fn(|context| match &woken {
                    Some(woken) if woken.is_set() => Poll::Ready(None),
                    Some(_) => Poll::Pending,
                    None => {
                        let waker = woken.insert(Woken::new(context)).clone().into();
                        acquisition.as_mut().poll(&mut Context::from_waker(&waker)).map(Some)
                    }
                });
                counted(result.await, "cancelled when woken")
            }
            Self::Stalled(pause) => {
                let mut was_woken = false;
                let first = future::poll_fn(|context| {
                    let woken = Woken::new(context);
                    let waker = Arc::clone(&woken).into();
                    let first = acquisition.as_mut().poll(&mut Context::from_waker(&waker));
                    if first.is_pending() {
                        was_woken = woken.block(UNTIL_OFFERED);
                        thread::sleep(pause);
                    }
                    Poll::Ready(first)
                });
                let result = match first.await {
                    Poll::Ready(result) => result,
                    Poll::Pending => acquisition.await,
                };
                (Some(result), was_woken.then_some("stalled when woken"))
            }
        }
    }
}

/// `result`, and what has to be counted if it is missing.
fn counted<T>(result: Option<T>, what: &'static str) -> (Option<T>, Option<&'static str>) {
    let what = result.is_none().then_some(what);
    (result, what)
}

/// A waker that remembers its call, for use before the task is polled.
struct Woken {
    is_set: AtomicBool,
    thread: Thread,
    task: Waker,
}

impl Woken {
    fn new(context: &Context<'_>) -> Arc<Self> {
        let (is_set, thread) = (AtomicBool::new(false), thread::current());
        Arc::new(Self { is_set, thread, task: context.waker().clone() })
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Blocks the task's thread until the task is woken or the limit passes; returns whether it was
    /// woken.
    fn block(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while !self.is_set() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        self.is_set()
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_set.store(true, Ordering::SeqCst);
        self.thread.unpark();
        self.task.wake_by_ref();
    }
}
