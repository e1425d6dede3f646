//! What becomes of a task's acquisition: it is awaited, or dropped at some await, or its executor
//! does not poll it for a while.

use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// How long a stalled executor waits at most until one of its tasks is offered a lock.
const UNTIL_OFFERED: Duration = Duration::from_millis(50);

/// Whether an executor polls its tasks when they are woken.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Executor {
    Prompt,
    /// Sometimes it does something else for a long time, as with a handler that blocks.
    Stalls,
}

/// What becomes of an acquisition.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Awaited,
    /// Dropped after so many polls.
    DroppedAfterPolls(u32),
    /// Dropped after some time.
    DroppedAfter(Duration),
    /// Dropped when it was woken, and before it could look why: most often it was offered the lock.
    DroppedWhenWoken,
    /// Not polled for so long from when it was woken, and nor is any task of the same thread.
    Stalled(Duration),
}

impl Fate {
    pub(super) fn choose(random: &mut Rng, executor: Executor) -> Self {
        match random.u32(..40) {
            0..2 => Self::DroppedAfterPolls(random.u32(1..4)),
            2..4 => Self::DroppedAfter(Duration::from_micros(random.u64(..2_000))),
            4..6 => Self::DroppedWhenWoken,
            6..8 if executor == Executor::Stalls => {
                Self::Stalled(Duration::from_millis(random.u64(10..50)))
            }
            _ => Self::Awaited,
        }
    }

    /// Has it happen to `acquisition`: what that comes to, unless it is dropped; and what there is to
    /// count.
    pub(super) async fn befall<T>(
        self,
        acquisition: impl Future<Output = T>,
    ) -> (Option<T>, Option<&'static str>) {
        let mut acquisition = pin!(acquisition);
        match self {
            Self::Awaited => (Some(acquisition.await), None),
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
            Self::DroppedAfter(patience) => {
                counted(tokio::time::timeout(patience, acquisition).await.ok(), "cancelled")
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

/// `result`, or what there is to count where it is missing.
fn counted<T>(result: Option<T>, what: &'static str) -> (Option<T>, Option<&'static str>) {
    let what = result.is_none().then_some(what);
    (result, what)
}

/// Tells that a task was woken before the task is polled.
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

    /// Blocks the task's thread until the task is woken, but no longer than `limit`.
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
