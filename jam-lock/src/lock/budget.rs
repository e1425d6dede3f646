//! How many locks a task may get without waiting before it lets others run.
//!
//! An executor runs a task until it waits. A loop that acquires a free lock never does, and would
//! keep timers and other tasks of its thread from running; so it yields now and then, as the
//! primitives of runtimes do.

use std::cell::Cell;
use std::future;
use std::task::Poll;

/// As many as tokio allows a task between two yields.
const BUDGET: u32 = 128;

thread_local! {
    static SPENT: Cell<u32> = const { Cell::new(0) };
}

/// Notes that a task on this thread got a lock at once.
pub(super) fn spend() {
    SPENT.set(SPENT.get() + 1);
}

/// Lets others run if the budget of this thread is spent.
pub(super) async fn yield_if_spent() {
    let mut is_spent = SPENT.get() >= BUDGET;
    future::poll_fn(|context| {
        if !std::mem::take(&mut is_spent) {
            return Poll::Ready(());
        }
        SPENT.set(0);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
